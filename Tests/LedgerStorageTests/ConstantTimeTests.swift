import LedgerStorage
import Testing

@Suite("Comparing in constant time")
struct ConstantTimeTests {
    @Test("equal bytes are equal; a single bit anywhere, or another length, makes them different")
    func equality() {
        var numbers = SystemRandomNumberGenerator()
        for count in [0, 1, 7, 16, 32, 93, 4_096] {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &numbers) }
            #expect(ConstantTime.areEqual(bytes, bytes[...]))
            #expect(!ConstantTime.areEqual(bytes, bytes + [0]))
            #expect(!ConstantTime.areEqual([0] + bytes, bytes))
            for place in bytes.indices where count < 100 || place % 97 == 0 {
                for bit in 0..<8 {
                    var other = bytes
                    other[place] ^= 1 << UInt8(bit)
                    #expect(!ConstantTime.areEqual(bytes, other), "bit \(bit) of byte \(place) of \(count)")
                }
            }
        }
    }

    @Test("digests are equal when every bit is")
    func digests() {
        let digest = Digest256(a: 1, b: 2, c: 3, d: 4)
        #expect(ConstantTime.areEqual(digest, digest))
        for bit in 0..<64 {
            let one = UInt64(1) << UInt64(bit)
            #expect(!ConstantTime.areEqual(digest, Digest256(a: 1 ^ one, b: 2, c: 3, d: 4)))
            #expect(!ConstantTime.areEqual(digest, Digest256(a: 1, b: 2 ^ one, c: 3, d: 4)))
            #expect(!ConstantTime.areEqual(digest, Digest256(a: 1, b: 2, c: 3 ^ one, d: 4)))
            #expect(!ConstantTime.areEqual(digest, Digest256(a: 1, b: 2, c: 3, d: 4 ^ one)))
            let short = Digest128(high: 1, low: 2)
            #expect(ConstantTime.areEqual(short, short))
            #expect(!ConstantTime.areEqual(short, Digest128(high: 1 ^ one, low: 2)))
            #expect(!ConstantTime.areEqual(short, Digest128(high: 1, low: 2 ^ one)))
        }
    }

    /// An API key has 93 characters, a header with it a hundred.
    @Test("the time does not depend on where the first difference is; that of a plain comparison does")
    func time() {
        let secret = [UInt8](repeating: 0x5A, count: 100)
        var early = secret
        early[0] ^= 1
        var late = secret
        late[99] ^= 1
        // The best of three: a machine can be busy, a leak is always there.
        let ratios = (0..<3).map { _ in
            Self.ratio(secret, late, early) { left, right in
                left.withUnsafeBytes { left in right.withUnsafeBytes { ConstantTime.areEqual(left, $0) } }
            }
        }
        let fair = ratios.min { abs($0 - 1) < abs($1 - 1) } ?? 0
        #expect(abs(fair - 1) < 0.15, "a difference at the end takes \(ratios) times as long as one at the start")
        let plain = Self.ratio(secret, late, early) { a, b in
            for index in a.indices where a[index] != b[index] { return false }
            return true
        }
        #expect(plain > 1.5, "the measurement would not see it: \(plain)")
        print("at the end over at the start: \(ratios), compared byte by byte \(plain)")
    }

    /// How many times longer it takes to compare with one than with the other: medians of many batches, taken by turns.
    private static func ratio(
        _ secret: [UInt8], _ one: [UInt8], _ other: [UInt8], _ compare: ([UInt8], [UInt8]) -> Bool
    ) -> Double {
        let clock = ContinuousClock()
        var times: [[Duration]] = [[], []]
        var equal = 0
        for batch in 0..<4_000 {
            let isOne = (batch / 2 + batch) % 2 == 0
            let guess = isOne ? one : other
            let time = clock.measure {
                for _ in 0..<200 { if compare(secret, guess) { equal += 1 } }
            }
            times[isOne ? 0 : 1].append(time)
        }
        #expect(equal == 0)
        let medians = times.map { times in times.sorted()[times.count / 2] }
        return medians[0] / medians[1]
    }
}
