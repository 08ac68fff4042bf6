import LedgerStorage
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing
import WebhookDelivery

typealias DeliveryResult = Result<DeliveryAnswer, DeliveryFailure>

/// A client on an event loop of its own, for the time of a test.
final class ClientBench: Sendable {
    let loop: any EventLoop
    private let client: NIOLoopBound<DeliveryClient>
    let policy: AddressPolicy

    private init(loop: any EventLoop, client: NIOLoopBound<DeliveryClient>, policy: AddressPolicy) {
        self.loop = loop
        self.client = client
        self.policy = policy
    }

    /// Without certificates of their own all tests share the system's.
    static let systemTLS: Result<DeliveryTLS, any Error> = Result { try DeliveryTLS() }

    static func with<Value: Sendable>(
        allowing openings: String = "127.0.0.1/32,[::1]/128", resolver: @escaping HostResolver = ClientBench.noNames,
        tls: DeliveryTLS? = nil, logger: Logger = LogLines().logger,
        configure: @Sendable (inout DeliveryClientConfiguration) -> Void = { _ in },
        _ body: (ClientBench) async throws -> Value
    ) async throws -> Value {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let policy = try AddressPolicy(parsing: openings)
        var configuration = DeliveryClientConfiguration(tls: try tls ?? systemTLS.get())
        configure(&configuration)
        let settled = configuration
        let client = try await loop.submit {
            NIOLoopBound(
                DeliveryClient(
                    eventLoop: loop, resolver: resolver, policy: policy, configuration: settled,
                    logger: logger),
                eventLoop: loop)
        }.get()
        let bench = ClientBench(loop: loop, client: client, policy: policy)
        do {
            let value = try await body(bench)
            await bench.shutdown()
            try await group.shutdownGracefully()
            return value
        } catch {
            await bench.shutdown()
            try await group.shutdownGracefully()
            throw error
        }
    }

    static let noNames: HostResolver = { _, completion in completion(.failure(.notFound)) }

    func url(_ text: String) throws -> WebhookURL {
        // The lenient policy of the reader is the strict one of the client: what is tested is the dial.
        try WebhookURL(text, mode: .test, policy: AddressPolicy(parsing: "0.0.0.0/0,::/0"))
    }

    func send(
        _ text: String, headers: [(name: String, value: String)] = [], body: String = "{}",
        timeout: TimeAmount = .seconds(5)
    ) async throws -> DeliveryResult {
        let request = DeliveryRequest(url: try url(text), headers: headers, body: Array(body.utf8))
        return await withCheckedContinuation { continuation in
            loop.execute {
                self.client.value.send(request, timeout: timeout) { continuation.resume(returning: $0) }
            }
        }
    }

    /// Sends from the event loop, and says there what it came to.
    func send(
        _ request: DeliveryRequest, timeout: TimeAmount, completion: @escaping @Sendable (DeliveryResult) -> Void
    ) {
        loop.execute { self.client.value.send(request, timeout: timeout, completion: completion) }
    }

    /// Something that is done with the client on its event loop.
    func onLoop<Value: Sendable>(_ body: @escaping @Sendable (DeliveryClient) -> Value) async throws -> Value {
        try await loop.submit { body(self.client.value) }.get()
    }

    /// The client itself, on its event loop alone.
    func withClient(_ body: (DeliveryClient) -> Void) { body(client.value) }

    func statistics() async throws -> DeliveryClient.Statistics { try await onLoop(\.statistics) }

    func shutdown() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            loop.execute { self.client.value.shutdown { continuation.resume() } }
        }
    }

    /// Asks again and again until it is so, 5 s at most.
    func until(_ condition: (DeliveryClient.Statistics) -> Bool) async throws -> Bool {
        for _ in 0..<500 {
            if condition(try await statistics()) { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }
}

/// A name service whose answers are written down beforehand: one for each question, the last one for all further ones.
final class ScriptedResolver: Sendable {
    private let answers: Mutex<[Result<[IPAddress], ResolveFault>]>
    private let asked = Mutex<[String]>([])

    init(_ answers: [String]...) throws {
        let parsed = try answers.map { texts in
            Result<[IPAddress], ResolveFault>.success(try texts.map { try #require(IPAddress($0)) })
        }
        self.answers = Mutex(parsed)
    }

    var questions: [String] { asked.withLock { $0 } }

    var resolver: HostResolver {
        { [self] name, completion in
            asked.withLock { $0.append(name) }
            completion(answers.withLock { $0.count > 1 ? $0.removeFirst() : $0.first ?? .failure(.notFound) })
        }
    }
}

extension DeliveryResult {
    var answer: DeliveryAnswer? { try? get() }

    var failure: DeliveryFailure? {
        if case .failure(let failure) = self { return failure }
        return nil
    }
}

/// Keeps what is logged.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
        }
    }
}
