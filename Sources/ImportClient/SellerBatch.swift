internal import Foundation
internal import NIOCore

/// `POST /api/inventory/bulk`: up to 500 updates, and a result for each in the order of the request.
package struct SellerBatch: BatchShape {
    package init() {}

    package var path: String { "/api/inventory/bulk" }
    package var opening: StaticString { #"{"updates":["# }
    package var closing: StaticString { "]}" }
    package var mostLines: Int { 500 }
    package var usualLines: Int { 500 }

    package func read(
        _ answer: LedgerAnswer, to part: Range<Int>, of batch: PreparedBatch, into outcome: inout BatchOutcome
    ) throws {
        try answer.body.withUnsafeReadableBytes { raw in
            guard let results = SellerAnswer.results(raw.bindMemory(to: UInt8.self)), results.count == part.count else {
                throw ImportError.answer("\(part.count) updates were sent and as many results must come back")
            }
            for (place, result) in results.enumerated() {
                guard result.index == place else {
                    throw ImportError.answer("result \(place) says that it is number \(result.index)")
                }
                switch result.status {
                case .updated: outcome.add(updated: 1, unchanged: 0, isReplay: answer.isReplay)
                case .unchanged: outcome.add(updated: 0, unchanged: 1, isReplay: answer.isReplay)
                case .failed:
                    let fault = RowFault(result.code ?? "refused", result.message ?? "no reason given")
                    outcome.refusals.append(.init(index: part.lowerBound + place, fault: fault))
                }
            }
        }
    }
}

/// Reads the answer to a bulk update of the Seller API, looking at no more than what became of each line.
package enum SellerAnswer {
    /// What became of one update.
    package struct Result: Hashable, Sendable {
        /// How it ended.
        package enum Status: Hashable, Sendable { case updated, unchanged, failed }

        package var index: Int
        package var status: Status
        /// Of the error, when there is one.
        package var code: String?
        package var message: String?
    }

    /// Every result in the order of the answer; nil when the bytes are no such answer.
    package static func results(_ bytes: Bytes) -> [Result]? {
        JSONScanner.elements(of: "data", in: bytes, result)
    }

    private static func result(_ scanner: inout JSONScanner) -> Result? {
        guard scanner.take(0x7B) else { return nil }
        var index = -1
        var status: Result.Status?
        var error: LineError?
        while let name = scanner.memberName() {
            if name.equals("index") {
                guard let number = scanner.number() else { return nil }
                index = number
            } else if name.equals("status") {
                guard let value = scanner.value() else { return nil }
                status = Self.status(value)
            } else if name.equals("error") {
                guard let value = scanner.value() else { return nil }
                error = try? JSONDecoder().decode(LineError.self, from: Data(buffer: value))
            } else {
                guard scanner.skipValue() else { return nil }
            }
        }
        guard !scanner.failed, index >= 0, let status else { return nil }
        return Result(index: index, status: status, code: error?.code, message: error?.message)
    }

    private static func status(_ value: Bytes) -> Result.Status? {
        if value.equals(#""updated""#) { return .updated }
        if value.equals(#""unchanged""#) { return .unchanged }
        return value.equals(#""failed""#) ? .failed : nil
    }

    private struct LineError: Decodable {
        var code: String?
        var message: String?
    }
}
