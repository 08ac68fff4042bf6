import LedgerCore
import LedgerStorage

/// What the projections still lack, and in which chunks it is written. Used by the realm's writer thread alone.
///
/// A pass begins with what is dirty at some seq, writes it in chunks beside ordinary commits, rows sorted so that
/// neighbours share a page, and ends by moving `appliedSeq` to that seq. What changes meanwhile belongs to the next
/// pass.
struct WriteBehind {
    private(set) var appliedSeq: UInt64
    private var dirtyItems: Set<ItemNumber> = []
    private var dirtyLocations: Set<LocationNumber> = []
    private var dirtyLevels: Set<LevelKey> = []
    private var dirtyWebhooks: Set<WebhookNumber> = []
    private var pass: Pass?

    private struct Pass {
        var seq: UInt64
        var items: ArraySlice<ItemNumber>
        var locations: ArraySlice<LocationNumber>
        var levels: ArraySlice<LevelKey>
        var webhooks: ArraySlice<WebhookNumber>
    }

    init(appliedSeq: UInt64) {
        self.appliedSeq = appliedSeq
    }

    var isClean: Bool {
        pass == nil && dirtyLevels.isEmpty && dirtyItems.isEmpty && dirtyLocations.isEmpty && dirtyWebhooks.isEmpty
    }

    /// Whether the level's row is known to be what memory holds, so that memory may forget it.
    func isWritten(_ key: LevelKey) -> Bool { pass == nil && !dirtyLevels.contains(key) }

    /// Whether some dirty rows are being written in chunks just now.
    var isInPass: Bool { pass != nil }

    mutating func note(_ change: Change) {
        switch change {
        case .itemCreated(let item), .itemUpdated(let item), .itemArchived(let item):
            dirtyItems.insert(item.number)
        case .locationCreated(let location), .locationArchived(let location):
            dirtyLocations.insert(location.number)
        case .locationUpdated(let location):
            dirtyLocations.insert(location.number)
        case .movementRecorded(let movement):
            dirtyLevels.insert(LevelKey(item: movement.item, location: movement.location))
            if let target = movement.target {
                dirtyLevels.insert(LevelKey(item: movement.item, location: target.location))
            }
        case .stockSettingsChanged(let change):
            dirtyLevels.insert(change.level)
        case .webhookChanged(_, let webhook):
            dirtyWebhooks.insert(webhook.number)
        case .stockLow, .stockOut, .replayRequested:
            break
        }
    }

    /// A location's row that changed without an entry of its own: the default that gave way to another.
    mutating func note(_ location: LocationNumber) { dirtyLocations.insert(location) }

    /// The next chunk, taken from what is committed, where a pass is under way or due. `everything` begins one in any
    /// case (a clean stop).
    mutating func nextChunk(of ledger: CommittedLedger, limits: EngineLimits, everything: Bool) -> ProjectionChunk? {
        if pass == nil {
            let due =
                everything
                ? !isClean || appliedSeq < ledger.head.seq
                : ledger.head.seq >= appliedSeq + limits.entriesBetweenPasses
            guard due else { return nil }
            pass = Pass(
                seq: ledger.head.seq, items: dirtyItems.sorted()[...], locations: dirtyLocations.sorted()[...],
                levels: dirtyLevels.sorted()[...], webhooks: dirtyWebhooks.sorted()[...])
            dirtyItems = []
            dirtyLocations = []
            dirtyLevels = []
            dirtyWebhooks = []
        }
        guard var current = pass else { return nil }
        var chunk = ProjectionChunk()
        let room = limits.levelsPerCommit
        chunk.items = current.items.prefix(room).compactMap { ledger.item($0) }
        current.items = current.items.dropFirst(room)
        chunk.locations = current.locations.prefix(room).compactMap { ledger.location($0) }
        current.locations = current.locations.dropFirst(room)
        chunk.webhooks = current.webhooks.prefix(room).compactMap { ledger.webhook($0) }
        current.webhooks = current.webhooks.dropFirst(room)
        // Never a level before its item: after a crash between two chunks the rows must still make sense.
        let roomForLevels = current.items.isEmpty && current.locations.isEmpty ? room : 0
        chunk.levels = current.levels.prefix(roomForLevels).compactMap { ledger.levels[$0] }
        current.levels = current.levels.dropFirst(roomForLevels)
        if current.items.isEmpty, current.locations.isEmpty, current.levels.isEmpty, current.webhooks.isEmpty {
            chunk.appliedSeq = current.seq
            pass = nil
        } else {
            pass = current
        }
        return chunk
    }

    /// The chunk is durable.
    mutating func wrote(_ chunk: ProjectionChunk) {
        if let seq = chunk.appliedSeq { appliedSeq = max(appliedSeq, seq) }
    }

    /// Another process has written the rows of every change up to the seq: what is not newer need not be written here.
    ///
    /// - Parameter changedSeq: of a level, as memory has it.
    mutating func othersWrote(upTo seq: UInt64, changedSeq: (LevelKey) -> UInt64?) {
        guard seq > appliedSeq else { return }
        appliedSeq = seq
        if let pass, pass.seq <= seq { abandonPass() }
        dirtyLevels = dirtyLevels.filter { key in changedSeq(key).map { $0 > seq } ?? false }
    }

    /// The chunk was not written: what it held is dirty again, and the pass starts over.
    mutating func restore(_ chunk: ProjectionChunk) {
        dirtyItems.formUnion(chunk.items.map(\.number))
        dirtyLocations.formUnion(chunk.locations.map(\.number))
        dirtyLevels.formUnion(chunk.levels.map(\.key))
        dirtyWebhooks.formUnion(chunk.webhooks.map(\.number))
        abandonPass()
    }

    /// What the pass has not written yet is dirty again.
    private mutating func abandonPass() {
        guard let pass else { return }
        dirtyItems.formUnion(pass.items)
        dirtyLocations.formUnion(pass.locations)
        dirtyLevels.formUnion(pass.levels)
        dirtyWebhooks.formUnion(pass.webhooks)
        self.pass = nil
    }
}
