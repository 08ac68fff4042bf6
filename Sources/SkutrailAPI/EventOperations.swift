import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WireSchema

/// The journal as everybody sees it: `GET /v1/events` and `GET /v1/ledger/head`.
extension SkutrailAPI {
    static let eventOperations: [APIOperation] = [
        APIOperation(
            OperationDescription(
                id: "listEvents", method: .get, path: "/v1/events", summary: "Read the journal",
                description:
                    """
                    A realm's whole truth: every state change in the order of the ledger, from the first entry \
                    on, the same bytes each time. Go on with `after` = the last seq that you have.
                    """,
                tag: "Events", parameters: ParameterList(EventQuery.self),
                responses: [ResponseDescription(200, "Entries after the given one.", body: .json(EventList.self))]),
            scope: .inventoryRead, dialect: .problem
        ) { call throws(Refusal) in
            let query = try call.parameters(EventQuery.self)
            let ledger = call.ledger
            let after = UInt64(query.after)
            let limit = Int(query.limit)
            return .blocking { .json(200, try EventList.bytes(after: after, limit: limit, from: ledger)) }
        },
        APIOperation(
            OperationDescription(
                id: "getLedgerHead", method: .get, path: "/v1/ledger/head", summary: "Read the ledger's head",
                description:
                    """
                    The last entry's seq and hash. Each hash covers every entry before it: whoever kept an old \
                    head can prove later that nothing before it was changed.
                    """,
                tag: "Events",
                responses: [ResponseDescription(200, "The head.", body: .json(LedgerHead.self))]),
            scope: .inventoryRead, dialect: .problem
        ) { call throws(Refusal) in
            _ = try call.parameters(NoParameters.self)
            let sealed = call.ledger.head
            var head = LedgerHead()
            head.seq = Int64(clamping: sealed.head.seq)
            head.hash = sealed.hash.hex
            if sealed.head.seq > 0 {
                head.id = WireID(sealed.head.id)
                head.recordedAt = sealed.head.recordedAt.milliseconds
            }
            return .answer(.json(200, head.jsonBytes()))
        },
    ]
}

struct EventQuery: WireParameters {
    var after: Int64 = 0
    var limit: Int64 = 100

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.defaulted("after", &value.after, .integer(0 ... .max), doc: "Only entries with a larger seq.")
        v.defaulted("limit", &value.limit, .integer(1...1_000))
    }
}

/// Entries of the journal.
struct EventList: WireObject {
    var data: [Event] = []
    var hasMore = false
    var lastSeq: Int64 = 0

    static let schemaName = "EventList"
    static let schemaDoc = "Entries of the journal, in order."

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("data", &value.data, .array(of: .object(Event.self)))
        v.required("has_more", &value.hasMore, .boolean)
        v.required("last_seq", &value.lastSeq, .integer, doc: "Go on with this as `after`.")
    }

    /// Blocks.
    static func bytes(after: UInt64, limit: Int, from ledger: RealmLedger) throws -> [UInt8] {
        let head = ledger.head.head.seq
        var list = EventList()
        list.lastSeq = Int64(clamping: after)
        var next = after &+ 1
        while list.data.count < limit, next <= head, next > 0 {
            let blocks = try ledger.store.blocks(from: next, maximumBytes: 256 << 10)
            guard let last = blocks.last else { break }
            var entries: [Entry] = []
            for block in blocks {
                let reader = try BlockReader(block)
                let upTo = min(block.lastSeq, next + UInt64(limit - list.data.count) - 1, head)
                guard max(next, block.firstSeq) <= upTo else { continue }
                for seq in max(next, block.firstSeq)...upTo { entries.append(try reader.entry(seq)) }
            }
            let room = limit - list.data.count
            ledger.withCommitted { catalogue in
                for entry in entries.prefix(room) { list.data.append(Event(entry, in: catalogue)) }
            }
            next = last.lastSeq + 1
        }
        list.lastSeq = list.data.last?.seq ?? list.lastSeq
        list.hasMore = UInt64(list.lastSeq) < head
        return list.jsonBytes(capacity: 768 * (list.data.count + 1))
    }
}

/// The end of the journal.
struct LedgerHead: WireObject {
    var seq: Int64 = 0
    var hash = ""
    var id: WireID<EventPrefix>?
    var recordedAt: Int64?

    static let schemaName = "LedgerHead"

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("seq", &value.seq, .integer, doc: "0 when nothing was recorded yet.")
        v.required("hash", &value.hash, .string(64...64), doc: "SHA-256, hexadecimal.")
        v.optional("id", &value.id, .text(WireID<EventPrefix>.self), whenNil: .null)
        v.optional("recorded_at", &value.recordedAt, .timestamp(.milliseconds), whenNil: .null)
    }
}
