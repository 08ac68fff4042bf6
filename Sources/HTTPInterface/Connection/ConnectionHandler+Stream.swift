internal import NIOCore

/// Responses that are written bit by bit. Such a one holds its place in the order: it is written while it is the first,
/// and the requests behind it are not read on.
extension ConnectionHandler {
    /// Writes what the source has brought, as far as the peer takes it.
    ///
    /// - Returns: whether the response is over: the source has finished, the peer has closed its side, or the server
    ///   stops.
    func write(
        _ body: StreamingBody, of pending: PendingResponse, head: OutgoingResponse, dateLine: [UInt8],
        to buffer: inout ByteBuffer
    ) -> Bool {
        if !pending.isBegun {
            pending.isBegun = true
            let closes = leavesNothing(after: pending)
            ResponseHead.write(head, form: pending.form, closes: closes, dateLine: dateLine, to: &buffer)
        }
        var isOver = isEnding || isPeerDone
        // What the peer has not taken yet is bounded by the channel's own mark; what waits behind it, by the stream's.
        if context?.channel.isWritable ?? false {
            let taken = body.take()
            ResponseHead.write(taken.pieces, form: pending.form, to: &buffer)
            if taken.isOver { isOver = true }
        }
        if isOver { ResponseHead.writeEnd(form: pending.form, to: &buffer) }
        return isOver
    }

    /// Whether the connection closes behind this stream, which is the first response.
    func leavesNothing(after stream: PendingResponse) -> Bool {
        if stream.closes || !stream.form.knowsChunks { return true }
        return isEnding && queue.count == 1 && receivingSince == nil && !(gate?.isHolding ?? false)
    }

    /// The first response, a stream, is over.
    func leaveStream(now: UInt64) {
        queue.removeFirst().abandon()
        // A request that was cut off by the stream has its whole time from here on.
        if receivingSince != nil { receivingSince = now }
    }

    /// The peer has closed its side. To a stream that means that nobody listens any more, even while requests that
    /// were sent behind it are still held back.
    func peerHasClosed() {
        isPeerDone = true
        if streamsHere > 0 { pump() }
    }

    /// Breaks a long silence. Not while the peer still has to take what was sent before.
    func sendHeartbeat(now: UInt64, buffered: Int) {
        guard buffered == 0, let first = queue.first, first.isBegun, let body = first.streaming,
            !body.heartbeat.isEmpty, lastActivity.isAtLeast(shard.limits.streamHeartbeat, before: now),
            let target = gate?.context
        else { return }
        var buffer = shard.takeScratch()
        ResponseHead.write([body.heartbeat], form: first.form, to: &buffer)
        body.countHeartbeat()
        send(buffer, isLast: false, now: now, to: target)
        shard.giveBackScratch(buffer)
    }
}
