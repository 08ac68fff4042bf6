package import LedgerCore
package import LedgerStorage

/// The stretches of a realm's journal that endpoints are at, read and rendered once for all of them. Used by one thread
/// at a time, which may block.
package struct JournalWindow {
    private let journal: any RealmStore
    private let render: @Sendable ([Entry]) -> [[UInt8]]
    /// By number: the seqs of chunk n are n × `chunkLength` up to the next one's.
    private var chunks: [UInt64: Chunk] = [:]
    private var uses: UInt64 = 0

    private static let chunkLength: UInt64 = 256
    /// Chunks that are kept: endpoints that are far apart in the journal each read their own.
    private static let capacity = 24
    /// Entries that one look passes over at most, so that others get their turn.
    private static let stretch: UInt64 = 16_384
    private static let bytesAtATime = 128 << 10

    private struct Chunk {
        var first: UInt64
        var slots: [Slot] = []
        /// Types that are rendered in it.
        var rendered: Set<EventType>
        var lastUse: UInt64 = 0

        var next: UInt64 { first + UInt64(slots.count) }
    }

    private struct Slot {
        var type: EventType
        /// nil when nobody wants it.
        var event: JournalEvent?
    }

    package init(journal: any RealmStore, render: @escaping @Sendable ([Entry]) -> [[UInt8]]) {
        self.journal = journal
        self.render = render
    }

    /// The first wanted events from `seq` on.
    ///
    /// - Parameters:
    ///   - through: last seq to look at; the journal has it.
    ///   - wanted: everything that anybody wants, this filter's included.
    /// - Returns: the events, and the seq up to which nothing was left out.
    package mutating func events(
        _ filter: EventFilter, from seq: UInt64, through: UInt64, limit: Int, wanted: Set<EventType>
    ) throws(StoreError) -> (events: [JournalEvent], through: UInt64) {
        var events: [JournalEvent] = []
        var next = seq
        let end = min(through, seq &+ JournalWindow.stretch)
        while next <= end {
            let chunk = try chunk(at: next, through: end, wanted: wanted)
            guard next >= chunk.first, next < chunk.next else {
                throw .corrupt(seq: next, detail: "the journal has no entry \(next)")
            }
            for slot in chunk.slots[Int(next - chunk.first)...] where next <= end {
                if let event = slot.event, filter.matches(slot.type) { events.append(event) }
                next += 1
                if events.count >= limit { return (events, next - 1) }
            }
        }
        return (events, next - 1)
    }

    /// One event, whatever its type.
    package mutating func event(_ seq: UInt64) throws(StoreError) -> JournalEvent? {
        let number = seq / JournalWindow.chunkLength
        if let chunk = chunks[number], seq >= chunk.first, seq < chunk.next,
            let event = chunk.slots[Int(seq - chunk.first)].event
        {
            return event
        }
        guard let block = try journal.block(containing: seq) else { return nil }
        let entry = try BlockReader(block).entry(seq)
        return rendered([entry]).first ?? nil
    }

    private mutating func chunk(
        at seq: UInt64, through: UInt64, wanted: Set<EventType>
    ) throws(StoreError) -> Chunk {
        let number = seq / JournalWindow.chunkLength
        let end = min(through, (number + 1) * JournalWindow.chunkLength - 1)
        uses += 1
        if let chunk = chunks[number], chunk.first <= seq, chunk.next > end, chunk.rendered.isSuperset(of: wanted) {
            chunks[number]?.lastUse = uses
            return chunk
        }
        var start = seq
        var wanted = wanted
        if let chunk = chunks[number], chunk.first <= seq, chunk.rendered.isSuperset(of: wanted) {
            start = chunk.next
            // What is added to it must be as complete as what it has.
            wanted = chunk.rendered
        } else {
            chunks[number] = nil
        }
        try fill(from: start, atLeastTo: end, through: through, wanted: wanted)
        tidy()
        return chunks[number] ?? Chunk(first: seq, rendered: wanted)
    }

    /// Reads blocks from `start` until the chunk's end is there. What the last block has beyond it fills the chunks
    /// behind.
    private mutating func fill(
        from start: UInt64, atLeastTo end: UInt64, through: UInt64, wanted: Set<EventType>
    ) throws(StoreError) {
        var next = start
        while next <= end {
            let blocks = try journal.blocks(from: next, maximumBytes: JournalWindow.bytesAtATime)
            guard let first = blocks.first, first.firstSeq <= next else {
                throw .corrupt(seq: next, detail: "the journal has no entry \(next)")
            }
            for block in blocks where block.lastSeq >= next && next <= through {
                let reader = try BlockReader(block)
                var entries: [Entry] = []
                for seq in next...min(block.lastSeq, through) { entries.append(try reader.entry(seq)) }
                append(entries, wanted: wanted)
                next = min(block.lastSeq, through) + 1
            }
        }
    }

    private mutating func append(_ entries: [Entry], wanted: Set<EventType>) {
        let chosen = entries.filter { wanted.contains($0.change.eventType) }
        var events = rendered(chosen)[...]
        for entry in entries {
            let type = entry.change.eventType
            let event = wanted.contains(type) ? events.popFirst() ?? nil : nil
            let number = entry.seq / JournalWindow.chunkLength
            var chunk = chunks.removeValue(forKey: number) ?? Chunk(first: entry.seq, rendered: wanted)
            // Left from another time: what does not meet is begun anew.
            if chunk.next != entry.seq || chunk.rendered != wanted {
                chunk = Chunk(first: entry.seq, rendered: wanted)
            }
            chunk.slots.append(Slot(type: type, event: event))
            chunk.lastUse = uses
            chunks[number] = chunk
        }
    }

    private func rendered(_ entries: [Entry]) -> [JournalEvent?] {
        zip(entries, render(entries)).map { entry, json in
            var replay: ReplayRequest?
            if case .replayRequested(let request) = entry.change { replay = request }
            return JournalEvent(
                seq: entry.seq, id: entry.id, type: entry.change.eventType, json: json, replay: replay)
        }
    }

    private mutating func tidy() {
        while chunks.count > JournalWindow.capacity,
            let oldest = chunks.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
        {
            chunks[oldest] = nil
        }
    }
}
