import ArgumentParser
import Foundation
import ImportClient
import LedgerCore
import LedgerStorage
import Logging
import ServerApp
import WireSchema

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "A small believable realm to look at: 3 warehouses, 40 SKUs, 90 days.",
        subcommands: [Load.self, Reset.self])

    static let tenant = "demo"

    struct Load: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Load it into the tenant `demo` (test mode), through a running server or without one.")

        @OptionGroup var location: LedgerOptions
        @Option(help: "A server elsewhere, with --api-key.") var url: String?
        @Option(help: "A key of the realm to load into.") var apiKey: String?

        func run() async throws {
            // The plan runs to the evening of its last day, which must not lie ahead.
            let yesterday = String(Timestamp.text(Administration.now.milliseconds - 86_400_000).prefix(10))
            let plan = try DemoPlan(lastDay: yesterday)
            if let url {
                guard let apiKey else { throw ValidationError("--url needs --api-key.") }
                return try report(try await DemoLoad.run(plan, url: url, apiKey: apiKey), url: url, key: nil)
            }
            let administration = try location.administration()
            let created = try administration.createKey(
                tenant: DemoCommand.tenant, mode: .test, name: "demo", scopes: Set(Scope.allCases), limit: nil)
            if let note = administration.runningServer {
                return try report(
                    try await DemoLoad.run(plan, url: note.url, apiKey: created.secret), url: note.url,
                    key: created.secret)
            }
            try report(try await loadWithOwnServer(plan, created.secret), url: nil, key: created.secret)
        }

        /// No server runs on the data: one of our own serves it for as long as the load takes.
        private func loadWithOwnServer(_ plan: DemoPlan, _ secret: String) async throws -> DemoLoad.Summary {
            let given = try location.settings()
            let settings = try Settings(flags: [
                "data": given["data"], "database": given["database"], "port": "0", "host": "127.0.0.1",
            ])
            var logger = Logger(label: "bincard") { StreamLogHandler.standardError(label: $0) }
            logger.logLevel = .error
            let server = try BincardServer(settings: settings, logger: logger)
            return try await server.during { url in
                try await DemoLoad.run(plan, url: url, apiKey: secret)
            }
        }

        private func report(_ summary: DemoLoad.Summary, url: String?, key: String?) throws {
            print(
                """
                \(summary.recorded) movements recorded, \(summary.replayed) were there already, \
                \(summary.refused) refused.
                """
            )
            if let refusal = summary.firstRefusal { say(refusal) }
            if let key {
                print("The demo realm's key, shown only now: \(key)")
                print(
                    """
                    Try: curl -sS \
                    '\(url ?? "http://127.0.0.1:8080")/v1/inventory/balance?sku=SKU-0042&warehouse=SEA-1' -H \
                    'Authorization: Bearer \(key)'
                    """
                )
            }
            if summary.exitCode != .done { throw ArgumentParser.ExitCode(summary.exitCode.rawValue) }
        }
    }

    struct Reset: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove the demo realm and its keys; `demo load` then begins anew.",
            discussion: """
                In a PostgreSQL its rows stay and can't be reached any more: nobody deletes a journal there, and the \
                server's role could not. docs/postgresql.md says how the owner of the database makes room.
                """)

        @OptionGroup var location: LedgerOptions

        func run() throws {
            let administration = try location.administration()
            let removed = try administration.removeRealm(tenant: DemoCommand.tenant, mode: .test)
            print(removed ? "The demo realm is gone." : "There was no demo realm.")
            if removed, administration.isShared {
                say("Its rows stay in the database, where nobody can reach them; its owner may delete them.")
            }
        }
    }
}
