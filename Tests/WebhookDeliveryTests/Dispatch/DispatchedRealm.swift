import Foundation
import LedgerCore
import LedgerStorage
import Logging
import MemoryStorage
import NIOCore
import NIOPosix
import Synchronization
import Testing
import WebhookDelivery

/// A realm with a journal in memory, one endpoint at a receiver of this machine, and a dispatcher between them.
final class DispatchedRealm: Sendable {
    let realm = Realm(id: ULID(high: 7, low: 9), tenant: "acme", mode: .test)
    let store = UnreliableDeliveries()
    private let logs = LogLines()
    let dispatcher: WebhookDispatcher
    private let journal = MemoryRealmStore()
    private let sealed = Mutex(SealedHead.start)
    private let endpoint: WebhookEndpoint
    private let receiver: RawReceiver
    private let arrived: Arrivals
    private let group: MultiThreadedEventLoopGroup

    /// Ids of the events that came, in order.
    private final class Arrivals: Sendable {
        let ids = Mutex<[String]>([])
    }

    private init() throws {
        let arrived = Arrivals()
        let receiver = try RawReceiver { peer, _ in
            while true {
                let request = try peer.readRequest()
                arrived.ids.withLock { $0.append(request.header("webhook-id") ?? "") }
                try peer.ok()
            }
        }
        self.arrived = arrived
        self.receiver = receiver
        let key = try #require(SecretVault.Key([UInt8](repeating: 7, count: 32)))
        let vault = SecretVault(current: key)
        let secret = try vault.seal(Array("secret".utf8), realm: realm.id)
        let moment = Instant(milliseconds: 5)
        endpoint = WebhookEndpoint(
            number: WebhookNumber(rawValue: 1), id: ULID(high: 1, low: 1),
            url: "http://127.0.0.1:\(receiver.port)/", events: ["stock.*"], description: nil,
            secrets: [WebhookSecretRecord(sealed: secret)], createdAt: moment, updatedAt: moment, createdSeq: 1,
            changedSeq: 1)
        var environment = DispatchEnvironment(
            now: { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) },
            steady: { DispatchTime.now().uptimeNanoseconds }, seed: { 1 }, vault: vault,
            policy: try AddressPolicy(parsing: "127.0.0.1/32"), resolver: ClientBench.noNames,
            client: DeliveryClientConfiguration(tls: try ClientBench.systemTLS.get()), logger: logs.logger)
        environment.reopening.first = 20
        environment.reopening.longest = 80
        environment.reopening.inUse = 40
        environment.limits.logInterval = 10
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        dispatcher = WebhookDispatcher(environment: environment, eventLoops: [group.next()])
    }

    static func with(_ body: (DispatchedRealm) async throws -> Void) async throws {
        let realm = try DispatchedRealm()
        do {
            _ = try realm.journal.open()
            // The endpoint's own creation stands before what it is sent.
            try realm.append(1)
            try await body(realm)
            await realm.end()
        } catch {
            await realm.end()
            throw error
        }
    }

    private func end() async {
        let dispatcher = dispatcher
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                dispatcher.stop()
                continuation.resume()
            }
        }
        receiver.stop()
        try? await group.shutdownGracefully()
    }

    func start() {
        dispatcher.start(realm) { [self] () throws(StoreError) in try source }
    }

    private var source: DeliverySource {
        get throws(StoreError) {
            DeliverySource(
                realm: realm, journal: journal, deliveries: try store.session(), head: { self.sealed.withLock { $0 } },
                webhooks: { ([self.endpoint], 1) }, webhooksChangedSeq: { 1 },
                render: { $0.map { Array("{\"type\":\"\($0.change.type)\",\"seq\":\($0.seq)}".utf8) } },
                submit: { _, completion in completion(false) })
        }
    }

    /// Events that the endpoint takes.
    func append(_ count: Int) throws {
        try sealed.withLock { sealed in
            let entries = (1...UInt64(count)).map { number in
                let seq = sealed.head.seq + number
                let alert = StockAlert(
                    item: ItemNumber(rawValue: 1), location: LocationNumber(rawValue: 1), before: 2, after: 1,
                    reorderPoint: 1, movementSeq: max(1, seq - 1))
                return Entry(
                    seq: seq, id: ULID(high: 1 << 20, low: seq), recordedAt: Instant(milliseconds: 5), actor: nil,
                    change: .stockLow(alert))
            }
            let block = try #require(Block.seal(entries, after: sealed))
            try journal.commit(CommitUnit(block: block))
            sealed = block.sealedHead
        }
        dispatcher.journalHasGrown(realm.id)
    }

    /// Ids of what the endpoint has to get.
    var wanted: Set<String> {
        newest(sealed.withLock { $0.head.seq } - 1)
    }

    /// What a person was told of webhooks that stand still.
    var told: [String] { logs.all.filter { $0.contains("webhooks") } }

    /// Ids of the events at the journal's end.
    func newest(_ count: UInt64) -> Set<String> {
        let head = sealed.withLock { $0.head.seq }
        return Set((head - count + 1...head).map { "evt_\(ULID(high: 1 << 20, low: $0).text)" })
    }

    /// What has come so far.
    var taken: [String] { arrived.ids.withLock { $0 } }

    /// Waits until all that it has to get has come and is written.
    func settle(_ what: String) async throws {
        try await eventually("\(what): not all has come") { Set(taken) == wanted }
        let next = sealed.withLock { $0.head.seq } + 1
        try await eventually("\(what): the cursor stays") {
            try store.kept.open().lanes.map(\.nextSeq) == [next]
        }
    }
}

