import LedgerStorage
import Synchronization

/// One run of a plan, from the first request to the judge's word.
enum Simulation {
    struct Outcome: Sendable {
        var violations: [Violation]
        var digest: Digest256
        var steps: Int
        /// The last things that happened.
        var lines: [String]
        /// Entries of both journals.
        var entries = 0
        /// Of webhooks.
        var deliveries = 0
        var faults = 0
        /// Server processes, first and restarted.
        var processes = 0
    }

    private static let mostSteps = 400_000
    private static let day: UInt64 = 86_400_000_000_000

    static func run(_ plan: Plan, bug: PlantedBug? = nil) throws -> Outcome {
        let world = World(plan, bug: bug)
        defer { world.end() }
        try world.begin()
        let clients = plan.clients.enumerated().map { number, actions in
            Client(number, realm: number % 2, actions: actions, world: world)
        }
        let founders = [0, 1].map { Client(90 + $0, realm: $0, actions: [], world: world) }
        for founder in founders {
            founder.setUp { for client in clients where client.realm == founder.realm { client.next() } }
        }
        let schedule = world.schedule
        while clients.contains(where: { !$0.isDone }), schedule.steps < mostSteps, schedule.now < 10 * day {
            guard schedule.step() else { break }
        }
        if clients.contains(where: { !$0.isDone }) {
            world.history.violate("the run does not come to its end: \(world.description)")
        }
        world.heal()
        return finish(world, founders)
    }

    /// Lets everything settle that is under way, and judges.
    private static func finish(_ world: World, _ founders: [Client]) -> Outcome {
        let schedule = world.schedule
        var outcome = Outcome(violations: [], digest: .zero, steps: 0, lines: [])
        settle(schedule, seconds: 60)
        for founder in founders {
            var journal = read(schedule, founder.readJournal)
            let receivers = (0..<Plan.receivers).map { world.network.receiver(2 * $0 + founder.realm) }
            var dead: Set<String> = []
            // Retries are due within some hours.
            for _ in 0..<12 {
                if receivers.allSatisfy({ DeliveryJudge(receiver: $0, journal: journal, dead: dead).isComplete }) {
                    break
                }
                settle(schedule, seconds: 6 * 3_600)
                dead = Set(read(schedule, founder.readDeadLetters).compactMap { $0["event_id"].string })
                journal = read(schedule, founder.readJournal)
            }
            var judge = Judge(world.history, realm: founder.realm, journal: journal)
            judge.run()
            for violation in judge.violations { world.history.violate(violation) }
            for receiver in receivers {
                for violation in DeliveryJudge(receiver: receiver, journal: journal, dead: dead).run() {
                    world.history.violate(violation)
                }
                outcome.deliveries += receiver.deliveries.count
            }
            verify(world, founder.realm)
            outcome.entries += journal.count
        }
        if world.visits > World.mostVisits {
            world.history.violate("a loop does not come to its end: \(world.visits) calls")
        }
        outcome.violations = world.history.violations
        outcome.digest = world.history.trace.digest
        outcome.lines = world.history.trace.lines
        outcome.steps = schedule.steps
        outcome.faults = world.faultsApplied
        outcome.processes = world.lastProcess
        return outcome
    }

    /// Hash chain and projections, as `bincard verify` checks them.
    private static func verify(_ world: World, _ realm: Int) {
        guard let store = world.ledgers[world.realms[realm].id] else { return }
        do throws(StoreError) {
            if let problem = try LedgerVerifier(store: store).run().problem {
                world.history.violate("the ledger does not verify: \(problem)")
            }
        } catch {
            world.history.violate("the ledger can't be verified: \(error)")
        }
    }

    private static func read(
        _ schedule: Schedule, _ body: (@escaping @Sendable ([Document]) -> Void) -> Void
    ) -> [Document] {
        let found = Mutex<[Document]>([])
        body { documents in found.withLock { $0 = documents } }
        settle(schedule, seconds: 120)
        return found.withLock { $0 }
    }

    private static func settle(_ schedule: Schedule, seconds: UInt64) {
        let end = schedule.now + seconds * 1_000_000_000
        let most = schedule.steps + mostSteps
        while schedule.steps < most, schedule.step(before: end) {}
    }
}
