internal import Glibc
internal import Logging
internal import NIOCore

/// Stands first in the pipeline of the listening socket. A failed accept (no descriptor left, a peer that went away
/// before it was accepted) must not end the server, which is what the handlers behind would make of it; and with no
/// descriptor left there is no point in trying again at once.
final class AcceptShield: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never
    typealias OutboundOut = Never

    private static let pause = TimeAmount.milliseconds(100)
    private let logger: Logger
    private var isPaused = false
    private var readIsWanted = false

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
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            guard !isPaused else { return }
            isPaused = true
            logger.warning("accepting no connections for a moment", metadata: ["error": "\(error)"])
            context.eventLoop.assumeIsolated().scheduleTask(in: AcceptShield.pause) {
                self.isPaused = false
                if self.readIsWanted {
                    self.readIsWanted = false
                    context.read()
                }
            }
        default: context.fireErrorCaught(error)
        }
    }

    func read(context: ChannelHandlerContext) {
        if isPaused {
            readIsWanted = true
        } else {
            context.read()
        }
    }
}
