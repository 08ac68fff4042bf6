import Foundation
import LedgerCore
import LedgerStorage
import SQLiteStorage

/// Durable commits into a realm's file: a block of entries with the page of their answers, as a batch writes them.
struct StorageBenchmarks {
    /// How many commits of each size are timed.
    static let commits = 400
    /// Bytes of a stored answer: about what a movement's is.
    static let answerSize = 420

    let stopwatch: Stopwatch
    /// Where files are made, and removed again: its disk is what is measured.
    let folder: URL

    func run() throws -> [Measurement?] {
        let names = [1, 40, 500].map { ($0, "commit a block of \($0) with its answers") }
        let bare = "write 4 KiB and fsync, for comparison"
        guard stopwatch.wants(bare) || names.contains(where: { stopwatch.wants($0.1) }) else { return [] }
        let place = folder.appending(path: "benchmark-\(ProcessInfo.processInfo.processIdentifier)")
        defer { try? FileManager.default.removeItem(at: place) }
        let directory = DataDirectory(path: place.path)
        try directory.create()
        let lock = try directory.lock()
        defer { lock.release() }

        var results = [try bareSync(bare, in: place)]
        for (index, (count, name)) in names.enumerated() where stopwatch.wants(name) {
            let realm = Realm(id: ULID(high: 1, low: UInt64(index)), tenant: "benchmark", mode: .test)
            let store = try directory.openRealm(realm, holding: lock)
            defer { store.close() }
            _ = try store.open()
            let units = try Self.units(of: count)
            results.append(try stopwatch.measureEach(name, "commits", units) { try store.commit($0) })
        }
        return results
    }

    private func bareSync(_ name: String, in place: URL) throws -> Measurement? {
        let file = place.appending(path: "bare")
        try Data().write(to: file)
        let handle = try FileHandle(forWritingTo: file)
        defer { try? handle.close() }
        let page = Data(repeating: 7, count: 4_096)
        return try stopwatch.measureEach(name, "commits", Array(0..<Self.commits)) { _ in
            try handle.write(contentsOf: page)
            try handle.synchronize()
        }
    }

    /// What the commits write, each following the one before.
    private static func units(of count: Int) throws -> [CommitUnit] {
        let ledger = try StockedLedger(levels: 1_000)
        var state = ledger.state()
        var sealed = SealedHead.start
        // The file begins empty: seqs start at 1 there, whatever the ledger in memory has behind it.
        let offset = ledger.committed.head.seq
        return try (0..<commits).compactMap { number in
            var entries: [Entry] = []
            for line in 0..<count {
                let command = ledger.sale(of: (number &* count &+ line) &* 7_919 % 1_000)
                let decision = try decide(command, given: state, at: ledger.moment)
                apply(decision, to: &state)
                entries.append(decision.first.numbered(decision.first.seq - offset))
            }
            guard let block = Block.seal(entries, after: sealed) else { return nil }
            sealed = block.sealedHead
            let records = entries.map { entry in
                IdempotencyRecord(
                    key: Digest128(high: entry.seq &* 0x9E37_79B9_7F4A_7C15, low: entry.id.low),
                    fingerprint: Digest128(high: entry.id.low, low: entry.seq), status: 201, contentKind: 1,
                    body: [UInt8](repeating: UInt8(ascii: "a"), count: answerSize))
            }
            let page = IdempotencyPage(
                number: UInt64(number + 1), slice: block.recordedAt.milliseconds / 3_600_000,
                recordedAt: block.recordedAt, records: records)
            return CommitUnit(block: block, idempotency: page)
        }
    }
}

extension Entry {
    /// The same entry at another place of the journal, its links left behind.
    fileprivate func numbered(_ seq: UInt64) -> Entry {
        var entry = self
        entry.seq = seq
        if case .movementRecorded(var movement) = entry.change {
            movement.link = HistoryLink(previous: seq - 1, jump: seq - 1)
            entry.change = .movementRecorded(movement)
        }
        return entry
    }
}
