import HTTPInterface
import LedgerStorage
import Testing

@Suite("The budget of a key")
struct RateLimiterTests {
    struct Step: Sendable {
        /// Nanoseconds since the first step.
        var at: UInt64
        var isAllowed: Bool
        var remaining: Int
        var retryAfter: Int
    }

    @Test("the bucket empties, fills with time, and never overflows")
    func table() {
        let second: UInt64 = 1_000_000_000
        let steps: [Step] = [
            Step(at: 0, isAllowed: true, remaining: 2, retryAfter: 1),
            Step(at: 0, isAllowed: true, remaining: 1, retryAfter: 1),
            Step(at: 0, isAllowed: true, remaining: 0, retryAfter: 1),
            Step(at: 0, isAllowed: false, remaining: 0, retryAfter: 1),
            Step(at: second / 2 - 1, isAllowed: false, remaining: 0, retryAfter: 1),
            Step(at: second / 2, isAllowed: true, remaining: 0, retryAfter: 1),
            Step(at: second / 2 - 100, isAllowed: false, remaining: 0, retryAfter: 1),
            Step(at: second, isAllowed: true, remaining: 0, retryAfter: 1),
            Step(at: 3 * second, isAllowed: true, remaining: 2, retryAfter: 1),
            Step(at: .max / 2, isAllowed: true, remaining: 2, retryAfter: 1),
            Step(at: .max, isAllowed: true, remaining: 2, retryAfter: 1),
        ]
        let limiter = RateLimiter(limit: RateLimit(rate: 2, burst: 3))
        for (index, step) in steps.enumerated() {
            let decision = limiter.take(at: step.at)
            #expect(decision.isAllowed == step.isAllowed, "step \(index)")
            #expect(decision.remaining == step.remaining, "step \(index)")
            #expect(decision.retryAfterSeconds == step.retryAfter, "step \(index)")
        }
    }

    @Test("looking takes nothing, and a denied request takes nothing either")
    func free() {
        let limiter = RateLimiter(limit: RateLimit(rate: 1, burst: 1))
        for _ in 0..<5 { #expect(limiter.observe(at: 10).remaining == 1) }
        #expect(limiter.take(at: 10).isAllowed)
        for _ in 0..<5 { #expect(!limiter.take(at: 500_000_000).isAllowed) }
        #expect(limiter.take(at: 1_000_000_010).isAllowed)
    }

    @Test("it agrees with a model that counts in exact fractions", arguments: [UInt64(11), 12, 13, 14])
    func model(seed: UInt64) {
        var numbers = SeededNumbers(seed: seed)
        let rate = Int.random(in: 1...1000, using: &numbers)
        let burst = Int.random(in: 1...50, using: &numbers)
        let limiter = RateLimiter(limit: RateLimit(rate: rate, burst: burst))
        // The model: 128-bit billionths of tokens, from the definition.
        var level = Int128(burst) * 1_000_000_000
        var last: UInt64?
        var now: UInt64 = 5
        for step in 0..<5000 {
            if Bool.random(using: &numbers) { now += .random(in: 0...(3_000_000_000 / UInt64(rate)), using: &numbers) }
            level = min(Int128(burst) * 1_000_000_000, level + Int128(now - (last ?? now)) * Int128(rate))
            last = now
            let isAllowed = level >= 1_000_000_000
            if isAllowed { level -= 1_000_000_000 }
            let decision = limiter.take(at: now)
            #expect(decision.isAllowed == isAllowed, "seed \(seed), step \(step)")
            #expect(decision.remaining == Int(level / 1_000_000_000), "seed \(seed), step \(step)")
            guard decision.isAllowed == isAllowed else { return }
        }
    }

    @Test("over any time no more than burst and rate × time are let through, from any number of threads")
    func bound() async throws {
        let limiter = RateLimiter(limit: RateLimit(rate: 100, burst: 10))
        let allowed = Tally()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try await onThread {
                        for step in 0..<10_000 where limiter.take(at: UInt64(step) * 100_000).isAllowed {
                            allowed.increment()
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let count = allowed.count
        #expect(count >= 100 && count <= 10 + 100)
    }

    private func headers(_ decision: RateDecision, wall: Int64) -> [String] {
        var bytes: [UInt8] = []
        decision.appendHeaders(to: &bytes, wallMilliseconds: wall)
        return String(decoding: bytes, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false).map(
            String.init)
    }

    @Test("both header families say what is left")
    func headerLines() {
        let limiter = RateLimiter(limit: RateLimit(rate: 100, burst: 200))
        #expect(
            headers(limiter.take(at: 0), wall: 1_700_000_000_999) == [
                "X-RateLimit-Limit: 200", #"RateLimit-Policy: "burst";q=200;w=2, "sustained";q=100;w=1"#,
                "X-RateLimit-Remaining: 199", "X-RateLimit-Reset: 1700000001", #"RateLimit: "burst";r=199;t=1"#, "",
            ])
        for _ in 0..<199 { _ = limiter.take(at: 0) }
        #expect(
            headers(limiter.take(at: 0), wall: 1_700_000_000_000)[2...4] == [
                "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1700000002", #"RateLimit: "burst";r=0;t=2"#,
            ])
        #expect(
            headers(limiter.observe(at: 9_000_000_000), wall: 5000)[2...3] == [
                "X-RateLimit-Remaining: 200", "X-RateLimit-Reset: 5",
            ])
    }

    @Test("a slow bucket tells how long to wait")
    func slow() {
        let limiter = RateLimiter(limit: RateLimit(rate: 1, burst: 60))
        for _ in 0..<60 { #expect(limiter.take(at: 0).isAllowed) }
        let denied = limiter.take(at: 1)
        #expect(!denied.isAllowed)
        #expect(denied.retryAfterSeconds == 1)
        #expect(headers(denied, wall: 0)[3] == "X-RateLimit-Reset: 60")
    }

    @Test("without a limit nothing is denied, and the headers show a billion")
    func unlimited() {
        let limiter = RateLimiter(limit: nil)
        for _ in 0..<100_000 { #expect(limiter.take(at: 0).isAllowed) }
        #expect(headers(limiter.take(at: 0), wall: 1000)[0] == "X-RateLimit-Limit: 1000000000")
        #expect(headers(limiter.take(at: 0), wall: 1000)[2] == "X-RateLimit-Remaining: 1000000000")
    }

    @Test(
        "what could not be told for a minute counts as one bucket, so that a key that kept to its rate is not shut out")
    func untold() {
        let limiter = RateLimiter(limit: RateLimit(rate: 10, burst: 20))
        let second: UInt64 = 1_000_000_000
        for now in 1...60 as ClosedRange<UInt64> {
            for _ in 0..<10 { #expect(limiter.take(at: now * second).isAllowed) }
            limiter.wasNotTold(limiter.takenSinceTold())
        }
        #expect(limiter.takenSinceTold() == 20)
        limiter.wasNotTold(3)
        #expect(limiter.takenSinceTold() == 3)
    }

    @Test("limits out of range are drawn into it instead of overflowing", arguments: [Int.min, -1, 0, Int.max])
    func extremes(value: Int) {
        let limiter = RateLimiter(limit: RateLimit(rate: value, burst: value))
        for now in [UInt64(0), 1, .max / 2, .max] { #expect(limiter.take(at: now).remaining >= 0) }
    }
}
