public import LedgerCore
public import LedgerStorage

/// Tenants and keys, shared by all servers of the database.
public final class PostgresControlStore: ControlStore {
    private let pool: ConnectionPool
    private let context: RealmContext

    init(pool: ConnectionPool, context: RealmContext) {
        self.pool = pool
        self.context = context
    }

    public func realm(tenant: String, mode: Mode, at now: Instant, makeID: () -> ULID) throws(StoreError) -> Realm {
        if let realm = try self.realm(tenant: tenant, mode: mode) { return realm }
        let id = makeID()
        try write("make a realm") { parameters in
            var tenantOnly = parameters
            tenantOnly.add(tenant)
            tenantOnly.add(now)
            var all = parameters
            all.add(tenant)
            all.add(mode.rawValue)
            all.add(id)
            all.add(now)
            return [
                Statement(ControlStatements.insertTenant, tenantOnly), Statement(ControlStatements.insertRealm, all),
            ]
        }
        // Another process may have made it at the same time: then its id counts.
        guard let realm = try self.realm(tenant: tenant, mode: mode) else {
            throw .failed(operation: "make a realm", detail: "\(tenant) \(mode.rawValue) is not there")
        }
        return realm
    }

    private func realm(tenant: String, mode: Mode) throws(StoreError) -> Realm? {
        let rows = try read("read a realm", ControlStatements.realm) {
            $0.add(tenant)
            $0.add(mode.rawValue)
        }
        return try rows.first.map { (row) throws(StoreError) in try ControlStatements.realm(row, from: 0) }
    }

    public func realms() throws(StoreError) -> [Realm] {
        let rows = try read("read the realms", ControlStatements.realms) { _ in }
        var realms: [Realm] = []
        for row in rows.rows { realms.append(try ControlStatements.realm(row, from: 0)) }
        return realms
    }

    public func removeRealm(_ realm: Realm) throws(StoreError) {
        try write("remove a realm") { parameters in
            var id = parameters
            id.add(realm.id)
            var tenant = parameters
            tenant.add(realm.tenant)
            return [
                Statement(ControlStatements.deleteKeysOfRealm, id), Statement(ControlStatements.deleteRealm, id),
                Statement(ControlStatements.deleteTenantWithoutRealms, tenant),
            ]
        }
    }

    public func insert(_ key: APIKey) throws(StoreError) {
        guard try realm(tenant: key.realm.tenant, mode: key.realm.mode) == key.realm else {
            throw .notFound("realm \(key.realm.tenant) \(key.realm.mode.rawValue)")
        }
        try write("insert a key") { parameters in
            var parameters = parameters
            ControlStatements.add(key, to: &parameters)
            return [Statement(ControlStatements.insertKey, parameters)]
        }
    }

    public func key(_ id: ULID) throws(StoreError) -> APIKey? {
        let rows = try read("read a key", ControlStatements.key) { $0.add(id) }
        return try rows.first.map { (row) throws(StoreError) in try ControlStatements.key(row) }
    }

    public func keys(tenant: String?) throws(StoreError) -> [APIKey] {
        let rows = try read("read the keys", ControlStatements.keys) {
            if let tenant { $0.add(tenant) } else { $0.addNull() }
        }
        var keys: [APIKey] = []
        for row in rows.rows { keys.append(try ControlStatements.key(row)) }
        return keys
    }

    public func setExpiry(of key: ULID, to moment: Instant) throws(StoreError) -> APIKey? {
        try write("set a key's end") { parameters in
            var parameters = parameters
            parameters.add(key)
            parameters.add(moment)
            return [Statement(ControlStatements.setExpiry, parameters)]
        }
        return try self.key(key)
    }

    public func version() throws(StoreError) -> Int64 {
        try read("look for changes", ControlStatements.version) { _ in }.first?.int64(0) ?? 0
    }

    public func installationSecret(make: () -> [UInt8]) throws(StoreError) -> [UInt8] {
        if let secret = try secret() { return secret }
        let made = make()
        try write("make the installation's secret") { parameters in
            var parameters = parameters
            parameters.add(made)
            return [Statement(ControlStatements.insertSecret, parameters)]
        }
        guard let secret = try secret() else {
            throw .failed(operation: "make the installation's secret", detail: "it is not there")
        }
        return secret
    }

    private func secret() throws(StoreError) -> [UInt8]? {
        try read("read the installation's secret", ControlStatements.secret) { _ in }.first?.bytesIfPresent(0)
    }

    /// The connections are the database's, which is closed on its own.
    public func close() {}

    private func read(
        _ operation: String, _ sql: SQL, _ bind: (inout Parameters) -> Void
    ) throws(StoreError) -> PostgresRows {
        var parameters = context.parameters
        bind(&parameters)
        return try pool.read(operation, [context.entering, Statement(sql, parameters)])[1]
    }

    /// Statements that are one transaction with a step of the version, so that every server looks again.
    private func write(
        _ operation: String, _ statements: (_ parameters: Parameters) -> [Statement]
    ) throws(StoreError) {
        _ = try pool.write(
            operation,
            [Statement(CommitStatements.begin), context.entering] + statements(context.parameters)
                + [Statement(ControlStatements.step, context.parameters), Statement(CommitStatements.commit)])
    }
}
