import GRDB
import LedgerCore
import LedgerStorage

/// What one unit deletes, of endpoints that are gone and of what is old: never more than a bounded number of rows and
/// bytes, so that no commit is long.
struct DeliveryRemoval {
    /// Most rows, and beyond the first page most bytes of pages: SQLite walks through all of a page that it frees.
    static let rows = 256
    static let bytes: Int64 = 1 << 20

    static let lanes = "SELECT origin FROM lane WHERE webhook = ? LIMIT ?"

    static let deleteHealth = "DELETE FROM health WHERE webhook = ?"

    static let attempts = "SELECT seq, ordinal FROM attempt WHERE webhook = ? LIMIT ?"

    static let deliveries = "SELECT seq FROM delivery WHERE webhook = ? LIMIT ?"

    /// `length` of a blob reads its row's head, not the blob.
    static let pages = "SELECT number, length(data) FROM page INDEXED BY page_of_webhook WHERE webhook = ? LIMIT ?"

    static let oldPages = """
        SELECT number, length(data) FROM page INDEXED BY page_age
        WHERE recorded_at < ? ORDER BY recorded_at LIMIT ?
        """

    /// `status <> 1` is what the index is restricted to.
    static let oldDeliveries = """
        SELECT webhook, seq FROM delivery INDEXED BY delivery_age
        WHERE status <> 1 AND status = ? AND updated_at < ? ORDER BY updated_at LIMIT ?
        """

    static let ordinals = "SELECT ordinal FROM attempt WHERE webhook = ? AND seq = ? ORDER BY ordinal LIMIT ?"

    static let deleteAttempt = "DELETE FROM attempt WHERE webhook = ? AND seq = ? AND ordinal = ?"

    static let deleteDelivery = "DELETE FROM delivery WHERE webhook = ? AND seq = ?"

    static let deletePage = "DELETE FROM page WHERE number = ?"

    private var rowsLeft = Self.rows
    private var bytesLeft = Self.bytes
    /// Whether something had to stay for the next unit.
    private(set) var isIncomplete = false

    /// Everything about an endpoint. Its lanes go first: nothing is sent any more, whatever else is still there.
    mutating func remove(_ webhook: WebhookNumber, _ db: Database) throws {
        for origin in try keys(Self.lanes, columns: 1, db, { $0.bind(webhook, at: 1) }) {
            try DeliveryLaneStatements.delete([LaneID(webhook: webhook, origin: UInt64(bitPattern: origin[0]))], db)
        }
        try run(Self.deleteHealth, [Int64(webhook.rawValue)], db)
        for key in try keys(Self.attempts, columns: 2, db, { $0.bind(webhook, at: 1) }) {
            try run(Self.deleteAttempt, [Int64(webhook.rawValue), key[0], key[1]], db)
        }
        for key in try keys(Self.deliveries, columns: 1, db, { $0.bind(webhook, at: 1) }) {
            try run(Self.deleteDelivery, [Int64(webhook.rawValue), key[0]], db)
        }
        try removePages(Self.pages, db) { $0.bind(webhook, at: 1) }
    }

    /// Pages that were written before the moment.
    mutating func removePages(before moment: Instant, _ db: Database) throws {
        try removePages(Self.oldPages, db) { $0.bind(moment.milliseconds, at: 1) }
    }

    /// Deliveries that ended so, before the moment.
    mutating func remove(_ status: DeliveryStatus, before moment: Instant, _ db: Database) throws {
        let statement = try BoundStatement(Self.oldDeliveries, db)
        statement.bind(Int64(status.rawValue), at: 1)
        statement.bind(moment.milliseconds, at: 2)
        statement.bind(Int64(rowsLeft + 1), at: 3)
        var ended: [[Int64]] = []
        try statement.forEachRow { ended.append([$0.int64(0), $0.int64(1)]) }
        for key in ended {
            guard try removeDelivery(key, db) else {
                isIncomplete = true
                return
            }
        }
    }

    /// A delivery goes with all its attempts, unless they alone are more than a unit may delete.
    ///
    /// - Returns: false when it stays, or some of it.
    private mutating func removeDelivery(_ key: [Int64], _ db: Database) throws -> Bool {
        let statement = try BoundStatement(Self.ordinals, db)
        statement.bind(key[0], at: 1)
        statement.bind(key[1], at: 2)
        statement.bind(Int64(Self.rows), at: 3)
        var ordinals: [Int64] = []
        try statement.forEachRow { ordinals.append($0.int64(0)) }
        let fits = ordinals.count < rowsLeft
        guard fits || rowsLeft == Self.rows else { return false }
        for ordinal in ordinals { try run(Self.deleteAttempt, key + [ordinal], db) }
        rowsLeft -= ordinals.count
        guard fits else { return false }
        try run(Self.deleteDelivery, key, db)
        rowsLeft -= 1
        return true
    }

    private mutating func removePages(
        _ sql: String, _ db: Database, _ bind: (BoundStatement) -> Void
    ) throws {
        let statement = try BoundStatement(sql, db)
        bind(statement)
        statement.bind(Int64(rowsLeft + 1), at: 2)
        var numbers: [Int64] = []
        while try statement.step() {
            let isFirst = bytesLeft == Self.bytes
            guard rowsLeft > 0, isFirst || statement.int64(1) <= bytesLeft else {
                isIncomplete = true
                break
            }
            rowsLeft -= 1
            bytesLeft -= statement.int64(1)
            numbers.append(statement.int64(0))
        }
        statement.finish()
        for number in numbers { try run(Self.deletePage, [number], db) }
    }

    /// As many keys as there is room for; what is beyond stays for the next unit.
    private mutating func keys(
        _ sql: String, columns: Int32, _ db: Database, _ bind: (BoundStatement) -> Void
    ) throws -> [[Int64]] {
        let statement = try BoundStatement(sql, db)
        bind(statement)
        statement.bind(Int64(rowsLeft + 1), at: 2)
        var keys: [[Int64]] = []
        try statement.forEachRow { row in keys.append((0..<columns).map { row.int64($0) }) }
        if keys.count > rowsLeft {
            isIncomplete = true
            keys.removeLast()
        }
        rowsLeft -= keys.count
        return keys
    }

    private func run(_ sql: String, _ values: [Int64], _ db: Database) throws {
        let statement = try BoundStatement(sql, db)
        for (index, value) in values.enumerated() { statement.bind(value, at: Int32(index + 1)) }
        try statement.run()
    }
}
