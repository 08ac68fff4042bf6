import Foundation
import ImportClient

/// What an endpoint that never answers costs the others: turns with one and turns without, in one run, since the noise
/// of a machine from one minute to the next is larger than what is looked for.
extension WebhookBench {
    /// Both kinds of turns.
    struct Hanging: Encodable, Sendable {
        /// p99 of the first attempts at the nineteen others, in ms, turn by turn.
        var without_p99_ms: [Double]
        var with_p99_ms: [Double]
        /// Of the two medians.
        var ratio: Double

        var text: String {
            func list(_ turns: [Double]) -> String { turns.map { String(format: "%.0f", $0) }.joined(separator: " ") }
            return """
                First attempts at 19 endpoints, p99 in ms, turn by turn: \(list(without_p99_ms)) beside one that \
                answers, \(list(with_p99_ms)) beside one that hangs: \(String(format: "%.2f", ratio)) of the medians
                """
        }
    }

    /// Beside the nineteen, a twentieth endpoint, made anew for each turn, so that no turn inherits what another has
    /// left behind.
    ///
    /// - Returns: the turn of the median for each kind.
    func hanging(
        _ alerts: BenchAlerts, _ connection: LedgerConnection, _ receiver: BenchReceiver
    ) async throws -> (rows: [Row], summary: Hanging) {
        receiver.hang(Self.hangingPath)
        var without: [Row] = []
        var with: [Row] = []
        for turn in 0..<run.command.turns {
            // A drift of the machine favours neither.
            for hangs in turn.isMultiple(of: 2) ? [false, true] : [true, false] {
                let path = hangs ? Self.hangingPath : Self.lastPath
                let ids = try await subscribe(path...path, ["stock.*"], connection, receiver)
                let name = hangs ? "one of the 20 hangs" : "20 take stock.*"
                let row = try await measure("5,000 movements/s, \(name)", Self.rate, alerts, receiver)
                if hangs { with.append(row) } else { without.append(row) }
                try await delete(ids, connection)
            }
        }
        let middles = [without, with].map { rows in
            rows.sorted { $0.first_attempt_p99_ms < $1.first_attempt_p99_ms }[rows.count / 2]
        }
        let summary = Hanging(
            without_p99_ms: without.map(\.first_attempt_p99_ms), with_p99_ms: with.map(\.first_attempt_p99_ms),
            ratio: middles[1].first_attempt_p99_ms / max(middles[0].first_attempt_p99_ms, 1))
        return (middles, summary)
    }
}
