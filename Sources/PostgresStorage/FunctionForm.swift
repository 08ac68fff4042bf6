/// How the schema's functions are written: for tables that lie in one PostgreSQL, or for tables that a Citus has spread
/// over its nodes (`CitusDistribution`). What they do is the same.
///
/// A function is then run on the node that has the realm, or on the coordinator with each of its statements sent there.
/// For the second case settings go to the node only as `SET LOCAL`; rows that a statement makes out of arrays would be
/// copied, which row-level security forbids; and a clock's time can't stand in what updates a row.
enum FunctionForm {
    case together
    case distributed

    /// `CREATE FUNCTION`; of a function that is there already in its other form, too.
    var create: String { self == .together ? "CREATE FUNCTION" : "CREATE OR REPLACE FUNCTION" }

    /// Sets something up to the end of the transaction.
    ///
    /// - Parameter value: an expression of type text.
    func set(_ name: String, to value: String) -> String {
        switch self {
        case .together: "PERFORM set_config('\(name)', \(value), true);"
        case .distributed: "EXECUTE format('SET LOCAL \(name) = %L', \(value));"
        }
    }

    /// The time, in a statement that updates rows.
    var clock: String { self == .together ? "clock_timestamp()" : "at_time" }

    /// What `clock` needs among a function's declarations.
    var clockDeclaration: String { self == .together ? "" : "at_time timestamptz := clock_timestamp();" }

    /// Rows of the function's realm, from arrays of their columns' values.
    struct Rows {
        /// Of the schema `bincard`.
        var table: String
        /// But for `realm`, and where each one's values are.
        var columns: KeyValuePairs<String, String>
        /// Expressions of an element, in place of the element itself, by column; the element is `u.` and the column.
        var computed: [String: String] = [:]
        /// Number of the row, from 1, as `u.place` in `computed`.
        var isNumbered = false
        /// Columns beside `realm` that tell whether a row is there already; then its others are replaced.
        var replacing: [String] = []
    }

    /// The statement that inserts them, with its semicolon.
    func insert(_ rows: Rows) -> String {
        let names = rows.columns.map(\.key)
        let values = names.map { rows.computed[$0] ?? "u.\($0)" }.joined(separator: ", ")
        let source =
            "unnest(\(rows.columns.map(\.value).joined(separator: ", ")))"
            + (rows.isNumbered ? " WITH ORDINALITY" : "")
            + " AS u(\((names + (rows.isNumbered ? ["place"] : [])).joined(separator: ", ")))"
        let into = "INSERT INTO bincard.\(rows.table) (realm, \(names.joined(separator: ", ")))"
        var conflict = ""
        if !rows.replacing.isEmpty {
            let others = names.filter { !rows.replacing.contains($0) }.map { "\($0) = excluded.\($0)" }
            conflict =
                "\nON CONFLICT (realm, \(rows.replacing.joined(separator: ", "))) DO UPDATE SET "
                + others.joined(separator: ", ")
        }
        switch self {
        case .together:
            return "\(into)\nSELECT for_realm, \(values) FROM \(source)\(conflict);"
        case .distributed:
            return """
                FOR u IN SELECT * FROM \(source) LOOP
                    \(into)
                    VALUES (for_realm, \(values))\(conflict);
                END LOOP;
                """
        }
    }

    /// What `insert` needs among a function's declarations.
    var rowDeclaration: String { self == .together ? "" : "u record;" }
}
