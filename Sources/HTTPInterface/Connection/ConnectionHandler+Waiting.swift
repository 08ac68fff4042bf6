internal import NIOCore

/// A request that has arrived whole and is not handed over yet, with its place in the order.
struct WaitingRequest {
    var request: IncomingRequest
    var pending: PendingResponse
}

/// A slice of input may bring a hundred small requests, each of which asks for a large response. Those for whose
/// responses there is no room wait here, as small as they came, until the peer has taken what it asked for before.
extension ConnectionHandler {
    /// Whether one more request may be handed over: not too many are being worked on, and the peer takes its responses.
    var hasRoom: Bool {
        queue.count - waiting.count < shard.limits.pipelineDepth && unwrittenBytes < shard.limits.unsentBytes
            && context?.channel.isWritable ?? false
    }

    /// Hands over what waits, as far as there is room. True when that was anything.
    func handOverWaiting() -> Bool {
        var count = 0
        while hasRoom, let next = waiting.first {
            // Counted first: a response that comes at once looks at how many still wait.
            waiting.removeFirst()
            count += 1
            shard.handler.handle(next.request, respond: next.pending)
        }
        return count > 0
    }

    /// A response is here and will be written in its turn.
    func responseArrived(bytes: Int) {
        unwrittenBytes += bytes
    }

    /// Nothing of the queue will be answered any more.
    func abandonQueue() {
        for pending in queue { pending.abandon() }
        queue.removeAll()
        waiting.removeAll()
        unwrittenBytes = 0
    }
}
