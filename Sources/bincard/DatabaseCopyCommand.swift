import ArgumentParser
import Foundation
import ImportClient
import LedgerCore
import LedgerStorage
import ServerApp

extension DatabaseCommand {
    struct Copy: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copy ledgers from SQLite to PostgreSQL or back, byte for byte, and prove the copy.",
            discussion: """
                Each end is sqlite:DIRECTORY (or just the directory) or postgres://SERVER-ROLE@HOST/NAME, of a \
                database that `bincard db migrate` has prepared. Everything arrives as it was: ids, seqs, hashes, \
                stored answers, balances, keys, what webhooks were sent. At the end both sides are compared and the \
                copy is verified.

                Killed at any moment and run again, it goes on where it was. Run again later, it brings what is \
                new. Stop the servers of the source before the last run, so that nothing is left behind, and start \
                those of the target after it. A target with another ledger is refused and left as it is.

                The source is not changed. From SQLite beside a running server, a copy holds what was committed \
                when it began, at least.
                """)

        @Option(help: "Where the ledgers are.") var from: String
        @Option(help: "Where they shall be; of a directory no server may run on it.") var to: String
        @Option(help: "Only this tenant's.") var tenant: String?
        @Option(help: "Where database.key is, the key to a PostgreSQL (or BINCARD_DATABASE_KEY; default as for serve).")
        var data: String?
        @Option(help: "text or json.") var format = OutputFormat.text

        func validate() throws {
            guard from != to else { throw ValidationError("--from and --to are the same place.") }
        }

        func run() throws {
            let keys = try Settings(flags: data.map { ["data": $0] } ?? [:])["data"]
            let (source, target) = (LedgerPlace(named: from, data: keys), LedgerPlace(named: to, data: keys))
            let bar = TransferProgress()
            let result = try LedgerTransfer(from: source, to: target).run(tenant: tenant) { bar.show($0, $1, $2, $3) }
            bar.end()
            switch format {
            case .json: try JSONLine.print(TransferReport(target.shown, result))
            case .text:
                print("\(result.realms.count) ledgers of \(source.shown) are in \(target.shown), verified:")
                for realm in result.realms { print("  " + line(realm)) }
            }
            for note in result.notes { say(note) }
        }

        private func line(_ copied: LedgerTransfer.CopiedRealm) -> String {
            let name = "\(copied.realm.tenant) \(copied.realm.mode.rawValue)"
            guard let report = copied.report else { return "\(name): nothing recorded yet, \(copied.keys) new keys" }
            var line = "\(name): \(report.head.head.seq) entries"
            line += report.entries == 0 ? ", none new" : ", \(report.entries) new"
            line += ", \(copied.keys) new keys, head \(report.head.hash.hex.prefix(16))…"
            if report.comparison.rows == nil { line += "; rows not compared, the source or the target has gone on" }
            if report.deliveries == .targetIsAhead { line += "; deliveries left as they are, the target has sent more" }
            return line
        }
    }
}

/// Shows how far a copy is. Used by one thread.
final class TransferProgress {
    private var bar = ProgressBar(.automatic)
    private var shown: (realm: Realm, step: CopyStep)?

    func show(_ realm: Realm, _ step: CopyStep, _ done: UInt64, _ total: UInt64) {
        if shown?.realm != realm || shown?.step != step {
            shown = (realm, step)
            let (verb, unit) = TransferProgress.words(step)
            bar.begin("\(realm.tenant) \(realm.mode.rawValue) \(verb)", unit: unit)
        }
        bar.update(fraction: total == 0 ? 1 : Double(done) / Double(total), count: Int(clamping: done))
    }

    func end() { bar.end() }

    private static func words(_ step: CopyStep) -> (String, unit: String) {
        switch step {
        case .entries: ("copy", "entries")
        case .levels: ("copy", "levels")
        case .answers: ("copy", "pages of answers")
        case .deliveries: ("copy", "deliveries")
        case .verification: ("verify", "entries")
        case .comparison: ("compare", "entries")
        }
    }
}

/// What a script learns of a copy.
private struct TransferReport: Encodable {
    struct Ledger: Encodable {
        var tenant: String
        var mode: String
        var id: String
        var seq: UInt64
        var hash: String?
        var new_entries: UInt64
        var new_keys: Int
        var journal_digest: String?
        /// Absent when the rows could not be compared because one side has gone on.
        var rows_digest: String?
        var deliveries: String?
        var verified: Bool
    }

    var to: String
    var realms: [Ledger]
    var notes: [String]

    init(_ to: String, _ result: LedgerTransfer.Result) {
        self.to = to
        notes = result.notes
        realms = result.realms.map { copied in
            let report = copied.report
            return Ledger(
                tenant: copied.realm.tenant, mode: copied.realm.mode.rawValue, id: copied.realm.id.text,
                seq: report?.head.head.seq ?? 0, hash: report?.head.hash.hex, new_entries: report?.entries ?? 0,
                new_keys: copied.keys, journal_digest: report?.comparison.journal.hex,
                rows_digest: report?.comparison.rows?.hex,
                deliveries: report?.deliveries.map { $0 == .copied ? "copied" : "target_is_ahead" },
                verified: report?.verification.isOK ?? true)
        }
    }
}
