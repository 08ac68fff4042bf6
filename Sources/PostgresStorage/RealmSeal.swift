import Crypto
import LedgerCore
import LedgerStorage

/// The key with which a server seals the realm that a transaction is for; the database has it too, where the server's
/// role can't read it (`Fence`).
public struct RealmSealKey: Sendable {
    /// 32 bytes.
    let bytes: [UInt8]

    /// - Parameter bytes: exactly 32; nil for any other number.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// A key that nobody has.
    public static func random() -> RealmSealKey {
        var generator = SystemRandomNumberGenerator()
        return RealmSealKey(unchecked: (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    private init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// The seal of a realm: 64 hexadecimal digits.
    func seal(_ realm: ULID) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array(realm.uuidText.utf8), using: SymmetricKey(data: bytes))
        return Digest256(bytes: code)?.hex ?? ""
    }

    /// What a server says to show that it has the key: 64 hexadecimal digits, and the seal of no realm.
    func proof(of server: ULID) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("server \(server.uuidText)".utf8), using: SymmetricKey(data: bytes))
        return Digest256(bytes: code)?.hex ?? ""
    }

    /// The two halves of HMAC's key, as the database keeps them: a block of 64 bytes, xor 0x36 and xor 0x5c.
    var padded: (inner: [UInt8], outer: [UInt8]) {
        let block = bytes + [UInt8](repeating: 0, count: 64 - bytes.count)
        return (block.map { $0 ^ 0x36 }, block.map { $0 ^ 0x5C })
    }
}

extension ULID {
    /// As PostgreSQL writes a `uuid` of the same bits.
    var uuidText: String {
        let digits: [UInt8] = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for index in 0..<32 {
            if [8, 12, 16, 20].contains(index) { text.append(UInt8(ascii: "-")) }
            let word = index < 16 ? high : low
            text.append(digits[Int((word >> UInt64(60 - 4 * (index % 16))) & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
