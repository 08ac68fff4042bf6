import Foundation
import Testing

extension EndToEnd {
    @Suite("import of stock", .serialized)
    struct StockImportTests {
        private struct Ledger: Sendable {
            let installation: Installation
            let server: RunningServer
            let key: String

            func arguments(_ arguments: [String]) -> [String] {
                ["import"] + arguments + ["--url", server.url, "--api-key", key, "--format", "json"]
            }

            func importing(_ arguments: String...) async throws -> CommandResult {
                try await installation.run(Bincard.path, self.arguments(arguments))
            }

            func head() throws -> JournalHead { try server.caller(key).head() }

            /// What an API says of it, as JSON.
            func get(_ target: String) throws -> JSON {
                let answer = try server.caller(key).get(target)
                try #require(answer.status == 200, "\(answer.text)")
                return try answer.json()
            }
        }

        private func withLedger(_ body: @Sendable (Ledger) async throws -> Void) async throws {
            try await Installation.with { installation in
                let key = try await installation.makeKey()
                let server = try await installation.serve()
                try await body(Ledger(installation: installation, server: server, key: key))
                #expect(try await server.stop() == 0)
            }
        }

        /// A block of the guide that begins with this line, so that what it shows is what works.
        private static func sample(_ firstLine: String) throws -> String {
            let guide = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docs/importing.md")
            let lines = try String(contentsOf: guide, encoding: .utf8).components(separatedBy: "\n")
            let first = try #require(lines.firstIndex(of: "    " + firstLine), "the guide has no such sample")
            let block = lines[first...].prefix { $0.hasPrefix("    ") }
            return block.map { $0.dropFirst(4) + "\n" }.joined()
        }

        @Test("the guide's Linkit file brings in products, branches, prices and stock; again, it changes nothing")
        func linkit() async throws {
            try await withLedger { ledger in
                let text = try Self.sample(
                    "product_iv_id,product_name,barcode,branch_iv_id,branch_name,qty,price,cost,available")
                let file = try ledger.installation.file("skus.csv", text)
                let first = try await ledger.importing(file, "--preset", "linkit")
                #expect(first.status == 0, "\(first.errors)\(first.output)")
                let summary = try first.json()
                #expect(summary["recorded"]?.integer == 4 && summary["reconciles"]?.isTrue == true)
                #expect(summary["items"]?["created"]?.integer == 2 && summary["locations"]?["created"]?.integer == 2)

                let skus = try ledger.get("/api/v1/skus?product_iv_id=PROD-001&branch_iv_id=STORE-001")["data"]
                #expect(skus?[0]?["qty"]?.integer == 150 && skus?[0]?["price"]?.double == 15.5)
                #expect(skus?[0]?["available"]?.isTrue == true)
                let other = try ledger.get("/api/v1/skus/code/PROD-002_STORE-002")
                #expect(other["available"] == .boolean(false) && other["qty"]?.integer == 0)
                let product = try ledger.get("/api/v1/products/code/PROD-001")
                #expect(product["name"]?.text == "Blue Widget 500ml" && product["barcode"]?.text == "4006381333931")

                let head = try ledger.head()
                for _ in 0..<2 {
                    let again = try await ledger.importing(file, "--preset", "linkit")
                    #expect(again.status == 0, "\(again.errors)")
                    #expect(try again.json()["items"]?["existing"]?.integer == 2)
                }
                #expect(try ledger.head() == head)
            }
        }

        @Test("the guide's Seller file sets what is on hand; again, it sets only what has changed since")
        func seller() async throws {
            try await withLedger { ledger in
                let text = try Self.sample("sku,title,price,reorder_point,warehouse_id,quantity,reason,note")
                let file = try ledger.installation.file("stock.csv", text)
                let first = try await ledger.importing(file, "--preset", "seller")
                #expect(first.status == 0, "\(first.errors)\(first.output)")
                #expect(try first.json()["recorded"]?.integer == 3)
                let caller = try ledger.server.caller(ledger.key)
                #expect(try caller.onHand("SKU-001", at: "MAIN") == 500)
                let row = try ledger.get("/api/inventory/SKU-001")
                #expect(row["title"]?.text == "Blue Widget 500ml" && row["reorder_point"]?.integer == 50)

                let head = try ledger.head()
                let again = try await ledger.importing(file, "--preset", "seller")
                #expect(try again.json()["unchanged"]?.integer == 3)
                #expect(try ledger.head() == head)

                #expect(try caller.move("SKU-001", at: "MAIN", -7, key: "sale").status == 200)
                let third = try await ledger.importing(file, "--preset", "seller")
                #expect(try third.json()["unchanged"]?.integer == 2 && third.json()["recorded"]?.integer == 1)
                #expect(try caller.onHand("SKU-001", at: "MAIN") == 500)
            }
        }

