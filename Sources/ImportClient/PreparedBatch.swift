package import NIOCore

/// One request's worth of lines, ready to be sent, with what is needed to make sense of its answer.
package struct PreparedBatch: Sendable {
    /// One line of the request.
    package struct Line: Sendable {
        /// Line of the file that it comes from, from 1.
        package var number: Int
        /// Of a movement; nil for every other line.
        package var kind: MovementWord?
        /// Whether it is not the line itself but the opening receipt before it.
        package var isOpening: Bool
        /// Of a movement, else 0.
        package var quantity: Int64
        /// Where its JSON object stands in `body`.
        package var json: Range<Int>
        /// Where its original record stands in `records`.
        package var record: Range<Int>
    }

    /// A row that was not posted because it can be no line.
    package struct InvalidRow: Sendable {
        package var number: Int
        package var record: Range<Int>
        package var fault: RowFault
    }

    package var shape: any BatchShape
    /// The whole request.
    package var body: ByteBuffer
    package var lines: [Line]
    /// What each line is called in the answer, where that goes by names; else empty.
    package var names: [String]
    package var invalid: [InvalidRow]
    /// The original records, one after the other.
    package var records: [UInt8]
    /// Line of the last row that it covers: everything up to there is in this batch or an earlier one.
    package var lastLine: Int
    /// Bytes of the file used up when it was complete.
    package var position: Int64
    /// What idempotency keys begin with.
    package var keyPrefix: String

    /// The idempotency key of a part of the batch as a request; nil when each line has its own. It follows from the
    /// content, which the prefix names, and the lines.
    package func key(of part: Range<Int>) -> String? {
        guard !shape.linesHaveKeys, let first = lines[part].first, let last = lines[part].last else { return nil }
        return "\(keyPrefix)-\(first.number)-\(last.number)"
    }

    /// The JSON of a part of the batch as a request of its own.
    package func body(of part: Range<Int>) -> ByteBuffer {
        guard let first = lines[part].first, let last = lines[part].last else { return body }
        var out = ByteBuffer()
        out.writeStaticString(shape.opening)
        if let slice = body.getSlice(at: first.json.lowerBound, length: last.json.upperBound - first.json.lowerBound) {
            out.writeImmutableBuffer(slice)
        }
        out.writeStaticString(shape.closing)
        return out
    }
}

/// Why a row of the file can be no line, found before anything is sent, or why the server refused it.
package struct RowFault: Hashable, Sendable {
    /// Stable, in snake_case, for the errors file.
    package var code: String
    package var detail: String

    package init(_ code: String, _ detail: String) {
        self.code = code
        self.detail = detail
    }
}

/// A movement as it will be written, in bytes that belong to the reader or are literals. An empty one is left out.
package struct MovementFields {
    package var item: Bytes
    package var location: Bytes
    package var target = Bytes(start: nil, count: 0)
    package var kind: MovementWord
    /// Signed as the wire wants it.
    package var quantity: Int64
    package var reason = Bytes(start: nil, count: 0)
    package var reference = Bytes(start: nil, count: 0)
    package var note = Bytes(start: nil, count: 0)
    /// A plain decimal.
    package var unitCost = Bytes(start: nil, count: 0)
    /// RFC 3339.
    package var occurredAt = Bytes(start: nil, count: 0)
    /// The row's own idempotency key; empty for one that is derived.
    package var key = Bytes(start: nil, count: 0)

    package init(item: Bytes, location: Bytes, kind: MovementWord, quantity: Int64) {
        self.item = item
        self.location = location
        self.kind = kind
        self.quantity = quantity
    }
}

