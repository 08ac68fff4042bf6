import Foundation
import LedgerCore
import LedgerStorage
import PostgresServer
import PostgresStorage
import SampleLedger

/// A database with ledgers of two tenants, alpha and beta, with rows in every table; what alpha's context is worth is
/// tried on it.
final class TwoTenants: Sendable {
    static let shared = Result { try TwoTenants(.plain) }
    private static let distributed = Result { try TwoTenants(.distributed) }

    /// The fence is another one where a Citus has the tables.
    static let forms: [Fixture.Form] = [.plain, .distributed]

    static func of(_ form: Fixture.Form) throws -> TwoTenants { try (form == .plain ? shared : distributed).get() }

    let fixture: Fixture
    let alpha: String
    let beta: String
    /// A realm that nobody has, next to beta's in every order.
    let nobody: String
    let zero = "00000000-0000-0000-0000-000000000000"
    let alphaSeal: String
    let betaSeal: String
    let tables: [String]
    /// Alpha's rows in each table.
    let counts: [Int]

    private init(_ form: Fixture.Form) throws {
        let fixture = try Fixture(form)
        self.fixture = fixture
        let control = fixture.database.openControl()
        for (seed, tenant) in [(UInt64(1), "alpha"), (2, "beta")] {
            var place: UInt64 = 0
            let realm = try control.realm(tenant: tenant, mode: .test, at: Instant(milliseconds: 1)) {
                place += 1
                return ULID(high: 0x0190_ABCD_EF00_0000 + seed, low: 0x8000_0000_0000_0010 + place)
            }
            try control.insert(
                APIKey(
                    id: ULID(high: 3, low: seed), realm: realm, name: "key of \(tenant)", scopes: [],
                    secretHash: SealedHead.start.hash, limit: nil, createdAt: Instant(milliseconds: 1),
                    expiresAt: nil))
            let store = fixture.database.openRealm(realm)
            _ = try store.open()
            let sample = SampleLedger(seed: seed, items: 5, locations: 2, blocks: seed == 1 ? 7 : 12)
            try sample.write(to: store)
            try store.commit(CommitUnit(projection: sample.projection))
            store.close()
            let deliveries = fixture.database.openDeliveries(realm)
            _ = try deliveries.open()
            try deliveries.commit(DeliveryRows.unit(of: 1, count: seed == 1 ? 20 : 40))
            deliveries.close()
        }
        _ = try control.installationSecret { [UInt8](repeating: 9, count: 32) }
        func ask(_ sql: String) throws -> String {
            try fixture.testDatabase.server.psql(sql, url: fixture.testDatabase.ownerURL)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        try ask("INSERT INTO bincard.key_budget VALUES ('\(zero)', '\(zero)', 3, 3)")
        try ask("INSERT INTO bincard.server VALUES ('\(zero)', '\(zero)', 'http://10.0.0.1:8080', 3)")
        func id(_ tenant: String) throws -> String {
            try ask("SELECT id FROM bincard.tenant_realm WHERE tenant = '\(tenant)'")
        }
        func seal(_ realm: String) throws -> String {
            try ask(
                """
                SELECT encode(sha256(outer_key || sha256(inner_key || convert_to('\(realm)', 'UTF8'))), 'hex')
                FROM bincard_private.seal
                """)
        }
        (alpha, beta) = (try id("alpha"), try id("beta"))
        (alphaSeal, betaSeal) = (try seal(alpha), try seal(beta))
        nobody = String(beta.dropLast()) + (beta.hasSuffix("f") ? "e" : "f")
        let tables = try ask(
            """
            SELECT relname FROM pg_class WHERE relnamespace = 'bincard'::regnamespace AND relkind IN ('r', 'p')
            ORDER BY relname
            """
        ).split(separator: "\n").map(String.init)
        self.tables = tables
        try ask("ANALYZE")
        let alpha = alpha
        counts = try tables.map { Int(try ask("SELECT count(*) FROM bincard.\($0) WHERE realm = '\(alpha)'")) ?? -1 }
    }

    /// The login of servers.
    var login: Login { Login(url: fixture.testDatabase.url) }

    func ask(_ sql: String) throws -> String {
        try fixture.testDatabase.server.psql(sql, url: fixture.testDatabase.ownerURL)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Begins a transaction of a realm, or with what is given for one.
    func context(_ text: String) -> String {
        "BEGIN; SET LOCAL bincard.realm = '\(text)';\n"
    }

    var alphaContext: String { context("\(alpha).\(alphaSeal)") }
    var betaContext: String { context("\(beta).\(betaSeal)") }

    /// All rows of all tables but alpha's.
    func digestOfOthers() throws -> String {
        try ask(
            tables.map {
                "SELECT md5(coalesce(string_agg(t::text, ' ' ORDER BY t::text), '')) FROM bincard.\($0) AS t "
                    + "WHERE realm <> '\(alpha)'"
            }.joined(separator: " UNION ALL "))
    }

    /// Alpha's journal and projections.
    func digestOfAlpha() throws -> String {
        try ask(
            tables.map {
                "SELECT md5(coalesce(string_agg(t::text, ' ' ORDER BY t::text), '')) FROM bincard.\($0) AS t "
                    + "WHERE realm = '\(alpha)'"
            }.joined(separator: " UNION ALL "))
    }

    /// A query for the number of rows in each table that meet a condition.
    func countEach(_ condition: String = "true") -> String {
        tables.map { "SELECT count(*) FROM bincard.\($0) WHERE \(condition)" }.joined(separator: " UNION ALL ")
    }
}
