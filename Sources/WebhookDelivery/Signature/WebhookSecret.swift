internal import Crypto
package import LedgerStorage

/// What a webhook is signed with: the text that both sides know, and the key that it stands for.
///
/// The key is the base 64 content behind `whsec_` when that is 24…64 bytes, else the bytes of the whole text. The
/// latter serves only to try things out: it is taken in test mode alone.
package struct WebhookSecret: Sendable {
    /// The most bytes of a given text.
    package static let maximumLength = 256
    private static let prefix = "whsec_"

    /// As it was given or made. Shown once, to whoever made it; never logged.
    package let text: String
    /// The same as `CryptoKit` takes it, made once for many signatures.
    let key: SymmetricKey
    /// Whether the key came out of base 64 and is long enough for live mode.
    package let isStrong: Bool

    /// A secret that somebody has chosen.
    ///
    /// - Throws: `WebhookSecretFault` when it is empty, too long, not visible ASCII, or too weak for live mode.
    package init(_ text: String, mode: Mode) throws(WebhookSecretFault) {
        guard (1...Self.maximumLength).contains(text.utf8.count) else { throw .length }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .character }
        self.init(stored: text)
        if mode == .live, !isStrong { throw .weak }
    }

    /// A secret that was accepted before.
    package init(stored text: String) {
        self.text = text
        if text.hasPrefix(Self.prefix), let bytes = Base64.decode(text.dropFirst(Self.prefix.count)),
            (24...64).contains(bytes.count)
        {
            key = SymmetricKey(data: bytes)
            isStrong = true
        } else {
            key = SymmetricKey(data: Array(text.utf8))
            isStrong = false
        }
    }

    /// A new one: `whsec_` and 32 random bytes in base 64.
    package static func generate(using generator: inout some RandomNumberGenerator) -> WebhookSecret {
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return WebhookSecret(stored: prefix + Base64.encode(bytes))
    }

    /// A new one from the system's randomness.
    package static func generate() -> WebhookSecret {
        var generator = SystemRandomNumberGenerator()
        return generate(using: &generator)
    }

    /// The bytes that sign.
    package var keyBytes: [UInt8] { key.withUnsafeBytes { Array($0) } }
}

/// Whatever prints a value that holds a secret prints this.
extension WebhookSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "whsec_…" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a given secret is not taken.
package enum WebhookSecretFault: Error, Hashable, Sendable {
    case length
    case character
    /// Live mode only.
    case weak

    /// Stable, for integrators.
    package var code: String {
        switch self {
        case .length: "secret_length_invalid"
        case .character: "secret_character_invalid"
        case .weak: "secret_too_weak"
        }
    }
}

extension WebhookSecretFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .length: "The secret must have 1 to \(WebhookSecret.maximumLength) bytes."
        case .character: "The secret must be visible ASCII characters without blanks."
        case .weak:
            "In live mode the secret must be whsec_ and 24 to 64 random bytes in base 64. Leave it out and one is made."
        }
    }
}
