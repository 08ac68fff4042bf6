import ArgumentParser
import DeveloperTools
import ImportClient
import LedgerCore
import ServerApp

struct TriggerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trigger", abstract: "Bring a real event about, in test mode.",
        discussion: """
            Does what causes the event, with an item (SKU TRIGGER-…), a location or an endpoint of its own, and prints \
            the events that came of it. TYPE is one of \(EventNames.all).
            """)

    @Argument(help: "The event's name, such as stock.low.") var type: String
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard EventType(named: type) != nil else {
            throw ValidationError("“\(type)” names no event; one of \(EventNames.all) does.")
        }
    }

    func run() async throws {
        guard let type = EventType(named: type) else { return try validate() }
        guard type.isFired, let recipe = TriggerRecipe(rawValue: type.name) else {
            throw CommandFailure(
                .failed,
                """
                nothing in this version brings \(type.name) about yet. `bincard webhooks test ID --type \(type.name)` \
                sends a sample of it
                """)
        }
        let key = try server.key()
        let events = try await server.with { client in
            try await Trigger(client, apiKey: key, suffix: String(Administration.freshID().text.suffix(8))).run(recipe)
        }
        EventLines.print(events, output)
    }
}

/// Events as commands show them.
enum EventLines {
    static func print(_ events: [EventRecord], _ output: OutputOptions) {
        if output.isJSON {
            for event in events { Swift.print(String(decoding: event.json, as: UTF8.self)) }
            return
        }
        var table = TextTable(["SEQ", "TIME", "TYPE", "ID", "ABOUT"])
        for event in events {
            table.add(["\(event.seq)", event.timestamp, event.type, event.id, event.subject])
        }
        for line in table.lines { Swift.print(line) }
    }
}
