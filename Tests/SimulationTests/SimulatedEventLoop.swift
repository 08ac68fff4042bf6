import Dispatch
import NIOCore

/// An event loop of a simulated process: what it is given happens in order, when the schedule comes to it.
///
/// @unchecked Sendable: one thread uses it.
final class SimulatedEventLoop: EventLoop, @unchecked Sendable {
    private let schedule: Schedule
    private let process: Int
    private let number: Int

    init(_ schedule: Schedule, process: Int, number: Int) {
        self.schedule = schedule
        self.process = process
        self.number = number
    }

    var inEventLoop: Bool { true }
    var now: NIODeadline { .uptimeNanoseconds(schedule.now) }

    func execute(_ task: @escaping @Sendable () -> Void) {
        schedule.add(process, .eventLoop(number), task)
    }

    func scheduleTask<T>(deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        scheduleTask(in: deadline - now, task)
    }

    func scheduleTask<T>(in time: TimeAmount, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        let promise = makePromise(of: T.self)
        let timer = schedule.add(
            process, .eventLoop(number), after: UInt64(clamping: time.nanoseconds)
        ) {
            do {
                promise.assumeIsolatedUnsafeUnchecked().succeed(try task())
            } catch {
                promise.fail(error)
            }
        }
        return Scheduled(promise: promise) { [schedule] in schedule.cancel(timer) }
    }

    func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        callback(nil)
    }

    func preconditionInEventLoop(file: StaticString, line: UInt) {}
    func preconditionNotInEventLoop(file: StaticString, line: UInt) {}
}