        @Test("refused lines of both presets end it with 3, and their errors files can be corrected and imported")
        func refused() async throws {
            try await withLedger { ledger in
                let stock = try ledger.installation.file(
                    "stock.csv",
                    "sku,warehouse,quantity,reason\nA,W,5,\nA,W,-5,\nB,W,x,\nB,W,6,\(String(repeating: "r", count: 65))\n"
                )
                let first = try await ledger.importing(stock, "--preset", "seller")
                #expect(first.status == 3, "\(first.errors)")
                let errors = try #require(ledger.installation.text("stock.csv.errors.csv"))
                let lines = errors.split(separator: "\n").map(String.init)
                #expect(lines.count == 4 && lines[0] == "line,sku,warehouse,quantity,reason,error_code,error")
                #expect(lines.dropFirst().first?.hasPrefix("3,A,W,-5,,NEGATIVE_QUANTITY,") == true, "\(errors)")
                #expect(lines.dropFirst(2).first?.hasPrefix("4,B,W,x,,invalid_quantity,") == true, "\(errors)")
                #expect(lines.last?.contains(",VALIDATION_ERROR,") == true, "\(errors)")
                let corrected = errors.replacing(",-5,", with: ",8,").replacing(",x,", with: ",9,")
                    .replacing(String(repeating: "r", count: 65), with: "count")
                let second = try await ledger.importing(
                    try ledger.installation.file("corrected.csv", corrected), "--preset", "seller")
                #expect(second.status == 0, "\(second.errors)")
                let caller = try ledger.server.caller(ledger.key)
                #expect(try [caller.onHand("A", at: "W"), caller.onHand("B", at: "W")] == [8, 6])

                let skus = try ledger.installation.file("skus.csv", "iv_id,qty,price\nA_W,1,2\nA_X,1,2\nB_W,-1,\n")
                let third = try await ledger.importing(skus, "--preset", "linkit")
                #expect(third.status == 3, "\(third.errors)")
                let refused = try #require(ledger.installation.text("skus.csv.errors.csv"))
                    .split(separator: "\n").map(String.init)
                #expect(refused.count == 3, "\(refused)")
                #expect(refused.dropFirst().first?.hasPrefix("3,A_X,1,2,refused,") == true, "\(refused)")
                #expect(refused.last?.hasPrefix("4,B_W,-1,,refused,") == true, "\(refused)")
                #expect(try caller.onHand("A", at: "W") == 1)
            }
        }

        @Test("killed on its way and resumed, it ends as if nothing had happened", arguments: ["seller", "linkit"])
        func killed(preset: String) async throws {
            try await withLedger { ledger in
                let header = preset == "seller" ? "sku,warehouse_id,quantity" : "product_iv_id,branch_iv_id,qty"
                let rows = (0..<6_000).map { "A\($0 % 300),W,\($0 + 1)\n" }.joined()
                let file = try ledger.installation.file("stock.csv", header + "\n" + rows)
                let child = try ledger.installation.start(
                    Bincard.path, ledger.arguments([file, "--preset", preset, "--batch", "2"]))
                try await eventually("nothing is set") { try ledger.head().seq > 600 }
                child.send(SIGKILL)
                _ = try await child.ended()
                let before = try ledger.head().seq
                #expect(before < 6_000, "the kill came too late: the test shows nothing")

                let result = try await ledger.importing(file, "--preset", preset, "--batch", "2", "--resume")
                #expect(result.status == 0, "\(result.errors)")
                let summary = try result.json()
                #expect(summary["is_resumed"]?.isTrue == true && summary["reconciles"]?.isTrue == true)
                #expect(summary["postings"]?.integer == 6_000)
                for number in [0, 7, 299] {
                    #expect(
                        try ledger.server.caller(ledger.key).onHand("A\(number)", at: "W") == Int64(5_701 + number))
                }
                // Each line once: 300 items, the location, and a movement for each line.
                #expect(try ledger.head().seq == 6_301)
            }
        }
    }
}
