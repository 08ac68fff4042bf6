/// How secrets are compared, and what stands for them: digests of keys, authentication codes, headers with a key in
/// them. Nothing else in the server compares such bytes; `Tests/TidyTests/ConstantTimeTests.swift` names who uses it.
public enum ConstantTime {
    /// Whether both hold the same bytes. How long it takes depends on how many there are, never on which or where they
    /// differ.
    public static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        left.count == right.count && difference(left, right) == 0
    }

    /// Whether both hold the same bytes.
    public static func areEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        let (left, right) = (Array(left), Array(right))
        return left.withUnsafeBytes { left in right.withUnsafeBytes { areEqual(left, $0) } }
    }

    /// Whether both are the same digest.
    public static func areEqual(_ left: Digest256, _ right: Digest256) -> Bool {
        left.withBytes { left in right.withBytes { areEqual(left, $0) } }
    }

    /// Whether both are the same digest.
    public static func areEqual(_ left: Digest128, _ right: Digest128) -> Bool {
        withUnsafeBytes(of: (left.high, left.low)) { left in
            withUnsafeBytes(of: (right.high, right.low)) { areEqual(left, $0) }
        }
    }

    /// All bits in which they differ, gathered in one byte; as many bytes of both are looked at as the first has.
    /// Never inlined: where the compiler sees what becomes of the result, it might leave the loop early.
    @inline(never)
    private static func difference(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> UInt8 {
        var difference: UInt8 = 0
        for index in 0..<left.count { difference |= left[index] ^ right[index] }
        return difference
    }
}
