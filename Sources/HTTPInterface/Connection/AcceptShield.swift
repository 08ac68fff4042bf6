internal import Glibc
internal import Logging
internal import NIOCore

/// Stands first in the pipeline of the listening socket. A failed accept (no descriptor left, a peer that went away
/// before it was accepted) must not end the server, which is what the handlers behind would make of it; and with no
/// descriptor left there is no point in trying again at once.
final class AcceptShield: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private static let pause = TimeAmount.milliseconds(100)
    private let logger: Logger
    private var isPaused = false
    /// Monotonic; the log is told every 10 s at most.
    private var toldAt: UInt64?

    init(logger: Logger) {
        self.logger = logger
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError else {
            context.fireErrorCaught(error)
            return
        }
        switch error.errnoCode {
        case ECONNABORTED, EPROTO, EINTR: break
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: rest(context.channel, because: error)
        default: context.fireErrorCaught(error)
        }
    }

    /// Not reading on is not enough: the socket stays ready, and the loop would be woken for it again and again.
    private func rest(_ channel: any Channel, because error: IOError) {
        guard !isPaused, let options = channel.syncOptions else { return }
        isPaused = true
        let now = RequestClock.monotonic()
        if toldAt?.isAtLeast(.seconds(10), before: now) ?? true {
            toldAt = now
            logger.warning("no connections are accepted for a moment", metadata: ["error": "\(error)"])
        }
        try? options.setOption(ChannelOptions.autoRead, value: false)
        channel.eventLoop.assumeIsolated().scheduleTask(in: AcceptShield.pause) {
            self.isPaused = false
            try? options.setOption(ChannelOptions.autoRead, value: true)
        }
    }
}
