import ArgumentParser
import DeveloperTools
import WebhookDelivery
import WireSchema

struct WebhooksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks",
        abstract: "Endpoints that events are sent to: make them, try them, see what came of it.",
        discussion: "--server (or BINCARD_URL) is where the server is; --url is an endpoint's.",
        subcommands: [
            Create.self, List.self, Show.self, Update.self, Enable.self, Disable.self, Delete.self, Rotate.self,
            Test.self, Deliveries.self, Delivery.self, DeadLetters.self, Replay.self, Replays.self,
        ])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an endpoint. Its secret is shown once, unless it is given.")

        @Option(help: "Where events are sent to.") var url: String
        @Option(help: "Which: names, families such as movement.*, or *, separated by commas.") var events: EventNames
        @Option(help: "What it is for.") var description: String?
        @Option(help: "A secret of your own (or BINCARD_WEBHOOK_SECRET).") var secret: String?
        @OptionGroup var server: WebhookServerOptions
        @OptionGroup var output: OutputOptions

        func validate() throws { try events.check("--events") }

        func run() async throws {
            let draft = Webhooks.Draft(
                url: url, events: events.names, description: description, secret: try GivenSecret.one(secret)?.text)
            let answer = try await server.with { try await Webhooks($0).create(draft) }
            if output.isJSON { return answer.printJSON() }
            printLines(WebhookText.endpoints([answer.root]))
            answer.printSecret()
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the endpoints, in order of creation.")

        @OptionGroup var server: WebhookServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let rows = try await server.with { try await Webhooks($0).list() }
            output.isJSON ? rows.printJSON() : printLines(WebhookText.endpoints(rows))
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show an endpoint, and how its deliveries get on.")

        @Argument(help: "The endpoint's id, whk_….") var id: String
        @OptionGroup var server: WebhookServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let answer = try await server.with { try await Webhooks($0).endpoint(id) }
            output.isJSON ? answer.printJSON() : printLines(WebhookText.endpoint(answer.root))
        }
    }

    struct Update: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Change an endpoint; what is not given stays.")

        @Argument(help: "The endpoint's id, whk_….") var id: String
        @Option(help: "Where events are sent to.") var url: String?
        @Option(help: "Which: names, families such as movement.*, or *, separated by commas.") var events: EventNames?
        @Option(help: "What it is for; an empty text clears it.") var description: String?
        @OptionGroup var server: WebhookServerOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            try events?.check("--events")
            guard url != nil || events != nil || description != nil else {
                throw ValidationError("at least one of --url, --events, --description is needed.")
            }
        }

        func run() async throws {
            let draft = Webhooks.Draft(url: url, events: events?.names, description: description)
            let answer = try await server.with { try await Webhooks($0).update(id, draft) }
            output.isJSON ? answer.printJSON() : printLines(WebhookText.endpoints([answer.root]))
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send an endpoint events again, from where it stopped.")

        @Argument(help: "The endpoint's id, whk_….") var id: String
        @OptionGroup var server: WebhookServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let answer = try await server.with { try await Webhooks($0).enable(id) }
            output.isJSON ? answer.printJSON() : printLines(WebhookText.endpoints([answer.root]))
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send an endpoint nothing for now; it keeps its place in the journal.")

        @Argument(help: "The endpoint's id, whk_….") var id: String
        @OptionGroup var server: WebhookServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let answer = try await server.with { try await Webhooks($0).disable(id) }
            output.isJSON ? answer.printJSON() : printLines(WebhookText.endpoints([answer.root]))
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete an endpoint and what is left for it.")

        @Argument(help: "The endpoint's id, whk_….") var id: String
        @OptionGroup var server: WebhookServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let answer = try await server.with { try await Webhooks($0).delete(id) }
            if output.isJSON { return answer.printJSON() }
            print("\(answer.root.cell("id")) is deleted.")
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give an endpoint a new secret; the old one signs beside it for the grace time.")

        @Argument(help: "The endpoint's id, whk_….") var id: String
        @Option(help: "How long, such as 30m or 7d; 0 ends the old one at once. Without it: 24h.") var grace: GivenSpan?
        @Option(help: "A secret of your own; without it one is made.") var secret: String?
        @OptionGroup var server: WebhookServerOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard grace.map({ $0.seconds <= 7 * 86_400 }) ?? true else {
                throw ValidationError("--grace must be at most 7d.")
            }
        }

        func run() async throws {
            let secret = try secret.map { try SignatureTools.secret($0).text }
            let answer = try await server.with { client in
                try await Webhooks(client).rotate(id, graceSeconds: grace?.seconds, secret: secret)
            }
            if output.isJSON { return answer.printJSON() }
            print("\(answer.root.cell("id")): the old secret signs until \(answer.root.cell("old_secret_expires_at")).")
            answer.printSecret()
        }
    }
}

/// Lines for people.
func printLines(_ lines: [String]) {
    for line in lines { print(line) }
}

extension JSONDocument {
    /// The server's very answer.
    func printJSON() { print(String(decoding: bytes, as: UTF8.self)) }

    /// A secret that the server has made, if it did.
    func printSecret() {
        if let secret = root["secret"]?.string { print("The secret, shown only now: \(secret)") }
    }
}

extension [JSONValue] {
    /// The rows as an array.
    func printJSON() {
        var json = JSONWriter()
        json.beginArray()
        for row in self { json.raw([UInt8](row.rawBytes)) }
        json.endArray()
        print(String(decoding: json.finish(), as: UTF8.self))
    }
}
