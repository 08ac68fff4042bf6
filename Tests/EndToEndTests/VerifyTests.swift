import Foundation
import Testing

extension EndToEnd {
    @Suite("verify", .serialized)
    struct VerifyTests {
        @Test("a ledger that nobody touched is right, with and without a server beside it")
        func right() async throws {
            try await Installation.with { installation in
                let small = try await installation.makeSmallLedger()
                let still = try await installation.verifySmallLedger()
                #expect(still.status == 0, "\(still.text)")
                #expect(try JournalHead(still.realm) == small.head)
                #expect(still.realm["entries"]?.integer == small.head.seq && still.realm["levels"]?.integer == 4)
                let server = try await installation.serve()
                let load = WriteLoad(
                    port: server.port, apiKey: small.key, prefix: "beside", skus: ["A", "B"], warehouses: ["W", "X"],
                    seed: 3)
                for _ in 0..<5 {
                    let moving = try await installation.verifySmallLedger()
                    #expect(moving.status == 0, "\(moving.text)")
                    #expect((moving.realm["seq"]?.integer ?? 0) >= small.head.seq)
                }
                _ = try await load.finish(stopping: true)
                let text = try await installation.bincard("verify", "--data", installation.data)
                #expect(text.status == 0 && text.output.contains("small test: ") && text.output.contains("  ok\n"))
                #expect(try await server.stop() == 0)
            }
        }

        @Test("one bit that is turned around in a block is found, and the entry named", arguments: [1, 4, 20, 40])
        func flippedBit(fromEnd: Int) async throws {
            try await Installation.with { installation in
                let small = try await installation.makeSmallLedger()
                let file = try #require(try ledgerFile(of: installation))
                // Blocks that hold one movement and nothing else: the entry that is wrong is then known exactly.
                let blocks = try file.integers(
                    "SELECT first_seq FROM block WHERE first_seq = last_seq AND first_seq > 50")
                let seq = try #require(blocks.dropFirst(blocks.count / 2).first)
                try file.flipBit(ofBlock: seq, fromEnd: fromEnd)
                let verified = try await installation.verifySmallLedger()
                #expect(verified.status == 1)
                #expect(verified.realm["first_problem"]?["seq"]?.integer == seq, "\(verified.text)")
                let what = verified.realm["first_problem"]?["what"]?.text ?? ""
                #expect(["hash_mismatch", "entry_undecodable"].contains(what), "\(verified.text)")
                #expect(verified.realm["entries"]?.integer == seq - 1, "all before it is proven")
                #expect(small.head.seq > seq)
                let text = try await installation.bincard("verify", "--data", installation.data)
                #expect(text.status == 1 && text.output.contains("WRONG at entry \(seq): "), "\(text.output)")
            }
        }

        @Test(
            "whatever is changed behind the server's back is found",
            arguments: [
                (
                    "UPDATE stock_level SET on_hand = on_hand + 1 WHERE key = (SELECT max(key) FROM stock_level)",
                    "projection_differs"
                ),
                (
                    "UPDATE stock_level SET value = value - 1 WHERE key = (SELECT min(key) FROM stock_level)",
                    "projection_differs"
                ),
                ("DELETE FROM stock_level WHERE key = (SELECT min(key) FROM stock_level)", "projection_differs"),
                ("UPDATE item SET sku = 'Z' WHERE number = 1", "projection_differs"),
                ("DELETE FROM block WHERE first_seq = 60", "sequence_gap"),
                (
                    "UPDATE block SET hash = (SELECT hash FROM block WHERE first_seq = 61) WHERE first_seq = 60",
                    "hash_mismatch"
                ),
                ("DELETE FROM block WHERE first_seq > 100", "sequence_gap"),
            ])
        func forged(sql: String, what: String) async throws {
            try await Installation.with { installation in
                _ = try await installation.makeSmallLedger()
                let file = try #require(try ledgerFile(of: installation))
                try #require(try file.integers("SELECT count(*) FROM block WHERE first_seq IN (60, 61)") == [2])
                try file.forge(sql)
                let verified = try await installation.verifySmallLedger()
                #expect(verified.status == 1)
                #expect(verified.realm["first_problem"]?["what"]?.text == what, "\(verified.text)")
                #expect(verified.realm["first_problem"]?["detail"]?.text?.isEmpty == false)
                if sql.contains("60") {
                    #expect(verified.realm["first_problem"]?["seq"]?.integer == 60, "\(verified.text)")
                }
            }
        }

        @Test(
            "the database itself refuses to change what is written",
            arguments: [
                "UPDATE block SET recorded_at = recorded_at + 1", "DELETE FROM block",
                "INSERT OR REPLACE INTO block SELECT * FROM block WHERE first_seq = 60",
            ])
        func appendOnly(sql: String) async throws {
            try await Installation.with { installation in
                _ = try await installation.makeSmallLedger(movements: 70)
                let file = try #require(try ledgerFile(of: installation))
                #expect(throws: (any Error).self) { try file.execute(sql) }
                #expect(try await installation.verifySmallLedger().status == 0)
            }
        }

        @Test("a tenant that is not there is an error, not a ledger that is right")
        func unknownTenant() async throws {
            try await Installation.with { installation in
                _ = try await installation.makeKey(tenant: "small")
                let unknown = try await installation.bincard("verify", "--data", installation.data, "--tenant", "big")
                #expect(unknown.status == 1 && unknown.errors.contains("there is no tenant big"), "\(unknown.errors)")
                let mode = try await installation.bincard(
                    "verify", "--data", installation.data, "--tenant", "small", "--mode", "live")
                #expect(mode.status == 1, "\(mode.output)")
                let empty = try await installation.verifySmallLedger()
                #expect(empty.status == 0 && empty.realm["entries"]?.integer == 0, "nothing was written yet")
            }
        }

        /// The small ledger's file: the only one, since nothing was written to the tenant of the first key.
        private func ledgerFile(of installation: Installation) throws -> DatabaseFile? {
            try DatabaseFile.ledgers(in: installation.data).first { file in
                try file.integers("SELECT count(*) FROM block") != [0]
            }
        }
    }
}
