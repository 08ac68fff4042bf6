import Synchronization

/// A database of a test's own, with Bincard's schema.
public struct TestDatabase: Sendable {
    public let server: PostgresServer
    public let name: String
    /// The role that servers log in as.
    public static let role = "bincard_server"

    /// What seals realms in all of them, 32 bytes: they are copies of one, whichever test makes it.
    public static let sealKey: [UInt8] = (0..<32).map { _ in .random(in: .min ... .max) }

    /// A connection string of the server's role.
    public var url: String { server.url(role: TestDatabase.role, database: name) }

    /// A connection string of the owner.
    public var ownerURL: String { server.ownerURL(database: name) }

    /// - Parameters:
    ///   - template: a name for databases that are migrated in the same way.
    ///   - migrate: brings a new database's schema up to date; called once for each server and template, whose
    ///     databases are then copies of that one.
    public init(
        on server: PostgresServer, template: String = "bincard_template", migrate: (_ ownerURL: String) throws -> Void
    ) throws {
        self.server = server
        try TestDatabase.templates.withLock { templates in
            guard !templates.contains("\(server.port) \(template)") else { return }
            try server.psql("CREATE DATABASE \(template)")
            try migrate(server.ownerURL(database: template))
            templates.insert("\(server.port) \(template)")
        }
        name = server.freshName()
        try server.psql("CREATE DATABASE \(name) TEMPLATE \(template)")
        // What a role is set to belongs to the database, and a copy does not take it along.
        for (setting, value) in [("idle_in_transaction_session_timeout", "10s"), ("statement_timeout", "30s")] {
            try server.psql("ALTER ROLE \(TestDatabase.role) IN DATABASE \(name) SET \(setting) = '\(value)'")
        }
        try server.psql("REVOKE TEMPORARY ON DATABASE \(name) FROM PUBLIC")
    }

    private static let templates = Mutex<Set<String>>([])

    /// Removes it, whoever is connected.
    public func drop() { _ = try? server.psql("DROP DATABASE IF EXISTS \(name) WITH (FORCE)") }
}
