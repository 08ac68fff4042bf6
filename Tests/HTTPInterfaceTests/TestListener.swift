import HTTPInterface
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Answers by the path: `/hold/…` when the test says so, `/elsewhere` from another thread, `/bytes/n` with n bytes,
/// `/status/n` with that status, `/stream…` with a ``TestSource`` (`/stream/flood` one that writes all that it can),
/// anything else at once with what it has seen.
final class TestHandler: RequestHandler {
    private let held = Mutex<[(path: String, slot: any ResponseSlot)]>([])
    private let seen = Mutex<[IncomingRequest]>([])
    private let refused = Mutex<[RequestFailure]>([])
    private let threads: NIOThreadPool
    private let holds = Atomic<Bool>(true)
    private let streams = Mutex<[TestSource]>([])

    init() {
        threads = NIOThreadPool(numberOfThreads: 4)
        threads.start()
    }

    deinit {
        threads.shutdownGracefully { _ in }
    }

    var requests: [IncomingRequest] { seen.withLock { $0 } }
    var refusals: [RequestFailure] { refused.withLock { $0 } }
    var sources: [TestSource] { streams.withLock { $0 } }
    var heldPaths: [String] { held.withLock { $0.map(\.path) } }

    func handle(_ request: IncomingRequest, respond slot: any ResponseSlot) {
        seen.withLock { $0.append(request) }
        let path = String(request.path)
        let text = "\(request.method.rawValue) \(path) \(request.body.count)"
        let answer = OutgoingResponse(status: 200, contentKind: .text, body: Array(text.utf8))
        if path.hasPrefix("/hold/") {
            let isHeld = held.withLock { held in
                guard holds.load(ordering: .acquiring) else { return false }
                held.append((path, slot))
                return true
            }
            if !isHeld { slot.send(TestHandler.released(path)) }
        } else if path.hasPrefix("/elsewhere") {
            threads.submit { _ in slot.send(answer) }
        } else if path.hasPrefix("/bytes/") {
            let count = Int(path.dropFirst(7)) ?? 0
            slot.send(OutgoingResponse(status: 200, contentKind: .text, body: [UInt8](repeating: 0x78, count: count)))
        } else if path.hasPrefix("/status/") {
            slot.send(OutgoingResponse(status: Int(path.dropFirst(8)) ?? 0, body: Array("{}".utf8)))
        } else if path.hasPrefix("/stream") {
            let source = TestSource(floods: path == "/stream/flood")
            streams.withLock { $0.append(source) }
            if path == "/stream/second" { slot.send(answer) }
            let head = OutgoingResponse(
                status: 200, contentKind: .eventStream, headerBlock: Array("X-One: 1\r\n".utf8), body: [0x30])
            if path == "/stream/elsewhere" {
                threads.submit { _ in slot.stream(head, from: source) }
            } else {
                slot.stream(head, from: source)
            }
        } else if path == "/twice" {
            slot.send(answer)
            slot.send(OutgoingResponse(status: 500))
        } else if path == "/headers" {
            slot.send(OutgoingResponse(status: 200, headerBlock: Array("X-One: 1\r\nX-Two: 2\r\n".utf8), body: [0x30]))
        } else {
            slot.send(answer)
        }
    }

    /// Welcomes whoever does not say that it is a stranger; to `later` it says so after a moment, from another thread.
    func examine(_ headers: HTTPHeaders, on eventLoop: any EventLoop, then: @escaping @Sendable (Bool) -> Void) {
        switch headers.first(name: "x-stranger") {
        case nil: then(true)
        case "later": eventLoop.scheduleTask(in: .milliseconds(30)) { then(false) }
        default: then(false)
        }
    }

    func refuse(_ failure: RequestFailure, target: String, peer: String) -> OutgoingResponse {
        refused.withLock { $0.append(failure) }
        let status =
            switch failure {
            case .malformed: 400
            case .headersTooLarge: 431
            case .bodyTooLarge: 413
            case .targetTooLong: 414
            case .timedOut: 408
            case .unsupportedTransferEncoding: 501
            case .expectationFailed: 417
            case .unauthorized: 401
            }
        return OutgoingResponse(status: status, contentKind: .text, body: Array("\(failure)".utf8))
    }

