import Foundation

/// Secrets in the form of real ones that nobody was given.
enum ForgedKey {
    private static let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

    /// An API key with the right checksum.
    ///
    /// - Parameter id: of a key, with or without its prefix; nil for one that nobody has.
    static func text(id: String? = nil) -> String {
        let id = id?.split(separator: "_").last.map(String.init) ?? "01M7ZX" + Twin.randomDigits(20)
        let text = "sk_test_\(id)0" + Twin.randomDigits(51)
        let sum = checksum(Array(text.utf8))
        return text + String((0..<7).reversed().map { digits[Int(UInt64(sum) >> UInt64(5 * $0) & 31)] })
    }

    /// A signing secret of an endpoint.
    static func webhookSecret() -> String {
        let bytes = Data((0..<32).map { _ in UInt8.random(in: .min ... .max) })
        return "whsec_" + bytes.base64EncodedString()
    }

    /// The CRC-32 of ISO 3309, bit by bit.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var sum: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }
}
