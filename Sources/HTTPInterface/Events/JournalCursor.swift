import LedgerCore
import LedgerStorage

/// Reads the journal forwards, entry by entry, and as much of it at a time as it was told.
///
/// It keeps the blocks that it has read and not yet used, so make one for each stretch and let it go afterwards.
struct JournalCursor {
    private let store: any RealmStore
    private let bytesAtOnce: Int
    private let end: UInt64
    private var blocks: ArraySlice<Block> = []
    private var reader: BlockReader?
    /// Seq of the entry that comes next.
    private(set) var next: UInt64

    /// - Parameters:
    ///   - end: seq of the last entry to read.
    ///   - bytesAtOnce: of the journal's blocks, for one read of the store.
    init(_ store: any RealmStore, from next: UInt64, through end: UInt64, bytesAtOnce: Int) {
        self.store = store
        self.next = next
        self.end = end
        self.bytesAtOnce = bytesAtOnce
    }

    /// The next entry; nil behind the end. Blocks.
    mutating func entry() throws(StoreError) -> Entry? {
        guard next > 0, next <= end else { return nil }
        while true {
            if let reader, reader.seqs.contains(next) {
                let entry = try reader.entry(next)
                next += 1
                return entry
            }
            if blocks.isEmpty { blocks = try store.blocks(from: next, maximumBytes: bytesAtOnce)[...] }
            guard let block = blocks.popFirst(), block.firstSeq <= next else {
                throw .corrupt(seq: next, detail: "the journal has no entry \(next)")
            }
            reader = try BlockReader(block)
        }
    }
}
