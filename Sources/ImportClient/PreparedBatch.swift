package import NIOCore

/// One request's worth of movements, ready to be sent, with what is needed to make sense of its answer.
package struct PreparedBatch: Sendable {
    /// One movement of the batch.
    package struct Line: Sendable {
        /// Line of the file that it comes from, from 1.
        package var number: Int
        package var kind: MovementWord
        /// Whether it is not the line itself but the opening receipt before it.
        package var isOpening: Bool
        package var quantity: Int64
        /// Where its JSON object stands in `body`.
        package var json: Range<Int>
        /// Where its original record stands in `records`.
        package var record: Range<Int>
    }

    /// A row that was not posted because it can be no movement.
    package struct InvalidRow: Sendable {
        package var number: Int
        package var record: Range<Int>
        package var fault: RowFault
    }

    /// `{"atomic":false,"movements":[…]}`.
    package var body: ByteBuffer
    package var lines: [Line]
    package var invalid: [InvalidRow]
    /// The original records, one after the other.
    package var records: [UInt8]
    /// Line of the last row that it covers: everything up to there is in this batch or an earlier one.
    package var lastLine: Int
    /// Bytes of the file used up when it was complete.
    package var position: Int64

    /// The JSON of a part of the batch as a request of its own.
    package func body(of part: Range<Int>) -> ByteBuffer {
        guard let first = lines[part].first, let last = lines[part].last else { return body }
        var out = ByteBuffer()
        out.writeStaticString(BatchBuilder.opening)
        if let slice = body.getSlice(at: first.json.lowerBound, length: last.json.upperBound - first.json.lowerBound) {
            out.writeImmutableBuffer(slice)
        }
        out.writeStaticString(BatchBuilder.closing)
        return out
    }
}

/// Why a row of the file can be no movement, found before anything is sent.
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

/// Writes movements into a request body until it is full.
package struct BatchBuilder: ~Copyable {
    static let opening: StaticString = #"{"atomic":false,"movements":["#
    static let closing: StaticString = "]}"
    /// The most movements that a request may have.
    package static let mostLines = 1_000
    /// The server takes 1 MiB; a body is closed when the next movement might go beyond this.
    static let mostBytes = 1_000_000

    private var json: JSONBytes
    private var lines: [PreparedBatch.Line] = []
    private var invalid: [PreparedBatch.InvalidRow] = []
    private var records: [UInt8] = []
    private let capacity: Int
    /// What derived idempotency keys begin with: it names the content, so the same file gives the same keys.
    private let keyPrefix: [UInt8]

    /// `capacity`: movements in a batch, 1 to `mostLines`. `keyPrefix`: at most 200 characters of printable ASCII
    /// without quotes or backslashes.
    package init(capacity: Int, keyPrefix: String) {
        self.capacity = min(max(capacity, 1), Self.mostLines)
        self.keyPrefix = Array(keyPrefix.utf8)
        json = JSONBytes(capacity: 1 << 17)
        json.append(Self.opening)
    }

    package var isEmpty: Bool { lines.isEmpty && invalid.isEmpty }
    package var isFull: Bool { lines.count >= capacity || invalid.count >= Self.mostLines }

    /// Whether a row with so many bytes, and an opening before it, still fits. A byte can become six in JSON.
    package func hasRoom(forRecordOf bytes: Int) -> Bool {
        lines.count + 2 <= Self.mostLines && json.count + bytes * 12 + 2_048 <= Self.mostBytes
    }

    /// Forgets what has been added.
    package mutating func discard() {
        lines.removeAll(keepingCapacity: true)
        invalid.removeAll(keepingCapacity: true)
        records.removeAll(keepingCapacity: true)
        json.truncate(to: Self.opening.utf8CodeUnitCount)
    }

    /// Adds a movement. `record` is the row that it comes from, empty when there is none.
    package mutating func add(_ fields: MovementFields, line: Int, isOpening: Bool = false, record: Bytes) {
        if !lines.isEmpty { json.append(byte: 0x2C) }
        let first = json.count
        json.append(#"{"idempotency_key":"#)
        if fields.key.isEmpty {
            json.append(byte: 0x22)
            keyPrefix.withUnsafeBufferPointer { json.append(raw: $0) }
            json.append(byte: 0x2D)
            json.append(number: Int64(line))
            if isOpening { json.append("-opening") }
            json.append(byte: 0x22)
        } else {
            json.append(string: fields.key)
        }
        json.append(#","item_id":"#)
        json.append(string: fields.item)
        append(#","location_id":"#, fields.location)
        append(#","to_location_id":"#, fields.target)
        json.append(#","type":""#)
        json.append(fields.kind.literal)
        json.append(#"","qty":"#)
        json.append(number: fields.quantity)
        append(#","reason":"#, fields.reason)
        append(#","reference":"#, fields.reference)
        append(#","note":"#, fields.note)
        append(#","unit_cost":"#, fields.unitCost)
        append(#","occurred_at":"#, fields.occurredAt)
        json.append(byte: 0x7D)
        lines.append(
            PreparedBatch.Line(
                number: line, kind: fields.kind, isOpening: isOpening, quantity: fields.quantity,
                json: first..<json.count, record: keep(record)))
    }

    /// Notes a row that can be no movement.
    package mutating func add(invalid fault: RowFault, line: Int, record: Bytes) {
        invalid.append(PreparedBatch.InvalidRow(number: line, record: keep(record), fault: fault))
    }

    /// What has been added, and begins anew.
    package mutating func finish(lastLine: Int, position: Int64) -> PreparedBatch {
        json.append(Self.closing)
        let batch = PreparedBatch(
            body: ByteBuffer(bytes: json.bytes), lines: lines, invalid: invalid, records: records, lastLine: lastLine,
            position: position)
        let (room, bytes) = (lines.count, records.count)
        lines = []
        lines.reserveCapacity(room)
        records = []
        records.reserveCapacity(bytes + bytes / 8)
        invalid = []
        json.truncate(to: Self.opening.utf8CodeUnitCount)
        return batch
    }

    @inline(__always)
    private mutating func append(_ name: StaticString, _ value: Bytes) {
        guard !value.isEmpty else { return }
        json.append(name)
        json.append(string: value)
    }

    /// An opening and its line share one copy of the record.
    private mutating func keep(_ record: Bytes) -> Range<Int> {
        let first = records.count
        records.append(contentsOf: record)
        return first..<records.count
    }
}
