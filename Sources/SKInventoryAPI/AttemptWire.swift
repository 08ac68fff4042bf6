import HTTPInterface
import LedgerCore
package import LedgerStorage
package import WireSchema

/// One attempt to deliver an event, and what came of it.
package struct AttemptView: WireObject {
    package var startedAt: Int64 = 0
    /// In microseconds.
    package var duration: Int64 = 0
    package var url = ""
    package var signature: String?
    package var headSeq: Int64 = 0
    package var status: Int64?
    package var errorCode: String?
    package var errorDetail: String?
    package var answer: ReceivedAnswerView?

    package init() {}

    package init(_ attempt: DeliveryAttempt) {
        startedAt = attempt.startedAt.milliseconds
        duration = attempt.microseconds
        url = attempt.url
        signature = attempt.signature.isEmpty ? nil : attempt.signature
        headSeq = Int64(clamping: attempt.headSeq)
        switch attempt.outcome {
        case .answered(let received):
            status = Int64(received.status)
            answer = ReceivedAnswerView(received)
        case .failed(let code, let detail):
            errorCode = code
            errorDetail = detail
        }
    }

    package static let schemaName = "DeliveryAttempt"
    package static let schemaDoc = "One attempt to deliver an event, and what came of it: an answer or an error."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("started_at", &value.startedAt, .timestamp(.milliseconds))
        v.required("duration_ms", &value.duration, MillisecondsKind())
        v.required("url", &value.url, .string(1...2_048))
        v.optional(
            "signature", &value.signature, .string(1...2_048), whenNil: .null,
            doc: "The webhook-signature header; null when nothing could be sent.")
        v.required("ledger_head_seq", &value.headSeq, .integer, doc: "The ledger's head that was sent along.")
        v.optional("status", &value.status, .integer, whenNil: .null, doc: "The answer's HTTP status.")
        v.optional("error_code", &value.errorCode, .string(1...64), whenNil: .null, doc: "Why there is no answer.")
        v.optional("error_detail", &value.errorDetail, .string(1...1_024), whenNil: .null)
        v.optional("answer", &value.answer, .object(ReceivedAnswerView.self), whenNil: .null)
    }
}

/// What an endpoint answered.
package struct ReceivedAnswerView: WireObject {
    package var contentType: String?
    package var body = ""
    package var truncated = false

    package init() {}

    init(_ answer: ReceivedAnswer) {
        contentType = answer.contentType
        // NUL is JSON by the book, but strict readers, ours among them, take no such text.
        body = String(decoding: answer.body, as: UTF8.self).replacing("\u{0}", with: "\u{FFFD}")
        truncated = answer.isTruncated
    }

    package static let schemaName = "ReceivedAnswer"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.optional("content_type", &value.contentType, .string(0...8_192), whenNil: .null)
        v.required(
            "body", &value.body, .string(0...65_536, lines: true),
            doc: "The first 64 KiB as text; what is no UTF-8, and NUL, is replaced.")
        v.required("truncated", &value.truncated, .boolean, doc: "Whether there was more.")
    }
}

/// A duration in microseconds, written as a number of milliseconds with three decimals.
package struct MillisecondsKind: WireKind {
    package func read(_ index: JSONIndex, from source: inout WireSource) -> Int64? {
        source.report(WireMistake(.invalidValue, "must not be sent: durations are only read"), at: index)
        return nil
    }

    package func write(_ value: Int64, to writer: inout JSONWriter) {
        let microseconds = max(0, value)
        let decimals = String(microseconds % 1_000 + 1_000).dropFirst()
        writer.raw(Array("\(microseconds / 1_000).\(decimals)".utf8))
    }

    package func schema(_ collector: inout SchemaCollector) -> SchemaNode {
        var node = SchemaNode(type: "number")
        node.add("minimum", .integer(0))
        return node
    }
}
