import Foundation

// swift run -c release LedgerBenchmarks [part of a benchmark's name] [--folder where files are made]
var arguments = Array(CommandLine.arguments.dropFirst())
var folder = FileManager.default.currentDirectoryPath
if let flag = arguments.firstIndex(of: "--folder"), arguments.indices.contains(flag + 1) {
    folder = arguments[flag + 1]
    arguments.removeSubrange(flag...flag + 1)
}
let stopwatch = Stopwatch(filter: arguments.first ?? "")

ResultTable.printHead()
do {
    ResultTable.print("Rules", try LedgerBenchmarks(stopwatch: stopwatch).run())
    ResultTable.print("JSON", try WireBenchmarks(stopwatch: stopwatch).run())
    ResultTable.print("Journal", try JournalBenchmarks(stopwatch: stopwatch).run())
    ResultTable.print(
        "SQLite", try StorageBenchmarks(stopwatch: stopwatch, folder: URL(fileURLWithPath: folder)).run())
} catch {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(1)
}
