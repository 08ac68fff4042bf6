/// The schema, step by step. A step is applied once and never changed afterwards: a correction is a further step.
package enum PostgresMigrations {
    /// One change of the schema.
    package struct Step: Sendable {
        /// 1, 2, 3 …
        package var version: Int
        /// What it brings, for whoever looks into the database.
        package var name: String
        /// What is run, as `work` says.
        package var sql: String
        /// The tables that it makes, in the schema `bincard`, with what the server may do with their rows.
        package var tables: [Table]
        package var work: Work

        package init(version: Int, name: String, sql: String, tables: [Table] = [], work: Work = .transaction) {
            self.version = version
            self.name = name
            self.sql = sql
            self.tables = tables
            self.work = work
        }
    }

    /// A table of the schema `bincard`, fenced when its step has made it.
    package struct Table: Sendable {
        package var name: String
        /// As in GRANT.
        package var rights: String

        package init(name: String, rights: String) {
            self.name = name
            self.rights = rights
        }
    }

    package static let all = [
        Step(
            version: 1, name: "ledgers, tenants, keys, deliveries",
            sql: [
                Fence.seal, RealmSchema.tables, RealmSchema.journal, ControlSchema.tables, DeliverySchema.tables,
                firstFunctions(.together),
            ].joined(separator: "\n"),
            tables: [
                Table(name: "head", rights: "SELECT, INSERT, UPDATE"),
                // Never UPDATE, DELETE or TRUNCATE: the journal.
                Table(name: "block", rights: "SELECT, INSERT"),
                Table(name: "item", rights: "SELECT, INSERT, UPDATE"),
                Table(name: "location", rights: "SELECT, INSERT, UPDATE"),
                Table(name: "webhook", rights: "SELECT, INSERT, UPDATE"),
                Table(name: "stock_level", rights: "SELECT, INSERT, UPDATE"),
                Table(name: "reference_segment", rights: "SELECT, INSERT"),
                Table(name: "reference_bucket", rights: "SELECT, INSERT"),
                Table(name: "idempotency_page", rights: "SELECT, INSERT, DELETE"),
                Table(name: "tenant", rights: "SELECT, INSERT, DELETE"),
                Table(name: "tenant_realm", rights: "SELECT, INSERT, DELETE"),
                Table(name: "api_key", rights: "SELECT, INSERT, UPDATE, DELETE"),
                Table(name: "installation", rights: "SELECT, INSERT, UPDATE"),
                Table(name: "key_budget", rights: "SELECT, INSERT, UPDATE, DELETE"),
                Table(name: "dispatch", rights: "SELECT, INSERT, UPDATE"),
                Table(name: "lane", rights: "SELECT, INSERT, UPDATE, DELETE"),
                Table(name: "delivery", rights: "SELECT, INSERT, UPDATE, DELETE"),
                Table(name: "attempt", rights: "SELECT, INSERT, UPDATE, DELETE"),
                Table(name: "delivery_page", rights: "SELECT, INSERT, DELETE"),
                Table(name: "endpoint_health", rights: "SELECT, INSERT, UPDATE, DELETE"),
            ]),
        Step(
            version: 2, name: "servers",
            sql: [ServersSchema.tables, ServersSchema.functions(.together)].joined(separator: "\n"),
            tables: [Table(name: "server", rights: "SELECT, INSERT, UPDATE, DELETE")]),
    ]

    /// What servers call, and what that calls.
    static func functions(_ form: FunctionForm) -> String {
        [firstFunctions(form), ServersSchema.functions(form)].joined(separator: "\n")
    }

    /// Those of the first step.
    private static func firstFunctions(_ form: FunctionForm) -> String {
        [
            RealmSchema.functions(form), ControlSchema.functions(form), DeliverySchema.lease(form),
            DeliverySchema.write(form), DeliveryRemovalSchema.functions(form),
        ].joined(separator: "\n")
    }

    /// What the server may do with the rows of each table, as in GRANT.
    package static var rights: [String: [String]] {
        var rights: [String: [String]] = [:]
        for table in all.flatMap(\.tables) {
            rights[table.name] = table.rights.split(separator: ",").map { String($0.drop { $0 == " " }) }
        }
        return rights
    }

    package static var newest: Int { all.last?.version ?? 0 }

    /// Where the database remembers what was applied. Made before the first step.
    static let record = """
        CREATE SCHEMA IF NOT EXISTS bincard_private;
        CREATE TABLE IF NOT EXISTS bincard_private.migration (
            version integer PRIMARY KEY,
            name text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        );
        """
}
