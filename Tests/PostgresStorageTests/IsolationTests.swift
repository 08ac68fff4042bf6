import Foundation
import PostgresServer
import Testing

@Suite("what the server's login shows of other tenants, whatever SQL it is given", .serialized)
struct IsolationTests {
    @Test("with alpha's context every table shows alpha's rows, all of them and no other", arguments: TwoTenants.forms)
    func ownRows(form: Fixture.Form) throws {
        let tenants = try TwoTenants.of(form)
        #expect(tenants.tables.count >= 20)
        let others = try tenants.ask(tenants.countEach("realm <> '\(tenants.alpha)'")).split(separator: "\n")
        #expect(!others.contains("0"), "a table without rows of others proves nothing: \(tenants.tables) \(others)")
        let answer = try tenants.login.run(tenants.alphaContext + tenants.countEach())
        #expect(answer.lines == tenants.counts.map(String.init) && answer.errors == "")
        #expect(tenants.counts.filter { $0 > 0 }.count >= 14, "\(tenants.counts)")
    }

    @Test(
        "without a context, and with any that is not sealed for just that realm, no table shows a row",
        arguments: TwoTenants.forms)
    func wrongContexts(form: Fixture.Form) throws {
        let tenants = try TwoTenants.of(form)
        let (alpha, beta, seal) = (tenants.alpha, tenants.beta, tenants.alphaSeal)
        let bare = beta.filter { $0 != "-" }
        let contexts: [(String, String)] = [
            ("an empty one", ""), ("an id alone", beta), ("an id and a dot", "\(beta)."),
            ("beta's id with alpha's seal", "\(beta).\(seal)"), ("zeros with alpha's seal", "\(tenants.zero).\(seal)"),
            ("a made-up seal", "\(beta).\(String(repeating: "0", count: 64))"),
            ("a seal of spaces", "\(beta).\(String(repeating: " ", count: 64))"),
            ("a seal of percent signs", "\(beta).\(String(repeating: "%", count: 64))"),
            ("beta's seal in capitals", "\(beta).\(tenants.betaSeal.uppercased())"),
            ("beta's seal short of a digit", "\(beta).\(tenants.betaSeal.dropLast())"),
            ("beta's seal and a digit more", "\(beta).\(tenants.betaSeal)0"),
            ("a space before", " \(beta).\(tenants.betaSeal)"), ("a space behind", "\(beta).\(tenants.betaSeal) "),
            ("beta's id in capitals", "\(beta.uppercased()).\(tenants.betaSeal)"),
            ("beta's id in braces, its seal cut to fit", "{\(bare)}  .\(tenants.betaSeal)"),
            ("alpha's id in capitals", "\(alpha.uppercased()).\(seal)"),
            ("beta's id in capitals with alpha's seal", "\(beta.uppercased()).\(seal)"),
            ("the seal first", "\(seal).\(beta)"), ("the seal twice", "\(seal).\(beta.prefix(0))\(seal.prefix(36))"),
            ("both ids", "\(alpha)\(beta).\(seal.prefix(28))"),
            ("a letter of two bytes", "\(beta.dropLast())é.\(seal)"),
            ("a seal for anything else", "\(beta).\(try tenants.sealOfAnotherText())"),
        ]
        let scripts =
            [tenants.countEach()]
            + contexts.map { tenants.context($0.1) + tenants.countEach() }
        for (answer, (name, _)) in zip(try tenants.login.run(scripts), [("none", "")] + contexts) {
            #expect(answer.lines == tenants.tables.map { _ in "0" } && answer.states == [], "\(name): \(answer)")
        }
    }

    /// One attempt from within alpha's transaction, unless its script says otherwise.
    struct Attempt {
        var sentence: String
        var sql: String
        /// What it prints.
        var output = ""
        /// How it is refused.
        var states: [String] = []
    }

