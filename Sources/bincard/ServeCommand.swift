import ArgumentParser
import Foundation
import LedgerCore
import LedgerStorage
import Logging
import ServerApp

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the APIs, on an embedded SQLite or on a PostgreSQL.",
        discussion: "Without any flag: makes ./bincard-data, listens on 127.0.0.1:8080 and prints a test key once.")

    @Option(name: .long, help: "The data directory.")
    var data: String?
    @Option(name: .long, help: "sqlite, or the postgres://… that holds the ledgers.")
    var database: String?
    @Option(name: .long, help: "The address to listen on.")
    var host: String?
    @Option(name: .long, help: "The port to listen on; 0 for any free one.")
    var port: Int?
    @Option(name: .long, help: "Where each request is logged as JSON: a file, - for standard output, or off.")
    var accessLog: String?
    @Option(
        name: .long, help: "Addresses that webhooks may go to though they are not public, such as 127.0.0.0/8.")
    var webhookAllow: String?
    @Option(name: .long, help: "A configuration file instead of bincard.yaml.")
    var config: String?
    @Option(name: .long, parsing: .upToNextOption, help: "Any setting as name=value; `bincard config show` lists them.")
    var set: [String] = []

    func run() async throws {
        let settings = try Settings(flags: try flags(), file: config)
        var logger = Logger(label: "bincard") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Logger.Level(rawValue: settings["log-level"]) ?? .info
        let server = try BincardServer(settings: settings, logger: logger)
        let opened = Task.detached { [server] in
            try server.warm()
        }
        try await opened.value
        try await server.run { host, port in
            let database = settings["database"]
            let place = database == "sqlite" ? settings["data"] : ShownDatabase.text(database)
            Welcome.print(host: host, port: port, data: place, firstKey: server.firstKey)
        }
    }

    private func flags() throws -> [String: String] {
        var flags: [String: String] = [:]
        flags["data"] = data
        flags["database"] = database
        flags["host"] = host
        flags["port"] = port.map(String.init)
        flags["access-log"] = accessLog
        flags["webhook-allow"] = webhookAllow
        for pair in set {
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, Setting.all.contains(where: { $0.name == parts[0] }) else {
                throw ValidationError(
                    "--set \(pair): it must be name=value of a setting; `bincard config show` lists them.")
            }
            flags[parts[0]] = parts[1]
        }
        return flags
    }
}

/// What a person sees once the server listens.
enum Welcome {
    static func print(host: String, port: Int, data: String, firstKey: Administration.CreatedKey?) {
        let shown = ["0.0.0.0", "::"].contains(host) ? "127.0.0.1" : host
        let url = "http://\(shown.contains(":") ? "[\(shown)]" : shown):\(port)"
        var lines = [
            "",
            "Bincard \(BincardVersion.current) is ready on \(url)",
            "├─ \(url)/v1             Skutrail API",
            "├─ \(url)/inventory/v1   SK Inventory API",
            "├─ \(url)/api/inventory  Seller API",
            "├─ \(url)/api/v1         Linkit API",
            "├─ \(url)/openapi.json   OpenAPI documents",
            "├─ \(url)/readyz         /livez, /metrics",
            "└─ data in \(data)",
            "",
        ]
        if let firstKey {
            lines += [
                "Your test key, shown only now:",
                "    \(firstKey.secret)",
                "",
                "Try it:",
                "    curl -sS \(url)/inventory/v1/items -H 'Authorization: Bearer \(firstKey.secret)' \\",
                "      -H 'Idempotency-Key: first-item' -H 'Content-Type: application/json' \\",
                "      -d '{\"sku\": \"SKU-0042\", \"name\": \"Blue Widget 500ml\"}'",
                "",
                "`bincard demo load` adds a small realm to look at; `bincard keys create` makes more keys.",
                "",
            ]
        }
        Swift.print(lines.joined(separator: "\n"))
        fflush(nil)
    }
}
