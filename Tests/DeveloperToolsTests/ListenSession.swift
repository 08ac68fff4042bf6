import DeveloperTools
import Synchronization
import WebhookDelivery

/// A listener at work, and what it has reported so far.
final class ListenSession: Sendable {
    private let reports = Mutex<[Listener.Report]>([])

    var all: [Listener.Report] { reports.withLock { $0 } }

    var attempts: [ForwardAttempt] {
        all.compactMap { if case .attempt(let attempt) = $0 { attempt } else { nil } }
    }

    var notices: [EventFollower.Notice] {
        all.compactMap { if case .notice(let notice) = $0 { notice } else { nil } }
    }

    /// Lets a listener run until `condition` holds or it ends by itself, and gives what it came to.
    ///
    /// - Throws: `TimedOut` when neither happens.
    static func run(
        on server: ScriptedServer, forwardingTo address: String? = nil, within seconds: Int = 20,
        configure: (inout Listener.Options, inout Forwarder.Options?) throws -> Void = { _, _ in },
        until condition: @escaping @Sendable (ListenSession) -> Bool
    ) async throws -> (session: ListenSession, ending: Listener.Ending) {
        let session = ListenSession()
        var options = Listener.Options()
        var forwarding = try address.map { address in
            var forwarding = Forwarder.Options(address: try WebAddress(forwardTo: address), secret: secret)
            forwarding.pauses = [.milliseconds(20), .milliseconds(30), .milliseconds(40)]
            return forwarding
        }
        try configure(&options, &forwarding)
        options.forwarding = forwarding
        let chosen = options
        let task = Task {
            try await ServerClient.with(url: server.url, apiKey: "sk_test_key", pauses: RetryPauses(tries: 1)) {
                client in
                await Listener(
                    client, chosen, now: { 1_700_000_000_123 },
                    report: { report in session.reports.withLock { $0.append(report) } }
                ).run()
            }
        }
        let isEnded = Atomic(false)
        let watch = Task {
            let began = ContinuousClock.now
            while !condition(session), !isEnded.load(ordering: .relaxed) {
                guard ContinuousClock.now - began < .seconds(seconds) else { break }
                try? await Task.sleep(for: .milliseconds(2))
            }
            task.cancel()
            return condition(session) || isEnded.load(ordering: .relaxed)
        }
        let ending = try await task.value
        isEnded.store(true, ordering: .relaxed)
        guard await watch.value else { throw TimedOut(reports: session.all.map { "\($0)" }) }
        return (session, ending)
    }

    static let secret = WebhookSecret(stored: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    struct TimedOut: Error {
        var reports: [String]
    }
}

/// An event as the feed has it.
func event(_ seq: Int, type: String = "item.created") -> String {
    #"{"type":"\#(type)","id":"evt_\#(seq)","timestamp":"2026-01-01T00:00:00.000Z","seq":\#(seq),"data":{"sku":"ä\#(seq)"}}"#
}

/// The same as the stream has it.
func frame(_ seq: Int, type: String = "item.created", as name: String? = nil) -> String {
    "id: evt_\(seq)\nevent: \(name ?? type)\ndata: \(event(seq, type: type))\n\n"
}

/// The answer of a ledger's head.
func head(_ seq: Int) -> [Step] { Step.answer(200, #"{"seq":\#(seq),"hash":"0","id":null,"recorded_at":null}"#) }
