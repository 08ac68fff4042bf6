internal import Crypto
internal import Foundation
package import LedgerCore
internal import LedgerStorage

/// Encrypts what must not lie on the disk in clear (webhook secrets), bound to the realm that it belongs to: a sealed
/// secret that is copied to another realm does not open there.
///
/// Sealed: the version (a byte, 1), 4 bytes that name the key, 12 of nonce, the encrypted bytes, 16 of tag
/// (AES-256-GCM). Authenticated with them: the first five bytes, the realm's id in 16, the purpose in UTF-8.
package struct SecretVault: Sendable {
    /// 32 bytes that encrypt, under the name that sealed bytes know them by.
    package struct Key: Sendable {
        /// The first 4 bytes of the SHA-256 of the key.
        package let id: UInt32
        fileprivate let symmetric: SymmetricKey

        /// From exactly 32 bytes; nil for any other number of them.
        package init?(_ bytes: [UInt8]) {
            guard bytes.count == 32 else { return nil }
            id = UInt32(truncatingIfNeeded: Digest256(hashing: bytes).a >> 32)
            symmetric = SymmetricKey(data: bytes)
        }

        /// Eight hexadecimal digits, for people. Says nothing about the key that would help to guess it.
        package var name: String { SecretVault.name(of: id) }
    }

    private static let version: UInt8 = 1
    private static let headLength = 5
    private static let nonceLength = 12
    private static let tagLength = 16
    /// Bytes that sealing adds.
    package static let overhead = headLength + nonceLength + tagLength

    private let current: Key
    private let keys: [UInt32: Key]
    private let purpose: [UInt8]

    /// - Parameters:
    ///   - current: seals, and opens what it sealed.
    ///   - older: open what they have sealed in their time.
    ///   - purpose: what is sealed; bytes that were sealed for another purpose don't open.
    package init(current: Key, older: [Key] = [], purpose: String = "webhook secret") {
        self.current = current
        keys = Dictionary((older + [current]).map { ($0.id, $0) }) { $1 }
        self.purpose = Array(purpose.utf8)
    }

    /// Encrypts the bytes for that realm alone. Twice the same bytes give different ones.
    ///
    /// - Throws: `SecretVaultFault` when the cryptographic library fails.
    package func seal(_ bytes: [UInt8], realm: ULID) throws(SecretVaultFault) -> [UInt8] {
        var sealed = [Self.version]
        sealed.append(contentsOf: Swift.withUnsafeBytes(of: current.id.bigEndian) { Array($0) })
        do {
            let box = try AES.GCM.seal(bytes, using: current.symmetric, authenticating: authenticated(sealed, realm))
            sealed.append(contentsOf: box.nonce)
            sealed.append(contentsOf: box.ciphertext)
            sealed.append(contentsOf: box.tag)
        } catch {
            throw SecretVaultFault(detail: "\(error)")
        }
        return sealed
    }

    /// The bytes that were sealed for that realm; nil when the key is not known, the realm or the purpose is another
    /// one, or a bit has changed.
    package func open(_ sealed: [UInt8], realm: ULID) -> [UInt8]? {
        guard sealed.count >= Self.overhead, let id = Self.keyID(of: sealed), let key = keys[id] else { return nil }
        let head = Array(sealed[..<Self.headLength])
        let body = sealed[Self.headLength...]
        let nonce = body.prefix(Self.nonceLength)
        guard let nonce = try? AES.GCM.Nonce(data: nonce),
            let box = try? AES.GCM.SealedBox(
                nonce: nonce, ciphertext: body.dropFirst(Self.nonceLength).dropLast(Self.tagLength),
                tag: body.suffix(Self.tagLength)),
            let opened = try? AES.GCM.open(box, using: key.symmetric, authenticating: authenticated(head, realm))
        else { return nil }
        return Array(opened)
    }

    /// The name of the key that bytes were sealed with, to say which one is missing; nil when they are nothing sealed.
    package static func keyName(of sealed: [UInt8]) -> String? {
        keyID(of: sealed).map(name(of:))
    }

    /// Whether the key that bytes were sealed with is here.
    package func hasKey(of sealed: [UInt8]) -> Bool {
        Self.keyID(of: sealed).map { keys[$0] != nil } ?? false
    }

    /// The names of all keys, the current one first.
    package var keyNames: [String] {
        [current.name] + keys.keys.filter { $0 != current.id }.sorted().map(Self.name(of:))
    }

    private static func keyID(of sealed: [UInt8]) -> UInt32? {
        guard sealed.count >= headLength, sealed[0] == version else { return nil }
        return sealed[1..<headLength].reduce(0) { $0 << 8 | UInt32($1) }
    }

    fileprivate static func name(of id: UInt32) -> String {
        let digits = String(id, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// What is not encrypted but can't be exchanged: head, realm, purpose.
    private func authenticated(_ head: [UInt8], _ realm: ULID) -> [UInt8] {
        let id = Swift.withUnsafeBytes(of: (realm.high.bigEndian, realm.low.bigEndian)) { Array($0) }
        return head + id + purpose
    }
}

/// That nothing could be encrypted.
package struct SecretVaultFault: Error, Hashable, Sendable {
    package var detail: String
}

extension SecretVaultFault: CustomStringConvertible {
    package var description: String { "the secret can't be encrypted: \(detail)" }
}