/// Writes lines into a request body until it is full.
package struct BatchBuilder: ~Copyable {
    /// The server takes 1 MiB; a body is closed when the next line might go beyond this.
    static let mostBytes = 1_000_000

    private var json: JSONBytes
    private var lines: [PreparedBatch.Line] = []
    private var invalid: [PreparedBatch.InvalidRow] = []
    private var records: [UInt8] = []
    private var names: [String] = []
    private var nameSet: Set<String> = []
    private let shape: any BatchShape
    private let opening: StaticString
    private let mostLines: Int
    private let mostLinesOfRow: Int
    private let capacity: Int
    /// What derived idempotency keys begin with: it names the content, so the same file gives the same keys.
    private let keyPrefix: String
    private let keyBytes: [UInt8]

    /// `capacity`: lines in a batch, 1 to what the shape allows. `keyPrefix`: at most 200 characters of printable ASCII
    /// without quotes or backslashes.
    package init(shape: any BatchShape = MovementBatch(), capacity: Int, keyPrefix: String) {
        self.shape = shape
        opening = shape.opening
        mostLines = shape.mostLines
        mostLinesOfRow = shape.mostLinesOfRow
        self.capacity = min(max(capacity, 1), shape.mostLines)
        self.keyPrefix = keyPrefix
        keyBytes = Array(keyPrefix.utf8)
        json = JSONBytes(capacity: 1 << 17)
        json.append(shape.opening)
    }

    package var isEmpty: Bool { lines.isEmpty && invalid.isEmpty }
    package var isFull: Bool { lines.count >= capacity || invalid.count >= mostLines }

    /// Whether a row with so many bytes still fits, with all the lines that it can become. A byte can become six in
    /// JSON, and stand there twice.
    package func hasRoom(forRecordOf bytes: Int) -> Bool {
        lines.count + mostLinesOfRow <= mostLines && json.count + bytes * 12 + 2_048 <= Self.mostBytes
    }

    /// Whether a line of the batch is called so.
    package func has(name: String) -> Bool { nameSet.contains(name) }

    /// Forgets what has been added.
    package mutating func discard() {
        lines.removeAll(keepingCapacity: true)
        invalid.removeAll(keepingCapacity: true)
        records.removeAll(keepingCapacity: true)
        names.removeAll(keepingCapacity: true)
        nameSet.removeAll(keepingCapacity: true)
        json.truncate(to: opening.utf8CodeUnitCount)
    }

    /// Adds a movement. `record` is the row that it comes from, empty when there is none.
    package mutating func add(_ fields: MovementFields, line: Int, isOpening: Bool = false, record: Bytes) {
        if !lines.isEmpty { json.append(byte: 0x2C) }
        let first = json.count
        json.append(#"{"idempotency_key":"#)
        if fields.key.isEmpty {
            json.append(byte: 0x22)
            keyBytes.withUnsafeBufferPointer { json.append(raw: $0) }
            json.append(byte: 0x2D)
            json.append(number: Int64(line))
            if isOpening { json.append("-opening") }
            json.append(byte: 0x22)
        } else {
            json.append(string: fields.key)
        }
        json.append(#","item_id":"#)
        json.append(string: fields.item)
        json.append(#","location_id":"#, unlessEmpty: fields.location)
        json.append(#","to_location_id":"#, unlessEmpty: fields.target)
        json.append(#","type":""#)
        json.append(fields.kind.literal)
        json.append(#"","qty":"#)
        json.append(number: fields.quantity)
        json.append(#","reason":"#, unlessEmpty: fields.reason)
        json.append(#","reference":"#, unlessEmpty: fields.reference)
        json.append(#","note":"#, unlessEmpty: fields.note)
        json.append(#","unit_cost":"#, unlessEmpty: fields.unitCost)
        json.append(#","occurred_at":"#, unlessEmpty: fields.occurredAt)
        json.append(byte: 0x7D)
        lines.append(
            PreparedBatch.Line(
                number: line, kind: fields.kind, isOpening: isOpening, quantity: fields.quantity,
                json: first..<json.count, record: keep(record)))
    }

    /// Adds a line that `write` writes as one JSON object. `name`: what it is called in the answer, different from
    /// every other line's of the batch; nil, for all lines of a batch, when that goes by their order.
    package mutating func add(line: Int, record: Bytes, name: String? = nil, write: (inout JSONBytes) -> Void) {
        if !lines.isEmpty { json.append(byte: 0x2C) }
        let first = json.count
        write(&json)
        if let name {
            names.append(name)
            nameSet.insert(name)
        }
        lines.append(
            PreparedBatch.Line(
                number: line, kind: nil, isOpening: false, quantity: 0, json: first..<json.count, record: keep(record)))
    }

    /// Notes a row that can be no line.
    package mutating func add(invalid fault: RowFault, line: Int, record: Bytes) {
        invalid.append(PreparedBatch.InvalidRow(number: line, record: keep(record), fault: fault))
    }

    /// What has been added, and begins anew.
    package mutating func finish(lastLine: Int, position: Int64) -> PreparedBatch {
        json.append(shape.closing)
        let batch = PreparedBatch(
            shape: shape, body: ByteBuffer(bytes: json.bytes), lines: lines, names: names, invalid: invalid,
            records: records, lastLine: lastLine, position: position, keyPrefix: keyPrefix)
        let (room, bytes) = (lines.count, records.count)
        lines = []
        lines.reserveCapacity(room)
        records = []
        records.reserveCapacity(bytes + bytes / 8)
        invalid = []
        names = []
        nameSet.removeAll(keepingCapacity: true)
        json.truncate(to: opening.utf8CodeUnitCount)
        return batch
    }

    /// An opening and its line share one copy of the record.
    private mutating func keep(_ record: Bytes) -> Range<Int> {
        let first = records.count
        records.append(contentsOf: record)
        return first..<records.count
    }
}
