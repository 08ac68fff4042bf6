import Foundation
import ImportClient
import Synchronization
import Testing

@Suite("Importing stock through both bulk endpoints")
struct StockImportTests {
    /// A server of stock, a file, and what an import of it is told.
    private final class Scene: Sendable {
        let folder: TemporaryFolder
        let stock: StockDouble
        let server: StubServer

        init(
            refusing skus: Set<String> = [], intercept: @escaping @Sendable (StubRequest) -> StubReply? = { _ in nil }
        ) async throws {
            folder = try TemporaryFolder()
            let stock = StockDouble(refusing: skus)
            self.stock = stock
            server = try await StubServer { intercept($0) ?? stock.answer($0) }
        }

        func importing(
            _ text: String, preset: String, change: (inout ImportOptions) -> Void = { _ in }
        ) async throws -> ImportSummary {
            var options = ImportOptions(
                file: try folder.file("in.csv", text), url: server.url, apiKey: "k", preset: preset)
            options.progress = .silent
            options.retryPolicy = RetryPolicy { _ in }
            change(&options)
            return try await ImportJob.run(options)
        }

        var errors: [String] {
            folder.text("in.csv.errors.csv").map { $0.split(separator: "\n").map(String.init) } ?? []
        }
    }

    private func scene(
        refusing skus: Set<String> = [], intercept: @escaping @Sendable (StubRequest) -> StubReply? = { _ in nil },
        _ body: (Scene) async throws -> Void
    ) async throws {
        let scene = try await Scene(refusing: skus, intercept: intercept)
        do {
            try await body(scene)
        } catch {
            await scene.server.stop()
            throw error
        }
        await scene.server.stop()
    }

    // MARK: What is sent

