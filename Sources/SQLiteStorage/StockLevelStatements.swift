import GRDB
import LedgerCore
import LedgerStorage

/// The rows of stock levels, by packed key: item first, then location.
enum StockLevelStatements {
    /// Without a second index, replacing a row overwrites it in place.
    static let replace = """
        INSERT OR REPLACE INTO stock_level (key, on_hand, value, last_wac, reserved, roots, settings)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """

    static let level = "SELECT key, on_hand, value, last_wac, reserved, roots, settings FROM stock_level WHERE key = ?"

    static let levelsAfter = """
        SELECT key, on_hand, value, last_wac, reserved, roots, settings FROM stock_level
        WHERE key > ? ORDER BY key LIMIT ?
        """

    static let keys = "SELECT key, on_hand FROM stock_level ORDER BY key"

    static func write(_ levels: [StockLevel], _ db: Database) throws {
        guard !levels.isEmpty else { return }
        let statement = try BoundStatement(replace, db)
        var roots: [UInt8] = []
        // In the order of the tree each of its pages is visited once.
        for level in levels.sorted(by: { $0.key < $1.key }) {
            roots.removeAll(keepingCapacity: true)
            level.history.appendEncodedRoots(to: &roots)
            statement.bind(level.key.packed, at: 1)
            statement.bind(level.pool.onHand, at: 2)
            statement.bind(level.pool.value, at: 3)
            statement.bind(level.pool.lastWAC, at: 4)
            statement.bind(level.reserved, at: 5)
            statement.bind(level.settings.map { EntryCodec.row(of: $0) }, at: 7)
            try roots.withUnsafeBytes { bytes in
                statement.bind(lending: bytes, at: 6)
                try statement.run()
            }
        }
    }

    static func levels(_ keys: [LevelKey], _ db: Database) throws -> [StockLevel] {
        let statement = try BoundStatement(level, db)
        defer { statement.finish() }
        var levels: [StockLevel] = []
        levels.reserveCapacity(keys.count)
        for key in keys {
            statement.bind(key.packed, at: 1)
            if try statement.step() { levels.append(try level(statement)) }
            statement.finish()
        }
        return levels
    }

    /// The first rows after a key, at most `limit`.
    static func levels(after key: Int64, limit: Int64, _ db: Database) throws -> [StockLevel] {
        let statement = try BoundStatement(levelsAfter, db)
        statement.bind(key, at: 1)
        statement.bind(limit, at: 2)
        var levels: [StockLevel] = []
        try statement.forEachRow { levels.append(try level($0)) }
        return levels
    }

    /// Every key in order, and how many levels hold stock at each location.
    static func keys(locations: Int, _ db: Database) throws -> (keys: [LevelKey], stocked: [Int]) {
        var keys: [LevelKey] = []
        var stocked = [Int](repeating: 0, count: locations)
        let statement = try BoundStatement(Self.keys, db)
        defer { statement.finish() }
        while try statement.step() {
            let key = LevelKey(packed: statement.uint64(0))
            keys.append(key)
            let index = Int(key.location.rawValue) - 1
            if statement.int64(1) != 0, stocked.indices.contains(index) { stocked[index] += 1 }
        }
        return (keys, stocked)
    }

    private static func level(_ row: BoundStatement) throws -> StockLevel {
        StockLevel(
            key: LevelKey(packed: row.uint64(0)),
            pool: CostPool(onHand: row.int64(1), value: row.int64(2), lastWAC: row.int64(3)),
            reserved: row.int64(4),
            history: try LevelHistory(encodedRoots: row.blob(5)),
            settings: try row.blobIfPresent(6).map { try EntryCodec.stockSettings(row: $0) })
    }
}
