package import LedgerCore
package import LedgerEngine
package import LedgerStorage
package import WireSchema

/// Which stretch of the journal is asked for, and what of it.
struct EventQuery: WireParameters {
    var after: Int64 = 0
    var limit: Int64 = 100
    var types: EventFilter?

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.defaulted("after", &value.after, .integer(0 ... .max), doc: "Only entries with a larger seq.")
        v.defaulted("limit", &value.limit, .integer(1...1_000))
        v.optional("types", &value.types, .eventFilter, doc: EventQuery.typesDoc, example: #""movement.*,stock.low""#)
    }

    static let typesDoc: StaticString =
        "Only these events: names, aliases, families such as `movement.*`, or `*`, separated by commas."
}

/// Entries of the journal.
package struct EventList: WireObject {
    package var data: [Event] = []
    package var hasMore = false
    package var lastSeq: Int64 = 0

    package init() {}

    package static let schemaName = "EventList"
    package static let schemaDoc = "Entries of the journal, in order."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("data", &value.data, .array(of: .object(Event.self)))
        v.required(
            "has_more", &value.hasMore, .boolean,
            doc: "Whether the journal goes on behind `last_seq`. A page can be short, even empty, and still have more.")
        v.required(
            "last_seq", &value.lastSeq, .integer,
            doc: "Everything up to here was looked at: go on with it as `after`.")
    }

    /// Entries that a page may look at before it is handed out short; without a filter it shows all that it looks at.
    private static let reach = 50_000
    /// Entries whose names are looked up in one go, under the ledger's lock.
    private static let stretch = 128

    /// A page. Blocks.
    /// - Parameter filter: nil for every event.
    /// - Throws: `StoreError`.
    package static func page(
        after: UInt64, limit: Int, filter: EventFilter?, of ledger: RealmLedger
    ) throws(StoreError) -> EventList {
        let head = ledger.head.head.seq
        var cursor = JournalCursor(ledger.store, from: after &+ 1, through: head, bytesAtOnce: 256 << 10)
        var list = EventList()
        var entries: [Entry] = []
        var seen = 0
        while list.data.count + entries.count < limit, seen < reach, let entry = try cursor.entry() {
            seen += 1
            guard filter?.matches(entry.change) ?? true else { continue }
            entries.append(entry)
            if entries.count == stretch { list.take(&entries, of: ledger) }
        }
        list.take(&entries, of: ledger)
        list.lastSeq = Int64(clamping: cursor.next &- 1)
        list.hasMore = cursor.next &- 1 < head
        return list
    }

    private mutating func take(_ entries: inout [Entry], of ledger: RealmLedger) {
        ledger.withCommitted { catalogue in
            for entry in entries { data.append(Event(entry, in: catalogue)) }
        }
        entries.removeAll(keepingCapacity: true)
    }
}
