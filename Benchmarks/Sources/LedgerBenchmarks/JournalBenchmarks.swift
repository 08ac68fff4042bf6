import LedgerCore
import LedgerStorage

/// Entries as the journal keeps them: their bytes and the hash chain over them.
struct JournalBenchmarks {
    let stopwatch: Stopwatch

    func run() throws -> [Measurement?] {
        let ledger = try StockedLedger(levels: 1_000)
        let entries = try ledger.decisions(on: (0..<500).map { ledger.sale(of: $0) }).map(\.first)
        let head = SealedHead(head: ledger.committed.head, hash: .zero)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.count * 128)
        var results: [Measurement?] = [
            stopwatch.measure("encode an entry", "entries", operations: entries.count) {
                bytes.removeAll(keepingCapacity: true)
                for entry in entries { EntryCodec.encode(entry, into: &bytes) }
                return bytes.count
            }
        ]
        for count in [1, 40, 500] {
            let part = Array(entries.prefix(count))
            results.append(
                stopwatch.measure("encode and hash a block of \(count)", "entries", operations: count) {
                    Block.seal(part, after: head)?.hash
                })
        }
        if let block = Block.seal(entries, after: head) {
            results.append(
                try stopwatch.measure("decode a block of 500", "entries", operations: entries.count) {
                    try BlockReader(block).entries().last?.seq
                })
        }
        return results
    }
}
