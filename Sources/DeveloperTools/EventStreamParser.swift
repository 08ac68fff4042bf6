/// Reads Server-Sent Events (WHATWG HTML, *Server-sent events*, parsing an event stream) from bytes that come in any
/// pieces. An event counts once the empty line behind it is there; what a broken connection leaves is no event.
package struct EventStreamParser: Sendable {
    /// An event as it was sent.
    package struct Message: Hashable, Sendable {
        /// The last id that was sent up to and with it; empty when there was none.
        package var id: String
        /// `message` when the stream named no other.
        package var event: String
        package var data: [UInt8]

        package init(id: String, event: String, data: [UInt8]) {
            self.id = id
            self.event = event
            self.data = data
        }
    }

    /// More bytes of one line, or of one event's data, are no event of a ledger.
    package static let longest = 1 << 24

    /// What was sent is longer than anything that can be meant.
    package struct TooLong: Error, Hashable, Sendable {}

    /// Milliseconds that the stream has asked to wait before connecting again.
    package private(set) var retry: Int64?
    private var line: [UInt8] = []
    private var endedWithCarriageReturn = false
    private var isFirstLine = true
    private var id = ""
    private var event = ""
    private var data: [UInt8] = []
    private var hasData = false

    package init() {}

    /// Takes the next bytes and gives the events that they complete.
    /// - Throws: `TooLong`; the stream is of no use any more.
    package mutating func feed(_ bytes: [UInt8]) throws(TooLong) -> [Message] {
        var messages: [Message] = []
        var rest = bytes[...]
        while let first = rest.first {
            // The second half of a CRLF, which may have come in a piece of its own.
            if endedWithCarriageReturn, first == 0x0A { rest.removeFirst() }
            endedWithCarriageReturn = false
            let end = rest.firstIndex { $0 == 0x0A || $0 == 0x0D } ?? rest.endIndex
            line.append(contentsOf: rest[..<end])
            guard line.count + data.count <= Self.longest else { throw TooLong() }
            guard end < rest.endIndex else { break }
            endedWithCarriageReturn = rest[end] == 0x0D
            rest = rest[(end + 1)...]
            if let message = endLine() { messages.append(message) }
        }
        return messages
    }

    private mutating func endLine() -> Message? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        if line.isEmpty { return endEvent() }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "data":
            if hasData { data.append(0x0A) }
            hasData = true
            data.append(contentsOf: value)
        case "event": event = String(decoding: value, as: UTF8.self)
        case "id" where !value.contains(0): id = String(decoding: value, as: UTF8.self)
        case "retry" where !value.isEmpty && value.allSatisfy { (0x30...0x39).contains($0) }:
            retry = Int64(String(decoding: value, as: UTF8.self)) ?? retry
        // Comments, which have no name, and fields that nobody knows.
        default: break
        }
        return nil
    }

    private mutating func endEvent() -> Message? {
        defer {
            event = ""
            data = []
            hasData = false
        }
        guard hasData else { return nil }
        return Message(id: id, event: event.isEmpty ? "message" : event, data: data)
    }
}
