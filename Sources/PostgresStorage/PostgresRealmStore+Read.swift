public import LedgerCore
public import LedgerStorage

extension PostgresRealmStore {
    public func open() throws(StoreError) -> OpenedRealm {
        try translating("open the realm") {
            // A realm's head is made by whoever opens it first. It is looked for first: a read takes no lock.
            try pool.read { (connection) throws(PostgresFailure) in
                let make = connection.isDistributed ? RealmStatements.makeHeadDistributed : RealmStatements.makeHead
                _ = try connection.run([context.entering, Statement(make, context.parameters)])
            }
            // One snapshot: the rows and the head, and what is read up to `finishOpening`, belong to the same moment.
            let rows = try beginSnapshot().run(
                [Statement(RealmStatements.beginSnapshot)]
                    + RealmStatements.takeTime(isDistributed: pool.isDistributed).map { Statement($0) }
                    + [context.entering] + RealmStatements.opening.map { Statement($0, context.parameters) })
            let (opened, known) = try RealmStatements.opened(Array(rows.suffix(RealmStatements.opening.count)))
            didOpen(known)
            return opened
        }
    }

    public func block(containing seq: UInt64) throws(StoreError) -> Block? {
        guard seq > 0, seq <= UInt64(Int64.max) else { return nil }
        let rows = try read("read a block", JournalStatements.blockContaining) { $0.add(seq) }
        guard let row = rows.first, row.uint64(1) >= seq else { return nil }
        return try JournalStatements.block(row)
    }

    public func blocks(from seq: UInt64, maximumBytes: Int) throws(StoreError) -> [Block] {
        guard seq <= UInt64(Int64.max) else { return [] }
        var blocks: [Block] = []
        var bytes = 0
        var next = seq
        while bytes <= maximumBytes {
            let rows = try read("read blocks", JournalStatements.blocksFrom) {
                $0.add(next)
                // Lengths are known without reading what is out of line: no more is fetched than is asked for.
                $0.add(Int64(clamping: maximumBytes - bytes))
            }
            for row in rows.rows {
                let block = try JournalStatements.block(row)
                bytes += block.data.count
                blocks.append(block)
            }
            guard rows.count == JournalStatements.mostBlocks, let last = blocks.last else { break }
            next = last.lastSeq + 1
        }
        return blocks
    }

    public func lastSeq(recordedAtOrBefore moment: Instant) throws(StoreError) -> UInt64 {
        try boundary("search the journal by time") {
            $0.add(moment)
            $0.addNull()
        }
    }

    public func block(reaching id: ULID) throws(StoreError) -> Block? {
        let before = try boundary("search the journal by id") {
            $0.addNull()
            $0.add(id)
        }
        return try block(containing: before + 1)
    }

    private func boundary(_ operation: String, _ bind: (inout Parameters) -> Void) throws(StoreError) -> UInt64 {
        var parameters = context.sealedParameters
        bind(&parameters)
        let given = parameters
        return try translating(operation) {
            try run([Statement(JournalStatements.boundary, given)])[0].first?.uint64(0) ?? 0
        }
    }

    public func levels(_ keys: [LevelKey]) throws(StoreError) -> [StockLevel] {
        guard !keys.isEmpty else { return [] }
        let rows = try read("read stock levels", LevelStatements.levels) {
            $0.add(array: keys.map { Int64(bitPattern: $0.packed) })
        }
        return try LevelStatements.levels(rows)
    }

    public func projectedLevels(_ body: (StockLevel) -> Void) throws(StoreError) {
        var last = Int64.min
        while true {
            let rows = try read("read stock levels", LevelStatements.levelsAfter) { $0.add(last) }
            let levels = try LevelStatements.levels(rows)
            levels.forEach(body)
            guard let key = levels.last?.key, rows.count == LevelStatements.most else { return }
            last = Int64(bitPattern: key.packed)
        }
    }

    public func references(_ hash: UInt64, before seq: UInt64, limit: Int) throws(StoreError) -> [UInt64] {
        guard limit > 0 else { return [] }
        var seqs: [UInt64] = []
        var below = Int64(clamping: seq)
        while seqs.count < limit {
            let rows = try read("look up a reference", ReferenceStatements.bucketsOfHash) {
                $0.add(Int64(ReferencePosting.bucket(of: hash)))
                $0.add(below)
            }
            for row in rows.rows where seqs.count < limit {
                try ReferenceSegment.appendSeqs(
                    of: hash, inBucket: row.blob(1), firstSeq: row.uint64(0), before: seq, limit: limit, to: &seqs)
                below = row.int64(0)
            }
            if rows.count < ReferenceStatements.most { break }
        }
        return seqs
    }

    public func referenceSegment(containing seq: UInt64) throws(StoreError) -> ReferenceSegment? {
        guard seq <= UInt64(Int64.max) else { return nil }
        let found = try read("read the reference index", ReferenceStatements.segmentContaining) { $0.add(seq) }
        guard let row = found.first else { return nil }
        var segment = ReferenceSegment(firstSeq: row.uint64(1), lastSeq: row.uint64(2), postings: [])
        let number = row.int64(0)
        let buckets = try read("read the reference index", ReferenceStatements.bucketsOfSegment) {
            $0.add(number * 256)
            $0.add((number + 1) * 256)
        }
        for bucket in buckets.rows {
            segment.postings += try ReferenceSegment.postings(inBucket: bucket.blob(0), firstSeq: segment.firstSeq)
        }
        return segment
    }

    public func idempotencyKeys(
        fromSlice slice: Int64, _ body: (IdempotencyPageKeys) -> Void
    ) throws(StoreError) {
        var last: Int64 = 0
        while true {
            let rows = try read("read idempotency keys", PageStatements.keysAfter) {
                $0.add(last)
                $0.add(slice)
            }
            for row in rows.rows {
                body(
                    try IdempotencyPage.keys(
                        number: row.uint64(0), slice: row.int64(1), recordedAt: row.instant(2), keys: row.blob(3)))
                last = row.int64(0)
            }
            if rows.count < PageStatements.most { return }
        }
    }

    public func idempotencyPage(_ number: UInt64) throws(StoreError) -> IdempotencyPage? {
        guard number <= UInt64(Int64.max) else { return nil }
        let rows = try read("read an idempotency page", PageStatements.page) { $0.add(number) }
        guard let row = rows.first else { return nil }
        return try IdempotencyPage(
            number: row.uint64(0), slice: row.int64(1), recordedAt: row.instant(2), keys: row.blob(3),
            answers: row.blob(4))
    }

    /// One statement on a snapshot of its own, which includes every commit that was acknowledged before.
    private func read(
        _ operation: String, _ sql: SQL, _ bind: (inout Parameters) -> Void
    ) throws(StoreError) -> PostgresRows {
        var parameters = context.parameters
        bind(&parameters)
        let statement = Statement(sql, parameters)
        return try translating(operation) { try run([context.entering, statement])[1] }
    }

    func translating<Value>(_ operation: String, _ body: () throws -> Value) throws(StoreError) -> Value {
        do {
            return try body()
        } catch let error as PostgresFailure {
            throw error.storeError(operation)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .failed(operation: operation, detail: "\(error)")
        }
    }
}
