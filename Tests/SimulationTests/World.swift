import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import MemoryStorage
import SampleLedger

/// A simulated world: servers, their disks, a network, clients and receivers of webhooks, all on one thread and in an
/// order that a seed chooses.
///
/// @unchecked Sendable: one thread uses it.
final class World: @unchecked Sendable {
    /// Calls of a store in one run: a loop in which nothing ends shows itself here.
    static let mostVisits = 500_000
    var visits = 0

    let plan: Plan
    let bug: PlantedBug?
    let schedule: Schedule
    let realms: [Realm]
    /// The secret of each realm's key.
    private(set) var secrets: [String] = []
    let ledgers: [ULID: MemoryRealmStore]
    let deliveries: [ULID: MemoryDeliveryStore]
    let control = MemoryControlStore()
    let history = History()
    private(set) lazy var network = Network(self)

    private var ids: SeededGenerator
    /// Milliseconds by which the clock of the wall is ahead of the steady one.
    private var wallOffset: Int64 = 1_790_000_000_000
    private var servers: [SimulatedServer?] = []
    /// Processes that have ended: their work may still be on the stack.
    private var graveyard: [SimulatedServer] = []
    private var alive: [Int: Int] = [:]
    private(set) var lastProcess = Schedule.world
    private(set) var faultsApplied = 0
    /// Threads of each process that wait for another of its threads: it can't end just then.
    private var waiting: [Int: Int] = [:]
    private var faults: ArraySlice<Fault>
    private var commitFaults: [Int: [MemoryRealmStore.Fault]] = [:]
    private var deliveryFaults: [Int: MemoryDeliveryStore.Fault] = [:]
    /// Calls to the database that each process may still make before its connection breaks.
    private var lostConnections: [Int: Int] = [:]
    private var leases: [ULID: (process: Int, expiresAt: UInt64)] = [:]

    init(_ plan: Plan, bug: PlantedBug? = nil) {
        self.plan = plan
        self.bug = bug
        schedule = Schedule(seed: plan.seed)
        ids = SeededGenerator(seed: plan.seed ^ 0x1D5)
        faults = plan.faults[...]
        realms = [Mode.test, .live].enumerated().map { number, mode in
            Realm(id: ULID(high: 0x0190_0000 + UInt64(number), low: 7), tenant: "acme", mode: mode)
        }
        let isShared = plan.isShared
        ledgers = Dictionary(uniqueKeysWithValues: realms.map { ($0.id, MemoryRealmStore(isShared: isShared)) })
        deliveries = Dictionary(uniqueKeysWithValues: realms.map { ($0.id, MemoryDeliveryStore()) })
        schedule.onStep = { [unowned self] in applyFaults() }
    }

    /// Makes the realms and their keys, and starts the servers.
    func begin() throws {
        for realm in realms {
            let found = try control.realm(
                tenant: realm.tenant, mode: realm.mode, at: now, makeID: { realm.id })
            let id = ULID(high: 0x0190_1000, low: UInt64(secrets.count))
            let secret = KeySecret.mint(mode: realm.mode, id: id, using: &ids)
            try control.insert(
                APIKey(
                    id: id, realm: found, name: "client", scopes: Set(Scope.allCases), secretHash: secret.hash,
                    limit: nil, createdAt: now))
            secrets.append(secret.text)
        }
        servers = Array(repeating: nil, count: plan.servers)
        for place in servers.indices { try start(place) }
    }

    /// Lets go of everything, which holds each other.
    func end() {
        schedule.clear()
        for server in servers.compactMap({ $0 }) + graveyard { server.dismantle() }
        servers = []
        graveyard = []
    }

    // MARK: What the world is like

    var now: Instant { Instant(milliseconds: wallOffset + Int64(schedule.now / 1_000_000)) }

    func random() -> (UInt16, UInt64) { (UInt16(truncatingIfNeeded: ids.next()) & 0x7FFF, ids.next()) }

    func seed() -> UInt64 { ids.next() }

    func isAlive(_ process: Int) -> Bool { alive[process] != nil }

    func server(_ place: Int) -> SimulatedServer? { servers[place % servers.count] }

    /// A thread of the process waits for another.
    func wait(_ process: Int, until condition: () -> Bool) {
        waiting[process, default: 0] += 1
        schedule.wait(until: condition)
        waiting[process, default: 1] -= 1
    }

    /// For whoever looks into a run that does not end.
    var description: String {
        let places = alive.sorted { $0.key < $1.key }.map { "\($0.key) at \($0.value)" }
        return "alive \(places), waiting \(waiting), \(schedule.description)"
    }

    // MARK: Processes

    private func start(_ place: Int) throws {
        guard servers[place] == nil else { return }
        lastProcess += 1
        alive[lastProcess] = place
        history.trace.note("start \(place) as \(lastProcess)")
        servers[place] = try SimulatedServer(self, process: lastProcess)
    }

