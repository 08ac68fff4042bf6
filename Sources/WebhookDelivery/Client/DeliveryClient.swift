package import Logging
package import NIOCore

/// Sends webhooks: an HTTP/1.1 client that dials only what it has vetted, bounds whatever a host may answer, and keeps
/// connections for the next request.
///
/// It belongs to one event loop and is used on it alone. Whatever happens, each `send` is answered exactly once. It
/// must be shut down before it is let go.
package final class DeliveryClient: DeliverySender {
    /// What takes an answer, once, on the event loop.
    package typealias Completion = (Result<DeliveryAnswer, DeliveryFailure>) -> Void

    private let loop: NIOIsolatedEventLoop
    private let configuration: DeliveryClientConfiguration
    private let dialler: Dialler
    private let finder: AddressFinder
    private let alarm: Alarm
    private var attempts: [UInt64: Attempt] = [:]
    private var lastID: UInt64 = 0
    private var idle: IdleConnections<DeliveryConnection>
    /// All connections that have a channel.
    private var open: [ObjectIdentifier: DeliveryConnection] = [:]
    private var isShutDown = false
    private var onQuiet: (() -> Void)?
    private var counts = Statistics()

    /// Made on its event loop.
    ///
    /// - Parameter policy: vets every address before it is dialled.
    package init(
        eventLoop: any EventLoop, resolver: @escaping HostResolver, policy: AddressPolicy,
        configuration: DeliveryClientConfiguration, logger: Logger
    ) {
        loop = eventLoop.assumeIsolated()
        self.configuration = configuration
        dialler = Dialler(loop: eventLoop, configuration: configuration)
        finder = AddressFinder(
            loop: eventLoop, resolver: resolver, policy: policy, lifetime: configuration.addressLifetime,
            logger: logger)
        alarm = Alarm(loop: loop)
        idle = IdleConnections(maximum: configuration.idleConnections, idleTime: configuration.idleTime)
        alarm.onRing = { [weak self] in self?.timePassed() }
    }

    package func send(_ request: DeliveryRequest, timeout: TimeAmount, completion: @escaping Completion) {
        let now = NIODeadline.now()
        let bytes: RequestBytes
        do throws(DeliveryFailure) {
            if isShutDown { throw .shutDown }
            bytes = try RequestBytes(
                request, userAgent: configuration.userAgent, contentType: configuration.contentType)
        } catch {
            return loop.execute { completion(.failure(error)) }
        }
        lastID &+= 1
        let attempt = Attempt(
            id: lastID, url: request.url, bytes: bytes.buffer, startedAt: now,
            deadline: now + min(max(timeout, .zero), .hours(24)), patience: configuration.addressPatience,
            completion: completion)
        attempts[attempt.id] = attempt
        alarm.set(for: attempt.deadline)
        attempt.connection = idleConnection(to: Origin(request.url), at: now)
        if attempt.connection != nil { counts.reuses += 1 }
        perform(attempt.course.begin(hasIdleConnection: attempt.connection != nil), attempt)
        attempt.isStarting = false
    }

    package func shutdown(completion: @escaping () -> Void) {
        isShutDown = true
        alarm.stop()
        finder.close()
        for attempt in Array(attempts.values) { perform(attempt.course.abandon(.shutDown), attempt) }
        for connection in idle.removeAll() { connection.abandon() }
        let earlier = onQuiet
        onQuiet = {
            earlier?()
            completion()
        }
        // Whoever waits is never called before this returns.
        loop.execute { self.tellWhenQuiet() }
    }

    /// What has been done so far.
    package struct Statistics: Hashable, Sendable {
        /// Names asked for.
        package var lookUps = 0
        /// Connections begun.
        package var dials = 0
        /// Requests over a connection that had served another before.
        package var reuses = 0
        /// Requests sent a second time, because the host closed an idle connection at that very moment.
        package var resends = 0
        /// Connections that wait for a request.
        package var idleConnections = 0
        /// Connections that exist.
        package var openConnections = 0
    }

    /// What has been done so far, and what there is now.
    package var statistics: Statistics {
        var statistics = counts
        statistics.lookUps = finder.lookUps
        statistics.idleConnections = idle.count
        statistics.openConnections = open.count
        return statistics
    }

    // MARK: The course of a request

    private func perform(_ step: RequestCourse.Step, _ attempt: Attempt) {
        switch step {
        case .nothing: break
        case .resolve:
            finder.find(attempt.url) { result in self.perform(attempt.course.resolved(result, at: .now()), attempt) }
        case .dial(let address, let limit): dial(address, within: limit, attempt)
        case .send:
            guard let connection = attempt.connection else { return }
            connection.send(attempt.bytes) { outcome in self.ended(outcome, connection, attempt) }
        case .finish(let result): finish(result, attempt)
        }
    }

    private func dial(_ address: IPAddress, within limit: TimeAmount, _ attempt: Attempt) {
        counts.dials += 1
        let connection = DeliveryConnection(
            origin: Origin(attempt.url), openedAt: .now(), configuration: configuration)
        attempt.connection = connection
        open[ObjectIdentifier(connection)] = connection
        connection.onClose = { [weak self, weak connection] in
            if let self, let connection { self.closed(connection) }
        }
        dialler.connect(connection, to: address, for: attempt.url, within: limit) { fault in
            if let fault {
                // A channel that never came to be does not say that it is closed.
                self.closed(connection)
                if attempt.connection === connection { attempt.connection = nil }
                self.perform(attempt.course.dialFailed(fault, at: .now()), attempt)
            } else if attempt.course.isOver {
                // The time was up at the very moment.
                connection.abandon()
            } else {
                self.perform(attempt.course.connected(), attempt)
            }
        }
    }

    private func ended(_ outcome: DeliveryConnection.Outcome, _ connection: DeliveryConnection, _ attempt: Attempt) {
        attempt.connection = nil
        let now = NIODeadline.now()
        switch outcome {
        case .answered(let assembly):
            keep(connection, at: now)
            let nanoseconds = UInt64(clamping: (now - attempt.startedAt).nanoseconds)
            guard let answer = assembly.answer(nanoseconds: nanoseconds, now: configuration.wallClock) else {
                return perform(attempt.course.exchangeFailed(.closed, sawAnswer: true), attempt)
            }
            perform(attempt.course.answered(answer), attempt)
        case .failed(let failure, let sawAnswer):
            let step = attempt.course.exchangeFailed(failure, sawAnswer: sawAnswer)
            if case .resolve = step { counts.resends += 1 }
            perform(step, attempt)
        }
    }

    private func finish(_ result: Result<DeliveryAnswer, DeliveryFailure>, _ attempt: Attempt) {
        guard attempts.removeValue(forKey: attempt.id) != nil else { return }
        attempt.connection?.abandon()
        attempt.connection = nil
        switch result {
        case .failure(.connect), .failure(.timeout(.connect)): finder.forget(attempt.url)
        default: break
        }
        let completion = attempt.completion
        if attempt.isStarting {
            loop.execute { completion(result) }
        } else {
            completion(result)
        }
    }

    // MARK: Connections

    private func idleConnection(to origin: Origin, at now: NIODeadline) -> DeliveryConnection? {
        while let connection = idle.take(origin, at: now) {
            if connection.isUsable, now - connection.openedAt < configuration.connectionAge { return connection }
            connection.abandon()
        }
        return nil
    }

    private func keep(_ connection: DeliveryConnection, at now: NIODeadline) {
        guard connection.isUsable else { return }
        guard !isShutDown, now - connection.openedAt < configuration.connectionAge else {
            return connection.abandon()
        }
        idle.put(connection, connection.origin, at: now)?.abandon()
        alarm.set(for: now + configuration.idleTime)
    }

    private func closed(_ connection: DeliveryConnection) {
        idle.remove(connection, connection.origin)
        open[ObjectIdentifier(connection)] = nil
        tellWhenQuiet()
    }

    private func tellWhenQuiet() {
        guard isShutDown, open.isEmpty, let told = onQuiet else { return }
        onQuiet = nil
        told()
    }

    // MARK: Time

    private func timePassed() {
        let now = NIODeadline.now()
        for attempt in attempts.values.filter({ $0.deadline <= now }) {
            let phase = attempt.connection?.phase ?? .answer
            perform(attempt.course.timedOut(exchangePhase: phase), attempt)
        }
        for connection in idle.removeExpired(at: now) { connection.abandon() }
        let next = min(attempts.values.map(\.deadline).min() ?? .distantFuture, idle.nextExpiry ?? .distantFuture)
        // Deadlines that lie close together are looked at together.
        if next < .distantFuture { alarm.set(for: max(next, now + .milliseconds(5))) }
    }
}

/// One call of `send` until it is answered.
private final class Attempt {
    let id: UInt64
    let url: WebhookURL
    let bytes: ByteBuffer
    let startedAt: NIODeadline
    let deadline: NIODeadline
    let completion: DeliveryClient.Completion
    var course: RequestCourse
    /// The connection that it has taken, or tries to open.
    var connection: DeliveryConnection?
    /// Within the call of `send`.
    var isStarting = true

    init(
        id: UInt64, url: WebhookURL, bytes: ByteBuffer, startedAt: NIODeadline, deadline: NIODeadline,
        patience: TimeAmount, completion: @escaping DeliveryClient.Completion
    ) {
        self.id = id
        self.url = url
        self.bytes = bytes
        self.startedAt = startedAt
        self.deadline = deadline
        self.completion = completion
        course = RequestCourse(deadline: deadline, patience: patience)
    }
}
