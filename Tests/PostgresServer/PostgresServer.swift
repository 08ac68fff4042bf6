import Foundation
import Synchronization

/// A real PostgreSQL in a temporary folder, for this process: started when it is first asked for, on a loopback port
/// that was free, and stopped with the process, however that ends.
public final class PostgresServer: Sendable {
    /// Why there is none.
    public struct Unavailable: Error, CustomStringConvertible {
        public let description: String
    }

    public let port: Int
    public let folder: String
    private let process: Process
    /// Closed with this process: then the shell that watches over the server stops it.
    private let lifeline: Pipe
    private let databases = Atomic<Int>(0)

    /// The one that tests share.
    public static let shared = Result { try PostgresServer() }

    /// - Parameters:
    ///   - primary: a server whose standby this one is; nil for one that stands for itself.
    ///   - settings: lines of `postgresql.conf`, beside what a test server needs.
    ///   - files: further files of the data folder, by name.
    public init(
        standbyOf primary: PostgresServer? = nil, settings: [String] = [], files: [String: String] = [:]
    ) throws {
        guard let binaries = PostgresServer.binaries else {
            throw Unavailable(description: "PostgreSQL is not installed: scripts/install-dependencies test")
        }
        let folder = NSTemporaryDirectory() + "/bincard-postgres-\(UUID().uuidString)"
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let asUser = try PostgresServer.prefix(owning: folder)
        if let primary {
            try PostgresServer.run(
                asUser + [
                    binaries + "/pg_basebackup", "--pgdata", folder + "/data", "--dbname", primary.ownerURL(),
                    "--write-recovery-conf", "--checkpoint", "fast", "--no-sync",
                ])
        } else {
            try PostgresServer.run(
                asUser + [
                    binaries + "/initdb", "--pgdata", folder + "/data", "--username", "owner", "--auth", "trust",
                    "--encoding", "UTF8", "--no-locale", "--no-sync",
                ])
        }
        port = try PostgresServer.freePort()
        // Durable as in production; what is turned down is only what a small machine has no use for.
        let configuration =
            [
                "listen_addresses = '127.0.0.1'", "port = \(port)", "unix_socket_directories = ''",
                "max_connections = 200", "shared_buffers = 64MB", "log_min_messages = fatal",
                "autovacuum_naptime = 5s", "max_prepared_transactions = 0",
            ] + settings
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: folder + "/data/postgresql.conf"))
        try file.seekToEnd()
        try file.write(contentsOf: Data((configuration.joined(separator: "\n") + "\n").utf8))
        try file.close()
        let owner = try FileManager.default.attributesOfItem(atPath: folder + "/data")[.ownerAccountID] ?? 0
        for (name, text) in files {
            try text.write(toFile: "\(folder)/data/\(name)", atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes(
                [.ownerAccountID: owner, .posixPermissions: 0o600], ofItemAtPath: "\(folder)/data/\(name)")
        }
        let lifeline = Pipe()
        let process = Process()
        // Each line asks for a start. `read` fails when this process is gone and with it the pipe's other end.
        let script = """
            while read _; do
                \(asUser.joined(separator: " ")) \(binaries)/postgres -D \(folder)/data >>\(folder)/log 2>&1 &
            done
            \(asUser.joined(separator: " ")) \(binaries)/pg_ctl -D \(folder)/data stop -m immediate -s
            rm -rf \(folder)
            """
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        process.standardInput = lifeline
        self.process = process
        self.lifeline = lifeline
        try process.run()
        try start()
    }

    /// Ends it at once, as a crash would; the folder goes too.
    public func stop() {
        try? lifeline.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    deinit { stop() }

    /// A connection string of the owner of all databases, a superuser.
    public func ownerURL(database: String = "postgres") -> String {
        "postgres://owner@127.0.0.1:\(port)/\(database)"
    }

    /// A connection string of another role.
    public func url(role: String, database: String) -> String { "postgres://\(role)@127.0.0.1:\(port)/\(database)" }

    /// A name that no database here has had.
    public func freshName(_ prefix: String = "test") -> String {
        "\(prefix)_\(databases.add(1, ordering: .relaxed).newValue)"
    }

    /// Runs SQL with `psql` and gives what it prints, without headings.
    @discardableResult
    public func psql(_ sql: String, url: String? = nil) throws -> String {
        guard let binaries = PostgresServer.binaries else { throw Unavailable(description: "no psql") }
        return try PostgresServer.run([
            binaries + "/psql", url ?? ownerURL(), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
            "--set", "ON_ERROR_STOP=1", "--command", sql,
        ])
    }

    /// All of a database as `pg_dump` writes it.
    public func dump(_ database: String) throws -> String {
        guard let binaries = PostgresServer.binaries else { throw Unavailable(description: "no pg_dump") }
        return try PostgresServer.run([binaries + "/pg_dump", ownerURL(database: database)])
    }

    /// Stops it as `pg_ctl stop` does and starts it again.
    public func restart(mode: String) throws {
        try control(["stop", "-m", mode, "-s", "-w"])
        try start()
    }

    /// Stops it; `start` starts it again.
    public func halt(mode: String) throws { try control(["stop", "-m", mode, "-s", "-w"]) }

    /// Starts it and waits until it answers. Not by `pg_ctl`: what that leaves running would hold what `Process` waits
    /// for.
    public func start() throws {
        try lifeline.fileHandleForWriting.write(contentsOf: Data("start\n".utf8))
        try waitUntilReady()
    }

    private func control(_ arguments: [String]) throws {
        guard let binaries = PostgresServer.binaries else { return }
        try PostgresServer.run(
            try PostgresServer.prefix(owning: nil) + [binaries + "/pg_ctl", "-D", folder + "/data"] + arguments)
    }

    private func waitUntilReady() throws {
        guard let binaries = PostgresServer.binaries else { return }
        let deadline = Date().addingTimeInterval(30)
        while Date() < deadline {
            if (try? PostgresServer.run([binaries + "/pg_isready", "-h", "127.0.0.1", "-p", "\(port)", "-q"])) != nil {
                return
            }
            Thread.sleep(forTimeInterval: 0.05)
        }
        let log = (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? ""
        throw Unavailable(description: "PostgreSQL does not start: \(log)")
    }

    /// Where its programs are, of the newest version that is installed.
    public static let binaries: String? = {
        let base = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []).compactMap { Int($0) }
        return versions.sorted().reversed().map { "\(base)/\($0)/bin" }.first {
            FileManager.default.isExecutableFile(atPath: $0 + "/postgres")
        }
    }()

    /// PostgreSQL does not run as root: then its own user runs it, and the folder is that user's.
    static func prefix(owning folder: String?) throws -> [String] {
        guard getuid() == 0 else { return [] }
        if let folder { try run(["/bin/chown", "postgres", folder]) }
        return ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    }

    static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw Unavailable(description: "no free port: \(String(cString: strerror(errno)))") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    @discardableResult
    private static func run(_ command: [String]) throws -> String {
        let process = Process()
        let output = Pipe()
        let errors = Pipe()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        let complained = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Unavailable(
                description: "\(command.joined(separator: " ")): \(String(decoding: complained, as: UTF8.self))")
        }
        return String(decoding: said, as: UTF8.self)
    }
}
