import ArgumentParser
import DeveloperTools
import ImportClient

struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Look at the journal's events, and send one once more.",
        subcommands: [List.self, Show.self, Resend.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List events in the order of the ledger: the newest ones, or those after a seq.")

        @OptionGroup var server: ServerOptions
        @Option(help: "Only events with a larger seq, from there on. Without it: the newest.") var after: Int64?
        @Option(help: "Only these events: names, families such as movement.*, separated by commas.")
        var types: EventNames?
        @Option(help: "At most so many.") var limit: Int64 = 20
        @OptionGroup var output: OutputOptions

        func validate() throws {
            try types?.check("--types")
            guard limit >= 1 else { throw ValidationError("--limit must be 1 or more.") }
            guard after.map({ $0 >= 0 }) ?? true else { throw ValidationError("--after must be 0 or more.") }
        }

        func run() async throws {
            let events = try await server.with { client in
                let reader = EventReader(client)
                guard let after else { return try await reader.newest(limit, types: types?.text) }
                return try await reader.events(after: after, limit: limit, types: types?.text)
            }
            EventLines.print(events, output)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one event.")

        @Argument(help: "The event's id, evt_….") var event: String
        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let found = try await server.with { client in try await EventReader(client).event(event) }
            // For people with room to read; for scripts the very bytes.
            print(output.isJSON ? String(decoding: found.json, as: UTF8.self) : found.pretty)
        }
    }

    struct Resend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send an event once more, with the same id: to one endpoint, or to all enabled ones that take it."
        )

        @Argument(help: "The event's id, evt_….") var event: String
        @Option(help: "Only to this endpoint, whk_….") var webhook: String?
        @OptionGroup var server: ServerOptions

        func run() async throws {
            let sent = try await server.with { client in
                let webhooks = Webhooks(client)
                guard let webhook else {
                    // An event that is not there is one error, not one for each endpoint.
                    _ = try await EventReader(client).event(event)
                    return try await webhooks.resend(event: event)
                }
                _ = try await webhooks.replay(webhook, event: event)
                return [webhook]
            }
            guard !sent.isEmpty else {
                throw CommandFailure(.failed, "no enabled endpoint takes \(event)")
            }
            for endpoint in sent { print("\(event) goes once more to \(endpoint)") }
        }
    }
}
