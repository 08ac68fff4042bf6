import LedgerCore
import Testing
import WebhookDelivery

@Suite("The vault of secrets")
struct SecretVaultTests {
    private static let realm = ULID(high: 0x0192_5D97_2F1E_ABCD, low: 0x0123_4567_89AB_CDEF)

    private static func key(_ byte: UInt8) throws -> SecretVault.Key {
        try #require(SecretVault.Key([UInt8](repeating: byte, count: 32)))
    }

    @Test("what is sealed opens again, and does not show", arguments: [0, 1, 15, 16, 17, 50, 1000])
    func roundTrip(count: Int) throws {
        let vault = SecretVault(current: try Self.key(1))
        let bytes = [UInt8](repeating: 0x77, count: count)
        let sealed = try vault.seal(bytes, realm: Self.realm)
        #expect(sealed.count == count + SecretVault.overhead)
        #expect(vault.open(sealed, realm: Self.realm) == bytes)
        #expect(!sealed.contains([0x77, 0x77, 0x77, 0x77]))
        // A nonce of its own each time.
        #expect(try vault.seal(bytes, realm: Self.realm) != sealed)
    }

    @Test("what was sealed must be read for ever: the format is fixed")
    func format() throws {
        let key = try Self.key(1)
        let vault = SecretVault(current: key)
        let sealed = try vault.seal([1, 2, 3], realm: Self.realm)
        // SHA-256 of 32 bytes 01 begins with 72cd6e84.
        #expect(key.name == "72cd6e84")
        #expect(sealed.prefix(5) == [1, 0x72, 0xCD, 0x6E, 0x84])
        #expect(SecretVault.keyName(of: sealed) == "72cd6e84")
        // Sealed by another library, from this description alone.
        let foreign: [UInt8] = [
            1, 114, 205, 110, 132, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 204, 206, 230, 67, 67, 161, 84, 60, 174, 38,
            166,
            135, 101, 67, 184, 108, 174, 159, 88, 254, 246, 101, 56, 194, 213, 129, 133, 189, 15,
        ]
        #expect(vault.open(foreign, realm: Self.realm) == Array("whsec_REPLACE".utf8))
    }

    @Test("a change of any bit, a cut and an addition are noticed")
    func tampering() throws {
        let vault = SecretVault(current: try Self.key(1))
        let sealed = try vault.seal(Array("whsec_REPLACE".utf8), realm: Self.realm)
        for index in sealed.indices {
            for bit in 0..<8 {
                var changed = sealed
                changed[index] ^= 1 << UInt8(bit)
                #expect(vault.open(changed, realm: Self.realm) == nil, "byte \(index), bit \(bit)")
            }
        }
        for count in 0..<sealed.count { #expect(vault.open(Array(sealed.prefix(count)), realm: Self.realm) == nil) }
        #expect(vault.open(sealed + [0], realm: Self.realm) == nil)
    }

    @Test("sealed bytes open for their realm and their purpose alone")
    func binding() throws {
        let vault = SecretVault(current: try Self.key(1))
        let sealed = try vault.seal([1, 2, 3], realm: Self.realm)
        #expect(vault.open(sealed, realm: Self.realm.successor) == nil)
        #expect(vault.open(sealed, realm: .zero) == nil)
        #expect(SecretVault(current: try Self.key(1), purpose: "other").open(sealed, realm: Self.realm) == nil)
    }

    @Test("a new key seals, the older ones still open; without them it is said which key is missing")
    func rotation() throws {
        let (first, second, third) = (try Self.key(1), try Self.key(2), try Self.key(3))
        let sealed = try [first, second, third].map { key in
            try SecretVault(current: key).seal([7], realm: Self.realm)
        }
        let vault = SecretVault(current: third, older: [second, first])
        for bytes in sealed { #expect(vault.open(bytes, realm: Self.realm) == [7]) }
        #expect(SecretVault.keyName(of: try vault.seal([7], realm: Self.realm)) == third.name)
        #expect(vault.keyNames.first == third.name)
        #expect(Set(vault.keyNames) == [first.name, second.name, third.name])
        let narrow = SecretVault(current: third, older: [second])
        #expect(narrow.open(sealed[0], realm: Self.realm) == nil)
        #expect(!narrow.hasKey(of: sealed[0]))
        #expect(narrow.hasKey(of: sealed[1]))
        #expect(SecretVault.keyName(of: sealed[0]) == first.name)
        #expect(SecretVault.keyName(of: [2, 0, 0, 0, 0]) == nil)
    }

    @Test("a key has 32 bytes", arguments: [0, 16, 31, 33, 64])
    func keyLength(count: Int) {
        #expect(SecretVault.Key([UInt8](repeating: 1, count: count)) == nil)
    }
}
