import Foundation
import Synchronization

/// Threads for calls that block: commits and reads of the store. Never an event loop, never Swift's cooperative pool,
/// which has as many threads as the machine has cores.
///
/// Jobs start in the order in which they came. A thread is started when a job finds none idle, up to `maximum`.
package final class BlockingThreads: Sendable {
    package typealias Job = @Sendable () -> Void

    private struct State {
        var jobs: ArraySlice<Job> = []
        var threads = 0
        var idle = 0
        var stopped = false
    }

    // NSCondition: a condition variable needs the very mutex that guards the state, which `Mutex` does not lend.
    private let condition = NSCondition()
    // Guarded by `condition`.
    private nonisolated(unsafe) var state = State()
    private let name: String
    private let maximum: Int

    package init(name: String, maximum: Int) {
        self.name = name
        self.maximum = maximum
    }

    /// Whether jobs wait for a thread: a long-running job may use it to give way.
    package var isContended: Bool {
        condition.withLock { !state.jobs.isEmpty }
    }

    /// Runs the job on one of the threads. After `stop` it is dropped.
    package func run(_ job: @escaping Job) {
        condition.lock()
        defer { condition.unlock() }
        guard !state.stopped else { return }
        state.jobs.append(job)
        if state.idle > 0 {
            condition.signal()
        } else if state.threads < maximum {
            state.threads += 1
            let thread = Thread { [self] in work() }
            thread.name = "\(name)-\(state.threads)"
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    /// Runs the job and waits for it asynchronously.
    package func run<Success: Sendable>(_ job: @escaping @Sendable () throws -> Success) async throws -> Success {
        try await withCheckedThrowingContinuation { continuation in
            run { continuation.resume(with: Result { try job() }) }
        }
    }

    /// Lets the jobs that wait finish, then the threads end.
    package func stop() {
        condition.withLock {
            state.stopped = true
            condition.broadcast()
        }
    }

    private func work() {
        while let job = next() { job() }
    }

    private func next() -> Job? {
        condition.lock()
        defer { condition.unlock() }
        while state.jobs.isEmpty {
            if state.stopped { return nil }
            state.idle += 1
            condition.wait()
            state.idle -= 1
        }
        return state.jobs.removeFirst()
    }
}
