public import LedgerCore
public import LedgerStorage

/// A PostgreSQL that holds an installation: any number of servers may share it.
public final class PostgresDatabase: Sendable {
    let pool: ConnectionPool
    private let sealKey: RealmSealKey
    private let signals: HeadSignals
    private let commits: CommitGroups

    /// Connects and makes sure that the database is what a ledger needs. Blocks.
    ///
    /// - Parameters:
    ///   - conninfo: a URI or keywords and values, as libpq takes them.
    ///   - sealKey: the key that `PostgresAdministration.migrate` has put into the database.
    ///   - connections: how many may be open at the same time.
    ///   - commits: transactions of ledgers' writes that may be under way at the same time, each of as many ledgers as
    ///     are ready.
    /// - Throws: `StoreError.unavailable` when it can't be reached; `.notDurable`, `.schemaTooNew`, `.failed` with what
    ///   to do when it is not fit.
    public init(
        conninfo: String, sealKey: RealmSealKey, connections: Int = 24, commits: Int = 2
    ) throws(StoreError) {
        let library = try PostgresDatabase.library()
        pool = ConnectionPool(library, conninfo: conninfo, maximum: connections)
        self.commits = CommitGroups(pool: pool, most: commits)
        self.sealKey = sealKey
        let preparing = PostgresConnection.PreparingMode()
        signals = HeadSignals(pool: pool, key: sealKey) { () throws(PostgresFailure) in
            try PostgresConnection(library, conninfo: conninfo, preparing: preparing)
        }
        do throws(StoreError) {
            try Fitness.require(of: pool, sealedBy: seal(of: .zero))
        } catch {
            pool.close()
            throw error
        }
    }

    /// libpq, or what to do to have it.
    static func library() throws(StoreError) -> LibPQ {
        guard let library = LibPQ.shared else {
            throw .failed(
                operation: "load libpq",
                detail: "libpq.so.5 (version 14 or later) is not installed. Install it (Debian: `apt-get install "
                    + "libpq5`), or serve from SQLite without --database")
        }
        return library
    }

    func seal(of realm: ULID) -> RealmContext { RealmContext(realm: realm, seal: sealKey.seal(realm)) }

    /// The realm's ledger. Nothing is read yet.
    public func openRealm(_ realm: Realm) -> PostgresRealmStore {
        let name = signals.name(of: realm.id)
        return PostgresRealmStore(pool: pool, commits: commits, context: seal(of: realm.id)) { [signals] in
            signals.hasGrown(name)
        }
    }

    /// The realm's deliveries. Nothing is read, and no lease taken, before the store's own `open`.
    public func openDeliveries(_ realm: Realm) -> PostgresDeliveryStore {
        PostgresDeliveryStore(
            pool: pool, context: seal(of: realm.id), name: "\(realm.tenant) \(realm.mode.rawValue)")
    }

    /// Tenants and keys.
    public func openControl() -> PostgresControlStore {
        PostgresControlStore(pool: pool, context: seal(of: .zero))
    }

    /// Budgets of keys, shared by all servers.
    public func openBudgets() -> PostgresBudgetStore { PostgresBudgetStore(pool: pool, context: seal(of: .zero)) }

    /// The servers of the database.
    public func openServers() -> PostgresServerDirectory {
        PostgresServerDirectory(pool: pool, context: seal(of: .zero), key: sealKey)
    }

    /// Begins to tell other servers which ledgers have grown, and calls `body` with what they tell: names as
    /// `signalName(of:)` makes them, or nil when anything may have grown, which is once a second. On a thread of its
    /// own.
    public func exchangeSignals(_ body: @escaping @Sendable (_ names: Set<String>?) -> Void) { signals.start(body) }

    /// What a realm is called in `exchangeSignals`.
    public func signalName(of realm: ULID) -> String { signals.name(of: realm) }

    /// Closes all connections. What was opened from here fails from then on.
    public func close() {
        signals.stop()
        pool.close()
    }
}

/// For which realm a transaction is, with the proof that it may be.
struct RealmContext: Sendable {
    var realm: ULID
    var seal: String

    private static let enter = SQL("enter", "SELECT bincard.enter($1, $2)")

    /// Goes before statements that stand for themselves, in the same round trip.
    var entering: Statement {
        var parameters = Parameters()
        parameters.add(realm)
        parameters.add(seal)
        return Statement(RealmContext.enter, parameters)
    }

    /// Begins the parameters of a statement whose `$1` is the realm.
    var parameters: Parameters {
        var parameters = Parameters()
        parameters.add(realm)
        return parameters
    }

    /// Begins the parameters of a function that enters the realm itself: `$1` the realm, `$2` its seal.
    var sealedParameters: Parameters {
        var parameters = self.parameters
        parameters.add(seal)
        return parameters
    }
}
