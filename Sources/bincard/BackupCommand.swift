import ArgumentParser
import Foundation
import LedgerStorage
import ServerApp

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy everything into a new folder, beside a running server or without one.",
        discussion: """
            Of a PostgreSQL too (--database): the folder then holds each ledger as of one moment, in files of SQLite, \
            verified.
            """)

    @Argument(help: "The folder; it must be new or empty.") var folder: String
    @OptionGroup var location: LedgerOptions
    @Option(help: "text or json.") var format = OutputFormat.text

    func run() throws {
        let progress = BackupProgress()
        let manifest = try location.administration().backup(to: folder) { progress.show($0, $1, $2) }
        progress.end()
        try CopyReport(folder, manifest).print(as: format, verb: "backed up to")
    }
}

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Make a data directory of a backup; it counts only once it is verified.",
        discussion: """
            With --database into a PostgreSQL that `bincard db migrate` has prepared and that holds no other ledgers. \
            A restore there that was stopped goes on when it is run again.
            """)

    @Argument(help: "The backup's folder.") var folder: String
    @OptionGroup var location: LedgerOptions
    @Option(help: "text or json.") var format = OutputFormat.text

    func run() throws {
        let administration = try location.administration()
        let progress = BackupProgress()
        let manifest = try administration.restore(from: folder) { progress.show($0, $1, $2) }
        progress.end()
        try CopyReport(administration.shownPlace, manifest).print(as: format, verb: "restored and verified in")
    }
}

/// Files are counted, entries shown by a bar.
private final class BackupProgress {
    private let bar = TransferProgress()

    func show(_ realm: Realm?, _ done: UInt64, _ total: UInt64) {
        guard let realm else { return say("realm \(done + 1) of \(total)") }
        bar.show(realm, .entries, done, total)
    }

    func end() { bar.end() }
}
