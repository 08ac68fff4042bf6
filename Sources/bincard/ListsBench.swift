import Foundation
import ImportClient

/// Lists and bulk updates over every pair of so many products and branches: 100,000 × 20 are 2,000,000 SKUs.
struct ListsBench: Sendable {
    let run: BenchRun
    let realm: BenchRealm
    static let branches = 20
    /// What the published lists are asked from.
    private static let connections = 16
    private static let bulk = 500

    func rows() async throws -> [BenchReport.Row] {
        var rows = [try await branchCreation(), try await filling()]
        rows.append(try await measure("bulk of 500, quantities", bulkBody(#""qty":{{digit}}{{digit}}{{digit}}"#)))
        rows.append(
            try await measure(
                "bulk of 500, quantity, price, availability",
                bulkBody(#""qty":{{digit}}{{digit}}{{digit}},"price":{{digit}}.{{digit}}0,"available":true"#)))
        for list in lists { rows.append(try await measure(list.name, path: list.path)) }
        return rows
    }

    // MARK: Reading

    /// Filters as published, alone and together; pages and places all over the lists.
    private var lists: [(name: String, path: String)] {
        // A number must not begin with 0.
        let page = "page=1{{pick:100}}"
        let deep = "page=1{{pick:10000}}&limit=100"
        let branch = "branch_iv_id=LIST-{{pick:\(Self.branches)}}"
        return [
            ("Linkit list", "/api/v1/skus?\(deep)"),
            ("Linkit list by availability", "/api/v1/skus?available=true&\(page)"),
            ("Linkit list by availability and quantity", "/api/v1/skus?available=true&max_qty={{digit}}0&\(page)"),
            ("Linkit list by branch and quantity", "/api/v1/skus?\(branch)&min_qty={{digit}}00&\(page)"),
            (
                "Linkit list by quantity, any bounds",
                "/api/v1/skus?min_qty={{digit}}{{digit}}&max_qty={{digit}}{{digit}}{{digit}}&\(page)"
            ),
            ("Linkit list by product", "/api/v1/skus?product_iv_id=\(realm.skuPlaceholder)"),
            ("Seller list", "/api/inventory?limit=200"),
            ("Seller list by status", "/api/inventory?status=normal"),
            (
                "Seller list by status and warehouse",
                "/api/inventory?status=normal&warehouse_id=LIST-{{pick:\(Self.branches)}}"
            ),
            ("Seller list by SKU", "/api/inventory?sku=\(realm.skuPlaceholder)"),
        ]
    }

    private func measure(_ name: String, path: String) async throws -> BenchReport.Row {
        let scenario = BenchScenario.hello(path: path)
        return BenchRun.row(
            "\(name), \(Self.connections) connections", try await middle(scenario, Self.connections), scenario)
    }

    private func measure(_ name: String, _ scenario: BenchScenario) async throws -> BenchReport.Row {
        BenchRun.row("\(name), 8 connections", try await middle(scenario, 8), scenario)
    }

    private func middle(_ scenario: BenchScenario, _ connections: Int) async throws -> LoadResult {
        var results: [LoadResult] = []
        for _ in 0..<run.command.turns {
            results.append(try await run.load(scenario, connections: connections, realm))
        }
        results.sort { $0.latencies.quantile(0.99) < $1.latencies.quantile(0.99) }
        return results[results.count / 2]
    }

    // MARK: Writing

    private func bulkBody(_ members: String) -> BenchScenario {
        let line =
            #"{"product_iv_id":"\#(realm.skuPlaceholder)","#
            + #""branch_iv_id":"LIST-{{pick:\#(Self.branches)}}",\#(members)}"#
        let lines = repeatElement(line, count: Self.bulk).joined(separator: ",")
        return .bulk(path: "/api/v1/skus/bulk", body: #"{"mode":"upsert","skus":[\#(lines)]}"#, updates: Self.bulk)
    }

    private func branchCreation() async throws -> BenchReport.Row {
        let connection = try run.connection()
        var took: [Double] = []
        for number in 0..<Self.branches {
            let code = String(format: "LIST-%02d", number)
            let began = ContinuousClock.now
            let answer = try await connection.post("/api/v1/branches", text: #"{"iv_id":"\#(code)","name":"\#(code)"}"#)
            guard answer.status == 201 || answer.status == 409 else {
                throw ImportError.refused(status: answer.status, problem: answer.problem.text)
            }
            took.append((ContinuousClock.now - began) / .milliseconds(1))
        }
        await connection.close()
        took.sort()
        return BenchReport.Row(
            name: "creating a branch beside \(realm.items) products", requests_per_second: 0,
            p50_ms: took[took.count / 2], p99_ms: took[took.count - 1], max_ms: took[took.count - 1], refused: 0)
    }

    /// Each SKU once, in bulks that go through the products in order.
    private func filling() async throws -> BenchReport.Row {
        let connection = try run.connection()
        let perBulk = Self.bulk / Self.branches
        let bulks = (realm.items + perBulk - 1) / perBulk
        let began = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    for bulk in stride(from: worker, to: bulks, by: 8) {
                        let answer = try await connection.post("/api/v1/skus/bulk", text: fillingBody(bulk, perBulk))
                        guard answer.status == 200 else {
                            throw ImportError.refused(status: answer.status, problem: answer.problem.text)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        await connection.close()
        return BenchReport.Row(
            name: "every SKU once, bulks of 500", requests_per_second: Double(bulks) / seconds,
            movements_per_second: Double(realm.items * Self.branches) / seconds, p50_ms: 0, p99_ms: 0, max_ms: 0,
            refused: 0)
    }

    private func fillingBody(_ bulk: Int, _ products: Int) -> String {
        var lines: [String] = []
        for product in bulk * products..<min((bulk + 1) * products, realm.items) {
            for branch in 0..<Self.branches {
                // Spread over 0 to 999 without a pattern that a filter could follow.
                let quantity = (product &* 7_919 &+ branch &* 104_729) % 1_000
                let code = "LIST-\(branch < 10 ? "0" : "")\(branch)"
                lines.append(
                    #"{"product_iv_id":"\#(realm.sku(product))","branch_iv_id":"\#(code)","qty":\#(quantity)}"#)
            }
        }
        return #"{"mode":"upsert","skus":[\#(lines.joined(separator: ","))]}"#
    }
}
