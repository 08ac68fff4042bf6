import LedgerCore
import NIOCore

/// What the dispatchers of one event loop share: the client, and a bound on what is under way.
///
/// @unchecked Sendable: used on the event loop alone.
final class DispatchLoop: @unchecked Sendable {
    let eventLoop: any EventLoop
    let environment: DispatchEnvironment
    /// Samples under way, by endpoint.
    var samples: [ULID: Int] = [:]
    /// Made when it is used first: on the event loop, as it has to be.
    private(set) lazy var client: any DeliverySender = environment.makeSender(eventLoop, environment)
    private let maximum: Int
    private var underWay = 0
    /// Attempts that wait for others to end, oldest first.
    private var waiting = CircularBuffer<(@escaping () -> Void) -> Void>()

    init(eventLoop: any EventLoop, environment: DispatchEnvironment) {
        self.eventLoop = eventLoop
        self.environment = environment
        maximum = environment.attemptsUnderWay
    }

    /// Calls `body` now or when there is room; it calls what it is given, once, when it needs the room no more.
    func whenFree(_ body: @escaping (@escaping () -> Void) -> Void) {
        guard underWay < maximum else { return waiting.append(body) }
        run(body)
    }

    private func run(_ body: (@escaping () -> Void) -> Void) {
        underWay += 1
        body { [self] in
            underWay -= 1
            if let next = waiting.popFirst() { run(next) }
        }
    }

    /// Calls back when nothing is under way, or when the time is up.
    func drain(within time: TimeAmount, _ completion: @escaping () -> Void) {
        let deadline = eventLoop.now + time
        func look() {
            guard underWay > 0, eventLoop.now < deadline else { return completion() }
            eventLoop.scheduleTask(in: .milliseconds(10)) { look() }
        }
        look()
    }
}