    /// The process ends where it stands.
    func kill(_ place: Int, isPowerCut: Bool, downMilliseconds: Int) {
        guard let server = servers[place] else { return }
        let process = server.process
        if waiting[process, default: 0] > 0 {
            return schedule.add(afterMilliseconds: 1) { [unowned self] in
                kill(place, isPowerCut: isPowerCut, downMilliseconds: downMilliseconds)
            }
        }
        history.trace.note("end of \(process)\(isPowerCut ? " by power cut" : "")")
        alive[process] = nil
        servers[place] = nil
        schedule.end(process)
        server.releaseLocks()
        network.cut(process)
        // A server's own files: nobody holds them. Among servers a lease must run out.
        if !plan.isShared {
            leases = leases.filter { $0.value.process != process }
            if isPowerCut {
                for realm in realms {
                    ledgers[realm.id]?.forgetUnsynced()
                    deliveries[realm.id]?.forgetUnsynced()
                }
            }
        }
        // Work that is below on the stack still holds it.
        graveyard.append(server)
        schedule.add(afterMilliseconds: downMilliseconds) { [unowned self] in
            do {
                try start(place)
            } catch {
                history.violate("a server can't start again: \(error)")
            }
        }
    }

    /// The process has found that it must not go on.
    func failStop(_ process: Int, _ error: StoreError) {
        guard let place = alive[process] else { return }
        if case .corrupt = error { history.violate("a server met a corrupt ledger: \(error)") }
        kill(place, isPowerCut: schedule.chance(1, in: 2), downMilliseconds: 1 + schedule.number(below: 500))
    }

    // MARK: Faults

    private func applyFaults() {
        while let fault = faults.first, fault.step <= schedule.steps {
            faults.removeFirst()
            faultsApplied += 1
            apply(fault.kind)
        }
    }

    /// Nothing goes wrong any more.
    func heal() {
        faults = []
        commitFaults = [:]
        deliveryFaults = [:]
        lostConnections = [:]
        network.heal()
    }

    private func apply(_ kind: Fault.Kind) {
        history.trace.note("\(kind)")
        func process(_ place: Int) -> Int { servers[place % servers.count]?.process ?? -1 }
        func commit(_ place: Int, _ fault: MemoryRealmStore.Fault) {
            commitFaults[process(place), default: []].append(fault)
        }
        switch kind {
        case .kill(let place, let down): kill(place % servers.count, isPowerCut: false, downMilliseconds: down)
        case .powerCut(let place, let down): kill(place % servers.count, isPowerCut: true, downMilliseconds: down)
        case .stall(let place, let time): schedule.stall(process(place), milliseconds: time)
        case .clockJump(let time): wallOffset += time
        case .commitFull(let place): commit(place, .full)
        case .commitLost(let place): commit(place, .refused)
        case .commitUnsynced(let place): commit(place, plan.isShared ? .refused : .unsynced)
        case .commitUnheard(let place): commit(place, .unheard)
        case .deliveriesFull(let place): deliveryFaults[process(place)] = .full
        case .deliveriesLost(let place): deliveryFaults[process(place)] = .refused
        case .deliveriesUnheard(let place): deliveryFaults[process(place)] = .unheard
        case .connectionLost(let place, let calls): if plan.isShared { lostConnections[process(place)] = calls }
        case .answersLost(let count): network.loseAnswers(count)
        case .receiverFails(let number, let time): network.receiver(number).fail(milliseconds: time)
        case .receiverHangs(let number, let time): network.receiver(number).hang(milliseconds: time)
        case .receiverIsLate(let number, let time): network.receiver(number).beLate(milliseconds: time)
        }
    }

    func takeCommitFaults(_ process: Int) -> [MemoryRealmStore.Fault] {
        commitFaults.removeValue(forKey: process) ?? []
    }

    func takeDeliveryFault(_ process: Int) -> MemoryDeliveryStore.Fault? {
        deliveryFaults.removeValue(forKey: process)
    }

    func takeLostConnection(_ process: Int) -> Bool {
        guard let calls = lostConnections[process] else { return false }
        lostConnections[process] = calls > 0 ? calls - 1 : nil
        return calls == 0
    }

    // MARK: What servers share

    /// The others learn of it soon.
    func didCommit(_ process: Int, _ realm: ULID) {
        guard plan.isShared else { return }
        for server in servers.compactMap({ $0 }) where server.process != process {
            schedule.add(server.process, .other, after: UInt64(1 + schedule.number(below: 50)) * 1_000_000) {
                [unowned server] in
                server.engine.openRealm(realm)?.follow()
            }
        }
    }

    /// Whether the process may deliver for the realm, from now on for ten seconds.
    func takeLease(_ process: Int, _ realm: ULID) -> Bool {
        if let lease = leases[realm], lease.process != process, lease.expiresAt > schedule.now { return false }
        leases[realm] = (process, schedule.now + 10_000_000_000)
        return true
    }

    func releaseLease(_ process: Int, _ realm: ULID) {
        if leases[realm]?.process == process { leases[realm] = nil }
    }
}
