import Foundation
import Testing

extension EndToEnd {
    @Suite(
        "a retailer's real year through the API", .serialized, RetailYearProvided(),
        .enabled(if: RetailYear.file != nil, "needs ../shared/data"))
    struct RetailYearTests {
        /// Movements, items, locations, and the events of stock that ran out.
        private static let movements: Int64 = 545_726
        private static let items: Int64 = 4_037
        private static let locations: Int64 = 2

        @Test("541,909 lines go in, and each is accounted for")
        func summary() async throws {
            let imported = try await RetailYear.shared.imported()
            let summary = imported.summary
            let seconds = summary["duration_seconds"]?.double ?? 0
            let rate = Int(summary["movements_per_second"]?.double ?? 0)
            print("The year was imported in \(seconds) s, \(rate) movements/s.")
            #expect(summary["lines_read"]?.integer == 541_909)
            #expect(summary["postable_lines"]?.integer == 538_914)
            #expect(summary["openings"]?["count"]?.integer == 6_812)
            #expect(summary["recorded"]?.integer == Self.movements)
            #expect(summary["replayed"]?.integer == 0 && summary["refused"]?.integer == 0)
            #expect(summary["invalid"]?.integer == 0)
            #expect(summary["items"]?["created"]?.integer == Self.items)
            #expect(summary["locations"]?["created"]?.integer == Self.locations)
            #expect(summary["reconciles"] == .boolean(true))
            #expect(imported.head.seq >= Self.movements + Self.items + Self.locations)
        }

        @Test("the server needs less than 400 MB for it")
        func memory() async throws {
            let peak = try await RetailYear.shared.imported().peakMiB
            print("The server had at most \(peak) MiB resident.")
            #expect(peak > 10 && peak < 400)
        }

        @Test("with the year in it the server is ready in 2 seconds after a clean stop, in 10 after kill −9")
        func startUp() async throws {
            let imported = try await RetailYear.shared.imported()
            let (stopped, killed) = (imported.secondsAfterStop, imported.secondsAfterKill)
            print("Ready in \(stopped) s after a clean stop, \(killed) s after kill −9.")
            #expect(imported.secondsAfterStop < 2)
            #expect(imported.secondsAfterKill < 10)
        }

        @Test(
            "on hand, value and average of every item and location are what a recomputation in another language finds",
            .enabled(if: program("python3") != nil, "needs python3"))
        func recomputation() async throws {
            let year = try RetailYear.shared
            let imported = try await year.imported()
            try await compare(year, imported.key)
        }

        private func compare(_ year: RetailYear, _ key: String) async throws {
            let server = try await year.running()
            let result = try await year.installation.run(
                try #require(program("python3")),
                [
                    Bincard.checkout + "/Tests/Recomputation/online_retail.py", "compare",
                    try #require(RetailYear.file),
                    "--url", server.url, "--api-key", key,
                ])
            #expect(result.status == 0, "\(result.output)\(result.errors)")
            #expect(result.output.contains("4037 items and 6835 pairs agree"), "\(result.output)")
        }

        @Test("the proof holds, beside the running server")
        func verified() async throws {
            let year = try RetailYear.shared
            let imported = try await year.imported()
            _ = try await year.running()
            try await expectVerified(year, tenant: "year", imported.head)
        }

        private func expectVerified(_ year: RetailYear, tenant: String, _ head: JournalHead) async throws {
            let result = try await year.installation.bincard(
                "verify", "--data", year.installation.data, "--tenant", tenant, "--mode", "test", "--format", "json")
            #expect(result.status == 0, "\(result.output)\(result.errors)")
            let report = try result.json()
            #expect(report["ok"] == .boolean(true))
            let realm = try #require(report["realms"]?[0])
            #expect(try JournalHead(realm) == head)
            #expect(realm["entries"]?.integer == head.seq && realm["items"]?.integer == Self.items)
            #expect(realm["levels"]?.integer == 6_835)
        }

