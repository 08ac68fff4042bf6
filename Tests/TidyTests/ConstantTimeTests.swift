import Testing

/// Secrets, and what is made of them, are compared in one way, whose time says nothing (`ConstantTime.areEqual`).
@Suite("Secrets are compared in constant time")
struct ConstantTimeTests {
    private let sources = Checkout.swiftFiles(under: "Sources")
    private static let home = "Sources/LedgerStorage/ConstantTime.swift"

    /// Where something is compared that a caller could guess at bit by bit, and what that is.
    private static let places = [
        "Sources/HTTPInterface/Cursor.swift": "the code that seals a cursor",
        "Sources/HTTPInterface/Keys/KeyRing.swift": "the digest of an API key",
        "Sources/HTTPInterface/Keys/VerifiedHeaders.swift": "a header that was verified before",
        "Sources/HTTPInterface/Servers/ServerLink.swift": "how a server shows that it is the one that is meant",
        "Sources/LedgerEngine/RealmLedger+Decide.swift": "the fingerprint of a request under an idempotency key",
        "Sources/LedgerStorage/ControlCopy.swift": "keys and the cursors' secret of two installations",
        "Sources/WebhookDelivery/Signature/StandardSignature.swift": "a webhook's signature",
    ]

    @Test("each place that compares such bytes does so by the one function, and is named here")
    func places() {
        let users = sources.filter { file in
            file.path != Self.home && file.code.contains { $0.contains("ConstantTime.areEqual(") }
        }
        #expect(users.map(\.path).sorted() == Self.places.keys.sorted())
    }

    @Test("no digest, secret or code is compared with == or !=")
    func operators() {
        let names: Set<Substring> = [
            "authenticationCode", "fingerprint", "keyBytes", "mac", "secret", "secretHash", "signature",
            "candidate",
        ]
        var findings: [Finding] = []
        for file in sources {
            for (index, line) in file.code.enumerated() where line.contains("==") || line.contains("!=") {
                for operands in Self.comparisons(in: line) where !operands.contains("nil") {
                    for operand in operands {
                        let member = operand.split(separator: ".").last ?? ""
                        if names.contains(member.prefix { $0.isLetter }) {
                            findings.append(Finding(path: file.path, line: index + 1, detail: line))
                        }
                    }
                }
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("nobody has a loop of his own for it, and whoever makes a code either compares it so or only sends it")
    func homemade() {
        // The database compares the seals; what a realm is called in a notification is no secret to who may listen.
        let senders: Set<String> = [
            "Sources/PostgresStorage/HeadSignals.swift", "Sources/PostgresStorage/RealmSeal.swift",
        ]
        var findings: [Finding] = []
        for file in sources where file.path != Self.home {
            for (index, line) in file.code.enumerated() {
                if line.contains("|=") && line.contains("^") {
                    findings.append(Finding(path: file.path, line: index + 1, detail: "a comparison of its own"))
                }
                if line.contains("HMAC<"), Self.places[file.path] == nil, !senders.contains(file.path) {
                    findings.append(Finding(path: file.path, line: index + 1, detail: "a code that nobody here knows"))
                }
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test(
        "the rule sees what it forbids",
        arguments: [
            "guard a.secretHash == b.secretHash else {", "if known != key.secret { }", "x.contains { mac == $0 }",
            "return fingerprint==other",
        ])
    func seen(line: String) {
        let operands = Self.comparisons(in: line).flatMap(\.self)
        let members = operands.compactMap { $0.split(separator: ".").last }
        #expect(
            members.contains { ["secretHash", "secret", "mac", "fingerprint"].contains($0) }, "\(operands)")
    }

    /// What stands on either side of each `==` and `!=` of a line.
    private static func comparisons(in line: String) -> [[Substring]] {
        let isWord = { (character: Character) in character.isLetter || character.isNumber || "._$?!".contains(character)
        }
        return line.ranges(of: #/[=!]=/#).map { range in
            let left = line[..<range.lowerBound].reversed().drop { $0 == " " }.prefix(while: isWord)
            let right = line[range.upperBound...].drop { $0 == " " }.prefix(while: isWord)
            return [Substring(String(left.reversed())), right]
        }
    }
}