    /// Answers a held request, from the calling thread.
    func release(_ path: String) {
        let slot = held.withLock { held in
            held.firstIndex { $0.path == path }.map { held.remove(at: $0).slot }
        }
        slot?.send(TestHandler.released(path))
    }

    /// Answers all that are held, and from now on every request at once.
    func holdNoMore() {
        let slots = held.withLock { held in
            holds.store(false, ordering: .releasing)
            defer { held.removeAll() }
            return held
        }
        for (path, slot) in slots { slot.send(TestHandler.released(path)) }
    }

    private static func released(_ path: String) -> OutgoingResponse {
        OutgoingResponse(status: 200, contentKind: .text, body: Array("released \(path)".utf8))
    }

    /// Waits for the stream to have begun, 5 s at most.
    func source(_ index: Int = 0) throws -> TestSource {
        guard waitUntil({ sources.count > index && sources[index].isBegun }) else {
            throw RawConnection.Failure(description: "the stream \(index) has not begun")
        }
        return sources[index]
    }

    /// Waits for requests to have arrived, 5 s at most.
    func waitForHeld(_ count: Int) -> Bool {
        waitUntil { heldPaths.count >= count }
    }
}

/// Asks again and again, 5 s at most. For threads, not for tasks.
func waitUntil(_ condition: () -> Bool) -> Bool {
    for _ in 0..<1000 {
        if condition() { return true }
        sleepMilliseconds(5)
    }
    return condition()
}

/// Blocking calls of tests run here, since Swift's own pool has only as many threads as there are cores.
private let clients: NIOThreadPool = {
    let pool = NIOThreadPool(numberOfThreads: 24)
    pool.start()
    return pool
}()

func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await clients.runIfActive(body)
}

struct TestListener: Sendable {
    let port: Int
    let handler: TestHandler
    let telemetry: ListenerTelemetry
    fileprivate let group: ServiceGroup

    func connect(receiveBuffer: Int32? = nil) throws -> RawConnection {
        try RawConnection(port: port, receiveBuffer: receiveBuffer)
    }

    /// As SIGTERM does.
    func beginShutdown() {
        Task { await group.triggerGracefulShutdown() }
    }

    /// A listener for the time of `body`, which runs on a thread and may block.
    static func with<Result: Sendable>(
        _ limits: ConnectionLimits = ConnectionLimits(), threads: Int = 2,
        _ body: @escaping @Sendable (TestListener) throws -> Result
    ) async throws -> Result {
        try await running(limits, threads: threads) { listener in try await onThread { try body(listener) } }
    }

    /// The same for what is asynchronous and needs only the port.
    static func withPort<Result: Sendable>(
        _ body: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        try await running(ConnectionLimits(), threads: 1) { try await body($0.port) }
    }

    private static func running<Result: Sendable>(
        _ limits: ConnectionLimits, threads: Int, _ body: @Sendable (TestListener) async throws -> Result
    ) async throws -> Result {
        let handler = TestHandler()
        let telemetry = ListenerTelemetry()
        var configuration = ListenerConfiguration(host: "127.0.0.1", port: 0)
        configuration.threads = threads
        configuration.limits = limits
        let (ports, found) = AsyncStream<Int>.makeStream()
        var logger = Logger(label: "test")
        logger.logLevel = .error
        let listener = HTTPListener(
            configuration: configuration, handler: handler, telemetry: telemetry, logger: logger
        ) { address in
            found.yield(address?.port ?? 0)
        }
        let group = ServiceGroup(services: [listener], logger: logger)
        async let running: Void = group.run()
        var iterator = ports.makeAsyncIterator()
        let port = await iterator.next() ?? 0
        let test = TestListener(port: port, handler: handler, telemetry: telemetry, group: group)
        do {
            let result = try await body(test)
            await group.triggerGracefulShutdown()
            try await running
            return result
        } catch {
            await group.triggerGracefulShutdown()
            try? await running
            throw error
        }
    }
}
