import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
package import NIOPosix
import WireSchema

/// What the benchmark measures against: bare Hummingbird endpoints in the same process. `hello` answers a fixed text;
/// `echo` decodes the same body with the same decoder as the real operation and answers it.
package struct Yardstick: Sendable {
    package init() {}

    /// Serves until the task is cancelled.
    /// - Parameter onRunning: called with the port once it listens.
    package func run(
        eventLoopGroup: MultiThreadedEventLoopGroup, decode: @escaping @Sendable ([UInt8]) throws -> [UInt8],
        onRunning: @escaping @Sendable (Int) async -> Void
    ) async throws {
        let router = Router()
        router.get("hello") { _, _ in "Hello" }
        router.post("echo") { request, _ -> Response in
            let body = try await request.body.collect(upTo: 1 << 20)
            let answer = try decode(Array(buffer: body))
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer)))
        }
        var logger = Logger(label: "yardstick")
        logger.logLevel = .error
        let app = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? 0) },
            eventLoopGroupProvider: .shared(eventLoopGroup), logger: logger)
        try await app.run()
    }
}
