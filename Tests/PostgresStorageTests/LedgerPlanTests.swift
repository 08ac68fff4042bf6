import LedgerCore
import LedgerStorage
import PostgresServer
import PostgresStorage
import Testing

@Suite("what statements about the journal and stored answers read", .serialized)
struct LedgerPlanTests {
    private static let length = 20_000

    /// A ledger of many blocks and pages, of one entry each, beside as many of others.
    private func filled() throws -> (Fixture, Realm) {
        let fixture = try Fixture()
        let realm = fixture.freshRealm()
        let store = fixture.database.openRealm(realm)
        _ = try store.open()
        store.close()
        let (server, url) = (fixture.testDatabase.server, fixture.testDatabase.ownerURL)
        try server.psql(
            """
            ALTER TABLE bincard.block SET (autovacuum_enabled = off);
            ALTER TABLE bincard.idempotency_page SET (autovacuum_enabled = off);
            INSERT INTO bincard.head SELECT gen_random_uuid(), 1, 0, 0, 0, 0;
            UPDATE bincard.head SET seq = \(Self.length), page = \(Self.length);
            INSERT INTO bincard.block SELECT realm, n, n, n, lpad(to_hex(n), 32, '0')::uuid, sha256(''), '\\x00'
            FROM bincard.head, generate_series(1, \(Self.length)) AS n;
            INSERT INTO bincard.idempotency_page SELECT realm, n, n / 100, n, '', ''
            FROM bincard.head, generate_series(1, \(Self.length)) AS n
            """, url: url)
        try server.psql("VACUUM ANALYZE", url: url)
        return (fixture, realm)
    }

    /// Rows that PostgreSQL has looked at for what `body` does, by an index or without one.
    private func counted(_ fixture: Fixture, _ realm: Realm, _ body: (PostgresRealmStore) throws -> Void) throws -> Int
    {
        func read() throws -> Int {
            try fixture.numbers(
                """
                SELECT sum(t.seq_tup_read) + sum(i.idx_tup_read) FROM pg_stat_user_tables AS t
                JOIN pg_stat_user_indexes AS i USING (relid)
                WHERE t.relname IN ('block', 'idempotency_page', 'head')
                """)[0]
        }
        try fixture.waitForSessions(of: "owner", most: 0)
        let before = try read()
        try fixture.withOtherServer { server in
            let store = server.openRealm(realm)
            defer { store.close() }
            try body(store)
        }
        return try read() - before
    }

    @Test("a look into a long journal reads what it returns and little else, wherever it looks")
    func journal() throws {
        let (fixture, realm) = try filled()
        for seq in [1, 10_000, 19_990] as [UInt64] {
            // At most 256 blocks in an answer, and those around its ends.
            let blocks = try counted(fixture, realm) { store in
                let found = try store.blocks(from: seq, maximumBytes: 5)
                #expect(found.map(\.firstSeq) == Array(seq...seq + 5))
            }
            #expect(blocks < 300, "from \(seq): \(blocks)")
            let one = try counted(fixture, realm) { store in
                let (containing, reaching) = (
                    try store.block(containing: seq), try store.block(reaching: ULID(high: 0, low: seq))
                )
                #expect(containing?.firstSeq == seq && reaching?.firstSeq == seq)
                let last = try store.lastSeq(recordedAtOrBefore: Instant(milliseconds: Int64(seq)))
                #expect(last == seq)
            }
            #expect(one < 100, "at \(seq): \(one)")
        }
    }
}
