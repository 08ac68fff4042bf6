internal import NIOCore

/// Stands before the parser and decides how much of the input it gets: nothing while too many requests wait or the
/// peer does not take its responses, and otherwise in slices, because one read may hold thousands of small requests.
final class InboundGate: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How much the parser gets at once outside a body of known length.
    private static let slice = 4096
    /// What a peer that has closed its sending side may have left with us: the system hands over all of it at once.
    private static let heldBytes = 4 << 20

    private let connection: ConnectionHandler
    private var held: ByteBuffer?
    private var heldEnd = false
    private var readIsWanted = false
    private(set) var context: ChannelHandlerContext?

    init(connection: ConnectionHandler) {
        self.connection = connection
    }

    var isHolding: Bool { held != nil }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        connection.bytesArrived(buffer.readableBytes)
        guard !connection.discardsInput else { return }
        if held == nil, buffer.readableBytes <= InboundGate.slice, connection.wantsInput {
            forward(buffer, context: context)
            return
        }
        if held != nil {
            held?.writeImmutableBuffer(buffer)
        } else {
            held = buffer
        }
        if held?.readableBytes ?? 0 > InboundGate.heldBytes {
            held = nil
            connection.cut()
            return
        }
        while release(context: context) {}
    }

    private func forward(_ slice: ByteBuffer, context: ChannelHandlerContext) {
        connection.sliceBegins(slice)
        context.fireChannelRead(wrapInboundOut(slice))
        connection.sliceEnded()
    }

    /// Hands the parser one more slice of what is held. False when nothing is held or the connection wants no more.
    private func release(context: ChannelHandlerContext) -> Bool {
        guard var buffer = held else { return false }
        if connection.discardsInput {
            held = nil
        } else {
            guard connection.wantsInput else { return false }
            let length = min(buffer.readableBytes, max(InboundGate.slice, connection.bodyRemaining))
            held = nil
            guard let slice = buffer.readSlice(length: length) else { return false }
            if buffer.readableBytes > 0 { held = buffer }
            forward(slice, context: context)
        }
        if held == nil && heldEnd {
            heldEnd = false
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
        return held != nil
    }

    /// Called when the connection may want input again: hands over one slice, or asks the system to read on.
    /// True when something was handed over, which may have made a response ready.
    func resume() -> Bool {
        guard let context else { return false }
        if held != nil {
            let before = held?.readableBytes
            _ = release(context: context)
            return held?.readableBytes != before
        }
        if readIsWanted && (connection.wantsInput || connection.discardsInput) {
            readIsWanted = false
            context.read()
        }
        return false
    }

    func read(context: ChannelHandlerContext) {
        if held == nil && (connection.wantsInput || connection.discardsInput) {
            context.read()
        } else {
            readIsWanted = true
        }
    }

    /// The end of the input must not overtake what is held.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if held != nil, let channelEvent = event as? ChannelEvent, channelEvent == .inputClosed {
            heldEnd = true
            connection.peerHasClosed()
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
