package import LedgerCore
import LedgerStorage

/// Samples: sent at once, outside of any schedule, by any server, and remembered by none.
extension DispatchLoop {
    /// Sends a body to an endpoint of a realm whose head is `head`. On the event loop.
    func sendSample(
        id: String, name: String, body: [UInt8], to endpoint: WebhookEndpoint, in realm: Realm, head: SealedHead,
        _ completion: @escaping @Sendable (Result<DeliveryAttempt, SampleFault>) -> Void
    ) {
        guard samples[endpoint.id, default: 0] < SampleFault.maximumUnderWay else {
            return completion(.failure(.tooMany))
        }
        samples[endpoint.id, default: 0] += 1
        let environment = environment
        let startedAt = environment.now()
        let start = environment.steady()
        func finish(_ outcome: AttemptOutcome, _ signature: String) {
            samples[endpoint.id, default: 1] -= 1
            if samples[endpoint.id] == 0 { samples[endpoint.id] = nil }
            let attempt = DeliveryAttempt(
                startedAt: startedAt, microseconds: Int64(clamping: (environment.steady() &- start) / 1_000),
                url: endpoint.url, eventName: name, signature: signature, headSeq: head.head.seq, outcome: outcome)
            completion(.success(attempt))
        }
        var signing = DeliverySigning(realm: realm, vault: environment.vault, policy: environment.policy)
        do throws(DeliveryFailure) {
            let signed = try signing.sign(id: id, body: body, to: endpoint, head: head, at: startedAt)
            client.send(signed.request, timeout: environment.timeout) { result in
                switch result {
                case .success(let answer): finish(.answered(ReceivedAnswer(answer)), signed.signature)
                case .failure(let failure):
                    finish(.failed(code: failure.code, detail: failure.description), signed.signature)
                }
            }
        } catch {
            finish(.failed(code: error.code, detail: error.description), "")
        }
    }
}
