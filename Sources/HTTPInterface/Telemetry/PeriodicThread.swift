internal import Glibc
internal import Synchronization

/// A thread of its own that does some blocking work every so often, and at once when it is woken. Blocking work belongs
/// neither on an event loop nor on Swift's pool, which has as many threads as there are cores.
package final class PeriodicThread: Sendable {
    private let waiting: WaitPoint
    /// Unsafe only in name: a handle of the system, written before the object can be shared, read by `stop`.
    private nonisolated(unsafe) let thread: pthread_t?
    private let isJoined = Atomic<Bool>(false)

    /// Starts it. `body` runs after each `interval` of milliseconds, after each `wake()`, and once more at the end.
    package init(everyMilliseconds interval: Int, body: @escaping @Sendable () -> Void) {
        let waiting = WaitPoint()
        self.waiting = waiting
        let work = ThreadWork {
            while true {
                let isOver = waiting.wait(milliseconds: interval)
                body()
                if isOver { return }
            }
        }
        var thread = pthread_t()
        // The reference is handed to the new thread, which takes it back as its first act.
        let context = Unmanaged.passRetained(work)
        let status = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<ThreadWork>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context.toOpaque())
        if status == 0 {
            self.thread = thread
        } else {
            // No thread can be had: whoever is in such need of memory sees stale keys and no log, not a crash.
            context.release()
            self.thread = nil
        }
    }

    /// Has it work at once.
    package func wake() {
        waiting.wake(over: false)
    }

    /// Returns when `body` has run for the last time. Later calls do nothing. Not to be called from `body`.
    package func stop() {
        waiting.wake(over: true)
        guard !isJoined.exchange(true, ordering: .acquiringAndReleasing), let thread else { return }
        pthread_join(thread, nil)
    }
}

private final class ThreadWork: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

/// A condition to wait on for a time.
///
/// `@unchecked Sendable`: everything in it is read and written under its own lock; the pointers are made once and live
/// as long as the object, because the system's locks must not move.
private final class WaitPoint: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var isWoken = false
    private var isOver = false

    init() {
        lock.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(lock)
        condition.deallocate()
        lock.deallocate()
    }

    func wake(over: Bool) {
        pthread_mutex_lock(lock)
        isWoken = true
        if over { isOver = true }
        pthread_cond_signal(condition)
        pthread_mutex_unlock(lock)
    }

    /// Until it is woken or the time has passed. True when it is over.
    func wait(milliseconds: Int) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        deadline.tv_sec += milliseconds / 1000
        deadline.tv_nsec += milliseconds % 1000 * 1_000_000
        if deadline.tv_nsec >= 1_000_000_000 {
            deadline.tv_sec += 1
            deadline.tv_nsec -= 1_000_000_000
        }
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while !isWoken && !isOver {
            if pthread_cond_timedwait(condition, lock, &deadline) == ETIMEDOUT { break }
        }
        isWoken = false
        return isOver
    }
}
