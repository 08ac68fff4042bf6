import Foundation

/// A value that one thread waits for and another brings, once.
package final class BlockingResult<Value: Sendable>: Sendable {
    private let condition = NSCondition()
    // Guarded by `condition`.
    private nonisolated(unsafe) var value: Value?

    package init() {}

    /// Brings the value; a later call has no effect.
    package func set(_ value: Value) {
        condition.withLock {
            if self.value == nil { self.value = value }
            condition.broadcast()
        }
    }

    /// Whether the value is there.
    package var isSet: Bool { condition.withLock { value != nil } }

    /// Blocks until the value is there.
    package func wait() -> Value {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let value { return value }
            condition.wait()
        }
    }
}

/// Something that one thread waits for and another brings about, once.
package typealias BlockingSignal = BlockingResult<Void>

extension BlockingResult<Void> {
    /// Brings it about; a second call has no effect.
    package func signal() { set(()) }
}
