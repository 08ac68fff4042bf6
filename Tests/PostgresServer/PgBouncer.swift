import Foundation

/// A pgbouncer in transaction mode in front of a server: each transaction gets whatever server process is free.
public final class PgBouncer: Sendable {
    public let port: Int
    private let folder: String
    private let process: Process
    private let lifeline: Pipe

    /// Debian's place for it; nil when it is not installed.
    public static let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// - Parameters:
    ///   - roles: who may log in.
    ///   - processes: how many server processes all transactions share.
    public init(before server: PostgresServer, roles: [String], processes: Int = 4) throws {
        guard let program = PgBouncer.program else {
            throw PostgresServer.Unavailable(
                description: "pgbouncer is not installed: scripts/install-dependencies test")
        }
        folder = NSTemporaryDirectory() + "/bincard-pgbouncer-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        port = try PostgresServer.freePort()
        let users = roles.map { "\"\($0)\" \"\"\n" }.joined()
        try Data(users.utf8).write(to: URL(fileURLWithPath: folder + "/users"))
        let settings = """
            [databases]
            * = host=127.0.0.1 port=\(server.port)
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(port)
            unix_socket_dir =
            auth_type = trust
            auth_file = \(folder)/users
            pool_mode = transaction
            max_client_conn = 200
            default_pool_size = \(processes)
            logfile = \(folder)/log

            """
        try Data(settings.utf8).write(to: URL(fileURLWithPath: folder + "/settings"))
        let asUser = try PostgresServer.prefix(owning: folder)
        let lifeline = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c",
            """
            \(asUser.joined(separator: " ")) \(program) \(folder)/settings >/dev/null 2>&1 & bouncer=$!
            read _
            kill -9 $bouncer
            rm -rf \(folder)
            """,
        ]
        process.standardInput = lifeline
        self.process = process
        self.lifeline = lifeline
        try process.run()
        // It takes a moment to listen.
        let deadline = Date().addingTimeInterval(10)
        while Date() < deadline {
            if (try? server.psql("SELECT 1", url: url(role: roles[0], database: "postgres"))) != nil { return }
            Thread.sleep(forTimeInterval: 0.05)
        }
        let log = (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? ""
        throw PostgresServer.Unavailable(description: "pgbouncer does not start: \(log)")
    }

    public func url(role: String, database: String) -> String { "postgres://\(role)@127.0.0.1:\(port)/\(database)" }

    deinit {
        try? lifeline.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
