import ArgumentParser
import DeveloperTools
import Foundation
import LedgerCore
import ServerApp
import WebhookDelivery
import WireSchema

struct ListenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "listen", abstract: "Forward live events to a program under development, signed as webhooks are.",
        discussion: """
            Follows the ledger and posts each event to --forward-to with the headers of Standard Webhooks, so that a \
            handler can be written without a public address. The secret to verify with is printed first: made for \
            this session, or --secret. A try that fails is repeated after 0.5, 2 and 5 seconds. When the connection \
            breaks it goes on where it was. Ctrl-C ends with a summary.
            """)

    @OptionGroup var server: ServerOptions
    @Option(help: "Where events go, such as localhost:3000/hook. Without it they are only shown.")
    var forwardTo: String?
    @Option(help: "Only these events: names, families such as movement.*, separated by commas.") var types: EventNames?
    @Option(help: "The secret to sign with (or BINCARD_WEBHOOK_SECRET).") var secret: String?
    @Option(help: "Begin behind this seq: 0 for the whole journal. Without it, with what is recorded from now on.")
    var after: Int64?
    @Option(help: "Events on their way to the receiver at once, 1 to 64.") var concurrency = 8
    @Option(help: "How long a try may take, such as 30s.") var timeout: GivenSpan?
    @Flag(name: .customLong("print"), help: "Print each event's body.") var printsBodies = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try types?.check("--types")
        guard (1...64).contains(concurrency) else { throw ValidationError("--concurrency must be 1 to 64.") }
        guard after.map({ $0 >= 0 }) ?? true else { throw ValidationError("--after must be 0 or more.") }
        guard timeout.map({ (1...3_600).contains($0.seconds) }) ?? true else {
            throw ValidationError("--timeout must be 1s to 1h.")
        }
    }

    func run() async throws {
        OutputLine.endWhenNobodyReads()
        var options = Listener.Options()
        options.types = types?.text
        options.after = after
        options.width = concurrency
        if let forwardTo {
            var forwarding = Forwarder.Options(
                address: try WebAddress(forwardTo: forwardTo), secret: try GivenSecret.one(secret) ?? .generate())
            if let timeout { forwarding.timeout = .seconds(timeout.seconds) }
            options.forwarding = forwarding
        }
        let (command, chosen, server) = (self, options, server)
        let ending = try await Interruption.cancels {
            try await server.with { client in
                let listener = Listener(
                    client, chosen, now: { Administration.now.milliseconds },
                    report: { command.show($0, client.url, chosen) })
                return await listener.run()
            }
        }
        if forwardTo != nil, let ending { say(ending.summary.description) }
        if let failure = ending?.failure { throw failure }
    }

    private func show(_ report: Listener.Report, _ url: String, _ options: Listener.Options) {
        switch report {
        case .listening(let head): showBeginning(url, options, head: head)
        case .notice(.lost(let problem, let again)): say("\(problem); connecting again in \(again.shownSeconds)")
        case .notice(.beganAnew): say("another ledger is at this address now: following it from its end")
        case .notice(.connected): break
        case .event(let event):
            if forwardTo == nil, !output.isJSON {
                OutputLine.print(ListenLine.text(event, at: Administration.now.milliseconds))
            }
            if printsBodies || (forwardTo == nil && output.isJSON) {
                OutputLine.print(String(decoding: event.body, as: UTF8.self))
            }
        case .attempt(let attempt):
            OutputLine.print(output.isJSON ? ListenLine.json(attempt) : ListenLine.text(attempt))
        }
    }

    private func showBeginning(_ url: String, _ options: Listener.Options, head: Int64) {
        let place = options.after.map { "behind seq \($0)" } ?? "behind seq \(head), its end"
        guard let forwarding = options.forwarding else {
            return say("Listening to \(url), \(place). Ctrl-C ends.")
        }
        guard output.isJSON else {
            return OutputLine.print(
                """
                Forwarding to \(forwarding.address.text)
                ├─ from    \(url), \(place)
                ├─ events  \(options.types ?? "all")
                └─ secret  \(forwarding.secret.text)
                """)
        }
        var json = JSONWriter()
        json.beginObject()
        json.name("forward_to")
        json.string(forwarding.address.text)
        json.name("server")
        json.string(url)
        json.name("after")
        json.integer(options.after ?? head)
        json.name("secret")
        json.string(forwarding.secret.text)
        json.endObject()
        OutputLine.print(String(decoding: json.finish(), as: UTF8.self))
    }
}

/// A signing secret from the command line or the environment, which other users of the machine don't see.
enum GivenSecret {
    static let variable = "BINCARD_WEBHOOK_SECRET"

    /// The secret that was given; nil when there is none.
    static func one(_ flag: String?) throws -> WebhookSecret? {
        let text = flag ?? ProcessInfo.processInfo.environment[variable]
        return try text.map { try SignatureTools.secret($0) }
    }

    /// All secrets that were given.
    /// - Throws: `ValidationError` when there is none.
    static func some(_ flags: [String]) throws -> [WebhookSecret] {
        let given = flags.isEmpty ? try one(nil).map { [$0] } ?? [] : try flags.map { try SignatureTools.secret($0) }
        guard !given.isEmpty else { throw ValidationError("--secret (or \(variable)) is needed.") }
        return given
    }
}
