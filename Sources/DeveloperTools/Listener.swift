internal import Synchronization

/// Follows a ledger and forwards what comes, as a webhook endpoint of the server would be sent it.
package final class Listener: Sendable {
    /// What it does.
    package struct Options: Sendable {
        /// Which events, separated by commas; nil for all.
        package var types: String?
        /// Begin behind this seq; nil for what is recorded from now on.
        package var after: Int64?
        /// nil: the events are only shown.
        package var forwarding: Forwarder.Options?
        /// How many events may be on their way to the receiver at once.
        package var width = 8

        package init() {}
    }

    /// What happens, as it happens.
    package enum Report: Sendable {
        /// It follows the ledger, whose last event has this seq.
        case listening(head: Int64)
        case notice(EventFollower.Notice)
        case event(ForwardedEvent)
        case attempt(ForwardAttempt)
    }

    private let client: ServerClient
    private let options: Options
    private let now: @Sendable () -> Int64
    private let report: @Sendable (Report) -> Void
    private let counts = Mutex(ForwardSummary())

    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - report: called from several tasks.
    package init(
        _ client: ServerClient, _ options: Options, now: @escaping @Sendable () -> Int64,
        report: @escaping @Sendable (Report) -> Void
    ) {
        self.client = client
        self.options = options
        self.now = now
        self.report = report
    }

    /// How a session has ended.
    package struct Ending: Sendable {
        package var summary: ForwardSummary
        /// What no further connection would have mended; nil when the task was cancelled.
        package var failure: DeveloperError?
    }

    /// Listens until the task is cancelled, or until there is no point in it any more.
    package func run() async -> Ending {
        var failure: DeveloperError?
        do {
            try await listen()
        } catch let error as DeveloperError {
            failure = error
        } catch {
            if !Task.isCancelled { failure = .failed("\(error)") }
        }
        return Ending(summary: counts.withLock { $0 }, failure: failure)
    }

    private func listen() async throws {
        let head = try await EventFollower.head(client)
        report(.listening(head: head))
        let start = options.after ?? head
        guard let forwarding = options.forwarding else { return try await follow(from: start) { _ in } }
        try await Forwarder.with(forwarding, now: now) { forwarder in
            try await withThrowingDiscardingTaskGroup { group in
                // A place for each event that is on its way; while none is free, the server is made to wait.
                let places = Places(max(options.width, 1))
                try await follow(from: start) { event in
                    await places.take()
                    group.addTask { [self] in
                        await forwarder.forward(event) { attempt in
                            counts.withLock { $0.count(attempt) }
                            report(.attempt(attempt))
                        }
                        await places.giveBack()
                    }
                }
            }
        }
    }

    private func follow(from seq: Int64, _ forward: (ForwardedEvent) async -> Void) async throws {
        try await EventFollower(client, types: options.types).run(
            after: seq, notice: { report(.notice($0)) },
            receive: { message in
                let event = ForwardedEvent(message)
                counts.withLock { $0.events += 1 }
                report(.event(event))
                await forward(event)
            })
    }
}

/// So many places, and whoever wants one waits until there is one.
private actor Places {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    func take() async {
        if free > 0 {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func giveBack() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
