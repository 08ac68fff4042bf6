import Foundation
import Testing

extension EndToEnd {
    @Suite("import", .serialized)
    struct ImportTests {
        /// 300 receipts, then 300 sales, of A, B and C at W.
        private static let lines: [String] = (0..<600).map { number in
            let sku = ["A", "B", "C"][number % 3]
            return number < 300 ? "\(sku),W,receipt,9,1.25,R\(number)" : "\(sku),W,sale,-4,,S\(number)"
        }
        private static let header = "sku,location,type,qty,unit_cost,reference"
        private static func csv(_ lines: some Sequence<String>) -> String {
            ([header] + lines).joined(separator: "\n") + "\n"
        }

        private struct Ledger: Sendable {
            let installation: Installation
            let server: RunningServer
            let key: String

            func importing(_ arguments: String..., input: [UInt8] = []) async throws -> CommandResult {
                try await installation.run(
                    Bincard.path, ["import"] + arguments + ["--url", server.url, "--api-key", key, "--format", "json"],
                    input: input)
            }

            func head() throws -> JournalHead { try server.caller(key).head() }
            func onHand(_ sku: String) throws -> Int64 { try server.caller(key).onHand(sku, at: "W") }
        }

        private func withLedger(_ body: @Sendable (Ledger) async throws -> Void) async throws {
            try await Installation.with { installation in
                let key = try await installation.makeKey()
                let server = try await installation.serve()
                try server.caller(key).makeItems(["A", "B", "C"], locations: ["W"])
                try await body(Ledger(installation: installation, server: server, key: key))
                #expect(try await server.stop() == 0)
            }
        }

        @Test("a CSV, plain, gzipped or from standard input, is imported once whatever its name is")
        func forms() async throws {
            try await withLedger { ledger in
                let text = Array(Self.csv(Self.lines).utf8)
                let plain = try await ledger.importing(try ledger.installation.file("a.csv", text))
                #expect(plain.status == 0, "\(plain.errors)")
                let summary = try plain.json()
                #expect(summary["lines_read"]?.integer == 600 && summary["recorded"]?.integer == 600)
                #expect(summary["reconciles"] == .boolean(true) && summary["refused"]?.integer == 0)
                #expect(try ledger.onHand("A") == 500)
                #expect(!FileManager.default.fileExists(atPath: ledger.installation.folder + "/a.csv.errors.csv"))
                let head = try ledger.head()

                let zipped = try await ledger.importing(try ledger.installation.file("b.csv.gz", storedGzip(text)))
                let piped = try await ledger.importing("-", input: text)
                for again in [zipped, piped] {
                    #expect(again.status == 0, "\(again.errors)")
                    #expect(try again.json()["replayed"]?.integer == 600)
                    #expect(try again.json()["recorded"]?.integer == 0)
                }
                #expect(try ledger.head() == head)
            }
        }

        @Test(
            "refused lines end it with 3 and go to the errors CSV with the reason; corrected, that can be imported"
        )
        func refusedLines() async throws {
            try await withLedger { ledger in
                let file = try ledger.installation.file(
                    "some.csv",
                    Self.csv([
                        "A,W,receipt,9,1.25,R1", "NOPE,W,receipt,1,1.25,R2", "A,W,sale,-50,,S1", "B,W,receipt,x,1,R3",
                        "A,W,sale,-2,,S2",
                    ]))
                let result = try await ledger.importing(file)
                #expect(result.status == 3, "\(result.errors)")
                let summary = try result.json()
                #expect(summary["recorded"]?.integer == 2 && summary["refused"]?.integer == 2)
                #expect(summary["invalid"]?.integer == 1 && summary["reconciles"] == .boolean(true))
                #expect(summary["errors_file"]?.text == file + ".errors.csv")
                let errors = try #require(ledger.installation.text("some.csv.errors.csv"))
                    .split(separator: "\n").map(String.init)
                #expect(errors.count == 4)
                #expect(errors.first == "line,\(Self.header),error_code,error")
                #expect(errors.dropFirst().first?.hasPrefix("3,NOPE,W,receipt,1,1.25,R2,item_not_found,") == true)
                #expect(errors.dropFirst(2).first?.hasPrefix("4,A,W,sale,-50,,S1,insufficient_stock,") == true)
                #expect(errors.dropFirst(3).first?.hasPrefix("5,B,W,receipt,x,1,R3,invalid_quantity,") == true)
                #expect(try ledger.onHand("A") == 7)

                let corrected = errors.joined(separator: "\n").replacing("NOPE", with: "C").replacing("-50", with: "-5")
                    .replacing(",x,", with: ",4,")
                let second = try await ledger.importing(try ledger.installation.file("corrected.csv", corrected + "\n"))
                #expect(second.status == 0, "\(second.errors)")
                #expect(try [ledger.onHand("A"), ledger.onHand("B"), ledger.onHand("C")] == [2, 4, 1])
            }
        }