    @Test("Seller: columns become members in any order, empty ones are left out, what is missing is created")
    func seller() async throws {
        try await scene { scene in
            let summary = try await scene.importing(
                """
                quantity,warehouse,sku,title,price,reorder_point,reason,note,reference,expected_quantity
                 5 ,W1,A,,,,cycle_count,"a ""note"", two\nlines é",r1,0
                007,W2,A,Blue Widget,2.50,10,,,,
                0,W1,B,,,0,,,,
                3,wh_01J9X3YB2KQ8M4T6V7W8X9Y0ZA,itm_01J9X3YB2KQ8M4T6V7W8X9Y0ZA,,,,,,,
                4,W1,A,Later,9,99,,,,

                """, preset: SellerTable.name)
            #expect((summary.recorded, summary.unchanged, summary.refused) == (4, 0, 1))
            #expect(summary.reconciles && summary.unit == "stock levels" && summary.kinds.isEmpty)
            #expect(
                scene.stock.items == [
                    "A": #"{"name":"Blue Widget","price":"2.50","reorder_point":10,"sku":"A"}"#,
                    "B": #"{"name":"B","reorder_point":0,"sku":"B"}"#,
                ])
            #expect(
                scene.stock.locations == ["W1": #"{"code":"W1","name":"W1"}"#, "W2": #"{"code":"W2","name":"W2"}"#])
            let request = try #require(scene.stock.requests.first)
            #expect(request.path == "/api/inventory/bulk" && request.lines.count == 5)
            #expect(
                request.lines[0]
                    == #"{"expected_quantity":0,"note":"a \"note\", two\nlines é","quantity":5,"reason":"cycle_count","reference":"r1","sku":"A","warehouse_id":"W1"}"#
            )
            #expect(request.lines[1] == #"{"quantity":7,"sku":"A","warehouse_id":"W2"}"#)
            // Two lines of one level are done in order.
            #expect(scene.stock.level("A", "W1") == "4")
            #expect(summary.items.created == 2 && summary.locations.created == 2)
            #expect(summary.description.contains("stock levels") && !summary.description.contains("movements"))
        }
    }

    @Test("Linkit: numbers are JSON numbers, flags of spreadsheets are understood, what is missing is created")
    func linkit() async throws {
        try await scene { scene in
            scene.stock.set("OLD", "S1", "{}")
            let summary = try await scene.importing(
                """
                iv_id,product_iv_id,branch_iv_id,qty,price,cost,available,product_name,barcode,branch_name
                ,P_1,S1,150,015.50,8.25,TRUE,Tea,4006381333931,Main Street
                ,P_1,S2,0,,,0,,,
                OLD_S1,,,3,0.10,,,,,
                P2_S1,P2,S1,,,000,false,,,

                """, preset: LinkitTable.name)
            #expect((summary.recorded, summary.refused, summary.postings) == (4, 0, 4))
            #expect(summary.reconciles && summary.exitCode == .done)
            #expect(
                scene.stock.items == [
                    "P_1": #"{"barcode":"4006381333931","name":"Tea","price":"015.50","sku":"P_1"}"#,
                    "P2": #"{"name":"P2","sku":"P2"}"#,
                ])
            #expect(
                scene.stock.locations == [
                    "S1": #"{"code":"S1","name":"Main Street"}"#, "S2": #"{"code":"S2","name":"S2"}"#,
                ])
            let lines = try #require(scene.stock.requests.first).lines
            #expect(lines[0].contains(#""iv_id":"P_1_S1""#) && lines[0].contains(#""product_iv_id":"P_1""#))
            #expect(scene.stock.level("P_1", "S1") == #"{"available":true,"cost":8.25,"price":15.5,"qty":150}"#)
            #expect(scene.stock.level("P_1", "S2") == #"{"available":false,"qty":0}"#)
            #expect(lines[2].contains(#""iv_id":"OLD_S1""#) && !lines[2].contains("product_iv_id"))
            #expect(scene.stock.level("P2", "S1") == #"{"available":false,"cost":0}"#)
        }
    }

    @Test("requests are as large as they may be")
    func sizes() async throws {
        try await scene { scene in
            let rows = (0..<1_201).map { "A,W,\($0)" }.joined(separator: "\n")
            _ = try await scene.importing("sku,warehouse_id,quantity\n\(rows)\n", preset: SellerTable.name)
            #expect(scene.stock.requests.map(\.lines.count) == [500, 500, 201])
            let skus = (0..<1_201).map { "P\($0),W,1" }.joined(separator: "\n")
            _ = try await scene.importing("product_iv_id,branch_iv_id,qty\n\(skus)\n", preset: LinkitTable.name)
            #expect(scene.stock.requests.dropFirst(3).map(\.lines.count) == [1_000, 201])
            #expect(Set(scene.stock.requests.map(\.key)).count == 5)
        }
    }

    @Test("a second line of a SKU begins a new request, whatever it is named by")
    func sameSKU() async throws {
        try await scene { scene in
            scene.stock.set("A", "W", "{}")
            let summary = try await scene.importing(
                """
                product_iv_id,branch_iv_id,iv_id,qty
                A,W,,1
                B,W,,2
                ,,A_W,3
                A,W,A_W,4
                NONE,,NONE_W,5

                """, preset: LinkitTable.name)
            #expect(scene.stock.requests.map(\.lines.count) == [2, 1, 2])
            #expect(scene.stock.level("A", "W") == #"{"qty":4}"#)
            #expect(summary.refused == 1 && scene.errors.last?.hasPrefix("6,NONE,,NONE_W,5,refused,") == true)
        }
    }

    @Test("with --no-create nothing is created, and a dry run sends nothing")
    func creatingNothing() async throws {
        try await scene { scene in
            let text = "sku,warehouse_id,quantity\nA,W,1\n"
            let dry = try await scene.importing(text, preset: SellerTable.name) { $0.isDryRun = true }
            #expect(dry.reconciles && dry.postings == 1 && scene.stock.requests.isEmpty)
            #expect(try scene.folder.names() == ["in.csv"])
            let summary = try await scene.importing(text, preset: SellerTable.name) { $0.createsMissing = false }
            #expect(scene.stock.creations == 0 && summary.refused == 1)
            #expect(scene.errors.last == #"2,A,W,1,INVENTORY_NOT_FOUND,"no SKU ""it""""#)
            // The same file again, now with what it lacks: not the kept answer of the run before.
            let second = try await scene.importing(text, preset: SellerTable.name)
            #expect((second.recorded, second.replayed, second.refused) == (1, 0, 0))
        }
    }

    // MARK: Lines left behind

    @Test("refused and unusable lines go to the errors file, which can be corrected and imported")
    func refused() async throws {
        try await scene { scene in
            let summary = try await scene.importing(
                """
                sku,warehouse_id,quantity,note
                A,W,5,x
                A,W,-1,"y, z"
                A,W,many,x
                ,W,1,x
                B,W,2,x

                """, preset: SellerTable.name)
            #expect((summary.recorded, summary.refused, summary.invalid) == (2, 1, 2))
            #expect(summary.reconciles && summary.exitCode == .someRowsRefused)
            #expect(
                scene.errors == [
                    "line,sku,warehouse_id,quantity,note,error_code,error",
                    #"3,A,W,-1,"y, z",NEGATIVE_QUANTITY,below 0"#,
                    "4,A,W,many,x,invalid_quantity,quantity is no whole number of at most 10^12",
                    "5,,W,1,x,item_missing,the line names no SKU",
                ])
            let corrected = scene.errors.prefix(2).joined(separator: "\n").replacing(",-1,", with: ",1,") + "\n"
            let second = try await scene.importing(corrected, preset: SellerTable.name)
            #expect((second.recorded, second.refused, second.exitCode) == (1, 0, .done))
            #expect(scene.stock.level("A", "W") == "1")
        }
    }

    @Test(
        "what a line can't be is said of it alone",
        arguments: [
            ("seller", "A,,1,,,,", "location_missing"), ("seller", "A,W,1.5,,,,", "invalid_quantity"),
            ("seller", "A,W,1000000000001,,,,", "invalid_quantity"), ("seller", "A,W,,,,,", "invalid_quantity"),
            ("seller", "A,W,1,x,,,", "invalid_expected_quantity"), ("seller", "A,W,1,,-2,,", "invalid_price"),
            ("seller", "A,W,1,,1.0000001,,", "invalid_price"), ("seller", "A,W,1,,,-1,", "invalid_reorder_point"),
            ("seller", "A,W,1,,,,\(String(repeating: "é", count: 201))", "invalid_title"),
            ("linkit", "A,,1,,,,", "item_missing"), ("linkit", ",,,,,,", "item_missing"),
            ("linkit", "A,W,x,,,,", "invalid_quantity"), ("linkit", "A,W,,,,,", "nothing_to_set"),
            ("linkit", "A,W,,1e3,,,", "invalid_price"), ("linkit", "A,W,,,.5,,", "invalid_cost"),
            ("linkit", "A,W,,,,perhaps,", "invalid_available"), ("linkit", "A,W,,,,2,", "invalid_available"),
            ("linkit", "A,W,1,,,,\(String(repeating: "1", count: 65))", "invalid_barcode"),
        ])
    func faults(preset: String, row: String, code: String) async throws {
        let header =
            preset == "seller"
            ? "sku,warehouse_id,quantity,expected_quantity,price,reorder_point,title"
            : "product_iv_id,branch_iv_id,qty,price,cost,available,barcode"
        let good = preset == "seller" ? "A,W,1,,,,\(String(repeating: "é", count: 200))" : "A,W,1,,,True,"
        try await scene { scene in
            let summary = try await scene.importing("\(header)\n\(row)\n\(good)\n", preset: preset)
            #expect((summary.recorded, summary.invalid, summary.refused) == (1, 1, 0))
            #expect(summary.reconciles && scene.errors.last?.contains(",\(code),") == true, "\(scene.errors)")
        }
    }

    @Test("a line that spoils its whole request is found and left behind alone; each part has a key of its own")
    func spoilt() async throws {
        try await scene { scene in
            let rows = (0..<40).map { "P\($0),W,\($0 == 17 ? 666 : 1)" }.joined(separator: "\n")
            let summary = try await scene.importing(
                "product_iv_id,branch_iv_id,price\n\(rows)\n", preset: LinkitTable.name)
            #expect((summary.recorded, summary.refused) == (39, 1))
            #expect(scene.errors.count == 2 && scene.errors.last == "19,P17,W,666,refused,Malformed")
            #expect(Set(scene.stock.requests.map(\.key)).count == scene.stock.requests.count)
        }
    }

    @Test("what the server refuses to create is told, and only its own lines are left behind")
    func refusedCreation() async throws {
        try await scene(refusing: ["BAD"]) { scene in
            let summary = try await scene.importing(
                "sku,warehouse_id,quantity\nA,W,1\nBAD,W,1\n", preset: SellerTable.name)
            #expect((summary.recorded, summary.refused, summary.exitCode) == (1, 1, .someRowsRefused))
            #expect(summary.warnings == ["the item BAD was not created: no such name"])
        }
    }

    @Test(
        "a header that is not understood is refused, and nothing is sent",
        arguments: [
            ("seller", "sku,quantity"), ("seller", "sku,warehouse_id"), ("seller", "sku,warehouse_id,quantity,titel"),
            ("seller", "sku,warehouse,warehouse_id,quantity"), ("seller", "sku,warehouse_id,qty"),
            ("linkit", "product_iv_id,qty"), ("linkit", "qty,price"), ("linkit", "iv_id,product_name"),
            ("linkit", "iv_id,qty,qty"), ("linkit", "iv_id,quantity"), ("linkit", ""),
        ])
    func header(preset: String, header: String) async throws {
        try await scene { scene in
            let row = header.split(separator: ",").map { _ in "1" }.joined(separator: ",")
            await #expect(throws: ImportError.self) { try await scene.importing("\(header)\n\(row)\n", preset: preset) }
            #expect(scene.stock.requests.isEmpty && scene.stock.creations == 0)
        }
    }

    // MARK: Again, and going on

    @Test("running it again sets what has changed since and leaves the rest")
    func again() async throws {
        try await scene { scene in
            let text = "sku,warehouse_id,quantity\n" + (0..<20).map { "A\($0),W,\($0)\n" }.joined()
            let first = try await scene.importing(text, preset: SellerTable.name)
            #expect((first.recorded, first.unchanged, first.replayed) == (20, 0, 0))
            scene.stock.set("A7", "W", "99")
            let second = try await scene.importing(text, preset: SellerTable.name)
            #expect((second.recorded, second.unchanged, second.replayed) == (1, 19, 0))
            #expect(second.reconciles && second.description.contains("were so already"))
            #expect((second.items.created, second.items.existing) == (0, 20))
            #expect(scene.stock.level("A7", "W") == "7")
        }
    }

    @Test("a request whose answer was lost is answered as before, not done again")
    func lostAnswer() async throws {
        let stock = Mutex<StockDouble?>(nil)
        let isFirst = Atomic(true)
        try await scene(intercept: { request in
            guard request.path.hasSuffix("bulk"), isFirst.exchange(false, ordering: .relaxed) else { return nil }
            let stock = stock.withLock { $0 }
            _ = stock?.answer(request)
            // Sold in between: setting it again would bring it back.
            stock?.set("A", "W", "4")
            return .breakOff
        }) { scene in
            stock.withLock { $0 = scene.stock }
            let summary = try await scene.importing("sku,warehouse_id,quantity\nA,W,5\n", preset: SellerTable.name)
            #expect((summary.recorded, summary.replayed, summary.retries) == (0, 1, 1))
            #expect(summary.reconciles && scene.stock.level("A", "W") == "4")
            #expect(scene.stock.requests.map(\.isReplay) == [false, true])
        }
    }

    @Test(
        "a run that was stopped goes on under the same keys behind the last line that was confirmed",
        arguments: [
            SellerTable.name, LinkitTable.name,
        ])
    func resume(preset: String) async throws {
        let stock = Mutex<StockDouble?>(nil)
        let isBroken = Atomic(true)
        try await scene(intercept: { request in
            guard request.path.hasSuffix("bulk"), isBroken.load(ordering: .relaxed),
                let stock = stock.withLock({ $0 }), stock.requests.count >= 6
            else { return nil }
            // Done, and then the server falls over.
            if stock.requests.count == 6 { _ = stock.answer(request) }
            return .json(500, "{}")
        }) { scene in
            stock.withLock { $0 = scene.stock }
            let header = preset == "seller" ? "sku,warehouse_id,quantity" : "product_iv_id,branch_iv_id,qty"
            let text = header + "\n" + (0..<100).map { "A\($0 % 30),W,\($0)\n" }.joined()
            await #expect(throws: ImportError.refused(status: 500, problem: "{}")) {
                try await scene.importing(text, preset: preset) { $0.batchLines = 10 }
            }
            isBroken.store(false, ordering: .relaxed)
            let creations = scene.stock.creations
            let summary = try await scene.importing(text, preset: preset) {
                $0.batchLines = 10
                $0.isResume = true
            }
            #expect(summary.isResumed && summary.reconciles && summary.postings == 100)
            #expect(summary.replayed == 10 && summary.recorded == 90, "\(summary)")
            // Nothing that was confirmed came again.
            #expect(scene.stock.requests.count == 11 && scene.stock.requests.filter(\.isReplay).count == 1)
            #expect(scene.stock.creations == creations)
            let last = preset == "seller" ? "99" : #"{"qty":99}"#
            #expect(scene.stock.level("A9", "W") == last)
        }
    }

    @Test("a run long ago is no reason to refuse another: the lines say what shall be")
    func longAgo() async throws {
        try await scene { scene in
            let text = "sku,warehouse_id,quantity\nA,W,1\n"
            _ = try await scene.importing(text, preset: SellerTable.name)
            let name = "in.csv.import-state.json"
            let state = try #require(scene.folder.text(name))
            _ = try scene.folder.file(name, state.replacing(/"savedAt":[0-9.]+/, with: "\"savedAt\":1000"))
            #expect(try await scene.importing(text, preset: SellerTable.name).unchanged == 1)
        }
    }

    // MARK: Answers

    @Test(
        "an answer that does not add up is not believed",
        arguments: [
            ("seller", "{}"), ("seller", #"{"data":[]}"#), ("seller", #"{"data":[{"index":1,"status":"updated"}]}"#),
            ("seller", #"{"data":[{"index":0,"status":"done"}]}"#), ("seller", #"{"data":[{"index":0,"status":"upd"#),
            ("linkit", "{}"), ("linkit", #"{"success":true,"data":{"succeeded":0,"failed":0,"errors":{}}}"#),
            ("linkit", #"{"success":true,"data":{"succeeded":0,"failed":1,"errors":{"B_W":"no"}}}"#),
            ("linkit", #"{"success":false,"data":{"succeeded":1,"failed":0,"errors":{}}}"#),
            ("linkit", #"{"success":true,"data":{"succeeded":9223372036854775807,"failed":9223372036854775807}}"#),
        ])
    func answers(preset: String, answer: String) async throws {
        try await scene(intercept: { $0.path.hasSuffix("bulk") ? .json(200, answer) : nil }) { scene in
            let header = preset == "seller" ? "sku,warehouse_id,quantity" : "product_iv_id,branch_iv_id,qty"
            do {
                _ = try await scene.importing("\(header)\nA,W,1\n", preset: preset)
                Issue.record("it was believed")
            } catch ImportError.answer {
            }
        }
    }

    @Test(
        "each dialect's error body is read",
        arguments: [
            (#"{"error":{"code":"INSUFFICIENT_SCOPE","message":"no scope","details":{"x":1}}}"#, "no scope"),
            (
                #"{"code":403,"error":"Forbidden","details":{"scope":"inventory:write"}}"#,
                "Forbidden (scope: inventory:write)"
            ),
            (#"{"code":403,"error":"Forbidden","details":{"n":[1]}}"#, "Forbidden"),
            (#"{"code":"insufficient_scope","title":"T","detail":"D"}"#, "D"), ("gone", "gone"),
        ])
    func dialects(body: String, text: String) async throws {
        try await scene(intercept: { $0.path.hasSuffix("bulk") ? .json(403, body) : nil }) { scene in
            await #expect(throws: ImportError.notAuthorised(status: 403, problem: text)) {
                try await scene.importing("iv_id,qty\nA_W,1\n", preset: LinkitTable.name)
            }
        }
    }

    @Test("a request has no more lines than the endpoint takes", arguments: [("seller", 501), ("linkit", 1_001)])
    func tooManyLines(preset: String, lines: Int) async throws {
        try await scene { scene in
            for count in [0, lines] {
                do {
                    _ = try await scene.importing("iv_id,qty\nA_W,1\n", preset: preset) { $0.batchLines = count }
                    Issue.record("it was accepted")
                } catch let error as ImportError {
                    #expect(error.exitCode == .usage)
                }
            }
        }
    }

    @Test("a Seller answer that is cut off or garbled anywhere never traps, and is never taken for a whole one")
    func garbled() {
        let bytes = Array(
            #"{"data":[{"index":0,"status":"updated","id":"adj_1"},{"status":"failed","index":1,"error":{"code":"X","message":"m"}}],"meta":{"total":2}}"#
                .utf8)
        let whole = bytes.withUnsafeBufferPointer { SellerAnswer.results($0) }
        #expect(whole?.map(\.status) == [.updated, .failed] && whole?.last?.message == "m")
        for count in 0..<bytes.count - 21 {
            #expect(
                Array(bytes[..<count]).withUnsafeBufferPointer { SellerAnswer.results($0) } == nil, "cut at \(count)")
        }
        let seed = UInt64.random(in: 0 ... .max)
        var chance = SeededGenerator(seed: seed)
        for _ in 0..<20_000 {
            var changed = bytes
            for _ in 0..<3 {
                changed[Int.random(in: 0..<bytes.count, using: &chance)] = UInt8.random(in: 0...127, using: &chance)
            }
            let results = changed.withUnsafeBufferPointer { SellerAnswer.results($0) }
            #expect((results ?? []).allSatisfy { $0.index >= 0 }, "seed \(seed)")
        }
    }
}
