import LedgerStorage

/// The schema spread over the nodes of a Citus: each table by `realm`, all of them together, so that a ledger lies on
/// one node and every statement goes to one shard.
///
/// What is special there:
/// - Policies can't have subqueries (`Fence.withoutSubquery`), and functions have another form (`FunctionForm`).
/// - The key that realms are sealed with is in a table of each node's own: no statement on a shard may ask another
///   table of the Citus. So it is put there node by node, after the commit; that can be done again at any time.
/// - The text of statements between nodes has the seal in it. What one session of the server's role runs is hidden from
///   others of the same role by `track_activities`, which only a superuser can turn on again.
struct CitusDistribution {
    /// What all other tables are placed with.
    static let first = "head"
    /// Into how many shards the tables are divided when nobody says.
    static let usualShards = 32
    /// The oldest that keeps functions, roles and row-level security on all nodes by itself.
    static let oldestVersion = 11

    let connection: PostgresConnection
    /// The server's.
    let role: String

    private static let marker = SQL("SELECT to_regproc('bincard.shard_count') IS NOT NULL")
    static let shardCount = SQL("SELECT bincard.shard_count()")

    /// Into how many shards the tables are divided already; nil when they are not.
    func shards() throws(PostgresFailure) -> Int? {
        guard try connection.run(Self.marker).first?.bool(0) == true else { return nil }
        return Int(try connection.run(Self.shardCount).first?.int64(0) ?? 0)
    }

    // MARK: Before anything is changed

    private static let citus = SQL("SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'citus'")

    private static let superuser = SQL("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user")

    private static let sessions = SQL(
        """
        SELECT count(*) FROM pg_catalog.pg_stat_activity
        WHERE datname = current_database() AND usename = $1::text AND pid <> pg_backend_pid()
        """)

    /// - Throws: `StoreError` with what to do, when this database or a node of it can't be used.
    func requireCitus() throws {
        guard let version = try connection.run(Self.citus).first?.text(0) else {
            throw refusal(
                "this database has no Citus. Install it on every node, add citus to shared_preload_libraries, run "
                    + "`CREATE EXTENSION citus` in this database on each and `SELECT citus_add_node('…', 5432)` here")
        }
        guard let major = Int(version.prefix { $0 != "." && $0 != "-" }), major >= Self.oldestVersion else {
            throw refusal("Citus \(version) is too old: version \(Self.oldestVersion) or later is needed")
        }
        guard try connection.run(Self.superuser).first?.bool(0) == true else {
            throw refusal("a Citus is prepared by a superuser: name one in --database")
        }
        for node in try onNodes(
            """
            SELECT concat_ws(' ', current_setting('server_version_num'), current_setting('fsync'),
                current_setting('full_page_writes'), current_setting('synchronous_commit'))
            """)
        {
            let settings = node.result.split(separator: " ").map(String.init)
            guard node.succeeded, settings.count == 4 else { throw refusal("\(node.name) says: \(node.result)") }
            if let fault = Fitness.durabilityFault(settings, of: " on \(node.name)") { throw fault }
        }
    }

    /// Tables must be empty: bringing rows to the nodes is what `bincard db copy` does, with proof. And where none was
    /// distributed before, no server may be running: it would have to know where its tables are.
    private func requireEmptyTables(_ tables: [String]) throws {
        if tables.contains(Self.first) {
            var parameters = Parameters()
            parameters.add(role)
            let open = try connection.run(Self.sessions, parameters).first?.int64(0) ?? 0
            guard open == 0 else {
                throw refusal("\(open) sessions of \(role) are open: stop the servers first")
            }
        }
        let filled = try tables.filter { table in
            try connection.run(SQL("SELECT EXISTS (SELECT FROM bincard.\(table))")).first?.bool(0) == true
        }
        guard filled.isEmpty else {
            throw refusal(
                "there are rows already (\(filled.prefix(3).joined(separator: ", "))). Make an empty database, run "
                    + "`bincard db migrate --citus` on it, and bring the ledgers there with `bincard db copy`")
        }
    }

    private func refusal(_ detail: String) -> StoreError {
        .failed(operation: "distribute the tables", detail: "\(detail); nothing was changed")
    }

    // MARK: In the migration's transaction

