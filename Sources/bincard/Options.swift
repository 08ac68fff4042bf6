public import ArgumentParser
import Foundation
public import LedgerStorage
import ServerApp

/// Where the data is.
struct DataOptions: ParsableArguments {
    @Option(name: .long, help: "The data directory (BINCARD_DATA, bincard.yaml; default ./bincard-data).")
    var data: String?

    func settings() throws -> Settings {
        try Settings(flags: data.map { ["data": $0] } ?? [:])
    }

    func administration() throws -> Administration { Administration(try settings()) }
}

/// Where the ledgers are.
struct LedgerOptions: ParsableArguments {
    @Option(name: .long, help: "The data directory (BINCARD_DATA, bincard.yaml; default ./bincard-data).")
    var data: String?
    @Option(
        name: .long,
        help: "sqlite, or the postgres://… that holds the ledgers (BINCARD_DATABASE, bincard.yaml; default sqlite).")
    var database: String?

    func settings() throws -> Settings {
        var flags: [String: String] = [:]
        flags["data"] = data
        flags["database"] = database
        return try Settings(flags: flags)
    }

    func administration() throws -> Administration { Administration(try settings()) }
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

extension Mode: ExpressibleByArgument {}
extension Scope: ExpressibleByArgument {}

/// JSON for scripts: sorted members would hide the order that a person reads in, so objects are written member by
/// member.
struct JSONLine: Encodable {
    static func print(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        Swift.print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}

/// Complaints and progress.
func say(_ text: String) {
    FileHandle.standardError.write(Data("\(text)\n".utf8))
}
