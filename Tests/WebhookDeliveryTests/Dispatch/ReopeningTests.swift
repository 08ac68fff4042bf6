import LedgerStorage
import Testing
import WebhookDelivery

@Suite("When a store is opened again")
struct ReopeningTests {
    private let failed = StoreError.failed(operation: "commit", detail: "no disk")

    private func inUse(_ holder: String) -> StoreError { .inUse(path: "realm", holder: holder) }

    @Test("after 1, 2, 4, 8, 16 and then every 30 seconds, and the same error is told once")
    func doubling() {
        var reopening = Reopening()
        let steps = (0..<8).map { _ in reopening.failed(failed) }
        #expect(steps.map(\.pause) == [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
        #expect(steps.map(\.isNews) == [true] + Array(repeating: false, count: 7))
        #expect(reopening.failed(.corrupt(seq: nil, detail: "a row")).isNews)
    }

    @Test("every two seconds while another process has it, told once whoever that is; afterwards from the beginning")
    func inUse() {
        var reopening = Reopening()
        _ = reopening.failed(failed)
        _ = reopening.failed(failed)
        let steps = ["one", "one", "other"].map { reopening.failed(inUse($0)) }
        #expect(steps.map(\.pause) == [2_000, 2_000, 2_000])
        #expect(steps.map(\.isNews) == [true, false, false])
        let step = reopening.failed(failed)
        #expect(step.pause == 1_000 && step.isNews)
    }
}
