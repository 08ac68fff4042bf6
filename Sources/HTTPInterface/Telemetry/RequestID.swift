internal import Glibc
internal import LedgerCore
package import NIOHTTP1
internal import Synchronization

/// The name of a request in its response, in the log and in a problem: the caller's when it sent a sane one.
package enum RequestID {
    private static let counter = Atomic<UInt64>(0)
    private static let seed = UInt64.random(in: .min ... .max)
    private static let process = UInt16.random(in: .min ... .max)

    /// The caller's `X-Request-Id`, if it has 1 to 128 characters of `[A-Za-z0-9._-]`, else a fresh one.
    package static func of(_ headers: HTTPHeaders) -> String {
        if let given = headers.first(name: "x-request-id"), isSane(given) { return given }
        return fresh()
    }

    /// `req_` and 26 characters: the time, and what no other request of this process has.
    package static func fresh() -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(30)
        bytes.append(text: "req_")
        // A counter run through a bijection: no two are alike, and none tells the next one by its look.
        let count = counter.wrappingAdd(1, ordering: .relaxed).newValue
        let low = (count &+ seed).scrambled
        let now = Instant(milliseconds: RequestClock.wallMilliseconds())
        ULID(at: now, random: (process, low)).appendText(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether a client's own id may stand in answers and logs: 1–128 harmless ASCII characters.
    package static func isSane(_ text: String) -> Bool {
        let count = text.utf8.count
        guard count >= 1 && count <= 128 else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
    }
}

extension UInt64 {
    /// The number run through a bijection that leaves nothing of its look: the finalizer of SplitMix64.
    var scrambled: UInt64 {
        var value = self
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
