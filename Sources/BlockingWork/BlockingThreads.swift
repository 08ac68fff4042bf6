import Foundation

/// Threads for calls that block: commits and reads of the store. Never an event loop, never Swift's cooperative pool,
/// which has as many threads as the machine has cores.
///
/// Jobs start in the order in which they came. A thread is started when a job finds none free, up to `maximum`. A
/// simulation runs them itself, when it chooses to and on its own thread.
package final class BlockingThreads: Sendable {
    /// Runs on one of the threads, and may block it.
    package typealias Job = @Sendable () -> Void

    private struct State {
        var jobs = JobQueue()
        var threads = 0
        /// Threads that look for a job: those that sleep, those that a signal has woken but that don't run yet, and
        /// those just started. A job beyond their number has nobody who would take it.
        var seeking = 0
        var stopped = false
    }

    // NSCondition: a condition variable needs the very mutex that guards the state, which `Mutex` does not lend.
    private let condition = NSCondition()
    // Guarded by `condition`.
    private nonisolated(unsafe) var state = State()
    private let name: String
    private let maximum: Int
    private let simulation: Simulation?

    /// What runs jobs in place of threads.
    package struct Simulation: Sendable {
        /// Takes a job, to run it later.
        package var run: @Sendable (@escaping Job) -> Void
        /// Runs jobs until the condition holds: in place of blocking the only thread there is.
        package var runUntil: @Sendable (_ condition: () -> Bool) -> Void

        package init(
            run: @escaping @Sendable (@escaping Job) -> Void,
            runUntil: @escaping @Sendable (_ condition: () -> Bool) -> Void
        ) {
            self.run = run
            self.runUntil = runUntil
        }
    }

    package init(name: String, maximum: Int) {
        self.name = name
        self.maximum = max(1, maximum)
        simulation = nil
    }

    /// No thread at all: the simulation has every job.
    package init(_ simulation: Simulation) {
        name = "simulation"
        maximum = 0
        self.simulation = simulation
    }

    /// Blocks the thread of a job until another job has brought the value.
    package func wait<Value>(for result: BlockingResult<Value>) -> Value {
        simulation?.runUntil { result.isSet }
        return result.wait()
    }

    /// Whether more jobs wait than threads are free: a long-running job may use it to give way.
    package var isContended: Bool {
        condition.withLock { state.jobs.count > state.seeking }
    }

    /// Runs the job on one of the threads.
    ///
    /// - Returns: false after `stop`: the job was dropped.
    @discardableResult
    package func run(_ job: @escaping Job) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        guard !state.stopped else { return false }
        if let simulation {
            simulation.run(job)
            return true
        }
        state.jobs.append(job)
        if state.jobs.count > state.seeking, state.threads < maximum {
            state.threads += 1
            state.seeking += 1
            let thread = Thread { [self] in work() }
            thread.name = "\(name)-\(state.threads)"
            thread.stackSize = 1 << 20
            thread.start()
        } else {
            condition.signal()
        }
        return true
    }

    /// Lets the jobs that wait finish, then the threads end.
    package func stop() {
        condition.withLock {
            state.stopped = true
            condition.broadcast()
        }
    }

    private func work() {
        // `run` has counted the new thread among those that seek.
        var seeks = true
        // A job ends with its turn of the loop: what it held must not live on while the thread sleeps.
        while let job = next(seeks: seeks) {
            job()
            seeks = false
        }
    }

    private func next(seeks: Bool) -> Job? {
        condition.lock()
        defer { condition.unlock() }
        if !seeks { state.seeking += 1 }
        while true {
            if let job = state.jobs.popFirst() {
                state.seeking -= 1
                return job
            }
            if state.stopped {
                state.seeking -= 1
                state.threads -= 1
                return nil
            }
            condition.wait()
        }
    }
}

/// First in, first out. A job that was taken is let go at once, with everything it holds.
private struct JobQueue {
    private var slots: [BlockingThreads.Job?] = []
    private var first = 0

    var count: Int { slots.count - first }

    mutating func append(_ job: @escaping BlockingThreads.Job) { slots.append(job) }

    mutating func popFirst() -> BlockingThreads.Job? {
        guard first < slots.count else { return nil }
        let job = slots[first]
        slots[first] = nil
        first += 1
        if first == slots.count {
            slots.removeAll(keepingCapacity: true)
            first = 0
        } else if first >= 64, first * 2 >= slots.count {
            slots.removeFirst(first)
            first = 0
        }
        return job
    }
}
