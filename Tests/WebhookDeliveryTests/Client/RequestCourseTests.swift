import NIOCore
import Testing
import WebhookDelivery

/// The course of one request, told event by event. Steps are compared as words.
@Suite("The course of a request")
struct RequestCourseTests {
    private static let first = IPAddress.v4(0x0101_0101)
    private static let second = IPAddress.v4(0x0202_0202)
    private static let third = IPAddress.v6(high: 0x2606_4700 << 32, low: 1)
    private static let answer = DeliveryAnswer(
        status: 200, headers: [], body: [], isTruncated: false, retryAfter: nil, nanoseconds: 1)

    private static func time(_ milliseconds: Int64) -> NIODeadline {
        .uptimeNanoseconds(1_000_000_000) + .milliseconds(milliseconds)
    }

    /// A course that has 10 s from `time(0)`, and 4 s for each address.
    private static func course() -> RequestCourse { RequestCourse(deadline: time(10_000), patience: .seconds(4)) }

    private static func words(_ step: RequestCourse.Step) -> String {
        switch step {
        case .resolve: "resolve"
        case .dial(let address, let limit): "dial \(address) \(limit.nanoseconds / 1_000_000)"
        case .send: "send"
        case .finish(.success(let answer)): "answer \(answer.status)"
        case .finish(.failure(let failure)): "failure \(failure.code)"
        case .nothing: "nothing"
        }
    }

    @Test("without an idle connection: resolve, dial, send, answer")
    func fresh() {
        var course = Self.course()
        #expect(Self.words(course.begin(hasIdleConnection: false)) == "resolve")
        #expect(Self.words(course.resolved(.success([Self.first]), at: Self.time(1000))) == "dial 1.1.1.1 9000")
        #expect(Self.words(course.connected()) == "send")
        #expect(!course.isOver)
        #expect(Self.words(course.answered(Self.answer)) == "answer 200")
        #expect(course.isOver)
    }

    @Test("with an idle connection the request is sent at once")
    func idle() {
        var course = Self.course()
        #expect(Self.words(course.begin(hasIdleConnection: true)) == "send")
        #expect(Self.words(course.answered(Self.answer)) == "answer 200")
    }

    @Test("each address has its share of the time, the last one all that is left")
    func shares() {
        var course = Self.course()
        _ = course.begin(hasIdleConnection: false)
        let addresses = [Self.first, Self.second, Self.third]
        #expect(Self.words(course.resolved(.success(addresses), at: Self.time(0))) == "dial 1.1.1.1 3333")
        #expect(Self.words(course.dialFailed(.timedOut, at: Self.time(3333))) == "dial 2.2.2.2 3333")
        #expect(Self.words(course.dialFailed(.refused, at: Self.time(3400))) == "dial 2606:4700::1 6600")
        #expect(Self.words(course.dialFailed(.unreachable, at: Self.time(3500))) == "failure connection_failed")
        // No address of several may take longer than the patience.
        var two = Self.course()
        _ = two.begin(hasIdleConnection: false)
        #expect(Self.words(two.resolved(.success([Self.first, Self.second]), at: Self.time(0))) == "dial 1.1.1.1 4000")
        #expect(Self.words(two.dialFailed(.timedOut, at: Self.time(10_000))) == "failure timed_out")
    }

    @Test("of very many addresses only the first are dialled")
    func manyAddresses() {
        var course = Self.course()
        _ = course.begin(hasIdleConnection: false)
        var step = course.resolved(.success((0..<100).map { .v4(0x0800_0000 + $0) }), at: Self.time(0))
        var dials = 0
        while case .dial = step {
            dials += 1
            step = course.dialFailed(.refused, at: Self.time(0))
        }
        #expect(dials == 8)
        #expect(Self.words(step) == "failure connection_failed")
    }

    @Test("a reused connection that was lost before a byte gives one more try, on a fresh one, and no more")
    func resend() {
        var course = Self.course()
        _ = course.begin(hasIdleConnection: true)
        #expect(Self.words(course.exchangeFailed(.closed, sawAnswer: false)) == "resolve")
        #expect(course.isResent)
        #expect(Self.words(course.resolved(.success([Self.first]), at: Self.time(0))) == "dial 1.1.1.1 10000")
        #expect(Self.words(course.connected()) == "send")
        #expect(Self.words(course.exchangeFailed(.closed, sawAnswer: false)) == "failure connection_closed")
    }

