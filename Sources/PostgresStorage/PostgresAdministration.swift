import LedgerCore
public import LedgerStorage

/// What the owner of the database does: brings the schema up to date and lets a server in.
public struct PostgresAdministration: Sendable {
    private let conninfo: String

    /// - Parameter conninfo: as libpq takes it, of a role that may create schemas and, for a new server role, roles.
    public init(conninfo: String) { self.conninfo = conninfo }

    /// What a migration has done.
    public struct Report: Sendable {
        public var from: Int
        public var to: Int
        public var serverRole: String
        /// Whether the server's role was made now; it can't log in before it is given a password or another way in.
        public var madeRole: Bool
        /// Into how many shards a Citus has divided the tables; nil when they are in this database alone.
        public var shards: Int?
    }

    /// Where the tables shall be.
    public enum Distribution: Sendable {
        /// Where they are.
        case asItIs
        /// Spread over the nodes of the database's Citus. How many shards is chosen once; nil for what is there, or 32.
        case citus(shards: Int?)
    }

    /// Brings the schema to this version's, all in one transaction, and gives the server's role its rights. Safe to run
    /// from several processes at once: the second waits and finds nothing to do. Blocks.
    ///
    /// - Parameters:
    ///   - serverRole: the role that servers log in as; made when it is not there.
    ///   - password: of a role that is made now; nil for none.
    ///   - sealKey: put into the database.
    ///   - replacesKey: whether another key that is there gives way, and with it every server that has that one.
    ///   - distribution: of tables that a Citus has already, new ones are distributed too, whatever it says.
    ///   - keep: called when nothing can be refused any more, before the database takes the key over.
    /// - Throws: `StoreError.unavailable`, `.notDurable`, `.schemaTooNew`; `.failed` with what to do; and what `keep`
    ///   throws.
    public func migrate(
        serverRole: String, password: String? = nil, sealKey: RealmSealKey, replacesKey: Bool = false,
        distribution: Distribution = .asItIs, keep: () throws(StoreError) -> Void = {}
    ) throws(StoreError) -> Report {
        let library = try PostgresDatabase.library()
        do {
            let connection = try PostgresConnection(
                library, conninfo: conninfo, preparing: PostgresConnection.PreparingMode())
            return try migrate(
                connection,
                Request(
                    role: serverRole, password: password, key: sealKey, replacesKey: replacesKey,
                    distribution: distribution), keep: keep)
        } catch let error as PostgresFailure {
            throw explained(error)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .failed(operation: "migrate the database", detail: "\(error)")
        }
    }

    private func explained(_ failure: PostgresFailure) -> StoreError {
        guard failure.state == "42501" else { return failure.storeError("migrate the database") }
        return .failed(
            operation: "migrate the database",
            detail: "\(failure.message). Migrate as a role that may create schemas in this database, and roles if the "
                + "server's is new; nothing was changed")
    }

    private struct Request {
        var role: String
        var password: String?
        var key: RealmSealKey
        var replacesKey: Bool
        var distribution: Distribution
    }

    /// Any number, the same in all versions: who migrates holds this lock.
    private static let lock = 0x42_49_4E_43_41_52_44

    private static let beginAlone =
        "BEGIN; SET LOCAL lock_timeout = '5min'; SELECT pg_advisory_xact_lock(\(lock))"

    private static let server = SQL(
        """
        SELECT current_setting('server_version_num')::bigint, current_setting('fsync'),
            current_setting('full_page_writes'), current_setting('synchronous_commit')
        """)

    private static let found = SQL("SELECT coalesce(max(version), 0)::bigint FROM bincard_private.migration")

    private static let note = SQL("INSERT INTO bincard_private.migration (version, name) VALUES ($1, $2)")

    private static let role = SQL("SELECT 1 FROM pg_roles WHERE rolname = $1")

    private static let knownKey = SQL("SELECT inner_key FROM bincard_private.seal WHERE single = 1")

