import Foundation
import Testing

/// Times of two kinds of requests that should be alike, taken by turns in an order of chance, so that whatever else the
/// machine does falls on both.
struct InterleavedTimes {
    /// Nanoseconds, in the order of their measurement.
    private(set) var first: [Double] = []
    private(set) var second: [Double] = []

    /// - Parameters:
    ///   - pairs: how many of each kind.
    ///   - numbers: what decides the order.
    init(
        pairs: Int, using numbers: inout SeededNumbers, first one: (Int) throws -> Void,
        second other: (Int) throws -> Void
    ) rethrows {
        // The first requests find nothing warm.
        for number in 0..<min(20, pairs) {
            try one(number)
            try other(number)
        }
        for number in 0..<pairs {
            let isFirst = Bool.random(using: &numbers)
            for turn in [isFirst, !isFirst] {
                let began = Self.now()
                if turn { try one(number) } else { try other(number) }
                let time = Double(Self.now() - began)
                if turn { first.append(time) } else { second.append(time) }
            }
        }
    }

    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// The probability that one of the first kind takes longer than one of the second (the statistic of the rank test
    /// of Mann and Whitney, over the number of pairs): 0.5 when nothing tells them apart.
    var probability: Double {
        let all = (first.map { ($0, true) } + second.map { ($0, false) }).sorted { $0.0 < $1.0 }
        var rankSum = 0.0
        var place = 0
        while place < all.count {
            // Equal times share their ranks.
            var end = place
            while end < all.count, all[end].0 == all[place].0 { end += 1 }
            let rank = Double(place + end + 1) / 2
            rankSum += rank * Double(all[place..<end].count { $0.1 })
            place = end
        }
        let (m, n) = (Double(first.count), Double(second.count))
        return (rankSum - m * (m + 1) / 2) / (m * n)
    }

    /// How far chance alone takes `probability` from 0.5: one standard deviation.
    var spread: Double {
        let (m, n) = (Double(first.count), Double(second.count))
        return ((m + n + 1) / (12 * m * n)).squareRoot()
    }

    /// How many standard deviations from alike.
    var score: Double { (probability - 0.5) / spread }

    /// Of the first kind over the second, in nanoseconds.
    var medianDifference: Double { Self.median(first) - Self.median(second) }

    var description: String {
        String(
            format: "medians %.1f and %.1f µs, P(first > second) = %.3f, %+.1f standard deviations",
            Self.median(first) / 1_000, Self.median(second) / 1_000, probability, score)
    }

    private static func median(_ times: [Double]) -> Double {
        let sorted = times.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}