    private static let undistributed = SQL(
        """
        SELECT relname::text FROM pg_catalog.pg_class
        WHERE relnamespace = 'bincard'::regnamespace AND relkind = 'r'
            AND oid NOT IN (SELECT logicalrelid FROM pg_catalog.pg_dist_partition)
        """)

    /// Which of these tables are not distributed yet, what the others are placed with first.
    func missing(of all: [String]) throws -> [String] {
        let names = Set(try connection.run(Self.undistributed).rows.map { $0.text(0) })
        let tables = all.filter(names.contains)
        return tables.filter { $0 == Self.first } + tables.filter { $0 != Self.first }
    }

    /// Before rights are given: functions and policies in the form that can be distributed.
    func prepare(_ tables: [String], shards: Int) throws {
        try requireEmptyTables(tables)
        try connection.execute(
            """
            SET LOCAL citus.enable_unsafe_triggers = on;
            SET LOCAL citus.multi_shard_modify_mode = 'sequential';
            CREATE OR REPLACE FUNCTION bincard.shard_count() RETURNS bigint
            LANGUAGE sql IMMUTABLE AS 'SELECT \(shards)::bigint';

            """ + PostgresMigrations.functions(.distributed) + "\n" + Fence.withoutSubquery(around: tables))
    }

    /// Functions whose first argument is a realm and its second the seal: what servers call. Each is sent whole to the
    /// node that has the realm. The others every node needs for itself.
    private static let functions = SQL(
        """
        SELECT p.oid::regprocedure::text, coalesce(p.proargnames[1:2] = ARRAY['for_realm', 'seal'], false)
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'bincard'::regnamespace AND p.prorettype <> 'trigger'::regtype ORDER BY 2, 1
        """)

    /// After rights are given, which go to the shards with the tables.
    func distribute(_ tables: [String], shards: Int) throws {
        let functions = try connection.run(Self.functions).rows.map { (name: $0.text(0), isCalled: $0.bool(1)) }
        // What policies call is there before them.
        for function in functions where !function.isCalled {
            try connection.execute("SELECT create_distributed_function('\(function.name)')")
        }
        for table in tables {
            let place = table == Self.first ? "'none', shard_count := \(shards)" : "'bincard.\(Self.first)'"
            try connection.execute(
                "SELECT create_distributed_table('bincard.\(table)', 'realm', colocate_with := \(place))")
        }
        for function in functions where function.isCalled {
            try connection.execute(
                "SELECT create_distributed_function('\(function.name)', 'for_realm', "
                    + "colocate_with := 'bincard.\(Self.first)')")
        }
    }

    // MARK: On the nodes, after the commit

    /// Lets the server's role in on each node and gives it the key. May be repeated; a node that is added later needs
    /// it too.
    func admit(_ seal: RealmSealKey) throws {
        let (inner, outer) = seal.padded
        let setKey = """
            INSERT INTO bincard_private.seal (single, inner_key, outer_key)
            VALUES (1, '\(Self.literal(inner))', '\(Self.literal(outer))')
            ON CONFLICT (single) DO UPDATE SET inner_key = excluded.inner_key, outer_key = excluded.outer_key
            """
        let text = """
            DO $node$ BEGIN
            PERFORM set_config('citus.enable_ddl_propagation', 'off', true);
            \(Fence.sealOnNode)
            \(setKey);
            \(Grants.onNode(to: role));
            END $node$
            """
        for node in try onNodes(text) where !node.succeeded {
            throw StoreError.failed(
                operation: "let servers in on the nodes",
                detail: "\(node.name) says: \(node.result). The tables are distributed; when that is mended, run the "
                    + "same command again")
        }
    }

    private static func literal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return "\\x" + String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    private struct NodeAnswer {
        var name: String
        var succeeded: Bool
        var result: String
    }

    private static let runOnNodes = SQL(
        "SELECT nodename || ':' || nodeport, success, coalesce(result, '') FROM run_command_on_workers($1::text)")

    private func onNodes(_ command: String) throws -> [NodeAnswer] {
        var parameters = Parameters()
        parameters.add(command)
        return try connection.run(Self.runOnNodes, parameters).rows.map {
            NodeAnswer(name: $0.text(0), succeeded: $0.bool(1), result: $0.text(2))
        }
    }
}
