import GRDB
import LedgerCore
import LedgerStorage

/// The tables of tenants, realms and keys.
enum ControlStatements {
    static let insertTenant = "INSERT OR IGNORE INTO tenant (name, created_at) VALUES (?, ?)"

    static let insertRealm = "INSERT INTO realm (tenant, mode, id, created_at) VALUES (?, ?, ?, ?)"

    static let realm = "SELECT id, tenant, mode FROM realm WHERE tenant = ? AND mode = ?"

    static let realms = "SELECT id, tenant, mode FROM realm ORDER BY tenant, mode"

    static let deleteRealm = "DELETE FROM realm WHERE id = ?"

    static let deleteKeysOfRealm = "DELETE FROM api_key WHERE realm = ?"

    static let deleteTenantWithoutRealms = """
        DELETE FROM tenant WHERE name = ?1 AND NOT EXISTS (SELECT 1 FROM realm WHERE tenant = ?1)
        """

    static let insertKey = """
        INSERT INTO api_key (id, realm, name, scopes, secret_hash, rate, burst, created_at, expires_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    private static let keyColumns = """
        key.id, key.name, key.scopes, key.secret_hash, key.rate, key.burst, key.created_at, key.expires_at,
        realm.id, realm.tenant, realm.mode
        """

    static let key = """
        SELECT \(keyColumns) FROM api_key AS key JOIN realm ON realm.id = key.realm WHERE key.id = ?
        """

    static let keys = """
        SELECT \(keyColumns) FROM api_key AS key JOIN realm ON realm.id = key.realm
        WHERE ?1 IS NULL OR realm.tenant = ?1
        ORDER BY key.created_at, key.id
        """

    static let setExpiry = "UPDATE api_key SET expires_at = ? WHERE id = ?"

    static let insertSecret = "INSERT OR IGNORE INTO installation (only, secret) VALUES (1, ?)"

    static let secret = "SELECT secret FROM installation WHERE only = 1"

    static let dataVersion = "PRAGMA data_version"

    static func realm(tenant: String, mode: Mode, _ db: Database) throws -> Realm? {
        let statement = try BoundStatement(realm, db)
        defer { statement.finish() }
        statement.bind(tenant, at: 1)
        statement.bind(mode.rawValue, at: 2)
        return try statement.step() ? try realm(statement, from: 0) : nil
    }

    static func insert(_ realm: Realm, at now: Instant, _ db: Database) throws {
        let tenant = try BoundStatement(insertTenant, db)
        tenant.bind(realm.tenant, at: 1)
        tenant.bind(now.milliseconds, at: 2)
        try tenant.run()
        let statement = try BoundStatement(insertRealm, db)
        statement.bind(realm.tenant, at: 1)
        statement.bind(realm.mode.rawValue, at: 2)
        statement.bind(realm.id, at: 3)
        statement.bind(now.milliseconds, at: 4)
        try statement.run()
    }

    static func realms(_ db: Database) throws -> [Realm] {
        var realms: [Realm] = []
        try BoundStatement(Self.realms, db).forEachRow { realms.append(try realm($0, from: 0)) }
        return realms
    }

    static func delete(_ realm: Realm, _ db: Database) throws {
        for sql in [deleteKeysOfRealm, deleteRealm] {
            let statement = try BoundStatement(sql, db)
            statement.bind(realm.id, at: 1)
            try statement.run()
        }
        let tenant = try BoundStatement(deleteTenantWithoutRealms, db)
        tenant.bind(realm.tenant, at: 1)
        try tenant.run()
    }

    static func insert(_ key: APIKey, _ db: Database) throws {
        let statement = try BoundStatement(insertKey, db)
        statement.bind(key.id, at: 1)
        statement.bind(key.realm.id, at: 2)
        statement.bind(key.name, at: 3)
        statement.bind(Scope.allCases.filter(key.scopes.contains).map(\.rawValue).joined(separator: " "), at: 4)
        statement.bind(key.secretHash, at: 5)
        statement.bind(key.limit.map { Int64($0.rate) }, at: 6)
        statement.bind(key.limit.map { Int64($0.burst) }, at: 7)
        statement.bind(key.createdAt.milliseconds, at: 8)
        statement.bind(key.expiresAt?.milliseconds, at: 9)
        try statement.run()
    }

    static func key(_ id: ULID, _ db: Database) throws -> APIKey? {
        let statement = try BoundStatement(key, db)
        defer { statement.finish() }
        statement.bind(id, at: 1)
        return try statement.step() ? try key(statement) : nil
    }

    static func keys(tenant: String?, _ db: Database) throws -> [APIKey] {
        let statement = try BoundStatement(Self.keys, db)
        statement.bind(tenant, at: 1)
        var keys: [APIKey] = []
        try statement.forEachRow { keys.append(try key($0)) }
        return keys
    }

    static func setExpiry(of key: ULID, to moment: Instant, _ db: Database) throws {
        let statement = try BoundStatement(setExpiry, db)
        statement.bind(moment.milliseconds, at: 1)
        statement.bind(key, at: 2)
        try statement.run()
    }

    static func secret(_ db: Database) throws -> [UInt8]? {
        let statement = try BoundStatement(secret, db)
        defer { statement.finish() }
        return try statement.step() ? [UInt8](statement.blob(0)) : nil
    }

    static func insert(secret: [UInt8], _ db: Database) throws {
        let statement = try BoundStatement(insertSecret, db)
        statement.bind(secret, at: 1)
        try statement.run()
    }

    static func dataVersion(_ db: Database) throws -> Int64 {
        let statement = try BoundStatement(dataVersion, db)
        defer { statement.finish() }
        return try statement.step() ? statement.int64(0) : 0
    }

    private static func realm(_ row: BoundStatement, from column: Int32) throws -> Realm {
        guard let mode = Mode(rawValue: row.text(column + 2)) else {
            throw StoreError.corrupt(seq: nil, detail: "unknown mode \(row.text(column + 2)) in control.db")
        }
        return Realm(id: try row.id(column), tenant: row.text(column + 1), mode: mode)
    }

    private static func key(_ row: BoundStatement) throws -> APIKey {
        var limit: RateLimit?
        if let rate = row.int64IfPresent(4), let burst = row.int64IfPresent(5) {
            limit = RateLimit(rate: Int(rate), burst: Int(burst))
        }
        return APIKey(
            id: try row.id(0), realm: try realm(row, from: 8), name: row.text(1),
            // A scope that this version does not know gives no right.
            scopes: Set(row.text(2).split(separator: " ").compactMap { Scope(rawValue: String($0)) }),
            secretHash: try row.digest(3), limit: limit, createdAt: row.instant(6),
            expiresAt: row.int64IfPresent(7).map(Instant.init(milliseconds:)))
    }
}
