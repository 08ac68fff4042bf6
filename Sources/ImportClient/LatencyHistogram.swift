/// Counts latencies in buckets whose width grows with the value: exact below 128 ns, within 1.6 % above.
package struct LatencyHistogram: Sendable {
    private var buckets = [UInt64](repeating: 0, count: 128 + 57 * 64)
    package private(set) var count: UInt64 = 0
    /// Nanoseconds; 0 when nothing was counted.
    package private(set) var maximum: UInt64 = 0

    package init() {}

    /// Counts one latency.
    package mutating func record(_ nanoseconds: UInt64) {
        buckets[Self.bucket(of: nanoseconds)] += 1
        count += 1
        if nanoseconds > maximum { maximum = nanoseconds }
    }

    /// Takes in what another thread has counted.
    package mutating func merge(_ other: LatencyHistogram) {
        for index in buckets.indices { buckets[index] += other.buckets[index] }
        count += other.count
        maximum = max(maximum, other.maximum)
    }

    /// The smallest latency, in nanoseconds, that `share` (0 to 1) of all do not exceed, rounded up to its bucket's
    /// end; 0 when nothing was counted.
    package func quantile(_ share: Double) -> UInt64 {
        guard count > 0 else { return 0 }
        let wanted = max(1, UInt64((Double(count) * min(max(share, 0), 1)).rounded(.up)))
        var seen: UInt64 = 0
        for (index, number) in buckets.enumerated() where number > 0 {
            seen += number
            if seen >= wanted { return min(Self.end(of: index), maximum) }
        }
        return maximum
    }

    /// Linear below 128, then 64 buckets for each power of two.
    private static func bucket(of value: UInt64) -> Int {
        if value < 128 { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        return 128 + (exponent - 7) * 64 + Int(value >> UInt64(exponent - 6)) - 64
    }

    private static func end(of bucket: Int) -> UInt64 {
        if bucket < 128 { return UInt64(bucket) }
        let shift = UInt64((bucket - 128) / 64 + 1)
        let top = UInt64((bucket - 128) % 64 + 64)
        return (top << shift) | ((1 << shift) - 1)
    }
}
