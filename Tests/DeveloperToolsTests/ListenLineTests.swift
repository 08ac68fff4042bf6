import DeveloperTools
import Foundation
import Testing

@Suite("what listen prints")
struct ListenLineTests {
    private func attempt(
        _ outcome: ForwardAttempt.Outcome, number: Int = 1, again: Duration? = nil
    ) -> ForwardAttempt {
        ForwardAttempt(
            eventID: "evt_1", type: "stock.low", number: number, startedAt: 1_700_000_000_007,
            duration: .microseconds(8_449), outcome: outcome, again: again)
    }

    @Test("a line has the time, the event, what was answered and how long that took")
    func text() throws {
        let delivered = ListenLine.text(attempt(.answered(status: 204, body: "x")))
        #expect(delivered.contains(#/^\d\d:\d\d:\d\d\.007  stock\.low  evt_1  → 204  8\.4 ms$/#), "\(delivered)")
        let failed = ListenLine.text(attempt(.answered(status: 500, body: "a\nb"), again: .milliseconds(500)))
        #expect(failed.hasSuffix("→ 500  8.4 ms  (try 1, again in 0.5 s)\n    a b"), "\(failed)")
        let givenUp = ListenLine.text(attempt(.failed("the connection was refused"), number: 4))
        #expect(givenUp.hasSuffix("→ the connection was refused  8.4 ms  (try 4, given up)"), "\(givenUp)")
    }

    @Test("a line of JSON has the same for scripts")
    func json() {
        #expect(
            ListenLine.json(attempt(.answered(status: 204, body: ""), number: 2))
                == #"{"time":"2023-11-14T22:13:20.007Z","type":"stock.low","event_id":"evt_1","attempt":2,"status":204,"error":null,"duration_ms":8.4,"delivered":true,"retry_in_ms":null}"#
        )
        #expect(
            ListenLine.json(attempt(.failed("\"no\""), again: .seconds(2)))
                == #"{"time":"2023-11-14T22:13:20.007Z","type":"stock.low","event_id":"evt_1","attempt":1,"status":null,"error":"\"no\"","duration_ms":8.4,"delivered":false,"retry_in_ms":2000}"#
        )
    }

    @Test("the summary names what was left over")
    func summary() {
        var summary = ForwardSummary()
        #expect(summary.description == "0 events: 0 delivered, 0 given up.")
        summary.events = 5
        summary.delivered = 2
        summary.givenUp = 1
        summary.failedTries = 1
        #expect(summary.description == "5 events: 2 delivered, 1 given up, 2 still being tried; 1 failed try.")
    }
}
