import LedgerCore
import LedgerStorage

/// Values for a statement's `$1`, `$2` …, in PostgreSQL's binary form: big-endian numbers, raw bytes.
struct Parameters {
    /// One value: where it lies in `bytes`, or NULL.
    private struct Place {
        var offset: Int
        /// −1 for NULL.
        var length: Int32
    }

    private var bytes: [UInt8] = []
    private var places: [Place] = []

    init() {}

    init(reserving count: Int) { bytes.reserveCapacity(count) }

    var count: Int { places.count }

    private mutating func add(_ write: (inout [UInt8]) -> Void) {
        let offset = bytes.count
        write(&bytes)
        places.append(Place(offset: offset, length: Int32(bytes.count - offset)))
    }

    mutating func addNull() { places.append(Place(offset: 0, length: -1)) }

    mutating func add(_ value: Int64) { add { $0.append(bigEndian: value) } }

    mutating func add(_ value: Int64?) {
        if let value { add(value) } else { addNull() }
    }

    /// A seq, a number or an id of 63 bits.
    mutating func add(_ value: UInt64) { add(Int64(bitPattern: value)) }

    /// As `integer`.
    mutating func add(int32 value: Int32) { add { $0.append(bigEndian: value) } }

    mutating func add(_ value: Bool) { add { $0.append(value ? 1 : 0) } }

    mutating func add(_ instant: Instant) { add(instant.milliseconds) }

    /// As `uuid`.
    mutating func add(_ id: ULID) {
        add {
            $0.append(bigEndian: Int64(bitPattern: id.high))
            $0.append(bigEndian: Int64(bitPattern: id.low))
        }
    }

    /// As `bytea`.
    mutating func add(_ value: [UInt8]) { add { $0.append(contentsOf: value) } }

    mutating func add(_ value: [UInt8]?) {
        if let value { add(value) } else { addNull() }
    }

    /// As `bytea`.
    mutating func add(_ digest: Digest256) { add(digest.bytes) }

    /// As `text`, which in PostgreSQL can't hold a zero byte: callers pass only what can't have one.
    mutating func add(_ text: String) { add { $0.append(contentsOf: text.utf8) } }

    /// As `bigint[]`.
    mutating func add(array values: [Int64]) {
        add {
            Parameters.arrayHead(of: values.count, type: 20, &$0)
            for value in values {
                $0.append(bigEndian: Int32(8))
                $0.append(bigEndian: value)
            }
        }
    }

    /// As `uuid[]`.
    mutating func add(ids: [ULID]) {
        add {
            Parameters.arrayHead(of: ids.count, type: 2_950, &$0)
            for id in ids {
                $0.append(bigEndian: Int32(16))
                $0.append(bigEndian: Int64(bitPattern: id.high))
                $0.append(bigEndian: Int64(bitPattern: id.low))
            }
        }
    }

    /// As `bytea[]`.
    mutating func add(array values: [[UInt8]]) {
        add {
            Parameters.arrayHead(of: values.count, type: 17, &$0)
            for value in values {
                $0.append(bigEndian: Int32(value.count))
                $0.append(contentsOf: value)
            }
        }
    }

    /// As `bigint[]`, with NULL among its elements.
    mutating func add(optionals values: [Int64?]) {
        add {
            Parameters.arrayHead(of: values.count, type: 20, hasNull: true, &$0)
            for value in values {
                $0.append(bigEndian: Int32(value == nil ? -1 : 8))
                if let value { $0.append(bigEndian: value) }
            }
        }
    }

    /// As `bytea[]`, with NULL among its elements.
    mutating func add(optionals values: [[UInt8]?]) {
        add {
            Parameters.arrayHead(of: values.count, type: 17, hasNull: true, &$0)
            for value in values {
                $0.append(bigEndian: Int32(value?.count ?? -1))
                if let value { $0.append(contentsOf: value) }
            }
        }
    }

    /// As `text[]`; the texts as in `add(_: String)`.
    mutating func add(array values: [String]) {
        add {
            Parameters.arrayHead(of: values.count, type: 25, &$0)
            for value in values {
                $0.append(bigEndian: Int32(value.utf8.count))
                $0.append(contentsOf: value.utf8)
            }
        }
    }

    /// Dimensions, whether NULL may be among the elements, their type, how many, and from which index on.
    private static func arrayHead(of count: Int, type: Int32, hasNull: Bool = false, _ bytes: inout [UInt8]) {
        bytes.append(bigEndian: Int32(count == 0 ? 0 : 1))
        bytes.append(bigEndian: Int32(hasNull ? 1 : 0))
        bytes.append(bigEndian: type)
        guard count > 0 else { return }
        bytes.append(bigEndian: Int32(count))
        bytes.append(bigEndian: Int32(1))
    }

    /// Lends the values in the form in which libpq takes them.
    func withPointers<Result>(
        _ body: (
            _ values: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int32>?,
            _ formats: UnsafePointer<Int32>?
        ) -> Result
    ) -> Result {
        guard !places.isEmpty else { return body(nil, nil, nil) }
        let lengths = places.map { max(0, $0.length) }
        let formats = [Int32](repeating: 1, count: places.count)
        // An empty value needs a pointer too, or it would be NULL.
        return (bytes + [0]).withUnsafeBytes { buffer in
            let base = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            let values: [UnsafePointer<CChar>?] = places.map { $0.length < 0 ? nil : base.map { $0 } }
            var pointers = values
            for (index, place) in places.enumerated() where place.length >= 0 {
                pointers[index] = base.map { $0 + place.offset }
            }
            return pointers.withUnsafeBufferPointer { values in
                lengths.withUnsafeBufferPointer { lengths in
                    formats.withUnsafeBufferPointer { formats in
                        body(values.baseAddress, lengths.baseAddress, formats.baseAddress)
                    }
                }
            }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}
