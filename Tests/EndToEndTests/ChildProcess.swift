import Foundation

/// A program that a test has started, as a user or a script would. What it says goes to files, so that nothing that it
/// prints can block it.
final class ChildProcess: Sendable {
    private let process: Process
    private let outputPath: String
    private let errorsPath: String

    /// - Parameters:
    ///   - folder: where it runs, and where what it says is kept.
    ///   - environment: beside this process's own, of which every `BINCARD_*` is left out.
    ///   - input: its standard input.
    init(
        _ program: String, _ arguments: [String], in folder: String, environment: [String: String] = [:],
        input: [UInt8] = []
    ) throws {
        let name = "\(folder)/.said-\(UUID().uuidString)"
        outputPath = name + ".out"
        errorsPath = name + ".err"
        let inputPath = name + ".in"
        for (path, content) in [(outputPath, []), (errorsPath, []), (inputPath, input)] {
            try Data(content).write(to: URL(fileURLWithPath: path))
        }
        process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("BINCARD_") }
            .merging(environment) { $1 }
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: outputPath))
        let errors = try FileHandle(forWritingTo: URL(fileURLWithPath: errorsPath))
        let input = try FileHandle(forReadingFrom: URL(fileURLWithPath: inputPath))
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = input
        try Self.withUnblockedSignals { try process.run() }
        for handle in [output, errors, input] { try handle.close() }
    }

    /// The threads of Dispatch block signals, and a child inherits that: it would be deaf to SIGTERM.
    private static func withUnblockedSignals<Result>(_ body: () throws -> Result) rethrows -> Result {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        return try body()
    }

    var pid: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }

    /// All that it has printed so far.
    var output: String { (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? "" }
    /// All that it has complained of so far.
    var errors: String { (try? String(contentsOfFile: errorsPath, encoding: .utf8)) ?? "" }

    func send(_ signal: Int32) {
        if isRunning { _ = Foundation.kill(pid, signal) }
    }

    /// Kill −9, with whatever it has started: it is the first of its process group. As long as one of them is there,
    /// `Process` takes it to be running.
    func killAll() {
        if isRunning { _ = Foundation.kill(-pid, SIGKILL) }
    }

    /// Its exit code, or 128 and the signal that ended it, as in a shell. Throws `TimedOut`, having killed it.
    func ended(within seconds: Double = 60) async throws -> Int32 {
        let began = ContinuousClock.now
        while process.isRunning {
            guard ContinuousClock.now - began < .seconds(seconds) else {
                killAll()
                throw TimedOut(what: "\(process.arguments ?? []) did not end: \(errors)")
            }
            try await Task.sleep(for: .milliseconds(3))
        }
        return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    }
}

/// Something took longer than a test is ready to wait.
struct TimedOut: Error {
    var what: String
}

/// Waits until `condition` holds, asking every few milliseconds.
func eventually(
    _ what: String, within seconds: Double = 20, _ condition: () async throws -> Bool
) async throws {
    let began = ContinuousClock.now
    while try await !condition() {
        guard ContinuousClock.now - began < .seconds(seconds) else { throw TimedOut(what: what) }
        try await Task.sleep(for: .milliseconds(3))
    }
}

/// How a command ended and what it said.
struct CommandResult: Sendable {
    var status: Int32
    var output: String
    var errors: String

    /// Its standard output as JSON.
    func json() throws -> JSON { try JSON(Array(output.utf8)) }
}

/// The binary that is tested: the one that was built beside these tests.
enum Bincard {
    static let path: String = {
        let bundle = Bundle.allBundles.map(\.bundlePath) + CommandLine.arguments.prefix(1)
        let places = bundle.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
        let current = FileManager.default.currentDirectoryPath + "/.build/release"
        return (places + [current]).map { $0 + "/bincard" }
            .first { FileManager.default.isExecutableFile(atPath: $0) } ?? current + "/bincard"
    }()

    /// The repository, where `openapi/` and the recomputation are.
    static let checkout = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
}

/// A program on the path, for tests that need one which may be missing.
func program(_ name: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map { "\($0)/\(name)" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }
}
