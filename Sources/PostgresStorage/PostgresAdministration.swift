import LedgerCore
public import LedgerStorage

/// What the owner of the database does: brings the schema up to date and lets a server in.
public struct PostgresAdministration: Sendable {
    private let conninfo: String
    private let steps: [PostgresMigrations.Step]
    private let patience: MigrationPatience

    /// - Parameter conninfo: as libpq takes it, of a role that may create schemas and, for a new server role, roles.
    ///   PostgreSQL's own address, not a pooler's.
    public init(conninfo: String) { self.init(conninfo: conninfo, steps: PostgresMigrations.all) }

    /// - Parameter steps: of the schema, all of them, by their versions.
    package init(
        conninfo: String, steps: [PostgresMigrations.Step], patience: MigrationPatience = MigrationPatience()
    ) {
        self.conninfo = conninfo
        self.steps = steps
        self.patience = patience
    }

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

    /// Brings the schema to this version's and gives the server's role its rights. Safe to run from several processes
    /// at once: the second waits and finds nothing to do. Servers may run meanwhile, and none of their writes waits
    /// longer than a moment. Blocks.
    ///
    /// What is missing is one transaction, unless a step takes its time (`PostgresMigrations.Work`): then it is one up
    /// to there, that step, and so on. Stopped at any moment, the database is at the last step that was finished, and
    /// the next run goes on.
    ///
    /// - Parameters:
    ///   - serverRole: the role that servers log in as; made when it is not there.
    ///   - password: of a role that is made now; nil for none.
    ///   - sealKey: put into the database.
    ///   - replacesKey: whether another key that is there gives way, and with it every server that has that one.
    ///   - distribution: of tables that a Citus has already, new ones are distributed too, whatever it says.
    ///   - keep: called when nothing can be refused any more, before the database takes the key over.
    ///   - progress: told how far a step is that takes its time.
    /// - Throws: `StoreError.unavailable`, `.notDurable`, `.schemaTooNew`; `.failed` with what to do; and what `keep`
    ///   throws.
    public func migrate(
        serverRole: String, password: String? = nil, sealKey: RealmSealKey, replacesKey: Bool = false,
        distribution: Distribution = .asItIs, keep: () throws(StoreError) -> Void = {},
        progress: @escaping (_ step: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
    ) throws(StoreError) -> Report {
        let library = try PostgresDatabase.library()
        let preparing = PostgresConnection.PreparingMode()
        let migration = Migration(
            steps: steps,
            server: MigrationServer(
                role: serverRole, password: password, sealKey: sealKey, replacesKey: replacesKey,
                distribution: distribution),
            patience: patience,
            connect: { [conninfo] () throws(PostgresFailure) in
                try PostgresConnection(library, conninfo: conninfo, preparing: preparing)
            }, progress: progress)
        do {
            return try migration.run(keep: keep)
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
}
