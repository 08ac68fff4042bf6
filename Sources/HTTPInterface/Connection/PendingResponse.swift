internal import NIOCore
internal import Synchronization

/// A request that was handed over, in its connection's order, and the place of its response.
///
/// `@unchecked Sendable`: `response` is written once, by whoever wins `sent`, and read on the event loop only, after
/// the loop itself or the lock of its mailbox has ordered the two. `connection` is touched on the loop alone.
final class PendingResponse: ResponseSlot, @unchecked Sendable {
    private let sent = Atomic<Bool>(false)
    private let loop: LoopShard
    /// Let go of as soon as the response has been taken or the connection is gone, so that neither keeps the other.
    private var connection: ConnectionHandler?
    let form: ResponseHead.Form
    /// The client has asked for the end of the connection, or can't be understood after this request.
    let closes: Bool
    private(set) var response: OutgoingResponse?

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
            loop.post(self)
        }
    }

    /// On the loop: the connection that has something to write now, nil when it is gone.
    func deliver() -> ConnectionHandler? {
        let ready = connection
        connection = nil
        return ready
    }

    /// On the loop: the connection is gone, a later `send` has no effect.
    func abandon() {
        connection = nil
    }
}
