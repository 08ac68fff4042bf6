import ArgumentParser
import Foundation
import ImportClient
import LedgerStorage
import ServerApp

struct DatabaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "db", abstract: "Prepare and look after a PostgreSQL, and move ledgers there and back.",
        subcommands: [Migrate.self, Copy.self, BackupCommand.self, RestoreCommand.self, DoctorCommand.self])

    struct Migrate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bring a PostgreSQL's schema to this version and let servers in.",
            discussion: """
                Runs as the owner of the database; servers log in as another role, which owns nothing. Safe to run \
                again, and from several places at once. Servers may run meanwhile; stopped at any moment, it goes on \
                where it was when it is run again. Name PostgreSQL itself, not a pooler before it.
                """)

        @OptionGroup var location: DataOptions
        @Option(help: "The database, as the role that shall own the tables: postgres://owner@host/name.")
        var database: String
        @Option(help: "The role that servers log in as; made when it is not there.")
        var serverRole = "bincard_server"
        @Option(help: "The password of a server role that is made now (or BINCARD_SERVER_PASSWORD).")
        var serverPassword: String?

        @Flag(help: "Let the key of this data directory take the place of the one that the database knows.")
        var replaceKey = false

        @Flag(help: "Spread the tables over the nodes of the database's Citus, by ledger (docs/scaling.md).")
        var citus = false
        @Option(help: "With --citus, into how many shards: chosen once (default 32).")
        var shards: Int?

        func validate() throws {
            if shards != nil, !citus { throw ValidationError("--shards belongs to --citus.") }
            if let shards, !(1...64_000).contains(shards) { throw ValidationError("--shards is from 1 to 64000.") }
        }

        func run() throws {
            let password = serverPassword ?? ProcessInfo.processInfo.environment["BINCARD_SERVER_PASSWORD"]
            let bar = MigrationProgress()
            let done = try DatabaseAdministration(conninfo: database, data: try location.settings()["data"]).migrate(
                serverRole: serverRole, password: password, replacesKey: replaceKey, citus: citus, shards: shards
            ) { bar.show($0, $1, $2) }
            bar.end()
            print(
                done.from == done.to
                    ? "The schema is at step \(done.to) already."
                    : "The schema went from step \(done.from) to \(done.to).")
            if done.madeRole {
                let without = password == nil ? ", without a password" : ""
                print("The role \(done.serverRole) was made\(without) and may log in.")
            }
            if let shards = done.shards {
                print("A Citus has the tables, in \(shards) shards. Run this again when nodes were added.")
            }
            print("The key that servers need is in \(done.keyPath): copy it to each, or set BINCARD_DATABASE_KEY.")
        }
    }
}

/// Shows how far a step is that takes its time. Used by one thread.
private final class MigrationProgress {
    private var bar = ProgressBar(.automatic)
    private var step: String?

    func show(_ name: String, _ done: Int, _ total: Int) {
        if step != name {
            step = name
            bar.begin(name, unit: "ledgers")
        }
        bar.update(fraction: total == 0 ? 1 : Double(done) / Double(total), count: done)
    }

    func end() { if step != nil { bar.end() } }
}
