internal import Synchronization

/// A number that only grows. Adding is one relaxed atomic operation.
package final class Counter: Sendable {
    private let value = Atomic<UInt64>(0)

    package init() {}

    /// One more.
    package func increment() {
        value.wrappingAdd(1, ordering: .relaxed)
    }

    /// Negative amounts count as nothing.
    package func add(_ amount: Int) {
        value.wrappingAdd(UInt64(clamping: amount), ordering: .relaxed)
    }

    package var current: UInt64 { value.load(ordering: .relaxed) }
}

/// A number that goes up and down.
package final class Gauge: Sendable {
    private let value = Atomic<Int64>(0)

    package init() {}

    /// One more.
    package func increment() {
        value.wrappingAdd(1, ordering: .relaxed)
    }

    /// One less.
    package func decrement() {
        value.wrappingSubtract(1, ordering: .relaxed)
    }

    /// Says what the amount is now.
    package func set(_ amount: Int) {
        value.store(Int64(amount), ordering: .relaxed)
    }

    package var current: Int64 { value.load(ordering: .relaxed) }
}

/// What a histogram counts in, and how that reads in the exposition.
package enum HistogramUnit: Sendable {
    /// Observed in nanoseconds, shown in seconds.
    case nanoseconds
    /// Shown as observed.
    case count
}

/// How many observations fell at or below each of a few bounds.
package final class Histogram: Sendable {
    /// 0.25 ms to 10 s.
    package static let latencyBounds: [UInt64] = [
        250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000,
        250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    ]
    /// Powers of two, 1 to 1024.
    package static let sizeBounds: [UInt64] = (0...10).map { 1 << $0 }

    let bounds: [UInt64]
    let unit: HistogramUnit
    /// Not cumulative; one more than there are bounds.
    private let buckets: [Counter]
    private let total = Atomic<UInt64>(0)

    /// - Parameter bounds: ascending, in the unit of what is observed.
    package init(bounds: [UInt64], unit: HistogramUnit) {
        self.bounds = bounds
        self.unit = unit
        self.buckets = (0...bounds.count).map { _ in Counter() }
    }

    /// Counts a value into its bucket; the value is in the unit of the bounds.
    package func observe(_ value: UInt64) {
        var index = 0
        // Most observations fall into the first few buckets: a straight walk beats a binary search.
        while index < bounds.count && value > bounds[index] { index += 1 }
        buckets[index].increment()
        total.wrappingAdd(value, ordering: .relaxed)
    }

    /// The counts as they stand, not cumulative, and the sum of all values.
    func snapshot() -> (counts: [UInt64], sum: UInt64) {
        (buckets.map(\.current), total.load(ordering: .relaxed))
    }
}
