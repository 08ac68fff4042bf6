import Glibc
import Synchronization

func sleepMilliseconds(_ milliseconds: Int) {
    usleep(UInt32(milliseconds * 1000))
}

/// A clock that stands still until it is told to move.
final class TestClock: Sendable {
    private let value: Mutex<Int64>

    init(_ start: Int64 = 0) {
        value = Mutex(start)
    }

    var now: Int64 { value.withLock { $0 } }

    func advance(_ amount: Int64) {
        value.withLock { $0 += amount }
    }
}

/// A generator whose run can be repeated: the seed is printed by the test that fails.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

/// Counts from any thread.
final class Tally: Sendable {
    private let value = Mutex(0)

    var count: Int { value.withLock { $0 } }

    func increment() {
        value.withLock { $0 += 1 }
    }
}
