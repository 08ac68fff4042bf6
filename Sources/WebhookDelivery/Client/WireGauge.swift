internal import NIOCore
internal import NIOHTTP1

/// Stands between the parser and the network: counts what comes in for each answer, lets nothing through that no
/// request asked for, and sends a request in the one piece in which it was made. The parser above sees the head of a
/// request go by, since what an answer means depends on it.
final class WireGauge: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = ByteBuffer

    /// What is reported up instead of bytes.
    enum Violation: Error {
        /// Bytes while no request is under way.
        case unsolicited
        /// More bytes than an answer may have, everything counted.
        case tooMany
    }

    private let maximum: Int
    private var isExpecting = false
    /// Bytes of the present answer so far.
    private(set) var received = 0

    init(maximum: Int) {
        self.maximum = maximum
    }

    /// A request goes out: bytes belong to its answer until `answerEnded`.
    func answerBegins() {
        isExpecting = true
        received = 0
    }

    func answerEnded() {
        isExpecting = false
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += unwrapInboundIn(data).readableBytes
        if !isExpecting {
            context.fireErrorCaught(Violation.unsolicited)
        } else if received > maximum {
            context.fireErrorCaught(Violation.tooMany)
        } else {
            context.fireChannelRead(data)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .body(.byteBuffer(let bytes)) = unwrapOutboundIn(data) {
            context.write(wrapOutboundOut(bytes), promise: promise)
        } else {
            promise?.succeed(())
        }
    }
}
