internal import NIOCore

/// How long output has been lying in the connection without the peer taking it.
struct UnreadOutput {
    /// All bytes that were ever written to the channel.
    var written: UInt64 = 0
    private var since: UInt64?
    private var takenAtStart: UInt64 = 0

    /// Looks at the bytes still lying there. True when, over a whole `timeout`, some always were, and the peer took
    /// less than 1 KiB a second of them.
    mutating func isStuck(buffered: Int, now: UInt64, timeout: TimeAmount) -> Bool {
        guard buffered > 0 else {
            since = nil
            return false
        }
        let taken = written &- UInt64(clamping: buffered)
        guard let start = since else {
            since = now
            takenAtStart = taken
            return false
        }
        guard start.isAtLeast(timeout, before: now) else { return false }
        let enough = timeout.unsignedNanoseconds / 1_000_000_000 * 1024
        if taken &- takenAtStart <= enough { return true }
        since = now
        takenAtStart = taken
        return false
    }
}

extension ConnectionHandler {
    /// Something may be written, or read again. Within a read it waits for the end of it, so that the responses to
    /// several requests leave as one.
    func responseIsReady() {
        if !isReading { pump() }
    }

    /// Writes what is ready, lets more in, until neither makes progress.
    func pump() {
        guard !isPumping else { return }
        isPumping = true
        repeat {
            writeReady()
            closeIfDone()
        } while handOverWaiting() || gate?.resume() ?? false
        isPumping = false
    }

    private func writeReady() {
        if case .closed = phase { return }
        if case .lingering = phase { return }
        let hasOutput = queue.first?.ready != nil || (queue.isEmpty && continueIsDue)
        guard hasOutput, let target = gate?.context else { return }
        let now = RequestClock.monotonic()
        var isLast = false
        var buffer = shard.takeScratch()
        let dateLine = shard.dateLine(now: now)
        while !isLast, let first = queue.first, let response = first.ready {
            if let body = first.streaming {
                guard write(body, of: first, head: response, dateLine: dateLine, to: &buffer) else { break }
                isLast = leavesNothing(after: first)
                leaveStream(now: now)
            } else {
                queue.removeFirst()
                unwrittenBytes -= response.body.count
                isLast = first.closes || response.closes || (isEnding && isIdle)
                ResponseHead.write(response, form: first.form, closes: isLast, dateLine: dateLine, to: &buffer)
            }
        }
        if queue.isEmpty && continueIsDue && !isLast {
            continueIsDue = false
            buffer.writeBytes(ResponseHead.continueLine)
        }
        if isLast || buffer.readableBytes > 0 { send(buffer, isLast: isLast, now: now, to: target) }
        shard.giveBackScratch(buffer)
    }

    /// No request will follow those that are here.
    var isEnding: Bool { isQuiescing || inputClosed }

    func send(_ buffer: ByteBuffer, isLast: Bool, now: UInt64, to target: ChannelHandlerContext) {
        lastActivity = now
        unread.written &+= UInt64(buffer.readableBytes)
        shard.telemetry.bytesSent.add(buffer.readableBytes)
        guard isLast else {
            target.writeAndFlush(NIOAny(buffer), promise: nil)
            return
        }
        abandonQueue()
        phase = .lingering(since: now)
        guard inputClosed else {
            target.writeAndFlush(NIOAny(buffer), promise: nil)
            // The system sends the end of our side after what is still unsent.
            target.close(mode: .output, promise: nil)
            return
        }
        let written = target.eventLoop.makePromise(of: Void.self)
        let channel = target.channel
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        target.writeAndFlush(NIOAny(buffer), promise: written)
    }

    /// A connection without anything left to do, and nothing to come, closes.
    private func closeIfDone() {
        switch phase {
        case .open, .finishing:
            if isEnding && isIdle && bufferedBytes == 0 { cut() }
        case .lingering, .closed: break
        }
    }

    /// Called by the sweep of the event loop.
    func enforceDeadlines(now: UInt64) {
        let limits = shard.limits
        let buffered = bufferedBytes
        if unread.isStuck(buffered: buffered, now: now, timeout: limits.writeTimeout) {
            cut()
            return
        }
        sendHeartbeat(now: now, buffered: buffered)
        switch phase {
        case .closed: break
        case .finishing: closeIfDone()
        case .lingering(let since):
            let isOver = inputClosed || since.isAtLeast(limits.lingerTimeout, before: now)
            if buffered == 0 && isOver { cut() }
        case .open:
            if let since = receivingSince {
                guard since.isAtLeast(limits.requestDeadline, before: now), wantsInput else { return }
                refuse(
                    .timedOut(seconds: Int(limits.requestDeadline.nanoseconds / 1_000_000_000)), target: receivedTarget)
            } else if isIdle && buffered == 0 && (isEnding || lastActivity.isAtLeast(limits.idleTimeout, before: now)) {
                cut()
            }
        }
    }

    /// Bytes that the system has not taken yet.
    var bufferedBytes: Int {
        guard let options = context?.channel.syncOptions else { return 0 }
        // A channel that can't say it has nothing buffered for our purpose.
        return (try? options.getOption(ChannelOptions.bufferedWritableBytes)) ?? 0
    }
}

extension UInt64 {
    /// This monotonic moment lies at least `amount` before `now`. Never, when it lies after it.
    func isAtLeast(_ amount: TimeAmount, before now: UInt64) -> Bool {
        now > self && now &- self >= amount.unsignedNanoseconds
    }
}
