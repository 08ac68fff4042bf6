import Foundation
import Synchronization
import Testing

/// A folder with a data directory, and all that a test starts on it. What still runs at the end is killed, and the
/// folder removed.
final class Installation: Sendable {
    let folder: String
    var data: String { folder + "/data" }
    private let children = Mutex<[ChildProcess]>([])

    private init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/bincard-e2e-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    static func with<Result: Sendable>(
        _ body: @Sendable (Installation) async throws -> Result
    ) async throws -> Result {
        let installation = try Installation()
        defer { installation.remove() }
        return try await body(installation)
    }

    private func remove() {
        for child in children.withLock({ $0 }) {
            child.killAll()
            let began = ContinuousClock.now
            while child.isRunning, ContinuousClock.now - began < .seconds(10) { usleep(1_000) }
        }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Starts a program that ends with the test at the latest.
    func start(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], input: [UInt8] = []
    ) throws -> ChildProcess {
        let child = try ChildProcess(program, arguments, in: folder, environment: environment, input: input)
        children.withLock { $0.append(child) }
        return child
    }

    /// Runs `bincard` to its end.
    func bincard(
        _ arguments: String..., environment: [String: String] = [:], input: [UInt8] = [], within seconds: Double = 90
    ) async throws -> CommandResult {
        try await run(Bincard.path, arguments, environment: environment, input: input, within: seconds)
    }

    /// Runs a program to its end.
    func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], input: [UInt8] = [],
        within seconds: Double = 90
    ) async throws -> CommandResult {
        let child = try start(program, arguments, environment: environment, input: input)
        let status = try await child.ended(within: seconds)
        return CommandResult(status: status, output: child.output, errors: child.errors)
    }

    /// Starts `bincard serve` and waits until it is ready.
    ///
    /// - Parameters:
    ///   - data: nil for the installation's own.
    ///   - wrapper: a program and its arguments that start it in turn.
    /// - Throws: `StartFailed` when it ends instead.
    func serve(
        data: String? = nil, port: Int = 0, _ arguments: String..., under wrapper: [String] = []
    ) async throws -> RunningServer {
        try await serve(data: data, port: port, arguments, under: wrapper)
    }

    func serve(
        data: String? = nil, port: Int = 0, _ arguments: [String], under wrapper: [String] = []
    ) async throws -> RunningServer {
        let data = data ?? self.data
        let command = wrapper + [Bincard.path, "serve", "--data", data, "--port", "\(port)"] + arguments
        let began = ContinuousClock.now
        let child = try start(command[0], Array(command.dropFirst()))
        return try await RunningServer(child, data: data, isWrapped: !wrapper.isEmpty, since: began)
    }

    /// The secret of a new key without a limit.
    func makeKey(tenant: String = "acme", mode: String = "test", data: String? = nil) async throws -> String {
        let result = try await bincard(
            "keys", "create", "--data", data ?? self.data, "--tenant", tenant, "--mode", mode, "--unlimited",
            "--format", "json")
        try #require(result.status == 0, "\(result.errors)")
        return try #require(try result.json()["secret"]?.text)
    }

    /// Writes a file in the folder and gives its path.
    func file(_ name: String, _ text: String) throws -> String {
        try file(name, Array(text.utf8))
    }

    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        let path = "\(folder)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    func text(_ name: String) -> String? { try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8) }
}

/// A server did not start.
struct StartFailed: Error {
    var status: Int32
    var errors: String
}

/// A `bincard serve` that is ready.
final class RunningServer: Sendable {
    private let child: ChildProcess
    let data: String
    let url: String
    let port: Int
    /// The key that it printed: only on a new data directory.
    let firstKey: String?
    /// From the start of the program to a 200 of `/readyz`.
    let secondsToReady: Double

    /// Whether the child is another program that has started the server.
    private let isWrapped: Bool

    init(_ child: ChildProcess, data: String, isWrapped: Bool, since began: ContinuousClock.Instant) async throws {
        self.child = child
        self.data = data
        self.isWrapped = isWrapped
        var port: Int?
        try await eventually("the server is not ready: \(child.errors)", within: 30) {
            guard child.isRunning else {
                throw StartFailed(status: try await child.ended(), errors: child.errors)
            }
            port = child.output.firstMatch(of: #/ready on http://[^ ]+:(\d+)\n[\s\S]*└─.*\n/#).flatMap { Int($0.1) }
            guard let port, let caller = try? Caller(port: port, key: nil) else { return false }
            return try caller.get("/readyz").status == 200
        }
        secondsToReady = (ContinuousClock.now - began).seconds
        self.port = try #require(port)
        url = "http://127.0.0.1:\(self.port)"
        firstKey = child.output.firstMatch(of: #/sk_test_[0-9A-Z]+/#).map { String($0.0) }
    }

    var isRunning: Bool { child.isRunning }
    var output: String { child.output }
    var errors: String { child.errors }

    /// The server's own, also when another program has started it.
    var pid: Int32 {
        get throws {
            guard isWrapped else { return child.pid }
            let note = try JSON(Array(try Data(contentsOf: URL(fileURLWithPath: data + "/server.json"))))
            return Int32(try #require(note["pid"]?.integer))
        }
    }

    func caller(_ key: String? = nil) throws -> Caller { try Caller(port: port, key: key ?? firstKey) }

    /// SIGTERM, and its exit code.
    func stop(within seconds: Double = 30) async throws -> Int32 {
        let pid = try pid
        _ = Foundation.kill(pid, SIGTERM)
        return try await child.ended(within: seconds)
    }

    /// Kill −9. Comes back when it is gone.
    func kill() async throws {
        child.send(SIGKILL)
        _ = try await child.ended()
    }

    func ended(within seconds: Double = 30) async throws -> Int32 { try await child.ended(within: seconds) }

    /// The most memory that it has had resident, in MiB.
    var peakMiB: Int {
        get throws {
            let status = try String(contentsOfFile: "/proc/\(try pid)/status", encoding: .utf8)
            let kilobytes = try #require(status.firstMatch(of: #/VmHWM:\s+(\d+) kB/#).flatMap { Int($0.1) })
            return kilobytes >> 10
        }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
