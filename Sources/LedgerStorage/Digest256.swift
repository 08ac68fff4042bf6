/// A SHA-256 value: the seal of an entry, which covers every entry before it.
public struct Digest256: Hashable, Sendable {
    public var a: UInt64
    public var b: UInt64
    public var c: UInt64
    public var d: UInt64

    /// What the first entry of a realm follows: 32 zero bytes.
    public static let zero = Digest256(a: 0, b: 0, c: 0, d: 0)

    public init(a: UInt64, b: UInt64, c: UInt64, d: UInt64) {
        self.a = a
        self.b = b
        self.c = c
        self.d = d
    }
}

/// A truncated SHA-256: 128 bits name an idempotency key or a request beyond any chance of collision.
public struct Digest128: Hashable, Sendable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}
