internal import Glibc
import Synchronization

/// A statement's text under the name that it is prepared with.
struct SQL: Sendable {
    let name: String
    let text: String

    /// - Parameter name: unique among all statements.
    init(_ name: String, _ text: String) {
        self.name = name
        self.text = text
    }

    /// One that is not worth preparing.
    init(_ text: String) { self.init("", text) }

    /// Whether it begins a transaction.
    var begins: Bool { text.hasPrefix("BEGIN") }
}

/// One statement of a round trip.
struct Statement {
    var sql: SQL
    var parameters: Parameters

    init(_ sql: SQL, _ parameters: Parameters = Parameters()) {
        self.sql = sql
        self.parameters = parameters
    }
}

/// A connection to a server, used by one thread at a time. Every call blocks.
///
/// Statements are prepared when they are first used. Behind a pooler that gives each transaction another server process
/// that can't work; the first error that shows it makes the connection send its statements whole from then on.
final class PostgresConnection {
    private let library: LibPQ
    private let handle: LibPQ.Handle
    private var prepared: Set<String> = []
    private let preparing: PreparingMode
    /// Set by the first failure that ends the connection.
    private(set) var isLost = false
    private let encoding: Int32
    private var hasRunOther = false

    /// Whether something may have been left in the session that would act on what is run later in it, for another
    /// realm: a statement of the same name prepared in place of ours (it would be given the other realm's seal), or
    /// another encoding of text. It is for one use then. No statement of this module does so; one that was smuggled
    /// into it can.
    var isAltered: Bool { hasRunOther || library.clientEncoding(handle) != encoding }

    /// Whether a Citus has the tables. It takes along to a node what was set for a transaction only when the
    /// transaction was begun by a statement of its own.
    var isDistributed = false

    /// Commands that leave nothing in a session but what `set_config` does, on which the schema's functions don't rely.
    private static let leavingNothing: Set<Substring> = [
        "SELECT", "INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT", "ROLLBACK",
    ]

    /// Whether statements are prepared, as all connections to one server have found out.
    final class PreparingMode: Sendable {
        private let isOffFlag = Atomic<Bool>(false)
        var isOff: Bool { isOffFlag.load(ordering: .relaxed) }
        func turnOff() { isOffFlag.store(true, ordering: .relaxed) }
    }

    /// - Parameter conninfo: keywords and values or a URI, as libpq takes them.
    init(_ library: LibPQ, conninfo: String, preparing: PreparingMode) throws(PostgresFailure) {
        let string = try ConnectionString(conninfo, library)
        let handle = PostgresConnection.connect(library, conninfo)
        guard let handle else { throw .lost("libpq has no memory for a connection") }
        guard library.status(handle) == LibPQ.connectionOK else {
            let message = PostgresConnection.message(library, handle)
            library.finish(handle)
            throw .lost(string.explained(message))
        }
        encoding = library.clientEncoding(handle)
        // What the server remarks would go to standard error: what matters comes back as an error as well.
        _ = library.setNoticeProcessor(handle, { _, _ in }, nil)
        self.library = library
        self.handle = handle
        self.preparing = preparing
    }

    deinit { library.finish(handle) }

    /// What PostgreSQL keeps of a role's password, made here: the password itself is then in no statement, and in no
    /// log of statements.
    func verifier(of password: String, for role: String) throws(PostgresFailure) -> String {
        guard let text = library.encryptPassword(handle, password, role, "scram-sha-256") else {
            throw PostgresFailure(
                state: "", message: PostgresConnection.message(library, handle), isConnectionLost: false)
        }
        defer { library.freeMemory(text) }
        return String(cString: text)
    }

    /// What holds where the connection string says nothing else, in libpq's words. Milliseconds after which a peer that
    /// answers nothing counts as gone; seconds to connect in; with several addresses, the one that takes writes.
    private static let defaults = [
        ("connect_timeout", "5"), ("tcp_user_timeout", "10000"), ("keepalives_idle", "10"),
        ("keepalives_interval", "3"), ("keepalives_count", "3"), ("target_session_attrs", "read-write"),
        ("application_name", "bincard"), ("client_encoding", "UTF8"),
    ]

    private static func connect(_ library: LibPQ, _ conninfo: String) -> LibPQ.Handle? {
        // What comes later counts: the string, given as the name of the database, is taken apart in its place.
        let settings = defaults + [("dbname", conninfo)]
        let names: [UnsafeMutablePointer<CChar>?] = settings.map { strdup($0.0) } + [nil]
        let values: [UnsafeMutablePointer<CChar>?] = settings.map { strdup($0.1) } + [nil]
        defer { for text in names + values { free(text) } }
        return names.map { UnsafePointer($0) }.withUnsafeBufferPointer { names in
            values.map { UnsafePointer($0) }.withUnsafeBufferPointer { values in
                guard let names = names.baseAddress, let values = values.baseAddress else { return nil }
                return library.connect(names, values, 1)
            }
        }
    }