    private func check(_ tenants: TwoTenants, _ attempts: [Attempt], sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        let before = try tenants.digestOfOthers()
        let answers = try tenants.login.run(attempts.map { tenants.alphaContext + $0.sql })
        for (attempt, answer) in zip(attempts, answers) {
            #expect(
                answer.output == attempt.output && answer.states == attempt.states,
                "\(attempt.sentence): \(answer.output.prefix(300)) \(answer.errors)", sourceLocation: sourceLocation)
        }
        #expect(try tenants.digestOfOthers() == before, sourceLocation: sourceLocation)
    }

    @Test(
        "reading for another realm shows nothing, in every way that a statement may read", arguments: TwoTenants.forms)
    func reads(form: Fixture.Form) throws {
        let tenants = try TwoTenants.of(form)
        let beta = tenants.beta
        let own = "\(tenants.counts[tenants.tables.firstIndex(of: "block") ?? 0])"
        try check(
            tenants,
            [
                Attempt(sentence: "by its id", sql: "SELECT * FROM bincard.block WHERE realm = '\(beta)'"),
                Attempt(
                    sentence: "by not being alpha", sql: "SELECT * FROM bincard.item WHERE realm <> '\(tenants.alpha)'"),
                Attempt(
                    sentence: "only, sampled", sql: "SELECT count(*) FROM ONLY bincard.block TABLESAMPLE SYSTEM (100)",
                    output: own),
                Attempt(
                    sentence: "by place in the file", sql: "SELECT count(*) FROM bincard.block WHERE ctid >= '(0,0)'",
                    output: own),
                Attempt(
                    sentence: "in a CTE",
                    sql: "WITH x AS MATERIALIZED (SELECT * FROM bincard.block) SELECT count(*) FROM x", output: own),
                Attempt(
                    sentence: "in a join",
                    sql: "SELECT count(*) FROM bincard.block JOIN (VALUES ('\(beta)'::uuid)) v(r) ON realm = r",
                    output: "0"
                ),
                Attempt(
                    sentence: "in a lateral join",
                    sql:
                        "SELECT x.n FROM (VALUES ('\(beta)'::uuid)) v(r), LATERAL (SELECT count(*) AS n FROM bincard.block WHERE realm = v.r) AS x",
                    output: "0"),
                Attempt(
                    sentence: "in parallel",
                    sql:
                        "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET force_parallel_mode = on; SELECT count(*) FROM bincard.block",
                    output: own),
                Attempt(
                    sentence: "without indexes",
                    sql:
                        "SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off; SELECT count(*) FROM bincard.block",
                    output: own),
                Attempt(
                    sentence: "with a lock",
                    sql: "SELECT first_seq FROM bincard.block WHERE realm = '\(beta)' FOR KEY SHARE", states: ["42501"]),
                Attempt(
                    sentence: "with a lock where one may be had",
                    sql: "SELECT seq FROM bincard.head WHERE realm = '\(beta)' FOR UPDATE"),
                Attempt(
                    sentence: "by a function that fails on what it sees",
                    sql: "SELECT count(*) FROM bincard.tenant WHERE name::int > 0", output: "0"),
                Attempt(
                    sentence: "by dividing by what it sees",
                    sql: "SELECT count(*) FROM bincard.api_key WHERE 1 / (length(name) - length(name)) > 0", output: "0"
                ),
            ])
    }

    @Test("reading for another realm shows nothing, also in rarer ways", arguments: TwoTenants.forms)
    func rarerReads(form: Fixture.Form) throws {
        let tenants = try TwoTenants.of(form)
        let beta = tenants.beta
        let own = "\(tenants.counts[tenants.tables.firstIndex(of: "block") ?? 0])"
        try check(
            tenants,
            [
                Attempt(
                    sentence: "into the catalogue of XML",
                    sql: "SELECT table_to_xml('bincard.tenant', true, true, '')::text LIKE '%beta%'", output: "f"),
                Attempt(
                    sentence: "as XML of a query",
                    sql:
                        "SELECT query_to_xml('SELECT * FROM bincard.block WHERE realm = ''\(beta)''', true, true, '')::text LIKE '%first_seq%'",
                    output: "f"),
                Attempt(
                    sentence: "as the whole schema in XML",
                    sql: "SELECT schema_to_xml('bincard', true, true, '')::text LIKE '%\(beta)%'", output: "f"),
                Attempt(
                    sentence: "for words",
                    sql: "SELECT word FROM ts_stat('SELECT to_tsvector(name) FROM bincard.tenant')"),
                Attempt(
                    sentence: "copied out",
                    sql:
                        "COPY bincard.tenant TO STDOUT; COPY (SELECT * FROM bincard.item WHERE realm = '\(beta)') TO STDOUT"
                ),
                Attempt(
                    sentence: "with row security off", sql: "SET row_security = off; SELECT * FROM bincard.block",
                    states: ["42501"]),
                Attempt(
                    sentence: "by a function of the schema",
                    sql: "SELECT bincard.head_version('\(beta)', '\(tenants.alphaSeal)')"),
                Attempt(
                    sentence: "by the news",
                    sql: "SELECT b FROM bincard.news('\(beta)', '\(tenants.alphaSeal)', 0, 0, 100, false)"),
                Attempt(
                    sentence: "by entering with another's seal",
                    sql: "SELECT bincard.enter('\(beta)', '\(tenants.alphaSeal)'); \(tenants.countEach())",
                    output: tenants.tables.map { _ in "0" }.joined(separator: "\n")),
                Attempt(
                    sentence: "in a block of code",
                    sql:
                        "DO $$ BEGIN PERFORM set_config('bincard.realm', '\(beta).\(tenants.alphaSeal)', false); IF EXISTS (SELECT FROM bincard.block) THEN RAISE 'seen'; END IF; END $$"
                ),
                Attempt(
                    sentence: "what is out of line",
                    sql: "SELECT * FROM pg_toast.pg_toast_\(try tenants.ask("SELECT 'bincard.block'::regclass::oid"))",
                    states: ["42501"]),
            ])
    }

    @Test(
        "writing for another realm is refused or finds nothing, in every way that a statement may write",
        arguments: TwoTenants.forms)
    func writes(form: Fixture.Form) throws {
        let tenants = try TwoTenants.of(form)
        let (alpha, beta) = (tenants.alpha, tenants.beta)
        func counted(_ statement: String) -> String { "WITH x AS (\(statement) RETURNING 1) SELECT count(*) FROM x" }
        try check(
            tenants,
            [
                Attempt(
                    sentence: "update by id", sql: counted("UPDATE bincard.head SET seq = 0 WHERE realm = '\(beta)'"),
                    output: "0"),
                Attempt(
                    sentence: "update all others",
                    sql: counted("UPDATE bincard.item SET data = '' WHERE realm <> '\(alpha)'"), output: "0"),
                Attempt(
                    sentence: "update by a join",
                    sql: counted(
                        "UPDATE bincard.head SET seq = 0 FROM (VALUES ('\(beta)'::uuid)) v(r) WHERE realm = r"),
                    output: "0"),
                Attempt(
                    sentence: "delete by id",
                    sql: counted("DELETE FROM bincard.idempotency_page WHERE realm = '\(beta)'"),
                    output: "0"),
                Attempt(
                    sentence: "delete a tenant", sql: counted("DELETE FROM bincard.tenant WHERE name = 'beta'"),
                    output: "0"
                ),
                Attempt(
                    sentence: "delete what it can't delete", sql: "DELETE FROM bincard.item WHERE realm = '\(beta)'",
                    states: ["42501"]),
                Attempt(
                    sentence: "give a row away", sql: "UPDATE bincard.item SET realm = '\(beta)'", states: ["42501"]),
                Attempt(
                    sentence: "insert for beta", sql: "INSERT INTO bincard.item VALUES ('\(beta)', 99, '')",
                    states: ["42501"]),
                Attempt(
                    sentence: "insert what beta has",
                    sql: "INSERT INTO bincard.item SELECT '\(beta)', number, data FROM bincard.item", states: ["42501"]),
                Attempt(
                    sentence: "insert or update",
                    sql:
                        "INSERT INTO bincard.head VALUES ('\(beta)', 1, 1, 1, 1, 1) ON CONFLICT (realm) DO UPDATE SET seq = 0",
                    states: ["42501"]),
                Attempt(
                    sentence: "insert or nothing",
                    sql: "INSERT INTO bincard.head VALUES ('\(beta)', 1, 1, 1, 1, 1) ON CONFLICT DO NOTHING",
                    states: ["42501"]),
                Attempt(
                    sentence: "merge that inserts",
                    sql:
                        "MERGE INTO bincard.item AS i USING (VALUES ('\(beta)'::uuid)) v(r) ON i.realm = r WHEN MATCHED THEN UPDATE SET data = '' WHEN NOT MATCHED THEN INSERT VALUES (r, 77, '')",
                    states: ["42501"]),
            ])
    }

    @Test("writing for another realm is refused or finds nothing, also in rarer ways", arguments: TwoTenants.forms)
    func rarerWrites(form: Fixture.Form) throws {
        let tenants = try TwoTenants.of(form)
        let (alpha, beta) = (tenants.alpha, tenants.beta)
        func counted(_ statement: String) -> String { "WITH x AS (\(statement) RETURNING 1) SELECT count(*) FROM x" }
        try check(
            tenants,
            [
                Attempt(
                    sentence: "merge that updates",
                    sql:
                        "MERGE INTO bincard.item AS i USING (VALUES ('\(beta)'::uuid)) v(r) ON i.realm = r WHEN MATCHED THEN UPDATE SET data = ''"
                ),
                Attempt(sentence: "copy in", sql: "COPY bincard.item FROM STDIN", states: ["0A000"]),
                Attempt(sentence: "empty a table", sql: "TRUNCATE bincard.item", states: ["42501"]),
                Attempt(
                    sentence: "a tenant of its own making",
                    sql: "INSERT INTO bincard.tenant VALUES ('\(tenants.zero)', 'eve', 0)", states: ["42501"]),
                Attempt(
                    sentence: "a key for beta",
                    sql:
                        "INSERT INTO bincard.api_key SELECT '\(tenants.zero)', gen_random_uuid(), '\(beta)', 'x', '', '', NULL, NULL, 0, NULL",
                    states: ["42501"]),
                Attempt(
                    sentence: "append for beta",
                    sql:
                        "SELECT bincard.append('\(beta)', '\(tenants.alphaSeal)', 1, 1, 1, 1, '\(beta)', '', '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
                ),
                Attempt(
                    sentence: "its deliveries",
                    sql: "SELECT bincard.take_dispatch('\(beta)', '\(tenants.alphaSeal)', 1, 1)", states: ["42501"]),
                Attempt(
                    sentence: "large numbers at once",
                    sql: counted(
                        "UPDATE bincard.delivery SET status = 3 WHERE realm BETWEEN '\(tenants.zero)' AND 'ffffffff-ffff-ffff-ffff-ffffffffffff' AND realm <> '\(alpha)'"
                    ), output: "0"),
            ])
    }

    @Test(
        "a login that is the server's changes nothing about who it is, what it may and what is kept",
        arguments: TwoTenants.forms)
    func powers(form: Fixture.Form) throws {
        let tenants = try TwoTenants.of(form)
        let seal = "bincard_private.seal"
        let refused = ["42501"]
        func each(_ statements: [String], _ states: [String] = ["42501"]) -> [Attempt] {
            statements.map { Attempt(sentence: $0, sql: $0, states: states) }
        }
        try check(
            tenants,
            each(
                [
                    "SELECT * FROM \(seal)", "SELECT count(*) FROM bincard_private.migration",
                    "INSERT INTO bincard_private.migration VALUES (9, 'x')", "UPDATE \(seal) SET single = 1",
                    "SET ROLE owner", "SET SESSION AUTHORIZATION owner", "ALTER ROLE bincard_server BYPASSRLS",
                    "ALTER ROLE bincard_server SUPERUSER", "CREATE ROLE eve", "GRANT owner TO bincard_server",
                    "ALTER TABLE bincard.item DISABLE ROW LEVEL SECURITY",
                    "ALTER TABLE bincard.item NO FORCE ROW LEVEL SECURITY",
                    "ALTER TABLE bincard.item OWNER TO bincard_server", "ALTER TABLE bincard.item ADD COLUMN x int",
                    "DROP POLICY realm ON bincard.item", "ALTER POLICY realm ON bincard.item USING (true)",
                    "CREATE POLICY all_of_it ON bincard.item USING (true)", "DROP TABLE bincard.item",
                    "CREATE INDEX ON bincard.item (number)",
                    "CREATE TRIGGER t AFTER INSERT ON bincard.item EXECUTE FUNCTION bincard.refuse_change()",
                    "CREATE RULE r AS ON INSERT TO bincard.item DO INSTEAD NOTHING",
                    "CREATE STATISTICS s ON realm, number FROM bincard.item",
                    "CREATE OR REPLACE FUNCTION bincard.current_realm() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
                    "ALTER FUNCTION bincard.current_realm() SECURITY INVOKER", "DROP FUNCTION bincard.current_realm()",
                    "CREATE FUNCTION bincard.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                    "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                    "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                    "CREATE FUNCTION pg_catalog.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                    "CREATE OPERATOR public.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = textcat)",
                ], refused))
    }

    @Test(
        "a login that is the server's makes nothing of its own, and reaches nothing of the machine or of others",
        arguments: TwoTenants.forms)
    func reach(form: Fixture.Form) throws {
        let tenants = try TwoTenants.of(form)
        let refused = ["42501"]
        func each(_ statements: [String], _ states: [String] = ["42501"]) -> [Attempt] {
            statements.map { Attempt(sentence: $0, sql: $0, states: states) }
        }
        try check(
            tenants,
            each(
                [
                    "CREATE VIEW public.v AS SELECT 1", "CREATE TABLE public.t (a int)",
                    "CREATE TABLE bincard.t (a int)",
                    "CREATE TEMPORARY TABLE t (a int)", "CREATE TEMPORARY VIEW v AS SELECT 1",
                    "SELECT 1 INTO TEMPORARY t",
                    "CREATE TABLE public.t (realm uuid REFERENCES bincard.head)", "CREATE DOMAIN public.d AS int",
                    "CREATE TYPE public.t AS (a int)", "CREATE SEQUENCE public.s", "CREATE SCHEMA s",
                    "CREATE SCHEMA AUTHORIZATION bincard_server",
                    "COMMIT; CREATE DATABASE d", "CREATE LANGUAGE l HANDLER plpgsql_call_handler",
                    "CREATE PUBLICATION p",
                    "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION bincard.refuse_change()",
                    "CREATE FOREIGN DATA WRAPPER w",
                    "ALTER DATABASE \(tenants.fixture.testDatabase.name) SET row_security = off",
                    "COMMIT; ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()", "CHECKPOINT",
                    "SET session_replication_role = replica", "SET session_preload_libraries = 'x'",
                    "SET log_statement = 'all'",
                    "SET zero_damaged_pages = on", "LOAD 'auto_explain'", "SELECT pg_read_file('postgresql.conf')",
                    "SELECT pg_read_binary_file('PG_VERSION')", "SELECT pg_ls_dir('.')",
                    "SELECT lo_import('/etc/passwd')",
                    "SELECT lo_export(1, '/tmp/x')", "COPY bincard.item TO PROGRAM 'cat'",
                    "COPY bincard.item TO '/tmp/x'",
                    "COPY bincard.item FROM '/etc/passwd'", "SELECT * FROM pg_statistic", "SELECT * FROM pg_authid",
                    "SELECT * FROM pg_create_logical_replication_slot('s', 'pgoutput')", "SELECT pg_switch_wal()",
                    "LOCK TABLE bincard.block IN ACCESS EXCLUSIVE MODE", "REINDEX TABLE bincard.item",
                    "CLUSTER bincard.item USING item_pkey",
                    "SELECT pg_stat_reset()", "SELECT pg_log_backend_memory_contexts(pg_backend_pid())",
                ], refused)
                + [
                    Attempt(
                        sentence: "a trusted extension", sql: "CREATE EXTENSION pgcrypto",
                        states: try tenants.extensionState("pgcrypto")),
                    Attempt(
                        sentence: "rights that it has not",
                        sql:
                            "GRANT SELECT, DELETE ON bincard.item TO PUBLIC; SELECT has_table_privilege('bincard.item', 'DELETE')",
                        output: "f"),
                    Attempt(
                        sentence: "another database's rows", sql: "SELECT * FROM dblink('', 'SELECT 1') AS t(a int)",
                        states: ["42883"]),
                    Attempt(
                        sentence: "statistics of columns",
                        sql: "SELECT count(*) FROM pg_stats WHERE schemaname = 'bincard'", output: "0"),
                    Attempt(sentence: "extended statistics", sql: "SELECT count(*) FROM pg_stats_ext", output: "0"),
                    Attempt(
                        sentence: "maintenance",
                        sql: "COMMIT; SET client_min_messages = error; ANALYZE bincard.item; VACUUM bincard.item"),
                ])
    }

    @Test("EXPLAIN says the same of a realm with rows as of one that nobody has", arguments: TwoTenants.forms)
    func estimates(form: Fixture.Form) throws {
        let tenants = try TwoTenants.of(form)
        let ways = [
            "realm = '?'", "realm IN ('?')", "realm >= '?' AND realm <= '?'", "realm = ANY (ARRAY['?'::uuid])",
            "realm::text = '?'",
            "realm = (SELECT '?'::uuid)", "NOT realm <> '?'",
            "realm IS NOT DISTINCT FROM '?'", "(realm, realm) >= ('?', '?') AND realm < '?'::uuid",
            "realm <> ALL (ARRAY['?'::uuid])",
            "realm IS NOT NULL AND realm = ANY ('{?}')", "ctid >= '(0,0)' AND realm = ANY ('{?}')",
        ]
        let settings = [
            "", "SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off;",
            "SET enable_seqscan = off; SET enable_indexscan = off; SET enable_indexonlyscan = off;",
            "SET enable_seqscan = off; SET cpu_operator_cost = 0;",
            "SET cpu_operator_cost = 1e-300; SET enable_indexscan = off; SET enable_bitmapscan = off;",
        ]
        var scripts: [String] = []
        for table in tenants.tables {
            for way in ways {
                for setting in settings {
                    let explain =
                        "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF) SELECT * FROM bincard.\(table) WHERE \(way);"
                    // The first run fills the caches.
                    scripts.append("\(tenants.alphaContext) \(setting) \\o /dev/null\n\(explain)\n\\o\n\(explain)")
                }
            }
        }
        func plans(_ realm: String) throws -> [String] {
            try tenants.login.run(
                scripts.map { $0.split(separator: "?", omittingEmptySubsequences: false).joined(separator: realm) }
            )
            .map {
                $0.output.components(separatedBy: realm).joined(separator: "?").components(separatedBy: "Planning:")[0]
            }
        }
        let (ofBeta, ofNobody) = (try plans(tenants.beta), try plans(tenants.nobody))
        for index in scripts.indices where ofBeta[index] != ofNobody[index] || !ofBeta[index].contains("rows=") {
            Issue.record("\(scripts[index])\n\(ofBeta[index])\n\(ofNobody[index])")
        }
    }

    @Test("estimates of ranges don't change with the values that others' columns have", arguments: TwoTenants.forms)
    func values(form: Fixture.Form) throws {
        let tenants = try TwoTenants.of(form)
        let thresholds = ["'a'", "'alpha'", "'b'", "'beta'", "'betb'", "'z'"]
        let scripts =
            thresholds.map { "\(tenants.alphaContext) EXPLAIN SELECT * FROM bincard.tenant WHERE name < \($0)" }
            + ["0", "5", "10", "100", "1000000"].map {
                "\(tenants.alphaContext) EXPLAIN SELECT * FROM bincard.stock_level WHERE on_hand < \($0)"
            }
        let rows = try tenants.login.run(scripts).map {
            $0.output.firstMatch(of: /rows=(\d+)/).map { String($0.output.1) }
        }
        #expect(Set(rows[0..<6]).count == 1 && Set(rows[6...]).count == 1 && !rows.contains(nil), "\(rows)")
    }

    @Test(
        "an error is the same for a row that another realm has and for one that nobody has", arguments: TwoTenants.forms
    )
    func errors(form: Fixture.Form) throws {
        let tenants = try TwoTenants.of(form)
        let statements = [
            "INSERT INTO bincard.head VALUES ('?', 1, 1, 1, 1, 1)", "INSERT INTO bincard.item VALUES ('?', 1, '')",
            "INSERT INTO bincard.head VALUES ('?', 1, 1, 1, 1, 1) ON CONFLICT DO NOTHING",
            "INSERT INTO bincard.head VALUES ('?', 1, 1, 1, 1, 1) ON CONFLICT (realm) DO UPDATE SET seq = excluded.seq",
            "UPDATE bincard.head SET realm = '?'", "SELECT bincard.take_dispatch('?', '\(tenants.alphaSeal)', 1, 1)",
            "SELECT bincard.append('?', '\(tenants.alphaSeal)', 0, 1, 1, 1, '?', '', '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
            "SELECT bincard.boundary('?', '\(tenants.alphaSeal)', 1, NULL)",
            "SELECT * FROM bincard.news('?', '\(tenants.alphaSeal)', 0, 0, 10, true)",
            "SELECT bincard.keep_dispatch('?', '\(tenants.alphaSeal)', 1, 1, true)",
        ]
        func said(_ realm: String) throws -> [String] {
            try tenants.login.run(
                statements.map { tenants.alphaContext + $0.components(separatedBy: "?").joined(separator: realm) }
            ).map { ($0.output + $0.errors).components(separatedBy: realm).joined(separator: "?") }
        }
        func plain(_ texts: [String]) -> [String] {
            // Without the name of psql's file.
            texts.map { $0.replacing(/psql:\S+/, with: "") }
        }
        #expect(plain(try said(tenants.beta)) == plain(try said(tenants.nobody)))
    }
}

extension TwoTenants {
    /// What the key makes of a text that is not a realm's id: beta's without hyphens.
    func sealOfAnotherText() throws -> String {
        try ask(
            """
            SELECT encode(sha256(outer_key || sha256(inner_key || convert_to('\(beta.filter { $0 != "-" })', 'UTF8'))), 'hex')
            FROM bincard_private.seal
            """)
    }

    /// How the server's login is refused an extension that comes with PostgreSQL, or that is not there.
    func extensionState(_ name: String) throws -> [String] {
        try ask("SELECT count(*) FROM pg_available_extensions WHERE name = '\(name)'") == "1" ? ["42501"] : ["0A000"]
    }
}
