internal import Foundation
package import NIOCore

/// `POST /api/v1/skus/bulk`: up to 1,000 SKUs. The answer has counts, and a message for each SKU that failed under its
/// `iv_id`; so no two lines of a request may have the same.
package struct LinkitBatch: BatchShape {
    package init() {}

    package var path: String { "/api/v1/skus/bulk" }
    package var opening: StaticString { #"{"mode":"upsert","skus":["# }
    package var closing: StaticString { "]}" }
    package var mostLines: Int { 1_000 }
    package var usualLines: Int { 1_000 }

    package func read(
        _ answer: LedgerAnswer, to part: Range<Int>, of batch: PreparedBatch, into outcome: inout BatchOutcome
    ) throws {
        guard let data = LinkitAnswer(answer.body) else {
            throw ImportError.answer("it has no counts: \(answer.problem.text)")
        }
        guard data.succeeded >= 0, data.failed >= 0,
            data.succeeded.addingReportingOverflow(data.failed) == (part.count, false)
        else {
            let counts = "\(data.succeeded) that succeeded and \(data.failed) that failed"
            throw ImportError.answer("\(part.count) SKUs were sent, and it counts \(counts)")
        }
        var found = 0
        if data.failed > 0 {
            for (place, index) in part.enumerated() {
                // A line of which the server can't tell the name is reported under its place.
                guard let message = data.errors[batch.names[index]] ?? data.errors["skus[\(place)]"] else { continue }
                outcome.refusals.append(.init(index: index, fault: RowFault("refused", message)))
                found += 1
            }
        }
        guard found == data.failed else {
            throw ImportError.answer("it counts \(data.failed) SKUs that failed and tells of \(found)")
        }
        outcome.add(updated: data.succeeded, unchanged: 0, isReplay: answer.isReplay)
    }
}

/// The answer to a bulk update of the Linkit API.
package struct LinkitAnswer: Hashable, Sendable {
    package var succeeded: Int
    package var failed: Int
    /// Why, by `iv_id`.
    package var errors: [String: String]

    /// Nil when the body is no such answer.
    package init?(_ body: ByteBuffer) {
        let document = body.withUnsafeReadableBytes { try? JSONDecoder().decode(Document.self, from: Data($0)) }
        guard let document, document.success else { return nil }
        succeeded = document.data.succeeded
        failed = document.data.failed
        errors = document.data.errors ?? [:]
    }

    private struct Document: Decodable {
        var success: Bool
        var data: Counts
    }

    private struct Counts: Decodable {
        var succeeded: Int
        var failed: Int
        var errors: [String: String]?
    }
}