    private static func message(_ library: LibPQ, _ handle: LibPQ.Handle) -> String {
        let text = library.errorMessage(handle).map { String(cString: $0) } ?? ""
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingSpaces }
        return lines.isEmpty ? "the connection failed" : lines.joined(separator: "; ")
    }

    /// Runs one statement in a transaction of its own, or in the one that `begin` began.
    func run(_ sql: SQL, _ parameters: Parameters = Parameters()) throws(PostgresFailure) -> PostgresRows {
        let all = try run([Statement(sql, parameters)])
        guard let rows = all.last else { throw .lost("no answer to a statement") }
        return rows
    }

    /// Runs the statements in one round trip, in order. After one that fails none is run, and the transaction that was
    /// open is rolled back; without BEGIN they are a transaction of their own.
    func run(_ statements: [Statement]) throws(PostgresFailure) -> [PostgresRows] {
        let wasInTransaction = isInTransaction
        if isDistributed, !wasInTransaction, statements.count > 1, statements.first?.sql.begins != true {
            let enclosed = [Statement(CommitStatements.begin)] + statements + [Statement(CommitStatements.commit)]
            return Array(try run(enclosed).dropFirst().dropLast())
        }
        do throws(PostgresFailure) {
            return try attempt(statements)
        } catch {
            if error.isConnectionLost { throw abandon(error) }
            guard error.isAboutPreparing, !wasInTransaction else { throw error }
            preparing.turnOff()
            prepared = []
            return try attempt(statements)
        }
    }

    /// Utility statements as they are, several divided by semicolons: one transaction.
    func execute(_ text: String) throws(PostgresFailure) {
        guard let result = library.execute(handle, text) else {
            throw abandon(.lost(PostgresConnection.message(library, handle)))
        }
        defer { library.clear(result) }
        let status = library.resultStatus(result)
        if status == LibPQ.commandOK || status == LibPQ.tuplesOK { return }
        let failure = failure(result)
        throw failure.isConnectionLost ? abandon(failure) : failure
    }

    /// Whether a transaction is open.
    var isInTransaction: Bool { library.transactionStatus(handle) != LibPQ.transactionIdle }

    /// What was notified on the channels that this connection listens to; waits so many milliseconds for the first.
    func notifications(waiting milliseconds: Int32) throws(PostgresFailure) -> [String] {
        var ready = pollfd(fd: library.socket(handle), events: Int16(POLLIN), revents: 0)
        _ = poll(&ready, 1, milliseconds)
        guard library.consumeInput(handle) == 1 else { throw lost() }
        var texts: [String] = []
        while let notification = library.notifies(handle) {
            // `struct pgNotify { char *relname; int be_pid; char *extra; … }`
            let payload = notification.load(
                fromByteOffset: 2 * MemoryLayout<UnsafeRawPointer>.size, as: UnsafePointer<CChar>?.self)
            if let payload { texts.append(String(cString: payload)) }
            library.freeMemory(notification)
        }
        return texts
    }

    private func abandon(_ failure: PostgresFailure) -> PostgresFailure {
        isLost = true
        var failure = failure
        failure.isConnectionLost = true
        return failure
    }

    private func attempt(_ statements: [Statement]) throws(PostgresFailure) -> [PostgresRows] {
        if statements.count == 1, let only = statements.first, isReady(only.sql) {
            guard send(only) else { throw lost() }
            do throws(PostgresFailure) {
                return [try collect()]
            } catch {
                if !error.isConnectionLost { try rollBack() }
                throw error
            }
        }
        guard library.enterPipelineMode(handle) == 1 else { throw lost() }
        var isStatement: [Bool] = []
        for statement in statements {
            if !isReady(statement.sql) {
                guard prepare(statement.sql) else { throw lost() }
                isStatement.append(false)
            }
            guard send(statement) else { throw lost() }
            isStatement.append(true)
        }
        guard library.pipelineSync(handle) == 1 else { throw lost() }
        let (rows, failure) = try collect(isStatement)
        if let failure {
            try rollBack()
            // What was to be prepared may be there or not.
            if isStatement.contains(false) {
                prepared = []
                try execute("DEALLOCATE ALL")
            }
            throw failure
        }
        return rows
    }

    /// The results of a pipeline, of which a part belongs to preparing, and its first failure.
    private func collect(
        _ isStatement: [Bool]
    ) throws(PostgresFailure) -> (rows: [PostgresRows], failure: PostgresFailure?) {
        var rows: [PostgresRows] = []
        var failure: PostgresFailure?
        for isStatement in isStatement {
            do throws(PostgresFailure) {
                let result = try collect()
                if isStatement { rows.append(result) }
            } catch {
                if error.isConnectionLost { throw error }
                failure = failure ?? error
            }
        }
        if let atCommit = try synchronize() {
            hasRunOther = true
            failure = failure ?? atCommit
        }
        guard library.exitPipelineMode(handle) == 1 else { throw lost() }
        return (rows, failure)
    }

    /// Waits for the end of a pipeline, which is where its transaction is committed; gives what that failed with.
    private func synchronize() throws(PostgresFailure) -> PostgresFailure? {
        var first: PostgresFailure?
        while let result = library.getResult(handle) {
            defer { library.clear(result) }
            if library.resultStatus(result) == LibPQ.pipelineSynced { return first }
            first = first ?? failure(result)
            guard library.status(handle) == LibPQ.connectionOK else { break }
            _ = drain()
        }
        throw abandon(first ?? lost())
    }

    /// Ends the transaction that is open, if there is one.
    func rollBack() throws(PostgresFailure) {
        if isInTransaction { try execute("ROLLBACK") }
    }

    private func isReady(_ sql: SQL) -> Bool { preparing.isOff || sql.name.isEmpty || prepared.contains(sql.name) }

    /// Prepares it from now on; a failure of the round trip takes that back.
    private func prepare(_ sql: SQL) -> Bool {
        prepared.insert(sql.name)
        return library.sendPrepare(handle, sql.name, sql.text, 0, nil) == 1
    }

    private func send(_ statement: Statement) -> Bool {
        let count = Int32(statement.parameters.count)
        return statement.parameters.withPointers { values, lengths, formats in
            if preparing.isOff || statement.sql.name.isEmpty {
                library.sendQueryParams(handle, statement.sql.text, count, nil, values, lengths, formats, 1) == 1
            } else {
                library.sendQueryPrepared(handle, statement.sql.name, count, values, lengths, formats, 1) == 1
            }
        }
    }

    /// The result of one statement, and the end of its results.
    private func collect() throws(PostgresFailure) -> PostgresRows {
        guard let result = library.getResult(handle) else { throw lost() }
        let status = library.resultStatus(result)
        guard !LibPQ.copying.contains(status) else {
            // The same result would come again and again until the data has been fetched: nothing here copies.
            library.clear(result)
            throw abandon(.lost("the session has begun to copy"))
        }
        guard status == LibPQ.commandOK || status == LibPQ.tuplesOK else {
            let failure =
                status == LibPQ.pipelineAborted
                ? PostgresFailure(state: "25P02", message: "a statement before it failed", isConnectionLost: false)
                : failure(result)
            library.clear(result)
            _ = drain()
            // It may have done more than fail, such as prepare something: that is not rolled back.
            hasRunOther = true
            throw library.status(handle) == LibPQ.connectionOK ? failure : abandon(failure)
        }
        do throws(PostgresFailure) {
            try conclude()
        } catch {
            library.clear(result)
            throw error
        }
        if let tag = library.commandTag(result), tag.pointee != 0 {
            let command = String(cString: tag).prefix { $0 != " " }
            if !PostgresConnection.leavingNothing.contains(command) { hasRunOther = true }
        }
        return PostgresRows(library, result)
    }

    /// Waits for the end of a statement that has given its result. A statement that is a transaction of its own gives
    /// it before the commit: only when nothing but the end comes behind it, on a connection that still stands, is it
    /// done.
    private func conclude() throws(PostgresFailure) {
        let failure = drain()
        guard library.status(handle) == LibPQ.connectionOK else { throw abandon(failure ?? lost()) }
        if let failure {
            hasRunOther = true
            throw failure
        }
    }

    /// Takes what comes up to the end of a statement; gives the first failure in it.
    private func drain() -> PostgresFailure? {
        var first: PostgresFailure?
        while let extra = library.getResult(handle) {
            let status = library.resultStatus(extra)
            if status != LibPQ.commandOK, status != LibPQ.tuplesOK { first = first ?? failure(extra) }
            library.clear(extra)
        }
        return first
    }

    private func lost() -> PostgresFailure { abandon(.lost(PostgresConnection.message(library, handle))) }

    private func failure(_ result: LibPQ.Handle) -> PostgresFailure {
        func field(_ code: Int32) -> String { library.resultField(result, code).map { String(cString: $0) } ?? "" }
        let state = field(LibPQ.sqlState)
        let primary = field(LibPQ.primaryMessage)
        let isLost = library.status(handle) != LibPQ.connectionOK
        // What a Citus says when a node has gone without a word is not told from other faults of its own.
        let isOfNode = isDistributed && state == "XX000"
        return PostgresFailure(
            state: isOfNode ? "08006" : state,
            message: primary.isEmpty ? PostgresConnection.message(library, handle) : primary,
            isConnectionLost: isLost)
    }
}

extension StringProtocol {
    fileprivate var trimmingSpaces: String {
        let start = drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
