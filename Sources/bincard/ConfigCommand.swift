import ArgumentParser
import ServerApp

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Show what is set, and where each value comes from.", subcommands: [Show.self],
        defaultSubcommand: Show.self)

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Flags go before BINCARD_* variables, those before bincard.yaml, that before the defaults.")

        @OptionGroup var location: DataOptions
        @Option(help: "A configuration file instead of bincard.yaml.") var config: String?
        @Option(help: "text or json.") var format = OutputFormat.text

        func run() throws {
            let settings = try Settings(flags: location.data.map { ["data": $0] } ?? [:], file: config)
            switch format {
            case .json: try JSONLine.print(settings.values.map(Report.init))
            case .text:
                for value in settings.values {
                    let columns = [(value.setting.name, 18), (value.shown, 20), (value.origin.description, 28)]
                    print(columns.map(padded).joined() + value.setting.doc)
                }
            }
        }

        private func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(1, width - text.count))
        }
    }

    private struct Report: Encodable {
        var name: String
        var value: String
        var origin: String
        var variable: String

        init(_ value: Settings.Value) {
            name = value.setting.name
            self.value = value.shown
            origin = value.origin.description
            variable = value.setting.variable
        }
    }
}
