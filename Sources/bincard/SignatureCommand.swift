import ArgumentParser
import DeveloperTools
import Foundation
import ImportClient
import LedgerCore
import ServerApp

struct SignatureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signature", abstract: "Sign or check a message as Standard Webhooks does, without a server.",
        subcommands: [Sign.self, Verify.self])

    struct Sign: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the three headers of a message, whose body is standard input or --file.")

        @Option(help: "The secret (or BINCARD_WEBHOOK_SECRET).") var secret: String?
        @Option(help: "The message's id, such as evt_….") var id: String
        @Option(help: "Seconds since 1970; without it, now.") var timestamp: Int64?
        @Option(help: "The body, byte for byte.") var file: String?

        func run() throws {
            let secrets = try GivenSecret.some(secret.map { [$0] } ?? [])
            let headers = SignatureTools.headers(
                id: id, timestamp: timestamp ?? Administration.now.milliseconds / 1_000,
                body: try SignatureCommand.messageBody(file),
                secret: secrets[0])
            for (name, value) in headers { print("\(name): \(value)") }
        }

        func validate() throws {
            // What stands in a header, and is signed with a point behind it.
            guard !id.isEmpty, id.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !id.contains(".") else {
                throw ValidationError("--id must be visible ASCII without blanks and points.")
            }
            guard timestamp.map({ $0 >= 0 }) ?? true else { throw ValidationError("--timestamp must be 0 or more.") }
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a message, whose body is standard input or --file: 0 when it is right, else 1 and why.")

        @Option(help: "A secret (or BINCARD_WEBHOOK_SECRET); several while rotating.") var secret: [String] = []
        @Option(help: "The header webhook-id.") var id: String
        @Option(help: "The header webhook-timestamp.") var timestamp: String
        @Option(help: "The header webhook-signature.") var signature: String
        @Option(help: "How far the timestamp may lie from now, such as 300 or 5m; none for any.")
        var tolerance: Tolerance = .seconds(300)
        @Option(help: "The body, byte for byte.") var file: String?

        func run() throws {
            let refusal = SignatureTools.refusal(
                id: id, timestamp: timestamp, signature: signature, body: try SignatureCommand.messageBody(file),
                secrets: try GivenSecret.some(secret), tolerance: tolerance.seconds,
                now: Administration.now.milliseconds / 1_000)
            if let refusal { throw CommandFailure(.failed, refusal) }
            print("The signature is right.")
        }
    }

    /// How old a message may be.
    enum Tolerance: ExpressibleByArgument {
        case none
        case seconds(Int64)

        init?(argument: String) {
            if argument == "none" {
                self = .none
            } else if let seconds = TimeSpan.seconds(argument) {
                self = .seconds(seconds)
            } else {
                return nil
            }
        }

        var defaultValueDescription: String { "300" }

        var seconds: Int64? { if case .seconds(let seconds) = self { seconds } else { nil } }
    }

    fileprivate static func messageBody(_ file: String?) throws -> [UInt8] {
        guard let file else { return Array(try FileHandle.standardInput.readToEnd() ?? Data()) }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw CommandFailure(.failed, "\(file) can't be read")
        }
        return Array(data)
    }
}
