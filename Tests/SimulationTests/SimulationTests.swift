import Foundation
import Testing

@Suite("Simulated runs with faults, held against a naive ledger")
struct SimulationTests {
    @Test("seeds keep every promise")
    func seeds() throws {
        let first = UInt64(ProcessInfo.processInfo.environment["SIMULATION_FIRST"] ?? "") ?? 1
        let count = UInt64(ProcessInfo.processInfo.environment["SIMULATION_SEEDS"] ?? "") ?? 300
        for seed in first..<(first + count) {
            let outcome = try Simulation.run(Plan(seed: seed))
            print(seed, outcome.steps, outcome.entries, outcome.deliveries, outcome.violations.first.map { "\($0)" } ?? "")
            #expect(outcome.violations.isEmpty, "seed \(seed): \(outcome.violations)")
        }
    }

    @Test("a seed gives the same run, byte for byte")
    func determinism() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            let first = try Simulation.run(Plan(seed: seed))
            let second = try Simulation.run(Plan(seed: seed))
            #expect(first.digest == second.digest, "seed \(seed)")
        }
    }

    @Test("a planted bug is found within 200 seeds", arguments: PlantedBug.allCases)
    func plantedBug(_ bug: PlantedBug) throws {
        for seed in 1...200 as ClosedRange<UInt64> {
            let outcome = try Simulation.run(Plan(seed: seed, isShared: bug.isShared), bug: bug)
            if let violation = outcome.violations.first {
                print(bug, seed, violation)
                return
            }
        }
        Issue.record("\(bug) was not found")
    }
}