        @Test("run again it writes nothing: every line is a replay")
        func again() async throws {
            let year = try RetailYear.shared
            let imported = try await year.imported()
            let server = try await year.running()
            let result = try await year.installation.run(
                Bincard.path, try year.command(key: imported.key, url: server.url, name: "again"))
            #expect(result.status == 0, "\(result.errors)")
            let summary = try result.json()
            #expect(summary["recorded"]?.integer == 0 && summary["replayed"]?.integer == Self.movements)
            #expect(summary["reconciles"] == .boolean(true))
            #expect(try server.caller(imported.key).head() == imported.head)
        }

        @Test(
            "after kill −9 of the server and of the importer, resumed, the end is the same and nothing is in twice"
        )
        func interrupted() async throws {
            let year = try RetailYear.shared
            let imported = try await year.imported()
            let installation = year.installation
            let key = try await installation.makeKey(tenant: "interrupted")
            var server = try await year.running()
            try await eventually("the key is unknown") { [server] in
                try server.caller(key).get("/v1/ledger/head").status == 200
            }
            let command = try year.command(key: key, url: server.url, name: "interrupted")
            let importer = try installation.start(Bincard.path, command)
            try await reach(150_000, server, key, importer)
            try await server.kill()
            server = try await year.start()
            try await reach(350_000, server, key, importer)
            importer.send(SIGKILL)
            #expect(try await importer.ended() == 128 + SIGKILL)

            let resumed = try await installation.run(Bincard.path, command + ["--resume"], within: 120)
            #expect(resumed.status == 0, "\(resumed.errors)")
            let summary = try resumed.json()
            #expect(summary["is_resumed"] == .boolean(true) && summary["reconciles"] == .boolean(true))
            let recorded = summary["recorded"]?.integer ?? 0
            let replayed = summary["replayed"]?.integer ?? 0
            print("After the kills \(replayed) of \(recorded + replayed) movements were replays.")
            #expect(recorded + replayed == Self.movements && summary["refused"]?.integer == 0)
            let head = try server.caller(key).head()
            #expect(head.seq == imported.head.seq, "as many entries as without the kills")
            #expect(try server.peakMiB < 400)
            try await expectVerified(year, tenant: "interrupted", head)
            if program("python3") != nil { try await compare(year, key) }

            let once = try await installation.run(Bincard.path, command + ["--resume"])
            #expect(once.status == 0, "\(once.errors)")
            #expect(try once.json()["warnings"]?[0]?.text?.hasPrefix("nothing to resume") == true)
            #expect(try server.caller(key).head() == head)
        }

        private func reach(_ seq: Int64, _ server: RunningServer, _ key: String, _ importer: ChildProcess) async throws
        {
            try await eventually("entry \(seq) does not come: \(importer.errors.suffix(500))", within: 90) {
                try #require(importer.isRunning, "the import ended: \(importer.errors.suffix(500))")
                return try server.caller(key).head().seq >= seq
            }
        }

        @Test("a dry run of the whole file sends nothing")
        func dryRun() async throws {
            let year = try RetailYear.shared
            let imported = try await year.imported()
            let server = try await year.running()
            let result = try await year.installation.run(
                Bincard.path, try year.command(key: imported.key, url: server.url, name: "dry", "--dry-run"))
            #expect(result.status == 0, "\(result.errors)")
            #expect(try result.json()["postings"]?.integer == Self.movements)
            #expect(try server.caller(imported.key).head() == imported.head)
        }

        @Test("the gzip without its last bytes ends with 1, names the line, and nothing of it is written")
        func truncated() async throws {
            let year = try RetailYear.shared
            let imported = try await year.imported()
            let server = try await year.running()
            let whole = try Data(contentsOf: URL(fileURLWithPath: try #require(RetailYear.file)))
            let cut = try year.installation.file("cut.csv.gz", Array(whole.prefix(whole.count / 2)))
            let result = try await year.installation.bincard(
                "import", cut, "--preset", "uci-online-retail", "--url", server.url, "--api-key", imported.key)
            #expect(result.status == 1)
            let line = result.errors.firstMatch(of: #/line (\d+): /#).flatMap { Int($0.1) } ?? 0
            #expect((100_000...450_000).contains(line), "\(result.errors)")
            #expect(try server.caller(imported.key).head() == imported.head)
        }
    }
}
