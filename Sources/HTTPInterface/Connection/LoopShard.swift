internal import NIOCore
internal import Synchronization

/// What the connections of one event loop share: the mailbox by which other threads answer, the sweep that enforces
/// deadlines, the `Date` line and the buffer in which responses take their wire form.
///
/// `@unchecked Sendable`: the mailbox has a lock; everything else is touched on the event loop only.
final class LoopShard: @unchecked Sendable {
    let eventLoop: any EventLoop
    let limits: ConnectionLimits
    let handler: any RequestHandler
    let telemetry: ListenerTelemetry

    private struct Mailbox {
        var responses: [PendingResponse] = []
        var isClosed = false
    }

    private let mailbox = Mutex(Mailbox())
    private var spareMailbox: [PendingResponse] = []
    private var touched: [ConnectionHandler] = []
    private var connections: [ConnectionHandler] = []
    private var sweep: RepeatedTask?
    private var date = DateLine()
    private var scratch = ByteBuffer()
    /// When whatever is still open is cut; set by the first sign of a graceful shutdown.
    private var cutAt: UInt64?

    init(
        eventLoop: any EventLoop, limits: ConnectionLimits, handler: any RequestHandler, telemetry: ListenerTelemetry
    ) {
        self.eventLoop = eventLoop
        self.limits = limits
        self.handler = handler
        self.telemetry = telemetry
    }

    // MARK: Mailbox

    /// From any thread. Only the response that finds the mailbox empty wakes the loop. That happens under the lock, so
    /// that no loop is woken after `closeMailbox` has returned. False when it is closed: there is nobody to answer.
    func post(_ pending: PendingResponse) -> Bool {
        mailbox.withLock { mailbox in
            guard !mailbox.isClosed else { return false }
            mailbox.responses.append(pending)
            if mailbox.responses.count == 1 { eventLoop.execute { self.drainMailbox() } }
            return true
        }
    }

    /// Before the loop ends: whoever still answers after that speaks to nobody.
    func closeMailbox() {
        mailbox.withLock { $0.isClosed = true }
    }

    private func drainMailbox() {
        mailbox.withLock { swap(&$0.responses, &spareMailbox) }
        for pending in spareMailbox {
            guard let connection = pending.deliver() else { continue }
            if connection.markTouched() { touched.append(connection) }
        }
        spareMailbox.removeAll(keepingCapacity: true)
        // A response that goes out can make its connection hand over the next request, whose response may come at once:
        // that one is written by its own connection, not through this list.
        var ready: [ConnectionHandler] = []
        swap(&ready, &touched)
        for connection in ready { connection.flushTouched() }
        ready.removeAll(keepingCapacity: true)
        swap(&ready, &touched)
    }

    // MARK: Connections

    func add(_ connection: ConnectionHandler) {
        connection.shardIndex = connections.count
        connections.append(connection)
        telemetry.connections.increment()
        telemetry.accepted.increment()
        if sweep == nil {
            let interval = limits.sweepInterval
            sweep = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { [unowned self] _ in
                self.sweepConnections()
            }
        }
    }

    func remove(_ connection: ConnectionHandler) {
        let index = connection.shardIndex
        guard index < connections.count, connections[index] === connection else { return }
        let last = connections.removeLast()
        if last !== connection {
            connections[index] = last
            last.shardIndex = index
        }
        telemetry.connections.decrement()
        if connections.isEmpty {
            sweep?.cancel()
            sweep = nil
        }
    }

    func beginShutdown(now: UInt64) {
        if cutAt == nil { cutAt = now &+ limits.shutdownGrace.unsignedNanoseconds }
    }

    /// Backwards, because a connection that closes is replaced in the list by the last one, which has been seen.
    private func sweepConnections() {
        let now = RequestClock.monotonic()
        let cut = cutAt.map { now >= $0 } ?? false
        var index = connections.count - 1
        while index >= 0 {
            if index < connections.count {
                if cut { connections[index].cut() } else { connections[index].enforceDeadlines(now: now) }
            }
            index -= 1
        }
    }

    // MARK: Writing

    /// The `Date` line, ended.
    func dateLine(now: UInt64) -> [UInt8] { date.bytes(now: now) }

    /// An empty buffer for responses, to be given back. When the system has taken all that was written from it, which
    /// is the usual case, it is the same memory each time.
    func takeScratch() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &scratch)
        if taken.storageCapacity > 256 * 1024 { return ByteBuffer() }
        taken.clear()
        return taken
    }

    func giveBackScratch(_ buffer: ByteBuffer) {
        scratch = buffer
    }
}

extension TimeAmount {
    var unsignedNanoseconds: UInt64 { UInt64(clamping: nanoseconds) }
}
