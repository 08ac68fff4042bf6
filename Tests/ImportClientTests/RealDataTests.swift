import Foundation
import ImportClient
import Testing

@Suite("A retailer's real year")
struct RealDataTests {
    /// Beside the repository, when it is there.
    private static let file: String? = {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let places = [root, URL(fileURLWithPath: FileManager.default.currentDirectoryPath)]
            .map { $0.deletingLastPathComponent().appendingPathComponent("shared/data/online_retail.csv.gz").path }
        return places.first { FileManager.default.fileExists(atPath: $0) }
    }()

    @Test(
        "a dry run finds the totals that the recomputation in Python finds",
        .enabled(if: RealDataTests.file != nil, "needs ../shared/data"))
    func dryRun() async throws {
        let file = try #require(Self.file)
        var options = ImportOptions(file: file, url: "http://127.0.0.1:1", apiKey: "k", preset: OnlineRetailPreset.name)
        options.progress = .silent
        options.isDryRun = true
        let summary = try await ImportJob.run(options)
        #expect(summary.linesRead == 541_909)
        #expect(summary.skipped == ["no_digit": 2_796, "c2": 144, "gift": 34, "dcgs": 21])
        #expect(summary.postableLines == 538_914)
        #expect(summary.openings == .init(count: 6_812, quantity: 5_742_531, value: "7323752.9880"))
        #expect(summary.postings == 545_726)
        let kinds = summary.kinds.mapValues { "\($0.count) \($0.quantity)" }
        #expect(
            kinds == [
                "receipt": "6812 5742531", "sale": "528886 -5645020", "return": "8704 272030",
                "adjustment": "1324 -206898",
            ])
        #expect(summary.reconciles)
        #expect(summary.exitCode == .done)
        #expect(summary.durationSeconds < 10)
    }
}
