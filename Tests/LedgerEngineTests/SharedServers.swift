import BlockingWork
import LedgerCore
import LedgerEngine
import LedgerStorage
import PostgresServer
import PostgresStorage
import SampleLedger
import Synchronization

/// Several servers over one realm of one PostgreSQL: each has its own connections, its own memory and its own engine,
/// as processes have.
final class SharedServers: Sendable {
    private static let sealKey = RealmSealKey(bytes: TestDatabase.sealKey) ?? .random()

    /// One of them.
    final class Server: Sendable {
        let database: PostgresDatabase
        let store: PostgresRealmStore
        let ledger: RealmLedger
        private let threads: BlockingThreads
        private let readers: BlockingThreads

        init(_ url: String, _ realm: Realm, limits: EngineLimits, clock: SteadyClock, seed: UInt64) throws {
            let random = Mutex(SeededGenerator(seed: seed))
            let fatal = SharedFatal()
            let threads = BlockingThreads(name: "test-writer", maximum: 4)
            let readers = BlockingThreads(name: "test-reader", maximum: 4)
            database = try PostgresDatabase(conninfo: url, sealKey: SharedServers.sealKey)
            store = database.openRealm(realm)
            let environment = EngineEnvironment(
                now: { clock.now },
                random: {
                    random.withLock {
                        (UInt16.random(in: 0...0x7FFF, using: &$0), UInt64.random(in: 0...(.max), using: &$0))
                    }
                },
                failStop: { _, error in fatal.append(error) }, limits: limits)
            ledger = try RealmLedger(
                realm: realm, store: store, environment: environment, writers: threads, readers: readers)
            self.threads = threads
            self.readers = readers
            self.errors = fatal
        }

        private let errors: SharedFatal

        /// What `failStop` was called with.
        var fatalErrors: [StoreError] { errors.values }

        deinit {
            threads.stop()
            readers.stop()
            database.close()
        }

        func submit(_ submission: Submission) async -> SubmissionResult {
            await withCheckedContinuation { continuation in
                ledger.submit(submission) { continuation.resume(returning: $0) }
            }
        }

        @discardableResult
        func write(_ command: Command, _ identity: RequestIdentity? = nil) async -> SubmissionResult {
            await submit(.single(command, identity))
        }

        /// Waits as a read does.
        func current() async -> StoreError? {
            await withCheckedContinuation { continuation in
                ledger.whenCurrent { continuation.resume(returning: $0) }
            }
        }

        /// What a read that begins now shows.
        func onHand(item: UInt32 = 1, location: UInt32 = 1) async throws -> Int64 {
            if let error = await current() { throw error }
            return try ledger.levels([LevelKey(item, location)])[0].pool.onHand
        }
    }

    let testDatabase: TestDatabase
    let realm = Realm(id: ULID(high: 0x0190, low: 7), tenant: "acme", mode: .test)
    let clock = SteadyClock()
    let limits: EngineLimits
    private let seeds = Atomic<UInt64>(1)

    init(limits: EngineLimits = EngineLimits()) throws {
        self.limits = limits
        testDatabase = try TestDatabase(on: try PostgresServer.shared.get()) { url in
            _ = try PostgresAdministration(conninfo: url).migrate(
                serverRole: TestDatabase.role, sealKey: SharedServers.sealKey)
        }
    }

    deinit { testDatabase.drop() }

    /// A further server.
    func server(limits: EngineLimits? = nil) throws -> Server {
        try Server(
            testDatabase.url, realm, limits: limits ?? self.limits, clock: clock,
            seed: seeds.add(1, ordering: .relaxed).newValue)
    }

    /// The whole journal as the database has it, and what is wrong with it.
    func journal() throws -> (entries: [Entry], problem: VerificationReport.Problem?) {
        let database = try PostgresDatabase(conninfo: testDatabase.url, sealKey: SharedServers.sealKey)
        defer { database.close() }
        let store = database.openRealm(realm)
        defer { store.close() }
        var entries: [Entry] = []
        for block in try store.blocks(from: 1, maximumBytes: .max) { entries += try BlockReader(block).entries() }
        return (entries, try LedgerVerifier(store: store).run().problem)
    }
}

/// Errors that stop a process.
final class SharedFatal: Sendable {
    private let errors = Mutex<[StoreError]>([])

    var values: [StoreError] { errors.withLock { $0 } }

    func append(_ error: StoreError) { errors.withLock { $0.append(error) } }
}
