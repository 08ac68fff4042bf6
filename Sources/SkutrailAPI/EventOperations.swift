import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WireSchema

/// The journal as everybody sees it: `GET /v1/events…` and `GET /v1/ledger/head`.
extension SkutrailAPI {
    static let eventOperations: [APIOperation] = [
        EventOperations.list(id: "listEvents", path: "/v1/events"),
        EventOperations.stream(id: "streamEvents", path: "/v1/events/stream"),
        EventOperations.get(id: "getEvent", path: "/v1/events/{id}"),
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
