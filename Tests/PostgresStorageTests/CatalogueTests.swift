import PostgresServer
import PostgresStorage
import Testing

@Suite("the fence as PostgreSQL's catalogue has it", .serialized)
struct CatalogueTests {
    @Test("every table is fenced, and the server's role owns nothing and may do what is listed and no more")
    func complete() throws {
        let fixture = try Fixture()
        let database = fixture.testDatabase
        #expect(try Catalogue.complaints(database.server, database.ownerURL) == [])
        #expect(PostgresMigrations.rights.count >= 20)
        #expect(PostgresMigrations.rights["block"] == ["SELECT", "INSERT"])
    }

    @Test("each gap in the fence is complained of")
    func gaps() throws {
        let fixture = try Fixture()
        let database = fixture.testDatabase
        let role = TestDatabase.role
        let gaps: [(sql: String, complaint: String)] = [
            ("CREATE TABLE bincard.bare (number int)", "bare has no row-level security"),
            ("", "bare does not force row-level security on its owner"), ("", "bare has no policy"),
            ("", "bare has no primary key"), ("", "bare has no column realm that is a uuid and never NULL"),
            ("", "statistics are kept of bare.number"),
            (
                "CREATE INDEX bare_number ON bincard.bare (number)",
                "an index of bare does not begin with realm: bincard.bare_number"
            ),
            ("INSERT INTO bincard.bare SELECT 1; ANALYZE bincard.bare", "statistics are there of bare"),
            (
                "ALTER TABLE bincard.lane NO FORCE ROW LEVEL SECURITY",
                "lane does not force row-level security on its owner"
            ),
            (
                "DROP POLICY realm ON bincard.item; CREATE POLICY p ON bincard.item USING ((SELECT bincard.current_realm()) = ANY (ARRAY[realm])) WITH CHECK (true)",
                "item has a policy that is not the fence: p"
            ),
            (
                "DROP POLICY realm ON bincard.location; CREATE POLICY realm ON bincard.location USING (realm = (SELECT bincard.current_realm())) WITH CHECK (realm = (SELECT bincard.current_realm()))",
                "location has a policy that is not the fence: realm"
            ),
            ("CREATE POLICY extra ON bincard.head USING (true)", "head has a policy that is not the fence: extra"),
            (
                "CREATE TABLE bincard.part (realm uuid NOT NULL) PARTITION BY HASH (realm); CREATE TABLE bincard.part_0 PARTITION OF bincard.part FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
                "part_0 has no row-level security"
            ),
            ("ALTER TABLE bincard.tenant ALTER name SET STATISTICS 10", "statistics are kept of tenant.name"),
            ("GRANT DELETE ON bincard.block TO \(role)", "the server may DELETE block"),
            ("GRANT SELECT ON bincard.bare TO PUBLIC", "the server may SELECT bare"),
            ("REVOKE INSERT ON bincard.location FROM \(role)", "the server may not INSERT location"),
            ("GRANT UPDATE (data) ON bincard.block TO \(role)", "rights are given to a column: block.data"),
            ("ALTER TABLE bincard.webhook OWNER TO \(role)", "the server owns something: table bincard.webhook"),
            ("GRANT USAGE ON SCHEMA bincard_private TO \(role)", "the server may look into bincard_private"),
            ("GRANT SELECT ON bincard_private.seal TO \(role)", "the server may read bincard_private.seal"),
            ("GRANT CREATE ON SCHEMA public TO PUBLIC", "the server may create in the schema public"),
            ("GRANT TEMPORARY ON DATABASE \(database.name) TO \(role)", "the server may TEMPORARY in the database"),
            ("GRANT CREATE ON DATABASE \(database.name) TO \(role)", "the server may CREATE in the database"),
            (
                "CREATE FUNCTION bincard.loose() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
                "a function runs as its owner with a search path of its caller: bincard.loose()"
            ),
            ("", "everybody may execute bincard.loose()"),
            (
                "CREATE VIEW bincard.seen AS SELECT * FROM bincard.block",
                "a relation that row-level security does not fence: bincard.seen"
            ),
            ("CREATE SEQUENCE bincard.counter", "a relation that row-level security does not fence: bincard.counter"),
            (
                "ALTER TABLE bincard.block DISABLE TRIGGER block_is_never_changed",
                "the journal lacks its trigger block_is_never_changed"
            ),
        ]
        try database.server.psql(
            gaps.map(\.sql).filter { !$0.isEmpty }.joined(separator: ";\n"), url: database.ownerURL)
        let complaints = try Catalogue.complaints(database.server, database.ownerURL)
        for gap in gaps { #expect(complaints.contains(gap.complaint), "\(gap.complaint): \(complaints)") }
    }

    @Test("a server does not start on a role from which one of these gaps could be made")
    func roles() throws {
        let fixture = try Fixture()
        let (server, name) = (fixture.testDatabase.server, fixture.testDatabase.name)
        let rights = "GRANT \(TestDatabase.role) TO"
        let roles: [(name: String, sql: String, says: String)] = [
            ("owner", "", "is a superuser"),
            ("by_passing", "ALTER ROLE by_passing BYPASSRLS", "bypasses row-level security"),
            ("role_maker", "ALTER ROLE role_maker CREATEROLE", "may change other roles"),
            ("copier", "ALTER ROLE copier REPLICATION", "may copy the whole server"),
            ("hidden_owner", "ALTER ROLE hidden_owner NOINHERIT; GRANT owner TO hidden_owner", "may become, owner"),
            ("reader", "GRANT pg_read_all_data TO reader", "pg_read_all_data"),
            ("file_reader", "GRANT pg_read_server_files TO file_reader", "pg_read_server_files"),
            ("creator", "GRANT CREATE ON SCHEMA public TO creator", "may create objects in the schema public"),
            ("temporary", "GRANT TEMPORARY ON DATABASE \(name) TO temporary", "may create temporary tables"),
            ("schema_maker", "GRANT CREATE ON DATABASE \(name) TO schema_maker", "may create schemas"),
            ("key_reader", "GRANT USAGE ON SCHEMA bincard_private TO key_reader", "bincard_private"),
            ("no_rights", "-", "has no rights on the schema"),
            ("actor", "ALTER ROLE actor SET role = '\(TestDatabase.role)'", "only acts as"),
        ]
        for role in roles where role.name != "owner" {
            try server.psql(
                "CREATE ROLE \(role.name) LOGIN; \(role.sql == "-" ? "" : "\(rights) \(role.name); \(role.sql)")",
                url: fixture.testDatabase.ownerURL)
        }
        for role in roles {
            let error = #expect(throws: (any Error).self, "\(role.name)") {
                _ = try PostgresDatabase(
                    conninfo: server.url(role: role.name, database: name), sealKey: Fixture.sealKey)
            }
            #expect("\(String(describing: error))".contains(role.says), "\(role.name): \(String(describing: error))")
        }
        #expect(throws: Never.self) { try fixture.otherServer().close() }
        for role in roles where role.name != "owner" {
            try server.psql("DROP OWNED BY \(role.name); DROP ROLE \(role.name)", url: fixture.testDatabase.ownerURL)
        }
    }
}
