internal import NIOCore
internal import Synchronization

/// A request that was handed over, in its connection's order, and the place of its response.
///
/// `@unchecked Sendable`: `response` and `body` are written once, by whoever wins `sent`, and read on the event loop
/// only, once `isHere` is set there: after the loop itself or the lock of its mailbox has ordered the two. Everything
/// else that changes is touched on the loop alone.
final class PendingResponse: ResponseSlot, @unchecked Sendable {
    private let sent = Atomic<Bool>(false)
    private let loop: LoopShard
    /// Let go of as soon as the response has been taken or the connection is gone, so that neither keeps the other.
    private var connection: ConnectionHandler?
    let form: ResponseHead.Form
    /// The client has asked for the end of the connection, or can't be understood after this request.
    let closes: Bool
    private var response: OutgoingResponse?
    private var body: StreamingBody?
    private var isHere = false
    private var isAbandoned = false
    /// Of a stream: its head is on its way.
    var isBegun = false

    init(loop: LoopShard, connection: ConnectionHandler, form: ResponseHead.Form, closes: Bool) {
        self.loop = loop
        self.connection = connection
        self.form = form
        self.closes = closes
    }

    var eventLoop: any EventLoop { loop.eventLoop }

    func send(_ response: OutgoingResponse) {
        guard !sent.exchange(true, ordering: .acquiringAndReleasing) else { return }
        self.response = response
        if loop.eventLoop.inEventLoop {
            deliver()?.responseIsReady()
        } else {
            _ = loop.post(self)
        }
    }

    func stream(_ head: OutgoingResponse, from source: any StreamSource) {
        guard !sent.exchange(true, ordering: .acquiringAndReleasing) else { return source.end(bytes: 0) }
        var head = head
        head.isStreamed = true
        head.body = []
        response = head
        if form.omitsBody {
            source.end(bytes: 0)
            return announce()
        }
        let body = StreamingBody(source: source)
        self.body = body
        // Before the connection knows of it: nothing can end what has not begun.
        source.begin(ResponseStream(body: body, pending: self))
        announce()
    }

    /// From any thread: there is something for the connection to write.
    func announce() {
        if !loop.post(self) { body?.end() }
    }

    // MARK: On the loop

    /// The response, as soon as it is here.
    var ready: OutgoingResponse? { isHere ? response : nil }

    /// The body of a response that is here and written bit by bit.
    var streaming: StreamingBody? { isHere ? body : nil }

    /// The connection that has something to write now, nil when it is gone.
    func deliver() -> ConnectionHandler? {
        guard !isAbandoned else {
            body?.end()
            return nil
        }
        let ready = connection
        if body == nil {
            connection = nil
            ready?.responseArrived(bytes: response?.body.count ?? 0)
        } else if !isHere {
            ready?.streamsHere += 1
            loop.telemetry.streams.increment()
        }
        isHere = true
        return ready
    }

    /// The response is out, or the connection is gone: a later `send` has no effect, and a stream is over.
    func abandon() {
        if let body = streaming, !isAbandoned {
            connection?.streamsHere -= 1
            loop.telemetry.streams.decrement()
            body.end()
        }
        isAbandoned = true
        connection = nil
    }
}
