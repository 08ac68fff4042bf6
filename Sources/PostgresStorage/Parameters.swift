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

    /// Never empty: a value of no bytes needs a pointer too, or it would be NULL.
    private var bytes: [UInt8] = [0]
    private var places: [Place] = []

    init() {}

    init(reserving count: Int) { bytes.reserveCapacity(count + 1) }

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
        add { $0.append(id) }
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
    mutating func add(array values: [Int64]) { addArray(of: values, as: 20) { $0.append(element: $1) } }

    /// As `uuid[]`.
    mutating func add(ids: [ULID]) {
        addArray(of: ids, as: 2_950) { bytes, id in
            bytes.append(bigEndian: Int32(16))
            bytes.append(id)
        }
    }

    /// As `bytea[]`.
    mutating func add(array values: [[UInt8]]) { addArray(of: values, as: 17) { $0.append(element: $1) } }

    /// As `text[]`; the texts as in `add(_: String)`.
    mutating func add(array values: [String]) { addArray(of: values, as: 25) { $0.append(element: $1.utf8) } }

    /// As `bigint[]`, with NULL among its elements.
    mutating func add(optionals values: [Int64?]) {
        addArray(of: values, as: 20, mayHoldNull: true) { bytes, value in
            if let value { bytes.append(element: value) } else { bytes.append(bigEndian: Int32(-1)) }
        }
    }

    /// As `bytea[]`, with NULL among its elements.
    mutating func add(optionals values: [[UInt8]?]) {
        addArray(of: values, as: 17, mayHoldNull: true) { bytes, value in
            if let value { bytes.append(element: value) } else { bytes.append(bigEndian: Int32(-1)) }
        }
    }

    /// Dimensions, whether NULL may be among the elements, their type, how many, and from which index on; then each.
    ///
    /// - Parameters:
    ///   - type: the elements', as `pg_type` numbers it.
    ///   - write: one element, its length first; a length of −1 is NULL.
    private mutating func addArray<Element>(
        of values: [Element], as type: Int32, mayHoldNull: Bool = false, _ write: (inout [UInt8], Element) -> Void
    ) {
        add { bytes in
            bytes.append(bigEndian: Int32(values.isEmpty ? 0 : 1))
            bytes.append(bigEndian: Int32(mayHoldNull ? 1 : 0))
            bytes.append(bigEndian: type)
            guard !values.isEmpty else { return }
            bytes.append(bigEndian: Int32(values.count))
            bytes.append(bigEndian: Int32(1))
            for value in values { write(&bytes, value) }
        }
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
        return bytes.withUnsafeBytes { buffer in
            let base = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            let pointers: [UnsafePointer<CChar>?] = places.map { place in
                place.length < 0 ? nil : base.map { $0 + place.offset }
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
    /// The 16 bytes of a `uuid`.
    fileprivate mutating func append(_ id: ULID) {
        append(bigEndian: id.high)
        append(bigEndian: id.low)
    }

    fileprivate mutating func append(element value: Int64) {
        append(bigEndian: Int32(8))
        append(bigEndian: value)
    }

    fileprivate mutating func append(element value: some Collection<UInt8>) {
        append(bigEndian: Int32(value.count))
        append(contentsOf: value)
    }

    fileprivate mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}