    @Test("nothing else gives another try")
    func noResend() {
        for (hasIdle, failure, sawAnswer) in [
            (true, DeliveryFailure.closed, true), (false, .closed, false), (true, .headersTooLarge, false),
            (true, .invalidAnswer(reason: "x"), false), (true, .tls(reason: "x"), false),
        ] {
            var course = Self.course()
            if case .resolve = course.begin(hasIdleConnection: hasIdle) {
                _ = course.resolved(.success([Self.first]), at: Self.time(0))
                _ = course.connected()
            }
            #expect(Self.words(course.exchangeFailed(failure, sawAnswer: sawAnswer)) == "failure \(failure.code)")
        }
    }

    @Test("no addresses, or none that may be dialled, end it")
    func unresolved() {
        for (result, words) in [
            (.success([]), "failure name_not_resolved"),
            (.failure(.refusedTarget(reason: "x")), "failure target_refused"),
        ] as [(Result<[IPAddress], DeliveryFailure>, String)] {
            var course = Self.course()
            _ = course.begin(hasIdleConnection: false)
            #expect(Self.words(course.resolved(result, at: Self.time(0))) == words)
        }
    }

    @Test("the deadline names the phase that it met")
    func phases() {
        var course = Self.course()
        #expect(Self.timeout(course) == .resolve)
        _ = course.begin(hasIdleConnection: false)
        #expect(Self.timeout(course) == .resolve)
        _ = course.resolved(.success([Self.first]), at: Self.time(0))
        #expect(Self.timeout(course) == .connect)
        _ = course.connected()
        #expect(Self.timeout(course) == .tls)
        _ = course.answered(Self.answer)
        #expect(Self.timeout(course) == nil)
    }

    private static func timeout(_ course: RequestCourse) -> DeliveryFailure.Phase? {
        var course = course
        guard case .finish(.failure(.timeout(let phase))) = course.timedOut(exchangePhase: .tls) else { return nil }
        return phase
    }

    @Test("in whatever order things happen, it ends at most once, sends at most twice, and then wants nothing more")
    func anyOrder() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var numbers = SeededNumbers(seed: seed)
        var ended = 0
        for _ in 0..<20_000 {
            var course = Self.course()
            var finishes = 0
            var sends = 0
            var clock: Int64 = 0
            for _ in 0..<Int.random(in: 1...12, using: &numbers) {
                clock += Int64.random(in: 0...2000, using: &numbers)
                let wasOver = course.isOver
                let step = Self.randomEvent(&course, at: Self.time(clock), &numbers)
                switch step {
                case .finish: finishes += 1
                case .send: sends += 1
                case .dial(_, let limit): #expect(limit > .zero && limit <= .seconds(10), "seed \(seed)")
                case .resolve, .nothing: break
                }
                if wasOver { #expect(Self.words(step) == "nothing", "seed \(seed)") }
            }
            #expect(finishes == (course.isOver ? 1 : 0), "seed \(seed)")
            #expect(sends <= 2, "seed \(seed)")
            ended += finishes
        }
        #expect(ended > 5_000, "seed \(seed)")
    }

    private static func randomEvent(
        _ course: inout RequestCourse, at now: NIODeadline, _ numbers: inout SeededNumbers
    ) -> RequestCourse.Step {
        switch Int.random(in: 0..<12, using: &numbers) {
        case 0, 1: course.begin(hasIdleConnection: Bool.random(using: &numbers))
        case 2, 3: course.resolved(.success([first, second]), at: now)
        case 4: course.resolved(.failure(.resolve(.notFound)), at: now)
        case 5: course.dialFailed(.refused, at: now)
        case 6, 7: course.connected()
        case 8: course.exchangeFailed(.closed, sawAnswer: false)
        case 9: course.answered(answer)
        case 10: course.timedOut(exchangePhase: .answer)
        default: Bool.random(using: &numbers) ? course.abandon(.shutDown) : .nothing
        }
    }
}
