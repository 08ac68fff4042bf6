import Foundation
import GRDB
import LedgerCore
import LedgerStorage
import SQLiteStorage
import SampleLedger
import Testing

@Suite("the file of a realm", .serialized)
struct JournalFileTests {
    private let ledger = SampleLedger(seed: 71, items: 6, locations: 3, blocks: 30)

    private func written() throws -> TemporaryRealm {
        let realm = try TemporaryRealm()
        let store = try realm.open()
        try ledger.write(to: store)
        try store.commit(CommitUnit(projection: ledger.projection))
        store.close()
        return realm
    }

    @Test(
        "the database itself refuses to change, delete or replace a block",
        arguments: [
            "UPDATE block SET recorded_at = recorded_at + 1 WHERE first_seq = 1",
            "UPDATE block SET data = x'00'",
            "UPDATE OR REPLACE block SET last_seq = 7",
            "DELETE FROM block WHERE first_seq = 1",
            "DELETE FROM block",
            "INSERT OR REPLACE INTO block SELECT first_seq, last_seq, 0, last_id, hash, data FROM block LIMIT 1",
            "INSERT INTO block VALUES (100000, 100000, 0, x'00', x'00', x'00')",
            "INSERT INTO block SELECT 1 + max(last_seq), max(last_seq), 0, x'00', x'00', x'00' FROM block",
            "INSERT INTO block VALUES (NULL, 1, 0, x'00', x'00', x'00')",
        ])
    func appendOnly(sql: String) throws {
        let realm = try written()
        #expect(throws: DatabaseError.self) { try realm.sql(sql) }
        #expect(try realm.verify().problem == nil)
    }

    private struct Tampering {
        var sql: String
        var seq: UInt64?
        var what: VerificationReport.Kind
    }

    @Test("tampering with blocks is found, and the first wrong entry is named")
    func tampering() throws {
        let block = ledger.blocks[10]
        let first = block.firstSeq
        let last = block.lastSeq
        let other = ledger.blocks[12].firstSeq
        let lastByte = try #require(block.data.last)
        let flipped = String(UInt16(lastByte ^ 1) + 0x100, radix: 16).suffix(2)
        let cases: [Tampering] = [
            Tampering(
                sql: """
                    UPDATE block SET data = CAST(substr(data, 1, length(data) - 1) || x'\(flipped)' AS BLOB)
                    WHERE first_seq = \(first)
                    """, seq: last, what: .hashMismatch),
            Tampering(
                sql: "UPDATE block SET data = x'' WHERE first_seq = \(first)", seq: first, what: .entryUndecodable),
            Tampering(
                sql: "UPDATE block SET hash = zeroblob(32) WHERE first_seq = \(first)", seq: last, what: .hashMismatch),
            Tampering(
                sql: "UPDATE block SET hash = x'00' WHERE first_seq = \(first)", seq: first, what: .entryUndecodable),
            Tampering(sql: "DELETE FROM block WHERE first_seq = \(first)", seq: first, what: .sequenceGap),
            Tampering(sql: "DELETE FROM block WHERE first_seq = 1", seq: 1, what: .sequenceGap),
            Tampering(sql: "DELETE FROM block WHERE first_seq >= \(first)", seq: first, what: .sequenceGap),
            Tampering(
                sql: "UPDATE block SET last_seq = last_seq + 1 WHERE first_seq = \(first)", seq: first,
                what: .entryUndecodable),
        ]
        for tampering in cases { try expect(tampering) }
        let realm = try written()
        try realm.tamper(
            """
            CREATE TEMP TABLE swap AS SELECT first_seq, data, hash FROM block WHERE first_seq IN (\(first), \(other));
            UPDATE block SET data = (SELECT data FROM swap WHERE swap.first_seq <> block.first_seq),
                hash = (SELECT hash FROM swap WHERE swap.first_seq <> block.first_seq)
            WHERE first_seq IN (\(first), \(other))
            """)
        #expect(try realm.verify().problem?.seq == first)
    }

    @Test(
        "tampering with a row of a projection is found",
        arguments: [
            "UPDATE item SET sku = 'other' WHERE number = 2",
            "UPDATE location SET code = 'other' WHERE number = 2",
            "UPDATE stock_level SET on_hand = on_hand + 1 WHERE key = (SELECT max(key) FROM stock_level)",
            "UPDATE stock_level SET roots = x'FF'",
            "DELETE FROM stock_level WHERE key = (SELECT min(key) FROM stock_level)",
            "DELETE FROM reference_bucket WHERE key = (SELECT min(key) FROM reference_bucket)",
            "UPDATE webhook SET data = CAST(substr(data, 1, length(data) - 1) || x'7E' AS BLOB) WHERE number = 1",
            "UPDATE webhook SET data = x''",
            "DELETE FROM webhook WHERE number = 1",
            "DELETE FROM projection_state",
        ])
    func rows(sql: String) throws {
        try expect(Tampering(sql: sql, seq: nil, what: .projectionDiffers))
    }

