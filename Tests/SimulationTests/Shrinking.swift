/// Makes a plan that fails smaller, as long as it fails in the same way.
enum Shrinking {
    private static let mostRuns = 200

    struct Shrunk {
        var plan: Plan
        var outcome: Simulation.Outcome
        var runs: Int
    }

    static func shrink(_ plan: Plan, _ outcome: Simulation.Outcome, bug: PlantedBug? = nil) throws -> Shrunk {
        guard let kind = outcome.violations.first?.kind else { return Shrunk(plan: plan, outcome: outcome, runs: 0) }
        var best = Shrunk(plan: plan, outcome: outcome, runs: 0)
        var hasShrunk = true
        while hasShrunk, best.runs < mostRuns {
            hasShrunk = false
            var length = max(1, best.plan.size / 2)
            while length > 0, best.runs < mostRuns {
                for candidate in candidates(best.plan, leavingOut: length) where best.runs < mostRuns {
                    // Another candidate may have been taken meanwhile.
                    guard candidate.size < best.plan.size else { continue }
                    best.runs += 1
                    let outcome = try Simulation.run(candidate, bug: bug)
                    guard outcome.violations.contains(where: { $0.kind == kind }) else { continue }
                    best.plan = candidate
                    best.outcome = outcome
                    hasShrunk = true
                }
                length /= 2
            }
        }
        return best
    }

    /// The plan without a stretch of one client's actions, or of its faults, of that length.
    private static func candidates(_ plan: Plan, leavingOut length: Int) -> [Plan] {
        var candidates: [Plan] = []
        for start in stride(from: 0, to: plan.faults.count, by: length) {
            var smaller = plan
            smaller.faults.removeSubrange(start..<min(start + length, plan.faults.count))
            candidates.append(smaller)
        }
        for client in plan.clients.indices {
            for start in stride(from: 0, to: plan.clients[client].count, by: length) {
                var smaller = plan
                smaller.clients[client].removeSubrange(start..<min(start + length, plan.clients[client].count))
                candidates.append(smaller)
            }
        }
        return candidates
    }
}

extension Plan: CustomStringConvertible {
    var description: String {
        var lines = ["seed \(seed), \(servers) server\(servers == 1 ? "" : "s over one database"), \(limits)"]
        for (number, actions) in clients.enumerated() where !actions.isEmpty {
            lines.append("client \(number) in realm \(number % 2):")
            lines += actions.map { "    \($0)" }
        }
        lines += faults.map { "before step \($0.step): \($0.kind)" }
        return lines.joined(separator: "\n")
    }
}
