import NIOCore
import NIOPosix
import Synchronization
import Testing
import WebhookDelivery

@Suite("Throughput", .timeLimit(.minutes(1)))
struct ClientThroughputTests {
    /// Answers requests that all have the same size, as fast as it goes.
    private final class FastResponder: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let requestBytes: Int
        private var received = 0

        init(requestBytes: Int) {
            self.requestBytes = requestBytes
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += unwrapInboundIn(data).readableBytes
            while received >= requestBytes {
                received -= requestBytes
                let answer = ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    @Test("requests over kept connections, on one event loop, to a receiver on another")
    func keptConnections() async throws {
        let (requests, parallel, body) = (40_000, 64, 500)
        let path = "/hook"
        let headers = [
            (name: "webhook-id", value: "evt_01J9ESEBRYNF6G28T5CY4TQKFF"),
            (name: "webhook-timestamp", value: "1614265330"),
            (name: "webhook-signature", value: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ]
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let size = Mutex(0)
        let server = try await ServerBootstrap(group: group)
            .serverChannelOption(ChannelOptions.backlog, value: 256)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let responder = FastResponder(requestBytes: size.withLock { $0 })
                    try channel.pipeline.syncOperations.addHandler(responder)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = server.localAddress?.port ?? 0
        let head =
            "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nUser-Agent: Bincard-Webhooks\r\n"
            + "Content-Type: application/json\r\nContent-Length: \(body)\r\n"
            + headers.map { "\($0.name): \($0.value)\r\n" }.joined() + "\r\n"
        size.withLock { $0 = head.utf8.count + body }
        try await ClientBench.with { bench async throws in
            let request = DeliveryRequest(
                url: try bench.url("http://127.0.0.1:\(port)\(path)"), headers: headers,
                body: [UInt8](repeating: 0x20, count: body))
            let start = ContinuousClock.now
            let failed = try await Self.run(bench, request, requests: requests, parallel: parallel)
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            print("deliveries over \(parallel) kept connections, one loop: \(Int(Double(requests) / seconds))/s")
            #expect(failed == 0)
            let statistics = try await bench.statistics()
            #expect(statistics.dials == parallel)
            #expect(statistics.reuses == requests - parallel)
            #expect(statistics.resends == 0)
        }
        try await server.close()
        try await group.shutdownGracefully()
    }

    /// Keeps so many under way until all are answered; returns how many were not answered with 200.
    private static func run(
        _ bench: ClientBench, _ request: DeliveryRequest, requests: Int, parallel: Int
    ) async throws -> Int {
        let state = Mutex((started: 0, answered: 0, failed: 0))
        return await withCheckedContinuation { continuation in
            @Sendable func next(_ client: DeliveryClient) {
                let isLeft = state.withLock { state in
                    state.started += 1
                    return state.started <= requests
                }
                guard isLeft else { return }
                client.send(request, timeout: .seconds(15)) { result in
                    let (isLast, failed) = state.withLock { state in
                        state.answered += 1
                        if result.answer?.status != 200 { state.failed += 1 }
                        return (state.answered == requests, state.failed)
                    }
                    if isLast { return continuation.resume(returning: failed) }
                    next(client)
                }
            }
            bench.loop.execute { bench.withClient { client in for _ in 0..<parallel { next(client) } } }
        }
    }
}
