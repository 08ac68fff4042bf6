import Foundation
import Testing

/// `make simulate SEEDS=N FIRST=K` runs more seeds than `make test`, and again the one that has failed.
@Suite("Simulated runs with faults, held against a naive ledger")
struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let first = UInt64(environment["SIMULATION_FIRST"] ?? "") ?? 1
    private static let count = UInt64(environment["SIMULATION_SEEDS"] ?? "") ?? 300
    /// The order in which Swift goes through a dictionary is another one in each process, unless this is set; it
    /// decides which stock levels leave the memory first.
    private static let isDeterministic = environment["SWIFT_DETERMINISTIC_HASHING"] != nil

    @Test("whatever goes wrong, every promise is kept")
    func seeds() throws {
        var tally = Tally()
        for seed in Self.first..<(Self.first + Self.count) {
            let plan = Plan(seed: seed)
            let outcome = try Simulation.run(plan)
            tally.add(plan, outcome)
            if tally.runs % 500 == 0 { print(tally) }
            guard !outcome.violations.isEmpty else { continue }
            let shrunk = try Shrinking.shrink(plan, outcome)
            Issue.record(
                """
                seed \(seed): \(outcome.violations.map(\.description).joined(separator: "\n"))
                To repeat: make simulate FIRST=\(seed) SEEDS=1
                The smallest plan that fails in the same way (found in \(shrunk.runs) runs):
                \(shrunk.plan)
                It fails with: \(shrunk.outcome.violations.map(\.description).joined(separator: "\n"))
                Its last steps:
                \(shrunk.outcome.lines.suffix(60).joined(separator: "\n"))
                """)
        }
        print(tally)
    }

    @Test("a seed gives the same run, byte for byte", .enabled(if: Self.isDeterministic))
    func determinism() throws {
        for seed in Self.first..<(Self.first + 20) {
            let first = try Simulation.run(Plan(seed: seed))
            let second = try Simulation.run(Plan(seed: seed))
            #expect(first.digest == second.digest && first.steps == second.steps, "seed \(seed)")
        }
    }

    @Test("a planted bug is found within 200 seeds", arguments: PlantedBug.allCases)
    func plantedBug(_ bug: PlantedBug) throws {
        for seed in 1...200 as ClosedRange<UInt64> {
            let outcome = try Simulation.run(Plan(seed: seed, isShared: bug.isShared), bug: bug)
            guard let violation = outcome.violations.first(where: { bug.symptoms.contains(String($0.kind)) }) else {
                continue
            }
            return print("\(bug): seed \(seed): \(violation.description.prefix(160))")
        }
        Issue.record("\(bug) was not found")
    }

    @Test("a run that fails shrinks to a few requests that fail in the same way")
    func shrinking() throws {
        for seed in 1...200 as ClosedRange<UInt64> {
            let plan = Plan(seed: seed, isShared: false)
            let outcome = try Simulation.run(plan, bug: .idempotencyInMemory)
            guard let kind = outcome.violations.first?.kind, plan.size > 30 else { continue }
            let shrunk = try Shrinking.shrink(plan, outcome, bug: .idempotencyInMemory)
            #expect(shrunk.plan.size <= 6, "\(shrunk.plan)")
            #expect(shrunk.outcome.violations.contains { $0.kind == kind })
            return
        }
        Issue.record("no run failed")
    }
}

/// What a number of runs came to.
private struct Tally: CustomStringConvertible {
    private(set) var runs = 0
    private var failed = 0
    private var steps = 0
    private var entries = 0
    private var deliveries = 0
    private var faults = 0
    private var processes = 0
    private var servers = 0

    mutating func add(_ plan: Plan, _ outcome: Simulation.Outcome) {
        runs += 1
        if !outcome.violations.isEmpty { failed += 1 }
        steps += outcome.steps
        entries += outcome.entries
        deliveries += outcome.deliveries
        faults += outcome.faults
        processes += outcome.processes
        servers += plan.servers
    }

    var description: String {
        "simulated: \(runs) seeds, \(failed) failed; \(servers) servers, \(processes - servers) ended and came back; "
            + "\(faults) faults in \(steps) steps; \(entries) entries, \(deliveries) deliveries"
    }
}
