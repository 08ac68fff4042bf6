import BlockingWork
import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import Logging
import ServerApp
import WebhookDelivery

/// A server process: the real gateway, APIs, engine, core and dispatcher, over a simulated disk, clock and network.
///
/// @unchecked Sendable: one thread uses it.
final class SimulatedServer: @unchecked Sendable {
    let process: Int
    let engine: LedgerEngine
    let loop: SimulatedEventLoop
    private let gateway: Gateway
    private let dispatcher: WebhookDispatcher
    private let delivered: DeliveredLedgers
    private let sessions: SessionPool
    private let front: FaultyFront

    /// Reads the system's certificates: once is enough.
    private static let tls = Result { try DeliveryTLS(authorities: nil) }
    private static let silent = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
    private static let vaultKey = SecretVault.Key([UInt8](repeating: 7, count: 32))

    init(_ world: World, process: Int) throws {
        self.process = process
        let schedule = world.schedule
        @Sendable func threads(_ kind: Schedule.Kind) -> BlockingThreads {
            BlockingThreads(
                BlockingThreads.Simulation(
                    run: { schedule.add(process, kind, $0) },
                    runUntil: { [unowned world] in world.wait(process, until: $0) }))
        }
        loop = SimulatedEventLoop(schedule, process: process, number: 1)
        sessions = SessionPool(world)
        guard let key = SimulatedServer.vaultKey else { preconditionFailure("32 bytes make a key") }
        let vault = SecretVault(current: key)
        dispatcher = WebhookDispatcher(
            environment: try SimulatedServer.dispatching(world, process, vault),
            eventLoops: [SimulatedEventLoop(schedule, process: process, number: 2)], threads: threads(.other))
        delivered = DeliveredLedgers(dispatcher: dispatcher) { [unowned world] (realm) throws(StoreError) in
            FaultyDeliveryStore(world, process: process, realm: realm.id)
        }
        engine = LedgerEngine(
            environment: SimulatedServer.ledgers(world, process, delivered), writers: threads(.writer),
            readers: threads(.reader)
        ) { [unowned world, sessions] (realm) throws(StoreError) in
            FaultyRealmStore(world, process: process, sessions: sessions, realm: realm.id)
        }
        let keys = KeyRing(
            store: world.control, logger: SimulatedServer.silent, wallClock: { [unowned world] in world.now },
            monotonicClock: { schedule.now })
        try keys.refresh()
        gateway = Gateway(
            operations: APIDocuments.operations, openRoutes: [], engine: engine, keys: keys, metrics: ServerMetrics(),
            accessLog: try AccessLog(destination: .off), cursors: CursorSeal(secret: [UInt8](repeating: 9, count: 32)),
            webhooks: WebhookAccess(
                dispatcher: dispatcher, vault: vault, policy: .publicOnly,
                othersDeliveries: { [unowned world] realm in
                    world.plan.isShared ? FaultyDeliveryStore(world, process: process, realm: realm.id) : nil
                }),
            dialects: APIDocuments.dialects, logger: SimulatedServer.silent)
        front = FaultyFront(world)
        for realm in world.realms { engine.open(realm) { _ in } }
    }

    private static func ledgers(_ world: World, _ process: Int, _ delivered: DeliveredLedgers) -> EngineEnvironment {
        var limits = EngineLimits()
        limits.commandsPerCommit = world.plan.limits.commandsPerCommit
        limits.levelsInMemory = world.plan.limits.levelsInMemory
        limits.entriesBetweenPasses = world.plan.limits.entriesBetweenPasses
        limits.levelsPerCommit = world.plan.limits.levelsPerCommit
        limits.entriesPerReferenceSegment = world.plan.limits.entriesPerReferenceSegment
        let schedule = world.schedule
        var environment = EngineEnvironment(
            now: { [unowned world] in world.now }, steady: { schedule.now },
            random: { [unowned world] in world.random() },
            failStop: { [unowned world] _, error in world.failStop(process, error) },
            // The ledgers are told of it as long as the server has them.
            observer: EngineObserver(opened: { [weak delivered] in delivered?.attach($0) }), limits: limits)
        if world.bug == .floatCost { environment.decide = FloatCost.decide }
        return environment
    }

    private static func dispatching(
        _ world: World, _ process: Int, _ vault: SecretVault
    ) throws -> DispatchEnvironment {
        let schedule = world.schedule
        var environment = DispatchEnvironment(
            now: { [unowned world] in world.now }, steady: { schedule.now }, seed: { [unowned world] in world.seed() },
            vault: vault, policy: .publicOnly, resolver: { _, _ in },
            client: DeliveryClientConfiguration(tls: try tls.get()), logger: silent)
        environment.makeSender = { [unowned world] loop, _ in SimulatedSender(world, process: process, loop: loop) }
        return environment
    }

    /// A request has arrived.
    func handle(_ request: WireRequest, realm: Int, respond: @escaping @Sendable (WireAnswer) -> Void) {
        let answer = front.answering(request, realm: realm, respond)
        gateway.handle(front.incoming(request, realm: realm), respond: SimulatedSlot(loop, answer))
    }

    /// Lets go of what holds each other: ledgers and whoever is told of their commits.
    func dismantle() { delivered.detach() }

    /// The process is gone, and with it its connections to the database.
    func releaseLocks() { sessions.releaseLocks() }
}
