package import LedgerEngine
package import WireSchema

/// RFC 9457 problem details: how Skutrail and SK Inventory refuse (contracts, *Errors*).
package struct Problem: WireObject {
    package var type = ""
    package var title = ""
    package var status: Int64 = 0
    package var detail = ""
    package var instance = ""
    package var code = ""
    package var requestID = ""
    package var balance: Int64?
    package var errors: [WireFault]?

    package init() {}

    package static let schemaName = "Problem"
    package static let schemaDoc = "Why a request was refused; nothing was changed. RFC 9457."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required(
            "type", &value.type, .string(1...200), doc: "Where the code is explained, relative to this server.",
            example: #""/problems/insufficient_stock""#)
        v.required("title", &value.title, .string(1...200), doc: "What the code means, for people.")
        v.required("status", &value.status, .integer(100...599))
        v.required(
            "detail", &value.detail, .string(0...8_192), doc: "What was wrong with this request, and what to do.")
        v.required("instance", &value.instance, .string(0...8_192), doc: "The path that was asked.")
        v.required(
            "code", &value.code, .string(1...64), doc: "Stable, for programs.", example: #""insufficient_stock""#)
        v.required("request_id", &value.requestID, .string(1...128), doc: "Names the request in the server's log.")
        v.optional("balance", &value.balance, .integer, doc: "On hand, where a movement asked for more.")
        v.optional(
            "errors", &value.errors, .array(of: .object(WireFault.self)), doc: "What is wrong with each place.")
    }
}

extension Problem {
    package init(_ refusal: Refusal, instance: String, requestID: String) {
        type = "/problems/\(refusal.code)"
        title = ProblemCatalogue.title(of: refusal.code)
        status = Int64(refusal.status)
        detail = refusal.detail
        self.instance = instance
        code = refusal.code
        self.requestID = requestID
        balance = refusal.balance
        errors = refusal.faults.isEmpty ? nil : refusal.faults
    }

    /// As an answer that can be stored under an idempotency key.
    package func answer() -> Answer {
        Answer(status: UInt16(status), contentKind: ContentKind.problem.rawValue, body: jsonBytes())
    }
}

/// How a dialect writes a refusal. Pure.
package struct ErrorDialect: Sendable {
    package var render: @Sendable (_ refusal: Refusal, _ instance: String, _ requestID: String) -> Answer

    package init(render: @escaping @Sendable (Refusal, String, String) -> Answer) {
        self.render = render
    }

    /// `application/problem+json`: Skutrail, SK Inventory, and whatever belongs to no dialect.
    package static let problem = ErrorDialect { refusal, instance, requestID in
        Problem(refusal, instance: instance, requestID: requestID).answer()
    }
}
