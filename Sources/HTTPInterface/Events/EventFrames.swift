import LedgerCore
import LedgerEngine
import LedgerStorage
import WireSchema

/// A stretch of the journal as Server-Sent Events (WHATWG HTML, *Server-sent events*), rendered once for every
/// connection that is sent it.
///
///     id: evt_01J9X3YB2KQ8M4T6V7W8X9Y0ZA
///     event: movement.recorded
///     data: {"type":"movement.recorded", …}
///
/// `data` is one line: the very bytes that the event has in the feed, which contain no line end.
struct EventFrames: Sendable {
    private struct Frame: Sendable {
        var seq: UInt64
        var type: EventType
        var start: Int
        var end: Int
    }

    /// Bytes of a stretch before it ends, and entries that one may look at.
    static let usualBytes = 24 * 1024
    static let reach = 2_048

    let firstSeq: UInt64
    private(set) var lastSeq: UInt64
    private(set) var bytes: [UInt8] = []
    private var frames: [Frame] = []

    private static let idLine = Array("id: evt_".utf8)
    private static let eventLine = Array("\nevent: ".utf8)
    private static let dataLine = Array("\ndata: ".utf8)
    /// `id: evt_` and a ULID.
    private static let idLength = idLine.count + 26

    private init(firstSeq: UInt64) {
        self.firstSeq = firstSeq
        lastSeq = firstSeq &- 1
    }

    /// The stretch that begins with `next`; nil when the journal has not come so far. Blocks.
    ///
    /// - Parameter filter: leaves out what is not wanted before it is rendered; nil for every event.
    static func read(
        from next: UInt64, of ledger: RealmLedger, filter: EventFilter? = nil
    ) throws(StoreError) -> EventFrames? {
        let head = ledger.head.head.seq
        guard next > 0, next <= head else { return nil }
        var frames = EventFrames(firstSeq: next)
        var cursor = JournalCursor(ledger.store, from: next, through: head, bytesAtOnce: 32 * 1024)
        var seen = 0
        // An event is looked up under the ledger's lock, a few at a time, and rendered outside of it.
        while frames.bytes.count < usualBytes, seen < reach {
            var entries: [Entry] = []
            while entries.count < 8, seen < reach, let entry = try cursor.entry() {
                seen += 1
                if filter?.matches(entry.change) ?? true { entries.append(entry) }
            }
            let events = ledger.withCommitted { catalogue in entries.map { Event($0, in: catalogue) } }
            for (entry, event) in zip(entries, events) { frames.append(entry, event) }
            frames.lastSeq = cursor.next - 1
            if cursor.next > head { break }
        }
        return frames
    }

    private mutating func append(_ entry: Entry, _ event: consuming Event) {
        let start = bytes.count
        bytes.append(contentsOf: Self.idLine)
        entry.id.appendText(to: &bytes)
        bytes.append(contentsOf: Self.eventLine)
        bytes.append(contentsOf: entry.change.type.utf8)
        bytes.append(contentsOf: Self.dataLine)
        bytes.append(contentsOf: event.jsonBytes(capacity: 768))
        bytes.append(contentsOf: [0x0A, 0x0A])
        frames.append(Frame(seq: entry.seq, type: entry.change.eventType, start: start, end: bytes.count))
    }

    /// What a connection is sent of the stretch: from `next` on, and what its filter wants, under the name that the
    /// filter gives it. The data are the same under every name.
    func bytes(from next: UInt64, filter: EventFilter?) -> [UInt8] {
        guard let filter else {
            guard let first = frames.first(where: { $0.seq >= next }) else { return [] }
            // All of it: the same memory for every connection.
            return first.start == 0 ? bytes : Array(bytes[first.start...])
        }
        var chosen: [UInt8] = []
        for frame in frames where frame.seq >= next {
            guard let name = filter.name(of: frame.type) else { continue }
            chosen.append(contentsOf: bytes[frame.start..<(frame.start + Self.idLength)])
            chosen.append(contentsOf: Self.eventLine)
            chosen.append(contentsOf: name.utf8)
            let data = frame.start + Self.idLength + Self.eventLine.count + frame.type.name.utf8.count
            chosen.append(contentsOf: bytes[data..<frame.end])
        }
        return chosen
    }
}

/// The newest stretches of a journal, without a gap between them, for the connections that follow its end.
struct RecentFrames: Sendable {
    private var stretches: [EventFrames] = []
    private var size = 0
    private let limit: Int

    /// - Parameter limit: bytes that it may hold, beyond the newest stretch.
    init(limit: Int) {
        self.limit = limit
    }

    /// The stretch that has this entry.
    func frames(with seq: UInt64) -> EventFrames? {
        guard let first = stretches.first, first.firstSeq <= seq else { return nil }
        return stretches.last { $0.firstSeq <= seq }.flatMap { seq <= $0.lastSeq ? $0 : nil }
    }

    /// Keeps a stretch when it goes on where the newest ends, or reaches further. One that is older, which somebody has
    /// read who is behind, is of no use to those who follow.
    mutating func keep(_ frames: EventFrames) {
        if let last = stretches.last {
            guard frames.firstSeq > last.lastSeq else { return }
            if frames.firstSeq > last.lastSeq + 1 {
                stretches = []
                size = 0
            }
        }
        stretches.append(frames)
        size += frames.bytes.count
        while size > limit, stretches.count > 1 {
            size -= stretches.removeFirst().bytes.count
        }
    }
}
