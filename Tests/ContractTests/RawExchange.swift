import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

/// One connection on which exactly the given bytes are sent, and which is read until the server closes it.
enum RawExchange {
    /// The answer; its request should ask for `Connection: close` unless the server closes of its own accord.
    static func send(_ text: String, to server: ContractServer) async throws -> ContractAnswer {
        try await send(Array(text.utf8), to: server)
    }

    static func send(_ bytes: [UInt8], to server: ContractServer) async throws -> ContractAnswer {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let received = loop.makePromise(of: [UInt8].self)
        let channel = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RawReceiver(received))
                }
            }
            .connect(host: "127.0.0.1", port: server.port).get()
        let timeout = loop.scheduleTask(in: .seconds(20)) { channel.close(promise: nil) }
        // The server may answer and close before it has read everything; the answer is what counts.
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        defer { timeout.cancel() }
        return try parse(try await received.futureResult.get())
    }

    private static func parse(_ bytes: [UInt8]) throws -> ContractAnswer {
        let end = try #require(bytes.indices.first { bytes[$0...].starts(with: "\r\n\r\n".utf8) }, "no header came")
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        let status = try #require(lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        var headers = HTTPHeaders()
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers.add(name: String(parts[0]), value: parts.count > 1 ? parts[1].drop { $0 == " " }.description : "")
        }
        return ContractAnswer(status: status, headers: headers, body: Array(bytes[(end + 4)...]))
    }
}

/// Gathers what comes until the connection ends.
private final class RawReceiver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let received: EventLoopPromise<[UInt8]>
    private var bytes: [UInt8] = []

    init(_ received: EventLoopPromise<[UInt8]>) { self.received = received }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes.append(contentsOf: unwrapInboundIn(data).readableBytesView)
    }

    func channelInactive(context: ChannelHandlerContext) { received.succeed(bytes) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
