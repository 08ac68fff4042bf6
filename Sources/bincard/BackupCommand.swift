import ArgumentParser
import Foundation
import LedgerStorage
import ServerApp

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy everything into a new folder, beside a running server or without one.")

    @Argument(help: "The folder; it must be new or empty.") var folder: String
    @OptionGroup var location: DataOptions
    @Option(help: "text or json.") var format = OutputFormat.text

    func run() throws {
        let manifest = try location.administration().backup(to: folder) { done, total in
            say("realm \(done + 1) of \(total)")
        }
        try CopyReport(folder, manifest).print(as: format, verb: "backed up to")
    }
}

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Make a data directory of a backup; it counts only once it is verified.")

    @Argument(help: "The backup's folder.") var folder: String
    @OptionGroup var location: DataOptions
    @Option(help: "text or json.") var format = OutputFormat.text

    func run() throws {
        let administration = try location.administration()
        let manifest = try administration.restore(from: folder) { done, total in say("realm \(done + 1) of \(total)") }
        try CopyReport(administration.path, manifest).print(as: format, verb: "restored and verified in")
    }
}
