import LedgerCore
import LedgerStorage

/// Whom a schema is for: the role that servers log in as, and the key with which they seal realms.
struct MigrationServer {
    var role: String
    /// Of a role that is made now; nil for none.
    var password: String?
    var sealKey: RealmSealKey
    /// Whether another key that is there gives way.
    var replacesKey: Bool
    /// Where the tables shall be.
    var distribution: PostgresAdministration.Distribution

    private static let isThere = SQL("SELECT 1 FROM pg_roles WHERE rolname = $1")

    private static let knownKey = SQL("SELECT inner_key FROM bincard_private.seal WHERE single = 1")

    private static let putKey = SQL(
        """
        INSERT INTO bincard_private.seal (single, inner_key, outer_key) VALUES (1, $1, $2)
        ON CONFLICT (single) DO UPDATE SET inner_key = excluded.inner_key, outer_key = excluded.outer_key
        """)

    func context(of realm: ULID) -> RealmContext { RealmContext(realm: realm, seal: sealKey.seal(realm)) }

    /// Gives the role its rights, the database the key, and makes sure that tenants are kept apart. Part of a
    /// transaction.
    ///
    /// - Parameters:
    ///   - steps: those that are applied.
    ///   - isChanged: whether one of them was applied just now.
    ///   - shards: into how many shards a Citus divides the tables; nil for none.
    /// - Returns: whether the role was made now.
    func letIn(
        to steps: [PostgresMigrations.Step], isChanged: Bool, shards: Int?, on connection: PostgresConnection
    ) throws -> Bool {
        let tables = steps.flatMap(\.tables)
        let citus = CitusDistribution(connection: connection, role: role)
        let missing = shards == nil ? [] : try citus.missing(of: tables.map(\.name))
        let changing = !missing.isEmpty || isChanged ? shards : nil
        if let changing { try citus.prepare(missing, shards: changing) }
        var name = Parameters()
        name.add(role)
        let isNew = try connection.run(Self.isThere, name).isEmpty
        let verifier = try password.map { try connection.verifier(of: $0, for: role) }
        try connection.execute(
            Grants.statements(to: role, on: tables, isNew: isNew, verifier: verifier, isDistributed: shards != nil))
        if let changing { try citus.distribute(missing, shards: changing) }
        try setKey(on: connection)
        if let fault = try ServerRole.fault(of: role, "migrate the database", on: connection) { throw fault }
        return isNew
    }

    private func setKey(on connection: PostgresConnection) throws {
        let (inner, outer) = sealKey.padded
        if let row = try connection.run(Self.knownKey).first, row.bytes(0) != inner, !replacesKey {
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
        _ = try connection.run(Self.putKey, key)
    }

    /// Into how many shards the tables are, or shall be, divided; nil for none.
    func shards(_ citus: CitusDistribution) throws -> Int? {
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
}
