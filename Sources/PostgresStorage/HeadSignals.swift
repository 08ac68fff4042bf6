import BlockingWork
import Crypto
internal import Glibc
import LedgerCore
import LedgerStorage
import Synchronization

/// Servers tell each other which ledgers have grown, by NOTIFY, so that what waits for events on one server sees at
/// once what was written on another. Nothing depends on it: who waits also looks once a second.
///
/// A notification is a transaction that takes a lock of the whole cluster and wakes every server; so there is one for
/// all commits of some milliseconds, apart from them. It names realms by a keyed digest: who listens with the server's
/// login alone learns nothing from it.
final class HeadSignals: Sendable {
    /// What has grown: names as `name(of:)` makes them; nil when anything may have.
    typealias Receiver = @Sendable (_ names: Set<String>?) -> Void

    /// Milliseconds between two notifications: the first after a pause goes out at once.
    private static let interval: Int32 = 25
    /// Milliseconds after which everybody looks, told or not.
    private static let longest: Int32 = 1_000

    private struct State {
        var grown: Set<String> = []
        var sleeper: BlockingSignal?
        var isStopped = false
    }

    private let open: @Sendable () throws(PostgresFailure) -> PostgresConnection
    private let pool: ConnectionPool
    private let key: RealmSealKey
    private let sender: String
    private let threads = BlockingThreads(name: "postgres-signals", maximum: 2)
    private let state = Mutex(State())
    /// By realm: each is asked for with every notification.
    private let names = Mutex<[ULID: String]>([:])

    /// - Parameter open: a connection beside the pool, to listen on.
    init(
        pool: ConnectionPool, key: RealmSealKey,
        open: @escaping @Sendable () throws(PostgresFailure) -> PostgresConnection
    ) {
        self.pool = pool
        self.key = key
        self.open = open
        sender = String(UInt64.random(in: .min ... .max), radix: 36)
    }

    /// What a realm is called in a notification.
    func name(of realm: ULID) -> String {
        if let name = names.withLock({ $0[realm] }) { return name }
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("signal \(realm.uuidText)".utf8), using: SymmetricKey(data: key.bytes))
        let name = String((Digest256(bytes: code)?.hex ?? "").prefix(20))
        names.withLock { $0[realm] = name }
        return name
    }

    /// Begins to tell others, and `receiver` what others tell. Called on a thread of its own; must not block for long.
    func start(_ receiver: @escaping Receiver) {
        threads.run { [self] in send() }
        threads.run { [self] in listen(receiver) }
    }

    /// A commit of this process has appended to the realm of this name.
    func hasGrown(_ name: String) {
        let sleeper: BlockingSignal? = state.withLock { state in
            state.grown.insert(name)
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.signal()
    }

    func stop() {
        let sleeper: BlockingSignal? = state.withLock { state in
            state.isStopped = true
            return state.sleeper
        }
        sleeper?.signal()
        threads.stop()
    }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    // MARK: Telling

    private static let notify = SQL(
        "notify",
        "SELECT set_config('synchronous_commit', 'off', true), pg_notify('bincard', $1)")

    /// Names in one notification, whose text may have 8,000 bytes.
    private static let most = 300

    private func send() {
        while true {
            let (names, sleeper): ([String], BlockingSignal?) = state.withLock { state in
                if state.grown.isEmpty, !state.isStopped {
                    let sleeper = BlockingSignal()
                    state.sleeper = sleeper
                    return ([], sleeper)
                }
                let names = Array(state.grown.prefix(HeadSignals.most))
                state.grown.subtract(names)
                return (names, nil)
            }
            if isStopped { return }
            if let sleeper {
                sleeper.wait()
                continue
            }
            var parameters = Parameters()
            parameters.add("\(sender) \(names.joined(separator: " "))")
            // Whoever is not told looks by himself a little later.
            _ = try? pool.once { (connection) throws(PostgresFailure) in
                try connection.run(HeadSignals.notify, parameters)
            }
            poll(nil, 0, HeadSignals.interval)
        }
    }

    // MARK: Listening

    private func listen(_ receiver: Receiver) {
        while !isStopped {
            do throws(PostgresFailure) {
                let connection = try open()
                try connection.execute("LISTEN bincard")
                receiver(nil)
                while !isStopped {
                    let texts = try connection.notifications(waiting: HeadSignals.longest)
                    if texts.isEmpty {
                        receiver(nil)
                        continue
                    }
                    var names: Set<String> = []
                    for text in texts {
                        let words = text.split(separator: " ").map(String.init)
                        if words.first != sender { names.formUnion(words.dropFirst()) }
                    }
                    if !names.isEmpty { receiver(names) }
                }
            } catch {
                poll(nil, 0, HeadSignals.longest)
            }
        }
    }
}