        @Test(
            "a truncated file ends it with 1, names the line, and nothing of it is written", arguments: ["csv", "gz"])
        func truncated(kind: String) async throws {
            try await withLedger { ledger in
                let head = try ledger.head()
                let whole = Array(Self.csv(Self.lines).utf8)
                // The CSV ends within a quoted field, the gzip without its last block and checksum.
                let path =
                    kind == "csv"
                    ? try ledger.installation.file("cut.csv", whole + Array("A,W,receipt,9,1.25,\"R6".utf8))
                    : try ledger.installation.file("cut.csv.gz", Array(storedGzip(whole).dropLast(3_000)))
                let result = try await ledger.importing(path)
                #expect(result.status == 1)
                let line = try #require(
                    result.errors.firstMatch(of: #/line (\d+): /#).flatMap { Int($0.1) }, "\(result.errors)")
                #expect(kind == "csv" ? line == 602 : (400...601).contains(line), "\(result.errors)")
                #expect(try ledger.head() == head)
            }
        }

        @Test(
            "a file that is no such CSV ends it with 1, naming line 1",
            arguments: [
                "sku,type,qty,color\nA,sale,1,red\n", "sku,type\nA,sale\n", "sku,qty,type,qty\n", "", "\u{0}\u{1}\n",
            ])
        func header(text: String) async throws {
            try await withLedger { ledger in
                let result = try await ledger.importing(try ledger.installation.file("odd.csv", text))
                #expect(result.status == 1)
                #expect(result.errors.contains("line 1: "), "\(result.errors)")
            }
        }

        @Test("a row with too few columns ends it with 1, naming its line")
        func columns() async throws {
            try await withLedger { ledger in
                let path = try ledger.installation.file("short.csv", Self.csv(Self.lines.prefix(5)) + "A,W,sale\n")
                let result = try await ledger.importing(path)
                #expect(result.status == 1)
                #expect(result.errors.contains("line 7: "), "\(result.errors)")
            }
        }

        @Test("a wrong key, and one that may not write, end it with 4")
        func notAuthorised() async throws {
            try await withLedger { ledger in
                let file = try ledger.installation.file("a.csv", Self.csv(Self.lines))
                let reader = try await ledger.installation.bincard(
                    "keys", "create", "--data", ledger.installation.data, "--tenant", "acme", "--mode", "test",
                    "--scope",
                    "inventory:read", "--format", "json")
                let readOnly = try #require(try reader.json()["secret"]?.text)
                try await eventually("the key is unknown") {
                    try ledger.server.caller(readOnly).get("/v1/ledger/head").status == 200
                }
                for key in ["sk_test_wrong", readOnly] {
                    let result = try await ledger.installation.bincard(
                        "import", file, "--url", ledger.server.url, environment: ["BINCARD_API_KEY": key])
                    #expect(result.status == 4, "\(result.errors)")
                    #expect(result.errors.contains("not authorised (40"), "\(result.errors)")
                    #expect(!result.errors.contains(key))
                }
            }
        }

        @Test("a dry run needs neither server nor key, and leaves no file")
        func dryRun() async throws {
            try await Installation.with { installation in
                let file = try installation.file("a.csv", Self.csv(Self.lines))
                let result = try await installation.bincard(
                    "import", file, "--dry-run", "--url", "http://127.0.0.1:1", "--format", "json")
                #expect(result.status == 0, "\(result.errors)")
                #expect(try result.json()["postings"]?.integer == 600)
                #expect(try result.json()["recorded"]?.integer == 0)
                let made = try FileManager.default.contentsOfDirectory(atPath: installation.folder)
                #expect(made.filter { !$0.hasPrefix(".said") } == ["a.csv"])
            }
        }

        @Test("a missing file, a missing key and an unknown preset are told apart")
        func missing() async throws {
            try await Installation.with { installation in
                let absent = try await installation.bincard("import", "absent.csv", "--api-key", "k")
                #expect(absent.status == 1 && absent.errors.contains("absent.csv: "), "\(absent.errors)")
                let file = try installation.file("a.csv", Self.csv(Self.lines))
                let keyless = try await installation.bincard("import", file)
                #expect(keyless.status == 2 && keyless.errors.contains("--api-key"), "\(keyless.errors)")
                let preset = try await installation.bincard("import", file, "--api-key", "k", "--preset", "none")
                #expect(preset.status == 2 && preset.errors.contains("uci-online-retail"), "\(preset.errors)")
            }
        }
    }
}

@Suite("import without a server")
struct ImportWithoutServerTests {
    @Test("an import whose server is down tries as often as it is told and ends with 75")
    func serverDown() async throws {
        try await Installation.with { installation in
            let file = try installation.file("a.csv", "sku,type,qty\nA,receipt,1\n")
            let result = try await installation.bincard(
                "import", file, "--url", "http://127.0.0.1:1", "--api-key", "k", "--tries", "4")
            #expect(result.status == 75)
            #expect(result.errors.contains("no answer after 4"), "\(result.errors)")
        }
    }
}