    private func expect(_ tampering: Tampering) throws {
        let realm = try written()
        try realm.tamper(tampering.sql)
        let problem = try realm.verify().problem
        #expect(problem?.seq == tampering.seq, "\(tampering.sql): \(problem?.detail ?? "nothing is wrong")")
        #expect(problem?.what == tampering.what, "\(tampering.sql): \(problem?.detail ?? "nothing is wrong")")
    }

    @Test("a realm is verified beside a server that writes to it")
    func verifyBesideWriter() async throws {
        let realm = try TemporaryRealm()
        let store = try realm.open()
        defer { store.close() }
        var growing = SampleLedger(seed: 72, items: 6, locations: 3, blocks: 50)
        try growing.write(to: store)
        try store.commit(CommitUnit(projection: growing.projection))
        let path = realm.path
        let verifying = Task.detached {
            var heads: [UInt64] = []
            for _ in 0..<15 {
                let other = try SQLiteRealmStore(path: path, access: .read)
                defer { other.close() }
                let report = try LedgerVerifier(store: other).run()
                #expect(report.problem == nil)
                heads.append(report.head.head.seq)
            }
            return heads
        }
        for round in 0..<400 {
            for _ in 0..<5 { growing.addMovement() }
            if round % 7 == 0 { growing.renameItem(round % 6, to: "name \(round)") }
            var unit = growing.seal()
            unit.projection = growing.projection
            unit.projection?.references = []
            // Now and then rows are written of which the applied seq does not know yet.
            if round % 3 > 0 { unit.projection?.appliedSeq = nil }
            try store.commit(unit)
        }
        let heads = try await verifying.value
        #expect(heads == heads.sorted())
    }

    @Test("a file of a newer version is left alone")
    func newer() throws {
        let realm = try written()
        try realm.sql("INSERT INTO schema_migration (version, name) VALUES (99, 'from the future')")
        #expect(throws: StoreError.schemaTooNew(found: 99, known: 3)) { try realm.open() }
        #expect(throws: StoreError.schemaTooNew(found: 99, known: 3)) {
            try SQLiteRealmStore(path: realm.path, access: .read)
        }
    }

    @Test("a file of the version before endpoints is brought up to date, and keeps what it has")
    func older() throws {
        let realm = try written()
        try realm.sql(
            """
            DROP TABLE webhook;
            ALTER TABLE stock_level DROP COLUMN settings;
            ALTER TABLE location DROP COLUMN marketplace;
            ALTER TABLE location DROP COLUMN is_read_only;
            ALTER TABLE location DROP COLUMN observed_at;
            DELETE FROM schema_migration WHERE version > 1
            """)
        #expect(throws: StoreError.self) { try SQLiteRealmStore(path: realm.path, access: .read) }
        let store = try realm.open()
        #expect(try store.open().head == ledger.sealed && store.open().webhooks.isEmpty)
        let rows = ledger.projection
        try store.commit(
            CommitUnit(
                projection: ProjectionChunk(
                    locations: rows.locations, levels: rows.levels, webhooks: ledger.webhooks)))
        store.close()
        #expect(try realm.verify().problem == nil)
        let again = try realm.open()
        #expect(try again.open().webhooks == ledger.webhooks)
        again.close()
    }

    @Test("what is no database, or none of ours, is an error that says so")
    func strangers() throws {
        let realm = try TemporaryRealm()
        #expect(throws: StoreError.notFound(realm.path)) { try SQLiteRealmStore(path: realm.path, access: .read) }
        try Data("this is a letter to the editor, and no database at all, really".utf8)
            .write(to: URL(fileURLWithPath: realm.path))
        #expect(throws: StoreError.self) { try realm.open() }
        #expect(throws: StoreError.self) { try SQLiteRealmStore(path: realm.path, access: .read) }
    }

    @Test("looking things up never scans a table")
    func plans() throws {
        let realm = try written()
        let store = try realm.open()
        defer { store.close() }
        for sql in SQLiteRealmStore.lookUps {
            let plan = try store.withWriter { db in
                // A parameter that has a LIMIT or a key in its place does not change a plan.
                let sql = "EXPLAIN QUERY PLAN " + sql.replacingOccurrences(of: "?", with: "1")
                return try String.fetchAll(db, sql: sql, adapter: SuffixRowAdapter(fromIndex: 3))
            }
            for step in plan {
                #expect(!step.contains("TEMP B-TREE"), "\(sql): \(step)")
                // A walk over the few segments, newest first, and a walk in the order of the key, stopped by LIMIT or
                // by whoever asked, are the only ones without a search.
                let isWalk = step.hasPrefix("SCAN") && (sql.contains("LIMIT") || step.contains("segment"))
                #expect(step.hasPrefix("SEARCH") || isWalk, "\(sql): \(step)")
            }
        }
    }
}