/// Waits until the condition holds, for ten seconds at most.
func eventually(_ what: String, _ condition: () throws -> Bool) async throws {
    let began = ContinuousClock.now
    while try !condition() {
        guard ContinuousClock.now - began < .seconds(10) else { throw RawReceiver.Failure(description: what) }
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// Deliveries in memory that can be opened and written to only as often as a test allows. What was written is kept from
/// one session to the next.
final class UnreliableDeliveries: Sendable {
    let kept = MemoryDeliveryStore()
    private let state = Mutex(State())

    private struct State {
        var openFaults: [StoreError] = []
        var readFaults: [StoreError] = []
        var commitFaults: [StoreError] = []
        var opened = 0
        var closed = 0
        var usedAfterClose = 0
    }

    /// The next attempts to open fail so; `reading` when the file is there and what it holds can't be read.
    func failToOpen(_ faults: [StoreError], reading: [StoreError] = []) {
        state.withLock {
            $0.openFaults += faults
            $0.readFaults += reading
        }
    }

    /// The next commits fail so, and with each of them the session that it belongs to.
    func failToCommit(_ faults: [StoreError]) { state.withLock { $0.commitFaults += faults } }

    /// Sessions opened, and those of them that were closed.
    var sessions: (opened: Int, closed: Int) { state.withLock { ($0.opened, $0.closed) } }
    var usedAfterClose: Int { state.withLock { $0.usedAfterClose } }
    var faultsLeft: Int {
        state.withLock { $0.openFaults.count + $0.readFaults.count + $0.commitFaults.count }
    }

    func session() throws(StoreError) -> any DeliveryStore {
        try state.withLock { (state) throws(StoreError) in
            if !state.openFaults.isEmpty { throw state.openFaults.removeFirst() }
            state.opened += 1
        }
        return Session(deliveries: self)
    }

    private final class Session: DeliveryStore {
        let deliveries: UnreliableDeliveries
        let isClosed = Atomic<Bool>(false)
        let failure = Mutex<StoreError?>(nil)

        init(deliveries: UnreliableDeliveries) { self.deliveries = deliveries }

        private var store: MemoryDeliveryStore {
            if isClosed.load(ordering: .sequentiallyConsistent) {
                deliveries.state.withLock { $0.usedAfterClose += 1 }
            }
            return deliveries.kept
        }

        func open() throws(StoreError) -> OpenedDeliveries {
            try deliveries.state.withLock { (state) throws(StoreError) in
                if !state.readFaults.isEmpty { throw state.readFaults.removeFirst() }
            }
            return try store.open()
        }

        func commit(_ unit: DeliveryUnit) throws(StoreError) -> Bool {
            if let failure = failure.withLock({ $0 }) { throw failure }
            let fault = deliveries.state.withLock { $0.commitFaults.isEmpty ? nil : $0.commitFaults.removeFirst() }
            if let fault {
                failure.withLock { $0 = fault }
                throw fault
            }
            return try store.commit(unit)
        }

        func deliveries(_ query: DeliveryQuery) throws(StoreError) -> [ExceptionalDelivery] {
            try store.deliveries(query)
        }

        func delivery(_ id: DeliveryID) throws(StoreError) -> ExceptionalDelivery? { try store.delivery(id) }

        func attempts(of id: DeliveryID) throws(StoreError) -> [DeliveryAttempt] { try store.attempts(of: id) }

        func deadSeqs(
            of webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int
        ) throws(StoreError) -> [UInt64] {
            try store.deadSeqs(of: webhook, in: seqs, limit: limit)
        }

        func counts(of webhook: WebhookNumber) throws(StoreError) -> (pending: Int, dead: Int) {
            try store.counts(of: webhook)
        }

        func firstDeliveries(
            to webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int
        ) throws(StoreError) -> (deliveries: [FirstDelivery], searchedFrom: UInt64) {
            try store.firstDeliveries(to: webhook, in: seqs, limit: limit)
        }

        func pages(after number: Int64, limit: Int) throws(StoreError) -> [(number: Int64, page: DeliveryPage)] {
            try store.pages(after: number, limit: limit)
        }

        func close() {
            isClosed.store(true, ordering: .sequentiallyConsistent)
            deliveries.state.withLock { $0.closed += 1 }
        }
    }
}
