import DeveloperTools
import Testing

@Suite("following a ledger")
struct FollowStateTests {
    private static let lost = FollowState.End.lost("closed")

    private func refused(_ status: Int, _ code: String? = nil, retryAfter: String? = nil) -> FollowState.End {
        .refused(status: status, code: code, problem: "no", retryAfter: retryAfter)
    }

    @Test("it begins behind a seq, and goes on behind the last event that came")
    func position() {
        var state = FollowState(after: 42)
        #expect(state.request == (nil, 42))
        state.connected()
        #expect(state.request == (nil, 42), "no event came yet: the seq is what is known")
        state.received(id: "evt_1")
        state.received(id: "")
        #expect(state.request == ("evt_1", nil))
        _ = state.ended(Self.lost)
        #expect(state.request == ("evt_1", nil))
    }

    @Test("it waits longer from failure to failure, and from the start again once it was connected")
    func pauses() {
        var state = FollowState(after: 0)
        let pauses = (1...8).map { _ in state.ended(Self.lost) }
        let expected = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]
        #expect(pauses == expected.map { .connectAgain(after: .milliseconds($0)) })
        state.connected()
        #expect(state.ended(Self.lost) == .connectAgain(after: .milliseconds(500)))
    }

    @Test("the stream can ask for another time to wait", arguments: [(2_000, 2_000), (0, 100), (60_000, 15_000)])
    func asked(milliseconds: Int64, expected: Int64) {
        var state = FollowState(after: 0)
        state.asked(milliseconds: milliseconds)
        #expect(state.ended(Self.lost) == .connectAgain(after: .milliseconds(expected)))
    }

    @Test("a server that has no room is asked again when it says so", arguments: [429, 500, 502, 503])
    func noRoom(status: Int) {
        var state = FollowState(after: 0)
        #expect(state.ended(refused(status, retryAfter: "3")) == .connectAgain(after: .seconds(3)))
        #expect(state.ended(refused(status)) == .connectAgain(after: .seconds(1)))
    }

    @Test("a place that the ledger does not have means that it is another ledger")
    func otherLedger() {
        var state = FollowState(after: 7)
        state.received(id: "evt_1")
        #expect(state.ended(refused(404, "entry_not_found")) == .beginAnew)
    }

    @Test("what no further connection mends is a failure")
    func failures() {
        var state = FollowState(after: 7)
        #expect(state.ended(refused(401)) == .fail(.notAuthorised(status: 401, problem: "no")))
        #expect(state.ended(refused(403)) == .fail(.notAuthorised(status: 403, problem: "no")))
        #expect(
            state.ended(refused(404, "not_found")) == .fail(.refused(status: 404, code: "not_found", problem: "no")))
        #expect(
            state.ended(refused(404, "entry_not_found"))
                == .fail(.refused(status: 404, code: "entry_not_found", problem: "no")), "no entry was named")
        #expect(state.ended(refused(422, "x")) == .fail(.refused(status: 422, code: "x", problem: "no")))
    }

    @Test("pauses between tries double up to the longest; Retry-After counts when it is more")
    func retryPauses() {
        let pauses = RetryPauses(tries: 0, first: .milliseconds(100), longest: .seconds(1))
        #expect(pauses.tries == 1)
        #expect(
            (1...6).map { pauses.pause(afterFailures: $0) }
                == [100, 200, 400, 800, 1_000, 1_000].map { .milliseconds($0) })
        #expect(pauses.pause(afterFailures: Int.max) == .seconds(1))
        let patient = RetryPauses(first: .milliseconds(100), longest: .seconds(30))
        let asked = [
            ("2", 2_000), ("0", 100), ("-1", 100), ("x", 100), ("99999999999999999999", 100), ("9999", 30_000),
        ]
        for (text, expected) in asked {
            #expect(patient.pause(afterFailures: 1, retryAfter: text) == .milliseconds(expected), "\(text)")
        }
    }
}
