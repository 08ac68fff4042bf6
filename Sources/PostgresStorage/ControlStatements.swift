import LedgerCore
import LedgerStorage

/// Tenants, their realms and keys. `$1` is the realm of zeros throughout.
enum ControlStatements {
    static let insertTenant = SQL(
        "insert_tenant",
        "INSERT INTO bincard.tenant (realm, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (realm, name) DO NOTHING")

    static let insertRealm = SQL(
        "insert_realm",
        """
        INSERT INTO bincard.tenant_realm (realm, tenant, mode, id, created_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (realm, tenant, mode) DO NOTHING
        """)

    static let realm = SQL(
        "realm", "SELECT id, tenant, mode FROM bincard.tenant_realm WHERE realm = $1 AND tenant = $2 AND mode = $3")

    static let realms = SQL(
        "realms", "SELECT id, tenant, mode FROM bincard.tenant_realm WHERE realm = $1 ORDER BY tenant, mode")

    static let deleteRealm = SQL("delete_realm", "DELETE FROM bincard.tenant_realm WHERE realm = $1 AND id = $2")

    static let deleteKeysOfRealm = SQL(
        "delete_keys", "DELETE FROM bincard.api_key WHERE realm = $1 AND for_realm = $2")

    static let deleteTenantWithoutRealms = SQL(
        "delete_tenant",
        """
        DELETE FROM bincard.tenant WHERE realm = $1 AND name = $2
            AND NOT EXISTS (SELECT 1 FROM bincard.tenant_realm WHERE realm = $1 AND tenant = $2)
        """)

    static let insertKey = SQL(
        "insert_key",
        """
        INSERT INTO bincard.api_key
            (realm, id, for_realm, name, scopes, secret_hash, rate, burst, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """)

    private static let keyColumns = """
        SELECT key.id, key.name, key.scopes, key.secret_hash, key.rate, key.burst, key.created_at, key.expires_at,
            owner.id, owner.tenant, owner.mode
        FROM bincard.api_key AS key JOIN bincard.tenant_realm AS owner
            ON owner.realm = key.realm AND owner.id = key.for_realm
        WHERE key.realm = $1
        """

    static let key = SQL("key", "\(keyColumns) AND key.id = $2")

    static let keys = SQL(
        "keys", "\(keyColumns) AND ($2::text IS NULL OR owner.tenant = $2) ORDER BY key.created_at, key.id")

    static let setExpiry = SQL("set_expiry", "UPDATE bincard.api_key SET expires_at = $3 WHERE realm = $1 AND id = $2")

    static let insertSecret = SQL(
        "insert_secret",
        """
        INSERT INTO bincard.installation (realm, secret, version) VALUES ($1, $2, 1)
        ON CONFLICT (realm) DO UPDATE SET secret = coalesce(installation.secret, excluded.secret)
        """)

    static let secret = SQL("secret", "SELECT secret FROM bincard.installation WHERE realm = $1")

    static let version = SQL("control_version", "SELECT version FROM bincard.installation WHERE realm = $1")

    static let step = SQL(
        "control_step",
        """
        INSERT INTO bincard.installation (realm, version) VALUES ($1, 1)
        ON CONFLICT (realm) DO UPDATE SET version = installation.version + 1
        """)

    static func add(_ key: APIKey, to parameters: inout Parameters) {
        parameters.add(key.id)
        parameters.add(key.realm.id)
        parameters.add(key.name)
        parameters.add(Scope.allCases.filter(key.scopes.contains).map(\.rawValue).joined(separator: " "))
        parameters.add(key.secretHash)
        parameters.add(key.limit.map { Int64($0.rate) })
        parameters.add(key.limit.map { Int64($0.burst) })
        parameters.add(key.createdAt)
        parameters.add(key.expiresAt?.milliseconds)
    }

    static func realm(_ row: PostgresRow, from column: Int32) throws(StoreError) -> Realm {
        guard let mode = Mode(rawValue: row.text(column + 2)) else {
            throw .corrupt(seq: nil, detail: "unknown mode \(row.text(column + 2)) of a realm")
        }
        return Realm(id: try row.id(column), tenant: row.text(column + 1), mode: mode)
    }

    static func key(_ row: PostgresRow) throws(StoreError) -> APIKey {
        var limit: RateLimit?
        if let rate = row.int64IfPresent(4), let burst = row.int64IfPresent(5) {
            limit = RateLimit(rate: Int(clamping: rate), burst: Int(clamping: burst))
        }
        return APIKey(
            id: try row.id(0), realm: try realm(row, from: 8), name: row.text(1),
            // A scope that this version does not know gives no right.
            scopes: Set(row.text(2).split(separator: " ").compactMap { Scope(rawValue: String($0)) }),
            secretHash: try row.digest(3), limit: limit, createdAt: row.instant(6),
            expiresAt: row.instantIfPresent(7))
    }
}
