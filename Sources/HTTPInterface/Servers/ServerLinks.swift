import NIOCore
import NIOHTTP1
import NIOPosix

/// The connections of one event loop to one other server. Lives on that loop alone.
///
/// What comes in while a frame is under way is the next one: no timer when idle, one exchange for many requests when
/// busy. A frame that takes its time holds nothing up for long: after a few milliseconds the next goes another way.
final class ServerLinks {
    private struct Request {
        var request: IncomingRequest
        var requestID: String
        var then: (OutgoingResponse?) -> Void
    }

    private static let most = 8
    /// How long what has gathered waits for a frame that is under way.
    private static let hurry = TimeAmount.milliseconds(5)
    /// How long a server that failed is left alone.
    private static let rest: UInt64 = 1_000_000_000

    private let eventLoop: any EventLoop
    private let server: String
    private let address: ServerAddress
    /// What it says to show that it is the one that is meant.
    private let proof: String
    /// Whether the server is still there, as far as is known.
    private let isThere: () -> Bool
    private var links: [ServerLink] = []
    private var gathered = CircularBuffer<Request>()
    private var isOpening = false
    private var sendIsDue = false
    private var hurryIsDue = false
    private var isLate = false
    private var restsUntil: UInt64 = 0
    private var isClosed = false
    private var watch: RepeatedTask?

    init(
        to server: String, at address: ServerAddress, proof: String, on eventLoop: any EventLoop,
        isThere: @escaping () -> Bool
    ) {
        self.proof = proof
        self.server = server
        self.address = address
        self.eventLoop = eventLoop
        self.isThere = isThere
    }

    /// Whether requests can be handed on now. If not, it is seen to that they can be soon.
    var isReachable: Bool {
        guard !isClosed, !isResting else { return false }
        if links.contains(where: \.isProven) { return true }
        open()
        return false
    }

    /// Hands a request on. `then` is called once, on the event loop, later: with nil when there is no answer, and the
    /// other server may have done what was asked, or may yet do it.
    func hand(_ request: IncomingRequest, requestID: String, then: @escaping (OutgoingResponse?) -> Void) {
        gathered.append(Request(request: request, requestID: requestID, then: then))
        guard !sendIsDue else { return }
        sendIsDue = true
        // Behind whatever else is read in this turn of the loop, so that it leaves with it.
        let links = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute {
            links.value.sendIsDue = false
            links.value.send()
        }
    }

    /// The server could not do what it was asked: for a moment it is not asked again.
    func failed() {
        restsUntil = RequestClock.monotonic() &+ ServerLinks.rest
    }

    private var isResting: Bool { restsUntil > 0 && RequestClock.monotonic() < restsUntil }

    // MARK: Sending

    private func send() {
        while !gathered.isEmpty {
            guard links.contains(where: \.isProven) else { return giveBack() }
            let isUnderWay = links.contains(where: \.isBusy)
            guard !isUnderWay || isLate || gathered.count >= HandedOnFrame.most else { return waitForOthers() }
            isLate = false
            guard let link = links.first(where: \.isReady) else {
                open()
                return waitForOthers()
            }
            sendFrame(on: link)
        }
    }

    /// There is no way to the server any more.
    private func giveBack() {
        let lost = gathered
        gathered.removeAll()
        for item in lost { item.then(nil) }
    }

    private func waitForOthers() {
        guard !hurryIsDue else { return }
        hurryIsDue = true
        let links = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: ServerLinks.hurry) {
            links.value.hurryIsDue = false
            links.value.isLate = true
            links.value.send()
        }
    }

    private func sendFrame(on link: ServerLink) {
        var batch: [Request] = []
        var bytes = 0
        while let next = gathered.first, batch.count < HandedOnFrame.most {
            bytes += next.request.body.count + 512
            if bytes > HandedOnFrame.comfortable, !batch.isEmpty { break }
            batch.append(gathered.removeFirst())
        }
        var frame = ByteBuffer()
        frame.reserveCapacity(bytes)
        HandedOnFrame.begin(batch.count, in: &frame)
        for item in batch { HandedOnFrame.append(item.request, requestID: item.requestID, to: &frame) }
        link.send(frame, authorization: batch.first?.request.headers.first(name: "authorization")) { [self] answer in
            let responses = answer.flatMap { HandedOnFrame.responses($0, to: batch.count) }
            if responses == nil { failed() }
            // Before the answers go out: their clients' next requests come after this.
            send()
            for (place, item) in batch.enumerated() { item.then(responses?[place]) }
        }
    }

    // MARK: Connections

    private func open() {
        guard !isOpening, !isClosed, !isResting, links.count < ServerLinks.most else { return }
        isOpening = true
        let links = NIOLoopBound(self, eventLoop: eventLoop)
        let (server, proof, host) = (server, proof, "\(address.host):\(address.port)")
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(.seconds(2))
            .channelOption(ChannelOptions.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let link = ServerLink(to: server, proof: proof, host: host) { links.value.changed($0) }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(link)
                    links.value.links.append(link)
                }
            }
        bootstrap.connect(host: address.host, port: address.port).whenComplete { links.value.opened($0) }
        if watch == nil {
            watch = eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
                links.value.look()
            }
        }
    }

    private func opened(_ result: Result<any Channel, any Error>) {
        isOpening = false
        switch result {
        case .success(let channel): if isClosed { channel.close(promise: nil) }
        case .failure: failed()
        }
    }

    /// A link has become ready, or has ended.
    private func changed(_ link: ServerLink) {
        if case .closed = link.phase {
            links.removeAll { $0 === link }
            if !link.wasProven { failed() }
            if !links.contains(where: \.isProven) { giveBack() }
        } else {
            send()
        }
    }

    private func look() {
        let now = RequestClock.monotonic()
        for link in links { link.lookAtTheTime(now) }
        guard !isThere() else { return }
        isClosed = true
        watch?.cancel()
        watch = nil
        for link in links { link.close() }
    }
}

extension ServerLink {
    /// A frame can be sent on it now.
    var isReady: Bool {
        if case .ready = phase { return true }
        return false
    }

    var isBusy: Bool {
        if case .busy = phase { return true }
        return false
    }

    /// It leads to the server that is meant.
    var isProven: Bool { isReady || isBusy }
}