    private static let setKey = SQL(
        """
        INSERT INTO bincard_private.seal (single, inner_key, outer_key) VALUES (1, $1, $2)
        ON CONFLICT (single) DO UPDATE SET inner_key = excluded.inner_key, outer_key = excluded.outer_key
        """)

    private func migrate(
        _ connection: PostgresConnection, _ request: Request, keep: () throws(StoreError) -> Void
    ) throws -> Report {
        if let row = try connection.run(Self.server).first, let fault = Fitness.durabilityFault(row) { throw fault }
        try connection.execute(Self.beginAlone)
        defer { try? connection.rollBack() }
        let citus = CitusDistribution(connection: connection, role: request.role)
        let shards = try shards(request.distribution, citus)
        try connection.execute("SET LOCAL client_min_messages = warning; " + PostgresMigrations.record)
        let from = Int(try connection.run(Self.found).first?.int64(0) ?? 0)
        let newest = PostgresMigrations.newest
        if from > newest { throw StoreError.schemaTooNew(found: from, known: newest) }
        for step in PostgresMigrations.all where step.version > from {
            try connection.execute(step.sql)
            for table in step.tables { try connection.execute(Fence.around(table.name)) }
            var parameters = Parameters()
            parameters.add(int32: Int32(step.version))
            parameters.add(step.name)
            _ = try connection.run(Self.note, parameters)
        }
        let missing = shards == nil ? [] : try citus.missing()
        let changing = !missing.isEmpty || from < newest ? shards : nil
        if let changing { try citus.prepare(missing, shards: changing) }
        var name = Parameters()
        name.add(request.role)
        let isNew = try connection.run(Self.role, name).isEmpty
        let verifier = try request.password.map { try connection.verifier(of: $0, for: request.role) }
        try connection.execute(
            Grants.statements(to: request.role, isNew: isNew, verifier: verifier, isDistributed: shards != nil))
        if let changing { try citus.distribute(missing, shards: changing) }
        try set(request.key, replacing: request.replacesKey, on: connection)
        if let fault = try ServerRole.fault(of: request.role, "migrate the database", on: connection) { throw fault }
        try keep()
        try connection.execute("COMMIT")
        if shards != nil {
            // Alone again: what another migration says of the role meets what is said of it on the nodes.
            try connection.execute(Self.beginAlone)
            try citus.admit(request.key)
            try connection.execute("COMMIT")
        }
        return Report(from: from, to: newest, serverRole: request.role, madeRole: isNew, shards: shards)
    }

    /// Into how many shards the tables are, or shall be, divided; nil for none.
    private func shards(_ distribution: Distribution, _ citus: CitusDistribution) throws -> Int? {
        let present = try citus.shards()
        guard case .citus(let asked) = distribution else {
            if present != nil { try citus.requireCitus() }
            return present
        }
        try citus.requireCitus()
        if let asked, let present, asked != present {
            throw StoreError.failed(
                operation: "distribute the tables",
                detail:
                    "they are divided into \(present) shards already, which stays; leave --shards away. Nothing was "
                    + "changed")
        }
        let shards = present ?? asked ?? CitusDistribution.usualShards
        guard (1...64_000).contains(shards) else {
            throw StoreError.failed(
                operation: "distribute the tables", detail: "from 1 to 64000 shards, not \(shards). Nothing was changed"
            )
        }
        return shards
    }

    private func set(_ seal: RealmSealKey, replacing: Bool, on connection: PostgresConnection) throws {
        let (inner, outer) = seal.padded
        if let row = try connection.run(Self.knownKey).first, row.bytes(0) != inner, !replacing {
            throw StoreError.failed(
                operation: "migrate the database",
                detail:
                    "the database knows another key than this data directory, and every server that has it would be "
                    + "shut out. Copy that key here (database.key of the directory that was used before, or "
                    + "BINCARD_DATABASE_KEY), or replace it with --replace-key; nothing was changed")
        }
        var key = Parameters()
        key.add(inner)
        key.add(outer)
        _ = try connection.run(Self.setKey, key)
    }
}
