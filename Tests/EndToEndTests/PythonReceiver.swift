import Foundation
import Testing

/// A receiver that checks each delivery with the public libraries `standardwebhooks` and `svix`
/// (Tests/Receivers/webhook_receiver.py).
final class PythonReceiver: Sendable {
    /// A delivery as the receiver saw it.
    struct Seen: Decodable, Sendable {
        var id: String?
        var type: String?
        var path: String
        /// How many the header had.
        var signatures: Int
        /// Whether each library took it, under each secret.
        var standardwebhooks: [Bool]
        var svix: [Bool]
        var body: String

        var isAccepted: Bool {
            !standardwebhooks.isEmpty && (standardwebhooks + svix).allSatisfy { $0 }
        }
    }

    let port: Int
    private let child: ChildProcess
    private let secretsFile: String

    /// Starts it in the installation's folder. It accepts nothing until it is told a secret.
    init(_ installation: Installation) async throws {
        let python = Bincard.checkout + "/.venv/bin/python"
        try #require(
            FileManager.default.isExecutableFile(atPath: python), "scripts/install-python-tools makes \(python)")
        let secretsFile = try installation.file("secrets-\(UUID().uuidString)", "")
        let child = try installation.start(
            python, [Bincard.checkout + "/Tests/Receivers/webhook_receiver.py", secretsFile])
        var port: Int?
        try await eventually("the receiver does not listen: \(child.errors)") {
            port = child.output.firstMatch(of: #/listening on (\d+)\n/#).flatMap { Int($0.1) }
            return port != nil
        }
        self.port = try #require(port)
        self.child = child
        self.secretsFile = secretsFile
    }

    /// From now on a delivery has to be right under each of these.
    func accept(_ secrets: String...) throws {
        try Data(secrets.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: secretsFile), options: .atomic)
    }

    var errors: String { child.errors }

    /// What has come so far, in order.
    func seen() throws -> [Seen] {
        // The last line may be half written.
        let lines = child.output.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().dropLast()
        return try lines.map { try JSONDecoder().decode(Seen.self, from: Data($0.utf8)) }
    }

    /// Waits until so many deliveries have come.
    func seen(_ count: Int) async throws -> [Seen] {
        var seen: [Seen] = []
        try await eventually("\(count) deliveries did not come") {
            seen = try self.seen()
            return seen.count >= count
        }
        return seen
    }
}
