internal import NIOCore
internal import NIOExtras
internal import NIOHTTP1

/// One HTTP/1.1 connection: collects each request whole, hands it over on the event loop, and writes the responses in
/// the order of the requests. Lives on its event loop alone.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    enum Phase {
        /// Requests come and are answered.
        case open
        /// No more requests are understood (refused, asked to close); those handed over are still answered.
        case finishing
        /// The last response is written and our side closed; input is dropped until the peer closes too.
        case lingering(since: UInt64)
        case closed
    }

    /// The request whose body is still arriving.
    private struct Arriving {
        var head: HTTPRequestHead
        var framing: RequestFraming
        var body: [UInt8] = []
        /// Tells it from the connection's other requests, once it is examined; 0 before.
        var examination: UInt64 = 0
    }

    let shard: LoopShard
    /// Where the shard keeps this connection.
    var shardIndex = 0
    var phase = Phase.open
    /// Arrived and not yet answered, oldest first.
    var queue = CircularBuffer<PendingResponse>(initialCapacity: 4)
    /// Of the queue: the newest, which are not handed over yet.
    var waiting: [WaitingRequest] = []
    /// Bytes of the bodies in the queue that are here and not yet written.
    var unwrittenBytes = 0
    var inputClosed = false
    /// The peer sends no more, though some of what it has sent may still be held back.
    var isPeerDone = false
    /// Of the queue: responses that are written bit by bit.
    var streamsHere = 0
    var isQuiescing = false
    var isPumping = false
    private var isTouched = false
    private(set) var isReading = false

    /// Let go of when the connection ends: the two hold each other.
    var gate: InboundGate?
    var context: ChannelHandlerContext?
    private var arriving: Arriving?
    private var peer = ""
    /// First byte of the request that is being received; nil between requests.
    var receivingSince: UInt64?
    private var sliceTime: UInt64 = 0
    private var slice: ByteBuffer?
    private var examinations: UInt64 = 0
    /// Bytes of a request line that is not over yet; nil behind it.
    private var lineBytes: Int? = 0
    /// The slice's first byte is, as far as can be told, a request's first.
    private var sliceBeginsRequest = false
    /// Of a request whose header is longer than the slice that it began with.
    private var openingTarget = ""
    var lastActivity: UInt64
    var continueIsDue = false
    var unread = UnreadOutput()

    init(shard: LoopShard) {
        self.shard = shard
        self.lastActivity = RequestClock.monotonic()
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        peer = context.remoteAddress?.ipAddress ?? ""
        shard.add(self)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    private func end() {
        phase = .closed
        abandonQueue()
        arriving = nil
        gate = nil
        shard.remove(self)
    }

    // MARK: What the gate asks and tells

    var wantsInput: Bool {
        guard case .open = phase, queue.count < shard.limits.pipelineDepth, waiting.isEmpty, streamsHere == 0
        else { return false }
        return context?.channel.isWritable ?? false
    }

    var discardsInput: Bool {
        if case .open = phase { return false }
        return true
    }

    /// Bytes of the body that are known to follow; 0 between requests and in a chunked body.
    var bodyRemaining: Int {
        guard let arriving, let length = arriving.framing.contentLength else { return 0 }
        return max(0, length - arriving.body.count)
    }

    func bytesArrived(_ count: Int) {
        isReading = true
        sliceTime = RequestClock.monotonic()
        shard.telemetry.bytesReceived.add(count)
    }

    func sliceBegins(_ slice: ByteBuffer) {
        if receivingSince == nil {
            receivingSince = sliceTime
            sliceBeginsRequest = true
        }
        self.slice = slice
    }

    /// Remembers how long the request line is, which only matters when it is too long to be parsed.
    func sliceEnded() {
        if receivingSince == nil {
            lineBytes = 0
        } else if arriving == nil, let before = lineBytes, let slice {
            lineBytes = slice.readableBytesView.contains(0x0A) ? nil : before + slice.readableBytes
            if sliceBeginsRequest { openingTarget = RequestTarget.opening(slice.readableBytesView) }
        }
        slice = nil
        sliceBeginsRequest = false
    }

    /// What the request that is being received asks for, also when its header is not over or can't be parsed: so that
    /// it is refused in its API's own words. Empty when that can't be told.
    var receivedTarget: String {
        if let arriving { return arriving.head.uri }
        guard sliceBeginsRequest, let slice else { return openingTarget }
        return RequestTarget.opening(slice.readableBytesView)
    }

    /// After the parser had to give up: whether the target was too long for it, and not the lines after it.
    private var requestLineIsTooLong: Bool {
        guard let before = lineBytes, let bytes = slice?.readableBytesView else { return false }
        let end = bytes.firstIndex(of: 0x0A) ?? bytes.endIndex
        return before + bytes.distance(from: bytes.startIndex, to: end) > shard.limits.targetBytes
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .open = phase else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body(let part): collect(part)
        case .end: finish()
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        if receivingSince == nil { receivingSince = sliceTime }
        sliceBeginsRequest = false
        let framing: RequestFraming
        do {
            framing = try RequestFraming(head, limits: shard.limits)
        } catch {
            refuse(error.failure, target: head.uri, isHead: head.method == .HEAD)
            return
        }
        arriving = Arriving(head: head, framing: framing)
        let hasBody = framing.isChunked || framing.contentLength ?? 0 > 0
        continueIsDue = framing.expectsContinue && hasBody
        if continueIsDue { responseIsReady() }
    }

    private func collect(_ part: ByteBuffer) {
        guard let count = arriving?.body.count else { return }
        continueIsDue = false
        guard count + part.readableBytes <= shard.limits.bodyBytes else {
            let head = arriving?.head
            arriving = nil
            refuse(.bodyTooLarge(limit: shard.limits.bodyBytes), target: head?.uri ?? "", isHead: head?.method == .HEAD)
            return
        }
        if count == 0 {
            // A declared length is no reason to set aside more than has come, or a little.
            let expected = max(part.readableBytes, min(arriving?.framing.contentLength ?? 0, 64 * 1024))
            arriving?.body.reserveCapacity(expected)
        }
        part.withUnsafeReadableBytes { arriving?.body.append(contentsOf: $0) }
        if count + part.readableBytes > shard.limits.unexaminedBytes, arriving?.examination == 0 { examine() }
    }

    /// Sees to it that only somebody with a key makes us keep a large body.
    private func examine() {
        guard let headers = arriving?.head.headers else { return }
        examinations &+= 1
        let number = examinations
        arriving?.examination = number
        let connection = NIOLoopBound(self, eventLoop: shard.eventLoop)
        shard.handler.examine(headers, on: shard.eventLoop) { isWelcome in
            if !isWelcome { connection.value.turnAway(number) }
        }
    }

    private func turnAway(_ number: UInt64) {
        guard let request = arriving, request.examination == number else { return }
        arriving = nil
        refuse(.unauthorized, target: request.head.uri, isHead: request.head.method == .HEAD)
    }

    private func finish() {
        guard let request = arriving, let startedAt = receivingSince else { return }
        arriving = nil
        receivingSince = nil
        openingTarget = ""
        continueIsDue = false
        let keepsAlive = request.head.isKeepAlive && !request.framing.upgrades
        if !keepsAlive { phase = .finishing }
        let form = ResponseHead.Form(
            omitsBody: request.head.method == .HEAD,
            announcesKeepAlive: keepsAlive && request.head.version != .http1_1,
            knowsChunks: request.head.version == .http1_1)
        let pending = PendingResponse(loop: shard, connection: self, form: form, closes: !keepsAlive)
        let goesOn = waiting.isEmpty && hasRoom
        queue.append(pending)
        let target = RequestTarget(request.head.uri)
        let incoming = IncomingRequest(
            method: request.head.method, target: request.head.uri, path: target.path, query: target.query,
            headers: request.head.headers, body: request.body, startedAt: startedAt, peer: peer)
        if goesOn {
            shard.handler.handle(incoming, respond: pending)
        } else {
            waiting.append(WaitingRequest(request: incoming, pending: pending))
        }
    }

    // MARK: Refusals

    /// Answers what can't become a request, in its place after the responses still due, and closes.
    func refuse(_ failure: RequestFailure, target: String, isHead: Bool = false) {
        guard case .open = phase else { return }
        phase = .finishing
        receivingSince = nil
        continueIsDue = false
        shard.telemetry.refused.increment()
        let form = ResponseHead.Form(omitsBody: isHead, announcesKeepAlive: false)
        let pending = PendingResponse(loop: shard, connection: self, form: form, closes: true)
        queue.append(pending)
        pending.send(shard.handler.refuse(failure, target: target, peer: peer))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let target = receivedTarget
        arriving = nil
        switch error {
        case HTTPParserError.headerOverflow:
            let limits = shard.limits
            refuse(
                requestLineIsTooLong
                    ? .targetTooLong(limit: limits.targetBytes) : .headersTooLarge(limit: limits.headerBytes),
                target: target)
        case let error as HTTPParserError:
            refuse(.malformed(ConnectionHandler.describe(error)), target: target)
        default:
            // The transport has failed: nobody is left to be told.
            cut()
        }
    }

    private static func describe(_ error: HTTPParserError) -> String {
        switch error {
        case .invalidMethod: "the method is not known"
        case .invalidURL: "the request target is malformed"
        case .invalidVersion, .invalidConstant, .paused: "not HTTP/1.0 or HTTP/1.1"
        case .invalidHeaderToken: "a header line is malformed"
        case .invalidContentLength: "Content-Length is not a number"
        case .unexpectedContentLength: "a second Content-Length, or one beside Transfer-Encoding"
        case .invalidChunkSize: "a chunk size is malformed"
        case .invalidEOFState: "the request is cut short"
        default: "the request is malformed"
        }
    }

    // MARK: Events

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        pump()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { responseIsReady() }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let event as ChannelEvent where event == .inputClosed:
            endOfInput()
        case is ChannelShouldQuiesceEvent:
            isQuiescing = true
            shard.beginShutdown(now: RequestClock.monotonic())
            pump()
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// The peer sends no more. The parser has complained by now if that was in the middle of a request.
    private func endOfInput() {
        inputClosed = true
        isPeerDone = true
        receivingSince = nil
        arriving = nil
        switch phase {
        case .closed: break
        case .lingering: if bufferedBytes == 0 { cut() }
        case .open, .finishing:
            phase = .finishing
            pump()
        }
    }

    /// The connection is on the list of those to be written to after the mailbox has been emptied. True the first time.
    func markTouched() -> Bool {
        if isTouched { return false }
        isTouched = true
        return true
    }

    func flushTouched() {
        isTouched = false
        pump()
    }

    /// Nothing being received, nothing to be answered, nothing held back.
    var isIdle: Bool {
        queue.isEmpty && receivingSince == nil && !(gate?.isHolding ?? false)
    }

    func cut() {
        if case .closed = phase { return }
        phase = .closed
        context?.close(promise: nil)
    }
}
