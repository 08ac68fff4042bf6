import Foundation
import ImportClient
import Testing

@Suite("The preset uci-online-retail")
struct OnlineRetailPresetTests {
    private static let header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"

    /// What arrives at a server for these lines, and what the summary says.
    private func importing(
        _ lines: [String], change: (inout ImportOptions) -> Void = { _ in }
    ) async throws -> (ImportSummary, LedgerDouble, TemporaryFolder) {
        let folder = try TemporaryFolder()
        let file = try folder.file("in.csv", ([Self.header] + lines).joined(separator: "\r\n") + "\r\n")
        let ledger = LedgerDouble()
        let server = try await StubServer { ledger.answer($0) }
        var options = ImportOptions(file: file, url: server.url, apiKey: "sk_test_1", preset: OnlineRetailPreset.name)
        options.progress = .silent
        change(&options)
        let summary: ImportSummary
        do {
            summary = try await ImportJob.run(options)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
        return (summary, ledger, folder)
    }

    @Test(
        "a line becomes the movement that the rules say",
        arguments: [
            (
                "536365,85123A,HEART,6,2010-12-01T08:26:00,2.55,17850,United Kingdom",
                [
                    "UK-1 receipt 6 opening - - 1.5300 2010-12-01T08:26:00Z",
                    "UK-1 sale -6 order_shipped 536365 - - 2010-12-01T08:26:00Z",
                ]
            ),
            (
                "C536379,22556,\"PLASTERS, TIN\",-3,2011-06-01T09:41:00,1.65,17548,France",
                ["EU-1 return 3 cancellation C536379 - - 2011-06-01T08:41:00Z"]
            ),
            (
                "536589,21777,thrown away,-10,2010-12-01T16:50:00,0,,United Kingdom",
                [
                    "UK-1 receipt 10 opening - - 0.0000 2010-12-01T16:50:00Z",
                    "UK-1 adjustment -10 stock_correction 536589 thrown away - 2010-12-01T16:50:00Z",
                ]
            ),
            (
                "536589,21777,,-1,2010-12-01T16:50:00,0.0,,EIRE",
                [
                    "EU-1 receipt 1 opening - - 0.0000 2010-12-01T16:50:00Z",
                    "EU-1 adjustment -1 stock_correction 536589 - - 2010-12-01T16:50:00Z",
                ]
            ),
            // A cancellation of something negative takes from stock, as the rule is written.
            (
                "C1,21777,x,2,2010-12-01T16:50:00,1,,United Kingdom",
                [
                    "UK-1 receipt 2 opening - - 0.6000 2010-12-01T16:50:00Z",
                    "UK-1 return -2 cancellation C1 - - 2010-12-01T16:50:00Z",
                ]
            ),
            ("A563185,B,Adjust bad debt,1,2011-08-12T14:50:00,11062.06,,United Kingdom", []),
            ("536370,POST,POSTAGE,3,2010-12-01T08:45:00,18,12583,France", []),
            ("536370,BANK CHARGES,x,3,2010-12-01T08:45:00,18,12583,France", []),
            ("536370,C2,CARRIAGE,3,2010-12-01T08:45:00,18,12583,France", []),
            ("536370,gift_0001_20,x,3,2010-12-01T08:45:00,18,12583,France", []),
            ("536370,DCGS0003,x,3,2010-12-01T08:45:00,18,12583,France", []),
            ("536370,DCGSSBOY,x,3,2010-12-01T08:45:00,18,12583,France", []),
            ("536370,10002,x,0,2010-12-01T08:45:00,18,12583,France", []),
        ])
    func mapping(line: String, expected: [String]) async throws {
        let (summary, ledger, _) = try await importing([line])
        let written = ledger.movements.map { movement in
            [
                movement.location, movement.kind, "\(movement.quantity)", movement.reason ?? "-",
                movement.reference ?? "-", movement.note ?? "-", movement.unitCost ?? "-", movement.occurredAt ?? "-",
            ].joined(separator: " ")
        }
        #expect(written == expected)
        #expect(summary.reconciles)
        #expect(summary.exitCode == .done)
        #expect(summary.skipped.values.reduce(0, +) == (expected.isEmpty ? 1 : 0))
    }

    @Test("codes are trimmed but keep their case, and the first description that says something is the name")
    func catalogue() async throws {
        let (summary, ledger, _) = try await importing([
            "1, 15056bl ,,1,2010-12-01T08:26:00,1,,United Kingdom",
            "2,15056BL,UPPER,1,2010-12-01T08:26:00,1,,United Kingdom",
            "3,15056bl,  lower ,1,2010-12-01T08:26:00,1,,United Kingdom",
            "4,99999,,1,2010-12-01T08:26:00,1,,Spain",
            "5,77777,never moved,0,2010-12-01T08:26:00,1,,Spain",
        ])
        #expect(ledger.items == ["15056bl": "lower", "15056BL": "UPPER", "99999": "99999"])
        #expect(ledger.locations == ["UK-1", "EU-1"])
        #expect(summary.items == .init(created: 3, existing: 0))
        #expect(summary.skipped == ["zero_quantity": 1])
    }

    @Test("the opening stands before its pair's first line, valued at the item's first price wherever that is")
    func openingPlace() async throws {
        let (_, ledger, _) = try await importing([
            "1,10001,A,1,2010-12-01T08:26:00,0,,United Kingdom",
            "2,10002,B,2,2010-12-01T08:26:00,4,,United Kingdom",
            "3,10001,A,3,2010-12-01T08:26:00,5,,Spain",
            "4,10001,A,4,2010-12-01T08:26:00,9,,United Kingdom",
        ])
        #expect(
            ledger.movements.map { "\($0.item) \($0.location) \($0.kind) \($0.quantity) \($0.unitCost ?? "")" } == [
                "10001 UK-1 receipt 5 3.0000", "10001 UK-1 sale -1 ", "10002 UK-1 receipt 2 2.4000",
                "10002 UK-1 sale -2 ", "10001 EU-1 receipt 3 3.0000", "10001 EU-1 sale -3 ", "10001 UK-1 sale -4 ",
            ])
    }

