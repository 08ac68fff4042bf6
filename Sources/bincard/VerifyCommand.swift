import ArgumentParser
import Foundation
import LedgerCore
import LedgerStorage
import ServerApp

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove the ledgers: the chain of hashes and every projection against the journal.",
        discussion: "Works beside a running server. Names the first entry that is wrong, and then ends with 1.")

    @OptionGroup var location: LedgerOptions
    @Option(help: "Only this tenant's.") var tenant: String?
    @Option(help: "Only this mode, test or live.") var mode: Mode?
    @Option(help: "text or json.") var format = OutputFormat.text

    func run() throws {
        let verified = try location.administration().verify(tenant: tenant, mode: mode) { realm, done, total in
            if isatty(STDERR_FILENO) == 1, total > 0 {
                FileHandle.standardError.write(
                    Data("\r\(realm.tenant) \(realm.mode.rawValue): \(done) of \(total) entries".utf8))
                if done == total { say("") }
            }
        }
        let reports = verified.map { RealmReport($0.realm, $0.report) }
        let isOK = reports.allSatisfy(\.ok)
        switch format {
        case .json: try JSONLine.print(Output(ok: isOK, realms: reports))
        case .text: for report in reports { print(report.line) }
        }
        if !isOK { throw ArgumentParser.ExitCode(1) }
    }

    private struct Output: Encodable {
        var ok: Bool
        var realms: [RealmReport]
    }

    private struct RealmReport: Encodable {
        struct Problem: Encodable {
            var seq: UInt64?
            var what: String
            var detail: String
        }

        var tenant: String
        var mode: String
        var ok: Bool
        var entries: UInt64
        var blocks: UInt64
        var seq: UInt64
        var hash: String
        var items: Int
        var locations: Int
        var levels: Int
        var first_problem: Problem?

        init(_ realm: Realm, _ report: VerificationReport) {
            tenant = realm.tenant
            mode = realm.mode.rawValue
            ok = report.isOK
            entries = report.entries
            blocks = report.blocks
            seq = report.head.head.seq
            hash = report.head.hash.hex
            items = report.items
            locations = report.locations
            levels = report.levels
            first_problem = report.problem.map { Problem(seq: $0.seq, what: $0.what.rawValue, detail: $0.detail) }
        }

        var line: String {
            let head =
                """
                \(tenant) \(mode): \(entries) entries, \(items) items, \(locations) locations, \(levels) levels, \
                head \(hash.prefix(16))…
                """
            guard let first_problem else { return "\(head)  ok" }
            let place = first_problem.seq.map { "entry \($0)" } ?? "a projection"
            return "\(head)\n  WRONG at \(place): \(first_problem.what): \(first_problem.detail)"
        }
    }
}
