import Crypto

extension Digest256 {
    /// SHA-256 of the bytes.
    public init(hashing bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { Digest256(hashing: $0) }
    }

    /// SHA-256 of the bytes.
    public init(hashing bytes: UnsafeRawBufferPointer) {
        var hasher = SHA256()
        hasher.update(bufferPointer: bytes)
        self.init(hasher.finalize())
    }

    /// hash(n) = SHA-256(hash(n−1) ‖ canonical bytes of entry n).
    public init(after previous: Digest256, entry bytes: UnsafeRawBufferPointer) {
        var hasher = SHA256()
        previous.withBytes { hasher.update(bufferPointer: $0) }
        hasher.update(bufferPointer: bytes)
        self.init(hasher.finalize())
    }

    init(_ digest: SHA256.Digest) {
        self = digest.withUnsafeBytes { Digest256(words: $0) }
    }

    /// From exactly 32 bytes, most significant first; nil for any other number of them.
    public init?(bytes: some Sequence<UInt8>) {
        guard let value = Array(bytes).withUnsafeBytes({ $0.count == 32 ? Digest256(words: $0) : nil }) else {
            return nil
        }
        self = value
    }

    /// From 64 hexadecimal digits, upper or lower case.
    public init?(hex: some StringProtocol) {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in hex.utf8 {
            guard let digit = hexDigit(character), bytes.count < 32 else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard high == nil else { return nil }
        self.init(bytes: bytes)
    }

    /// The caller has checked that there are at least 32 bytes.
    init(words bytes: UnsafeRawBufferPointer) {
        self.init(
            a: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
            b: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            c: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
            d: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)))
    }

    /// Lends the 32 bytes, most significant first. They are gone when `body` returns.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let words = (a.bigEndian, b.bigEndian, c.bigEndian, d.bigEndian)
        return try withUnsafeBytes(of: words, body)
    }

    /// The 32 bytes, most significant first.
    public var bytes: [UInt8] { withBytes { Array($0) } }

    /// 64 lower-case hexadecimal digits.
    public var hex: String {
        let digits: StaticString = "0123456789abcdef"
        return digits.withUTF8Buffer { digits in
            String(unsafeUninitializedCapacity: 64) { text in
                var position = 0
                for byte in bytes {
                    text[position] = digits[Int(byte >> 4)]
                    text[position + 1] = digits[Int(byte & 15)]
                    position += 2
                }
                return position
            }
        }
    }
}

extension Digest128 {
    /// The first 16 bytes of the SHA-256 of the bytes.
    public init(hashing bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { Digest128(hashing: $0) }
    }

    /// The first 16 bytes of the SHA-256 of the bytes.
    public init(hashing bytes: UnsafeRawBufferPointer) {
        let digest = Digest256(hashing: bytes)
        self.init(high: digest.a, low: digest.b)
    }
}

private func hexDigit(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character - 0x30
    case 0x41...0x46: character - 0x41 + 10
    case 0x61...0x66: character - 0x61 + 10
    default: nil
    }
}
