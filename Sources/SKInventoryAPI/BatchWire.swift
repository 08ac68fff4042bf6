package import HTTPInterface
package import WireSchema

/// What became of one line of a batch.
package struct BatchLineResult: WireObject {
    package var index: Int64 = 0
    package var idempotencyKey: String?
    package var status: Int64 = 0
    package var replayed = false
    /// The stored answer, spliced in as it is: it is what the line alone would have been answered.
    package var movement: Rendered<MovementView>?
    package var problem: Rendered<Problem>?

    package init() {}

    package static let schemaName = "BatchLineResult"
    package static let schemaDoc =
        "The answer that the line alone would have got from POST /inventory/v1/movements: a movement or a problem."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("index", &value.index, .integer(0...999))
        v.optional("idempotency_key", &value.idempotencyKey, .string(1...255), whenNil: .null)
        v.required("status", &value.status, .integer(100...599), doc: "201, or the problem's status.")
        v.required(
            "replayed", &value.replayed, .boolean, doc: "Whether an earlier request with this key was answered so.")
        v.optional("movement", &value.movement, .rendered(MovementView.self))
        v.optional("problem", &value.problem, .rendered(Problem.self))
    }
}

/// The answer to a batch: one result a line, in order.
package struct BatchResults: WireObject {
    package var recorded: Int64 = 0
    package var replayed: Int64 = 0
    package var refused: Int64 = 0
    package var results: [BatchLineResult] = []

    package init() {}

    package static let schemaName = "MovementBatchResult"
    package static let schemaDoc = "One result for each line, in order; recorded + replayed + refused = lines."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("recorded", &value.recorded, .integer)
        v.required("replayed", &value.replayed, .integer)
        v.required("refused", &value.refused, .integer)
        v.required("results", &value.results, .array(of: .object(BatchLineResult.self)))
    }
}
