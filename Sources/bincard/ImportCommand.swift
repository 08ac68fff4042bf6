import ArgumentParser
import Foundation
import ImportClient

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Import movements or stock from a CSV (plain or .gz; - for standard input).",
        discussion: """
            Columns are named as the members of a movement: sku (or item_id), location (or location_id), type, qty, \
            reason, reference, note, unit_cost, occurred_at. Running it again, or resuming after it was killed, \
            changes nothing that is done. Refused lines go to FILE.errors.csv.

            With --preset seller, lines say what is on hand: sku, warehouse_id (or warehouse), quantity; reason, note, \
            reference, expected_quantity. With --preset linkit, also what it costs: product_iv_id and branch_iv_id (or \
            iv_id), and of qty, price, cost, available what is to be set. Items and locations that the server lacks \
            are created, with title, price and reorder_point, or product_name, barcode and branch_name. Presets: \
            \(ImportJob.presets.joined(separator: ", ")).
            """)

    @Argument(help: "The file, or -.") var file: String
    @Option(help: "Base address of the server.") var url = "http://127.0.0.1:8080"
    @Option(help: "An API key (or BINCARD_API_KEY).") var apiKey: String?
    @Option(help: "How a known file is read.") var preset: String?
    @Flag(help: "Read and count; send nothing.") var dryRun = false
    @Flag(help: "Go on where an earlier run ended.") var resume = false
    @Flag(help: "Leave items and locations that the server lacks alone.") var noCreate = false
    @Option(help: "Lines in one request: 1 to 1000, with --preset seller to 500.") var batch: Int?
    @Option(help: "Tries of a request before the import gives up, each after a longer pause: 1 to 100.") var tries = 10
    @Option(help: "Where refused lines go.") var errors: String?
    @Option(help: "text or json.") var format = OutputFormat.text

    func validate() throws {
        guard (1...100).contains(tries) else { throw ValidationError("--tries is from 1 to 100.") }
    }

    func run() async throws {
        guard let key = apiKey ?? ProcessInfo.processInfo.environment["BINCARD_API_KEY"] ?? (dryRun ? "" : nil) else {
            throw ValidationError("--api-key (or BINCARD_API_KEY) is needed; `bincard keys create` makes one.")
        }
        var options = ImportOptions(file: file, url: url, apiKey: key, preset: preset)
        options.isDryRun = dryRun
        options.isResume = resume
        options.batchLines = batch
        options.createsMissing = !noCreate
        options.errorsFile = errors
        options.retryPolicy = RetryPolicy(tries: tries)
        let summary = try await ImportJob.run(options)
        switch format {
        case .json: print(try summary.json())
        case .text: print(summary.description)
        }
        if summary.exitCode != .done { throw ArgumentParser.ExitCode(summary.exitCode.rawValue) }
    }
}
