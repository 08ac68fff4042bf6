import LedgerStorage
import NIOCore
import NIOHTTP1

/// One connection to another server, over which requests are handed on to it, a frame of them at a time. Lives on its
/// event loop alone.
///
/// It is of use once the server at the other end has shown that it is the one that is meant: an address may be wrong,
/// and what is sent carries clients' keys.
final class ServerLink: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    enum Phase {
        case proving(since: UInt64)
        case ready
        /// A request is under way.
        case busy(since: UInt64)
        case closed
    }

    /// A server that has not answered for so long counts as gone.
    static let patience: UInt64 = 5_000_000_000

    /// Bytes of an answer; a stranger's may have no end.
    private static let longest = 64 << 20

    private(set) var phase: Phase
    /// Whether the server has shown that it is the one that is meant.
    private(set) var wasProven = false
    private var then: ((ByteBuffer?) -> Void)?
    private var status = 0
    private var answer = ByteBuffer()
    private var closesAfterwards = false
    private var context: ChannelHandlerContext?
    private let path: String
    private let host: String
    private let proof: [UInt8]
    /// Told when it has become ready, and when it has ended.
    private let onChange: (ServerLink) -> Void

    /// - Parameters:
    ///   - server: the id of the server that is meant, as its text.
    ///   - proof: what it says to show that it is.
    ///   - host: for the header of this name.
    init(to server: String, proof: String, host: String, onChange: @escaping (ServerLink) -> Void) {
        phase = .proving(since: RequestClock.monotonic())
        path = "\(OpenRoute.serverPath)/\(server)"
        self.host = host
        self.proof = Array("\(proof)\n".utf8)
        self.onChange = onChange
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        send(HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: ["Host": host]), nil) {
            [weak self] answer in
            guard let self else { return }
            guard let answer, ConstantTime.areEqual(Array(buffer: answer), proof) else { return close() }
            phase = .ready
            wasProven = true
            onChange(self)
        }
        context.fireChannelActive()
    }

    /// Sends a frame of requests. `then` is called once, on the event loop, later: with nil when no answer came, and
    /// the other server may have done what was asked, or may yet do it.
    ///
    /// - Parameter authorization: of one of the requests: a large body is taken of nobody without a key.
    func send(_ frame: ByteBuffer, authorization: String?, then: @escaping (ByteBuffer?) -> Void) {
        var headers: HTTPHeaders = [
            "Host": host, "Content-Length": String(frame.readableBytes), "Content-Type": "application/octet-stream",
        ]
        if let authorization { headers.add(name: "Authorization", value: authorization) }
        send(
            HTTPRequestHead(
                version: .http1_1, method: .POST, uri: path + OpenRoute.handedOnPath, headers: headers), frame,
            then: then)
    }

    private func send(_ head: HTTPRequestHead, _ body: ByteBuffer?, then: @escaping (ByteBuffer?) -> Void) {
        guard let context else { return then(nil) }
        if case .ready = phase { phase = .busy(since: RequestClock.monotonic()) }
        self.then = then
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            // What goes before an answer, such as 100, is none.
            guard head.status.code >= 200 else { return }
            status = Int(head.status.code)
            closesAfterwards = !head.isKeepAlive
            answer.clear()
        case .body(var part):
            guard answer.readableBytes + part.readableBytes <= ServerLink.longest else { return close() }
            answer.writeBuffer(&part)
        case .end:
            guard status >= 200, let then else { return }
            self.then = nil
            let isOver = status != 200 || closesAfterwards
            if case .busy = phase, !isOver { phase = .ready }
            then(status == 200 ? answer : nil)
            status = 0
            if isOver { close() }
        }
    }

    /// Closes it when the server has not answered for too long.
    func lookAtTheTime(_ now: UInt64) {
        switch phase {
        case .proving(let since), .busy(let since):
            if now > since, now &- since > ServerLink.patience { close() }
        case .ready, .closed: break
        }
    }

    func close() {
        guard let context else { return end() }
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { close() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    private func end() {
        if case .closed = phase { return }
        phase = .closed
        context = nil
        let then = then
        self.then = nil
        onChange(self)
        then?(nil)
    }
}
