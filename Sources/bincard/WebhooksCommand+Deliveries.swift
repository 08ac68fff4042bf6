import ArgumentParser
import DeveloperTools
import LedgerCore
import WireSchema

extension WebhooksCommand {
    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send an endpoint a sample event now, and show what it answers; 1 when it takes it not.",
            discussion: "Works for disabled endpoints, and for events that nothing brings about yet.")

        @Argument(help: "The endpoint's id, whk_….") var id: String
        @Option(help: "The event's name.") var type: String
        @OptionGroup var server: WebhookServerOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard EventType(named: type) != nil else {
                throw ValidationError("“\(type)” names no event; one of \(EventNames.all) does.")
            }
        }

        func run() async throws {
            let answer = try await server.with { try await Webhooks($0).test(id, type: type) }
            if output.isJSON {
                answer.printJSON()
            } else if let attempt = answer.root["attempt"] {
                printLines(WebhookText.attempt(attempt))
            }
            if answer.root["delivered"]?.bool != true { throw ArgumentParser.ExitCode(1) }
        }
    }

    /// Which deliveries are listed.
    struct DeliveryOptions: ParsableArguments {
        @Option(help: "Only these events: names, families such as movement.*, separated by commas.")
        var type: EventNames?
        @Option(help: "Only events from this time on: RFC 3339, or how long ago, such as 2h.") var since: GivenMoment?
        @Option(help: "Only events before this time.") var until: GivenMoment?
        @Option(help: "At most so many.") var limit: Int64 = 50

        func validate() throws {
            try type?.check("--type")
            guard limit >= 1 else { throw ValidationError("--limit must be 1 or more.") }
        }

        var filter: Webhooks.DeliveryFilter {
            var filter = Webhooks.DeliveryFilter()
            filter.type = type?.text
            filter.since = since?.text
            filter.until = until?.text
            return filter
        }
    }

    enum DeliveryStatus: String, ExpressibleByArgument, CaseIterable {
        case pending
        case dead
        case delivered
    }

    struct Deliveries: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List deliveries to an endpoint, newest event first.")

        @Argument(help: "The endpoint's id, whk_….") var id: String
        @Option(help: "Only these: pending, dead or delivered.") var status: DeliveryStatus?
        @OptionGroup var which: DeliveryOptions
        @OptionGroup var server: WebhookServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            var filter = which.filter
            filter.status = status?.rawValue
            let chosen = filter
            let rows = try await server.with { try await Webhooks($0).deliveries(id, chosen, limit: which.limit) }
            output.isJSON ? rows.printJSON() : printLines(WebhookText.deliveries(rows))
        }
    }

    struct Delivery: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a delivery: what was sent last, and what came of each attempt.")

        @Argument(help: "The endpoint's id, whk_….") var id: String
        @Argument(help: "The event's id, evt_….") var event: String
        @OptionGroup var server: WebhookServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let answer = try await server.with { try await Webhooks($0).delivery(id, event: event) }
            output.isJSON ? answer.printJSON() : printLines(WebhookText.delivery(answer.root))
        }
    }

    struct DeadLetters: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "dead-letters", abstract: "List the deliveries that were given up, of all endpoints or of one."
        )

        @Option(help: "Only this endpoint's, whk_….") var webhook: String?
        @OptionGroup var which: DeliveryOptions
        @OptionGroup var server: WebhookServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let rows = try await server.with { client in
                try await Webhooks(client).deadLetters(webhook: webhook, which.filter, limit: which.limit)
            }
            output.isJSON ? rows.printJSON() : printLines(WebhookText.deliveries(rows, showsEndpoint: true))
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send an endpoint a stretch of the journal once more, with the same ids and bodies.",
            discussion: "Without a beginning: from the endpoint's first event. Without an end: up to the present.")

        @Argument(help: "The endpoint's id, whk_….") var id: String
        @Option(help: "From this time on: RFC 3339, or how long ago, such as 2h.") var since: GivenMoment?
        @Option(help: "From this seq on.") var fromSeq: Int64?
        @Option(help: "Up to before this time.") var until: GivenMoment?
        @Option(help: "Up to this seq.") var toSeq: Int64?
        @Option(help: "Only these events: names, families such as movement.*, separated by commas.")
        var events: EventNames?
        @Flag(name: .customLong("dead"), help: "Only what was given up.") var deadOnly = false
        @OptionGroup var server: WebhookServerOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            try events?.check("--events")
            if since != nil, fromSeq != nil { throw ValidationError("--since goes without --from-seq.") }
            if until != nil, toSeq != nil { throw ValidationError("--until goes without --to-seq.") }
            for (flag, seq) in [("--from-seq", fromSeq), ("--to-seq", toSeq)] {
                if let seq, seq < 1 { throw ValidationError("\(flag) must be 1 or more.") }
            }
        }

        func run() async throws {
            var range = Webhooks.ReplayRange()
            range.fromSeq = fromSeq
            range.toSeq = toSeq
            range.since = since?.text
            range.until = until?.text
            range.events = events?.names
            range.deadOnly = deadOnly
            let chosen = range
            let answer = try await server.with { try await Webhooks($0).replay(id, chosen) }
            output.isJSON ? answer.printJSON() : print(WebhookText.replay(answer.root))
        }
    }

    struct Replays: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List an endpoint's replays that are not done yet.")

        @Argument(help: "The endpoint's id, whk_….") var id: String
        @OptionGroup var server: WebhookServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let rows = try await server.with { try await Webhooks($0).replays(id) }
            output.isJSON ? rows.printJSON() : printLines(rows.map(WebhookText.replay))
        }
    }
}
