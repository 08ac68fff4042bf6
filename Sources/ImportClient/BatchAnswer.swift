internal import Foundation

/// Reads the answer to `movements/batch` without building anything from it. An answer has some 400 bytes for each
/// movement and nearly all of them say that all is well: then its three counts are enough, and they stand first.
package enum BatchAnswer {
    /// The counts of an answer.
    package struct Counts: Hashable, Sendable {
        package var recorded = 0
        package var replayed = 0
        package var refused = 0

        package init(recorded: Int = 0, replayed: Int = 0, refused: Int = 0) {
            self.recorded = recorded
            self.replayed = replayed
            self.refused = refused
        }
    }

    /// What became of one movement.
    package struct Result: Hashable, Sendable {
        package var index: Int
        package var status: Int
        package var replayed: Bool
        /// Of the problem, when there is one.
        package var code: String?
        package var detail: String?

        /// Refused for good by the ledger.
        package var isRefused: Bool { status >= 400 }
        /// The server had no room or broke: sending it again may help.
        package var isTemporary: Bool { status == 429 || status >= 500 }
    }

    /// The counts; nil when the bytes are no such answer. Stops reading as soon as it has all three.
    package static func counts(_ bytes: Bytes) -> Counts? {
        var scanner = JSONScanner(bytes)
        guard scanner.take(0x7B) else { return nil }
        var counts = Counts()
        var seen = 0
        while let name = scanner.memberName() {
            if name.equals("recorded") {
                guard let number = scanner.number() else { return nil }
                counts.recorded = number
            } else if name.equals("replayed") {
                guard let number = scanner.number() else { return nil }
                counts.replayed = number
            } else if name.equals("refused") {
                guard let number = scanner.number() else { return nil }
                counts.refused = number
            } else {
                guard scanner.skipValue() else { return nil }
                continue
            }
            seen += 1
            if seen == 3 { return counts }
        }
        return nil
    }

    /// Every result in the order of the answer; nil when the bytes are no such answer.
    package static func results(_ bytes: Bytes) -> [Result]? {
        JSONScanner.elements(of: "results", in: bytes, result)
    }

    private static func result(_ scanner: inout JSONScanner) -> Result? {
        guard scanner.take(0x7B) else { return nil }
        var result = Result(index: -1, status: -1, replayed: false)
        while let name = scanner.memberName() {
            if name.equals("index") {
                guard let number = scanner.number() else { return nil }
                result.index = number
            } else if name.equals("status") {
                guard let number = scanner.number() else { return nil }
                result.status = number
            } else if name.equals("replayed") {
                guard let value = scanner.value() else { return nil }
                result.replayed = value.equals("true")
            } else if name.equals("problem") {
                guard let value = scanner.value() else { return nil }
                let problem = Problem(value)
                result.code = problem?.code
                result.detail = problem?.text
            } else {
                guard scanner.skipValue() else { return nil }
            }
        }
        guard !scanner.failed, result.index >= 0, result.status >= 100 else { return nil }
        return result
    }
}

/// A problem document (RFC 9457) as far as a person is told of it.
package struct Problem: Decodable, Sendable {
    /// One member that was wrong.
    package struct Violation: Decodable, Sendable {
        var pointer: String?
        var message: String?
    }

    package var code: String?
    package var title: String?
    package var detail: String?
    package var errors: [Violation]?

    /// Nil when the bytes are no such document.
    package init?(_ bytes: Bytes) {
        guard let problem = try? JSONDecoder().decode(Problem.self, from: Data(buffer: bytes)) else { return nil }
        self = problem
    }

    /// One line for people: the detail, and the first violation when there is one.
    package var text: String {
        let said = detail ?? title ?? "no reason given"
        guard let first = errors?.first, let message = first.message else { return said }
        return "\(said) (\(first.pointer.map { "\($0): " } ?? "")\(message))"
    }
}
