import Foundation

/// Something that one thread waits for and another brings about, once.
final class BlockingSignal: Sendable {
    private let condition = NSCondition()
    // Guarded by `condition`.
    private nonisolated(unsafe) var isSignalled = false

    func signal() {
        condition.withLock {
            isSignalled = true
            condition.broadcast()
        }
    }

    func wait() {
        condition.withLock {
            while !isSignalled { condition.wait() }
        }
    }
}
