import BlockingWork
import LedgerStorage
import Synchronization

/// Connections to one database, opened when they are needed and kept. Whoever asks while all are in use waits.
///
/// @unchecked Sendable: connections lie in `state`, and each is used by the one thread that has taken it out.
final class ConnectionPool: @unchecked Sendable {
    private let library: LibPQ
    private let conninfo: String
    private let maximum: Int
    private let preparing = PostgresConnection.PreparingMode()
    private let state = Mutex(State())
    private let distribution = Atomic<Bool>(false)

    /// Whether a Citus has the tables: set once it is known.
    var isDistributed: Bool {
        get { distribution.load(ordering: .relaxed) }
        set { distribution.store(newValue, ordering: .relaxed) }
    }

    private struct State {
        var idle: [PostgresConnection] = []
        var open = 0
        var waiting: [BlockingSignal] = []
        var isClosed = false
        /// Grows when a connection was lost: those that were opened before are not trusted.
        var generation = 0
        var generations: [ObjectIdentifier: Int] = [:]
    }

    init(_ library: LibPQ, conninfo: String, maximum: Int) {
        self.library = library
        self.conninfo = conninfo
        self.maximum = max(1, maximum)
    }

    /// Takes a connection out. Give it back with `put`, whatever became of it.
    func take() throws(PostgresFailure) -> PostgresConnection {
        let connection = try takeAny()
        connection.isDistributed = isDistributed
        return connection
    }

    private func takeAny() throws(PostgresFailure) -> PostgresConnection {
        enum Step {
            case use(PostgresConnection)
            case open, closed
            case wait(BlockingSignal)
        }
        while true {
            let step: Step = state.withLock { state in
                if state.isClosed { return .closed }
                if let connection = state.idle.popLast() { return .use(connection) }
                if state.open < maximum {
                    state.open += 1
                    return .open
                }
                let signal = BlockingSignal()
                state.waiting.append(signal)
                return .wait(signal)
            }
            switch step {
            case .use(let connection): return connection
            case .closed: throw .lost("the server is stopping")
            case .wait(let signal): signal.wait()
            case .open: return try open()
            }
        }
    }

    private func open() throws(PostgresFailure) -> PostgresConnection {
        do throws(PostgresFailure) {
            let connection = try PostgresConnection(library, conninfo: conninfo, preparing: preparing)
            state.withLock { $0.generations[ObjectIdentifier(connection)] = $0.generation }
            return connection
        } catch {
            wakeOne { $0.open -= 1 }
            throw error
        }
    }

    /// Gives a connection back. One that was lost is dropped, and with it those that have been idle meanwhile: what cut
    /// one off has usually cut off all.
    func put(_ connection: PostgresConnection) {
        var dropped: [PostgresConnection] = []
        wakeOne { state in
            let id = ObjectIdentifier(connection)
            if connection.isLost {
                state.generation += 1
                dropped = state.idle
                for other in state.idle { state.generations[ObjectIdentifier(other)] = nil }
                state.idle = []
                state.open -= dropped.count
            }
            if connection.isLost || connection.isAltered || connection.isInTransaction || state.isClosed
                || state.generations[id] != state.generation
            {
                state.generations[id] = nil
                state.open -= 1
                dropped.append(connection)
            } else {
                state.idle.append(connection)
            }
        }
        // Closed outside of the lock: it says good-bye over the network.
        dropped = []
    }

    private func wakeOne(_ change: (inout State) -> Void) {
        let signal: BlockingSignal? = state.withLock { state in
            change(&state)
            return state.waiting.isEmpty ? nil : state.waiting.removeFirst()
        }
        signal?.signal()
    }

    /// Runs `body` with a connection. One that turns out to be lost is replaced once: only for what may be done twice.
    func read<Value>(_ body: (PostgresConnection) throws(PostgresFailure) -> Value) throws(PostgresFailure) -> Value {
        do throws(PostgresFailure) {
            return try once(body)
        } catch {
            guard error.isConnectionLost else { throw error }
            return try once(body)
        }
    }

    /// Runs `body` with a connection.
    func once<Value>(_ body: (PostgresConnection) throws(PostgresFailure) -> Value) throws(PostgresFailure) -> Value {
        let connection = try take()
        defer { put(connection) }
        return try body(connection)
    }

    /// Statements that may be run twice, in one round trip, failing as the ledger's ports do.
    func read(_ operation: String, _ statements: [Statement]) throws(StoreError) -> [PostgresRows] {
        do throws(PostgresFailure) {
            return try read { (connection) throws(PostgresFailure) in try connection.run(statements) }
        } catch {
            throw error.storeError(operation)
        }
    }

    /// Statements that are run once, in one round trip: when the connection is lost, nobody knows whether they were.
    func write(_ operation: String, _ statements: [Statement]) throws(StoreError) -> [PostgresRows] {
        do throws(PostgresFailure) {
            return try once { (connection) throws(PostgresFailure) in try connection.run(statements) }
        } catch {
            throw error.storeError(operation, isCommitUnknown: true)
        }
    }

    /// Closes what is idle now, and the others when they come back.
    func close() {
        let (idle, waiting): ([PostgresConnection], [BlockingSignal]) = state.withLock { state in
            state.isClosed = true
            defer {
                state.idle = []
                state.waiting = []
            }
            state.open -= state.idle.count
            return (state.idle, state.waiting)
        }
        for signal in waiting { signal.signal() }
        _ = idle
    }
}
