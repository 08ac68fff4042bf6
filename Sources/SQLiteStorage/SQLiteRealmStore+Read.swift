import GRDB
public import LedgerCore
public import LedgerStorage

extension SQLiteRealmStore {
    public func open() throws(StoreError) -> OpenedRealm {
        // One transaction: the rows and the head belong to the same moment.
        try SQLiteFailure.translating("open the realm") {
            try reader.read { db in
                let head = try JournalStatements.lastMark(db)?.sealedHead ?? .start
                let locations = try CatalogueStatements.locations(db)
                let (keys, stocked) = try StockLevelStatements.keys(locations: locations.count, db)
                return OpenedRealm(
                    head: head,
                    appliedSeq: try ProjectionStateStatements.appliedSeq(db),
                    referencedSeq: try ReferenceStatements.last(db).lastSeq,
                    items: try CatalogueStatements.items(db),
                    locations: locations,
                    webhooks: try WebhookStatements.webhooks(db),
                    levelKeys: keys,
                    stockedLevelsByLocation: stocked,
                    lastIdempotencyPage: try IdempotencyStatements.lastNumber(db))
            }
        }
    }

    public func block(containing seq: UInt64) throws(StoreError) -> Block? {
        guard seq > 0, seq <= UInt64(Int64.max) else { return nil }
        return try read("read a block") { try JournalStatements.block(containing: seq, $0) }
    }

    public func blocks(from seq: UInt64, maximumBytes: Int) throws(StoreError) -> [Block] {
        guard seq <= UInt64(Int64.max) else { return [] }
        return try read("read blocks") { try JournalStatements.blocks(from: seq, maximumBytes: maximumBytes, $0) }
    }

    public func lastSeq(recordedAtOrBefore moment: Instant) throws(StoreError) -> UInt64 {
        try read("search the journal by time") { db in
            try Self.boundary(db) { $0.recordedAt <= moment }
        }
    }

    public func block(reaching id: ULID) throws(StoreError) -> Block? {
        try read("search the journal by id") { db in
            let before = try Self.boundary(db) { $0.lastID < id }
            return try JournalStatements.block(containing: before + 1, db)
        }
    }

    /// Last seq of the blocks that are still before what is sought, 0 for none; once a block isn't, none after it is.
    /// Halves the range of seqs, which needs no index but the primary key.
    private static func boundary(_ db: Database, isBefore: (BlockMark) -> Bool) throws -> UInt64 {
        guard let last = try JournalStatements.lastMark(db) else { return 0 }
        if isBefore(last) { return last.lastSeq }
        var low: UInt64 = 0
        var high = last.firstSeq
        while low + 1 < high {
            let middle = low + (high - low) / 2
            guard let mark = try JournalStatements.mark(containing: middle, db), mark.lastSeq >= middle else {
                throw StoreError.corrupt(seq: middle, detail: "the journal has no entry \(middle)")
            }
            if isBefore(mark) { low = mark.lastSeq } else { high = mark.firstSeq }
        }
        return low
    }

    public func levels(_ keys: [LevelKey]) throws(StoreError) -> [StockLevel] {
        guard !keys.isEmpty else { return [] }
        return try read("read stock levels") { try StockLevelStatements.levels(keys, $0) }
    }

    public func references(_ hash: UInt64, before seq: UInt64, limit: Int) throws(StoreError) -> [UInt64] {
        try read("look up a reference") { try ReferenceStatements.seqs(of: hash, before: seq, limit: limit, $0) }
    }

    public func referenceSegment(containing seq: UInt64) throws(StoreError) -> ReferenceSegment? {
        try read("read the reference index") { try ReferenceStatements.segment(containing: seq, $0) }
    }

    public func idempotencyKeys(
        fromSlice slice: Int64, _ body: (IdempotencyPageKeys) -> Void
    ) throws(StoreError) {
        try read("read idempotency keys") { try IdempotencyStatements.keys(fromSlice: slice, $0, body) }
    }

    public func idempotencyPage(_ number: UInt64) throws(StoreError) -> IdempotencyPage? {
        try read("read an idempotency page") { try IdempotencyStatements.page(number, $0) }
    }

    public func idempotencyPages(from number: UInt64, maximumBytes: Int) throws(StoreError) -> [IdempotencyPage] {
        guard number <= UInt64(Int64.max) else { return [] }
        return try read("read idempotency pages") {
            try IdempotencyStatements.pages(from: number, maximumBytes: maximumBytes, $0)
        }
    }

    public func projectedLevels(_ body: (StockLevel) -> Void) throws(StoreError) {
        // In pieces: a read of millions of rows at one go would hold back the write-ahead log meanwhile.
        let piece: Int64 = 16_384
        var last = Int64.min
        while true {
            let levels = try read("read stock levels") {
                try StockLevelStatements.levels(after: last, limit: piece, $0)
            }
            levels.forEach(body)
            guard let key = levels.last?.key, levels.count == Int(piece) else { return }
            last = Int64(bitPattern: key.packed)
        }
    }

    /// A read without a transaction around it: each statement sees every commit that returned before it began.
    private func read<Value>(
        _ operation: @autoclosure () -> String, _ body: (Database) throws -> Value
    ) throws(StoreError) -> Value {
        try SQLiteFailure.translating(operation()) { try reader.unsafeRead(body) }
    }
}
