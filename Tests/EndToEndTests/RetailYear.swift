import Foundation
import Testing

/// One installation with a retailer's real year in it, imported once for all tests that need it.
actor RetailYear {
    @TaskLocal static var current: RetailYear?

    /// The CSV beside the repository; nil where it is missing.
    static let file: String? = [Bincard.checkout, FileManager.default.currentDirectoryPath]
        .map { ($0 as NSString).deletingLastPathComponent + "/shared/data/online_retail.csv.gz" }
        .first { FileManager.default.fileExists(atPath: $0) }

    /// What the import said and what it cost.
    struct Imported: Sendable {
        var summary: JSON
        var head: JournalHead
        var peakMiB: Int
        /// From the start of the program to ready: after kill −9 at the end of the import, and after a clean stop.
        var secondsAfterKill: Double
        var secondsAfterStop: Double
        var key: String
    }

    nonisolated let installation: Installation
    private var importing: Task<Imported, any Error>?
    private var server: RunningServer?

    init(_ installation: Installation) {
        self.installation = installation
    }

    /// The year of the suite that runs.
    static var shared: RetailYear {
        get throws { try #require(current) }
    }

    func imported() async throws -> Imported {
        if importing == nil { importing = Task { try await run() } }
        return try await #require(importing).value
    }

    /// The server, with the year in it.
    func running() async throws -> RunningServer {
        _ = try await imported()
        let server = try #require(server)
        guard !server.isRunning else { return server }
        return try await start()
    }

    /// Starts a server on the data, on the port of the one before it.
    func start() async throws -> RunningServer {
        let new = try await installation.serve(port: server?.port ?? 0)
        server = new
        return new
    }

    /// What `bincard import` is started with.
    nonisolated func command(key: String, url: String, name: String, _ more: String...) throws -> [String] {
        [
            "import", try #require(Self.file), "--preset", "uci-online-retail", "--url", url, "--api-key", key,
            "--errors", "\(installation.folder)/\(name).errors.csv", "--format", "json",
        ] + more
    }

    private func run() async throws -> Imported {
        let key = try await installation.makeKey(tenant: "year")
        let first = try await start()
        let result = try await installation.run(
            Bincard.path, try command(key: key, url: first.url, name: "year"), within: 120)
        try #require(result.status == 0, "\(result.errors)")
        let head = try first.caller(key).head()
        let peak = try first.peakMiB
        try await first.kill()
        let killed = try await start()
        try #require(try killed.caller(key).head() == head)
        try #require(try await killed.stop() == 0)
        let stopped = try await start()
        try #require(try stopped.caller(key).head() == head)
        return Imported(
            summary: try result.json(), head: head, peakMiB: peak, secondsAfterKill: killed.secondsToReady,
            secondsAfterStop: stopped.secondsToReady, key: key)
    }
}

/// Gives a suite a `RetailYear`, which goes away with it.
struct RetailYearProvided: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await Installation.with { installation in
            try await RetailYear.$current.withValue(RetailYear(installation)) { try await function() }
        }
    }
}
