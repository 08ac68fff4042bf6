public import LedgerCore
public import LedgerStorage

/// How a database that ledgers are in stands, as far as a server's role may see it.
public struct DatabaseHealth: Sendable {
    /// As in 150004 for 15.4.
    public var serverVersion = 0
    public var schemaStep = 0
    public var role = ""
    /// Tables of the schema without row-level security that binds their owner too.
    public var unfencedTables = 0
    public var synchronousCommit = ""
    public var standbyNames = ""
    public var walSenders = 0
    /// Connections of everybody, and how many there may be.
    public var connections = 0
    public var maxConnections = 0
    /// Connections of this role, and how many it may have; less than 0 for no limit.
    public var roleConnections = 0
    public var roleLimit = -1
    /// Into how many shards a Citus divides the tables; nil where they lie in this PostgreSQL alone.
    public var shards: Int?
    /// Rows of ledgers' heads that are in use, and that wait to be cleaned up.
    public var liveHeads = 0
    public var deadHeads = 0
    /// Seconds since the oldest transaction of this role that is still open began.
    public var longestTransaction = 0
    /// Bytes of the database.
    public var size: Int64 = 0
    /// By how much the database's clock is ahead of this machine's, in milliseconds.
    public var clockAhead: Int64 = 0
}

extension PostgresDatabase {
    private static let health = SQL(
        """
        SELECT current_setting('server_version_num')::bigint, bincard.schema_version(), current_user::text,
            (SELECT count(*) FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                WHERE n.nspname = 'bincard' AND c.relkind IN ('r', 'p')
                AND NOT (c.relrowsecurity AND c.relforcerowsecurity)),
            current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),
            (SELECT count(*) FROM pg_catalog.pg_stat_replication),
            (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datid IS NOT NULL),
            current_setting('max_connections')::bigint
                - current_setting('superuser_reserved_connections')::bigint,
            (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE usename = current_user),
            (SELECT rolconnlimit::bigint FROM pg_catalog.pg_roles WHERE rolname = current_user),
            coalesce((SELECT n_live_tup FROM pg_catalog.pg_stat_all_tables
                WHERE relid = to_regclass('bincard.head')), 0)::bigint,
            coalesce((SELECT n_dead_tup FROM pg_catalog.pg_stat_all_tables
                WHERE relid = to_regclass('bincard.head')), 0)::bigint,
            coalesce((SELECT extract(epoch FROM max(clock_timestamp() - xact_start)) FROM pg_catalog.pg_stat_activity
                WHERE usename = current_user AND pid <> pg_backend_pid()), 0)::bigint,
            pg_database_size(current_database())
        """)

    private static let clock = SQL("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")

    /// Looks at the database. Blocks.
    ///
    /// - Parameter now: this machine's wall clock.
    public func examine(now: () -> Instant) throws(StoreError) -> DatabaseHealth {
        do throws(PostgresFailure) {
            return try pool.read { (connection) throws(PostgresFailure) in
                var health = DatabaseHealth()
                guard let row = try connection.run(Self.health).first else { return health }
                health.serverVersion = Int(row.int64(0))
                health.schemaStep = Int(row.int64(1))
                health.role = row.text(2)
                health.unfencedTables = Int(row.int64(3))
                health.synchronousCommit = row.text(4)
                health.standbyNames = row.text(5)
                health.walSenders = Int(row.int64(6))
                health.connections = Int(row.int64(7))
                health.maxConnections = Int(row.int64(8))
                health.roleConnections = Int(row.int64(9))
                health.roleLimit = Int(row.int64(10))
                health.liveHeads = Int(row.int64(11))
                health.deadHeads = Int(row.int64(12))
                health.longestTransaction = Int(row.int64(13))
                health.size = row.int64(14)
                if connection.isDistributed {
                    health.shards = Int(try connection.run(CitusDistribution.shardCount).first?.int64(0) ?? 0)
                }
                let before = now().milliseconds
                let there = try connection.run(Self.clock).first?.int64(0) ?? before
                health.clockAhead = there - (before + now().milliseconds) / 2
                return health
            }
        } catch {
            throw error.storeError("look at the database")
        }
    }
}

/// What is seen of a ledger without opening it.
public struct LedgerGlance: Sendable {
    public var realm: Realm
    /// Its entries; nil when no server has ever opened it.
    public var entries: UInt64?
    /// Up to which entry its rows are complete.
    public var appliedSeq: UInt64 = 0
    /// The last entry of the journal: the same as `entries` unless somebody has taken something away.
    public var journalEnd: UInt64 = 0
    /// As its rows say, which may be behind the journal.
    public var webhooks: [WebhookEndpoint] = []
}

extension PostgresDatabase {
    /// So many ledgers are asked about in one round trip.
    private static let glancesAtOnce = 64

    /// Looks at ledgers without opening them: a few rows of each. Blocks.
    public func glance(
        at realms: [Realm], _ body: (LedgerGlance) -> Void
    ) throws(StoreError) {
        let statements = [RealmStatements.head, JournalStatements.lastMark, RealmStatements.webhooks]
        var rest = realms[...]
        while !rest.isEmpty {
            let some = rest.prefix(Self.glancesAtOnce)
            rest = rest.dropFirst(some.count)
            let all = some.flatMap { realm in
                let context = seal(of: realm.id)
                return [context.entering] + statements.map { Statement($0, context.parameters) }
            }
            var rows = try pool.read("look at ledgers", all)[...]
            for realm in some {
                body(try glance(at: realm, Array(rows.prefix(4))))
                rows = rows.dropFirst(4)
            }
        }
    }

    private func glance(at realm: Realm, _ rows: [PostgresRows]) throws(StoreError) -> LedgerGlance {
        var glance = LedgerGlance(realm: realm)
        guard rows.count == 4, let head = rows[1].first else { return glance }
        glance.entries = head.uint64(1)
        glance.appliedSeq = head.uint64(3)
        glance.journalEnd = rows[2].first?.uint64(1) ?? 0
        do {
            glance.webhooks = try rows[3].rows.map { try EntryCodec.webhook(row: $0.bytes(0)) }
        } catch {
            throw .corrupt(
                seq: nil, detail: "a webhook of \(realm.tenant) \(realm.mode.rawValue) can't be read: \(error)")
        }
        return glance
    }
}