    @Test("openings are the smallest with which a naive ledger never goes below zero")
    func openings() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var chance = SeededGenerator(seed: seed)
        for round in 0..<15 {
            var lines: [String] = []
            var changes: [String: [Int64]] = [:]
            for number in 0..<Int.random(in: 1...120, using: &chance) {
                let code = "1000\(Int.random(in: 0...4, using: &chance))"
                let country = Bool.random(using: &chance) ? "United Kingdom" : "France"
                let quantity = Int64.random(in: -9...9, using: &chance)
                let isCancelled = quantity < 0 && Bool.random(using: &chance)
                lines.append(
                    "\(isCancelled ? "C" : "")\(number),\(code),x,\(quantity),2011-01-01T10:00:00,1.5,,\(country)")
                guard quantity != 0 else { continue }
                let change = quantity < 0 && !isCancelled ? quantity : -quantity
                changes["\(code)@\(country == "France" ? "EU-1" : "UK-1")", default: []].append(change)
            }
            let (summary, ledger, _) = try await importing(lines) {
                $0.batchLines = Int.random(in: 1...50, using: &chance)
            }
            for (pair, changes) in changes {
                // Tries every opening from 0 up.
                var opening: Int64 = 0
                while changes.indices.contains(where: { opening + changes[...$0].reduce(0, +) < 0 }) { opening += 1 }
                let parts = pair.split(separator: "@").map(String.init)
                let receipts = ledger.movements.filter {
                    $0.kind == "receipt" && $0.item == parts[0] && $0.location == parts[1]
                }
                #expect(
                    receipts.map(\.quantity) == (opening == 0 ? [] : [opening]), "seed \(seed), round \(round), \(pair)"
                )
                #expect(ledger.onHand(parts[0], parts[1]) == opening + changes.reduce(0, +))
            }
            #expect(summary.refused == 0, "seed \(seed), round \(round)")
            #expect(summary.reconciles, "seed \(seed), round \(round)")
        }
    }

    @Test(
        "a line that can be no movement goes to the errors file, and the rest is imported",
        arguments: [
            ("1,10001,x,six,2010-12-01T08:26:00,1,,Spain", "invalid_quantity"),
            ("1,10001,x,1.5,2010-12-01T08:26:00,1,,Spain", "invalid_quantity"),
            ("1,10001,x,1000000000001,2010-12-01T08:26:00,1,,Spain", "invalid_quantity"),
            ("1,10001,x,1,2010-02-30T08:26:00,1,,Spain", "invalid_date"),
            ("1,10001,x,1,2010-12-01T08:26:00,1e5,,Spain", "invalid_price"),
        ])
    func invalidLine(line: String, code: String) async throws {
        let good = "2,10001,\"a \"\"b\"\"\",1,2010-12-01T08:26:00,1,,Spain"
        let (summary, ledger, folder) = try await importing([good, line, good])
        #expect(summary.exitCode == .someRowsRefused)
        #expect(summary.invalid == 1)
        #expect(summary.reconciles)
        #expect(ledger.movements.count == 3)
        let errors = try #require(folder.text("in.csv.errors.csv")).split(separator: "\n")
        #expect(errors.first == "line,\(Self.header),error_code,error")
        #expect(errors.count == 2)
        #expect(errors.last?.hasPrefix("3,\(line),\(code),") == true)
    }

    @Test("a header without a column that is needed is refused before anything is sent")
    func header() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("in.csv", "InvoiceNo,StockCode\n1,2\n")
        var options = ImportOptions(file: file, url: "http://127.0.0.1:1", apiKey: "k", preset: OnlineRetailPreset.name)
        options.progress = .silent
        await #expect(throws: ImportError.header("there is no column Description; the header is InvoiceNo,StockCode")) {
            try await ImportJob.run(options)
        }
    }
}
