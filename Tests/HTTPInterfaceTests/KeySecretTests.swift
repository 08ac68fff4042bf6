import HTTPInterface
import LedgerCore
import LedgerStorage
import Testing

@Suite("The text of a key")
struct KeySecretTests {
    private static let id = ULID(high: 0x0192_5D97_2F1E_ABCD, low: 0x0123_4567_89AB_CDEF)

    private static func parse(_ text: String) -> (mode: Mode, id: ULID)? {
        var text = text
        return text.withUTF8 { KeySecret.parse($0) }
    }

    @Test("the format is fixed: mode, id, 52 digits of secret, 7 of checksum")
    func format() {
        var numbers = SeededNumbers(seed: 1)
        let secret = KeySecret.mint(mode: .test, id: KeySecretTests.id, using: &numbers)
        // Keys that were handed out must be understood for ever: this text may not change.
        #expect(
            secret.text
                == "sk_test_01J9ESEBRYNF6G28T5CY4TQKFF148A5QP8J0JWR6ZEQ3D1CP7ERSZRJEHEXYSJANF73GC6J3Q45J8B2F3DGJP")
        #expect(secret.text.utf8.count == 93)
        #expect(secret.text.hasPrefix("sk_test_\(KeySecretTests.id.text)"))
        #expect(secret.text.dropFirst(8).allSatisfy { "0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains($0) })
        #expect(secret.hash == Digest256(hashing: Array(secret.text.utf8)))
    }

    @Test("a minted key reads as its mode and id", arguments: Mode.allCases)
    func roundTrip(mode: Mode) throws {
        var numbers = SeededNumbers(seed: 7)
        for _ in 0..<200 {
            let id = ULID(high: numbers.next(), low: numbers.next())
            let secret = KeySecret.mint(mode: mode, id: id, using: &numbers)
            let parsed = try #require(KeySecretTests.parse(secret.text))
            #expect(parsed.mode == mode)
            #expect(parsed.id == id)
        }
    }

    @Test("all 256 bits of the randomness are in the text")
    func randomness() {
        struct Words: RandomNumberGenerator {
            var words: [UInt64]
            mutating func next() -> UInt64 { words.removeFirst() }
        }
        var seen: Set<String> = []
        for bit in 0..<256 {
            var words: [UInt64] = [0, 0, 0, 0]
            words[bit / 64] = 1 << UInt64(bit % 64)
            var generator = Words(words: words)
            seen.insert(KeySecret.mint(mode: .live, id: .zero, using: &generator).text)
        }
        #expect(seen.count == 256)
        #expect(KeySecret.mint(mode: .live, id: .zero).text != KeySecret.mint(mode: .live, id: .zero).text)
    }

    @Test("one wrong or swapped character anywhere is a typing error")
    func typingErrors() {
        var numbers = SeededNumbers(seed: 3)
        let text = Array(KeySecret.mint(mode: .live, id: KeySecretTests.id, using: &numbers).text)
        for index in text.indices {
            var changed = text
            changed[index] = changed[index] == "7" ? "8" : "7"
            #expect(KeySecretTests.parse(String(changed)) == nil, "position \(index)")
            if index > 8, text[index] != text[index - 1] {
                var swapped = text
                swapped.swapAt(index, index - 1)
                #expect(KeySecretTests.parse(String(swapped)) == nil, "swap at \(index)")
            }
        }
    }

    @Test(
        "anything else is no key",
        arguments: [
            "", "sk_test_", "sk_", "sk_prod_01J9X", "Bearer", String(repeating: "0", count: 93),
            "sk_test_" + String(repeating: "0", count: 85), "sk_test_" + String(repeating: "Z", count: 85),
            "sk_test_" + String(repeating: "é", count: 42) + "0", String(repeating: "A", count: 100_000),
        ])
    func malformed(text: String) {
        #expect(KeySecretTests.parse(text) == nil)
    }

    @Test("lower case, a missing or a further character make it no key")
    func notCanonical() {
        let text = KeySecret.mint(mode: .test, id: KeySecretTests.id).text
        #expect(KeySecretTests.parse(text) != nil)
        #expect(KeySecretTests.parse(text.lowercased()) == nil)
        #expect(KeySecretTests.parse(String(text.dropLast())) == nil)
        #expect(KeySecretTests.parse(text + "0") == nil)
        #expect(KeySecretTests.parse(" " + text.dropLast()) == nil)
    }
}
