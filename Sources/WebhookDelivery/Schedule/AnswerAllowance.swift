import LedgerStorage

/// How much of receivers' answers is kept. Usual answers are kept whole; a receiver that sends pages of text thousands
/// of times a second can't fill the disk with them.
struct AnswerAllowance {
    /// Bytes that may be kept now, and the steady time of that.
    private var bytes = AnswerAllowance.most
    private var asOf: Int64?

    private static let most: Int64 = 4 << 20
    /// Bytes a second: at most 1.4 GB a day in each realm.
    private static let refill: Int64 = 16 << 10
    /// What is kept of an answer when there is no allowance left.
    private static let stub = 256

    /// The attempt with as much of its answer as may be kept.
    mutating func keep(_ attempt: DeliveryAttempt, at steady: Int64) -> DeliveryAttempt {
        guard case .answered(var answer) = attempt.outcome, !answer.body.isEmpty else { return attempt }
        let passed = min(max(0, steady - (asOf ?? steady)), 3_600_000)
        asOf = steady
        bytes = min(AnswerAllowance.most, bytes + passed * AnswerAllowance.refill / 1_000)
        if answer.body.count > AnswerAllowance.stub, bytes < answer.body.count {
            answer.body.removeLast(answer.body.count - AnswerAllowance.stub)
            answer.isTruncated = true
        }
        bytes = max(0, bytes - Int64(answer.body.count))
        var attempt = attempt
        attempt.outcome = .answered(answer)
        return attempt
    }
}
