import Foundation
import PostgresServer
import Testing

/// A database of the installation's own, migrated by the binary as a user would.
struct MigratedDatabase {
    let server: PostgresServer
    let name: String
    /// Where `database.key` is.
    let data: String

    /// As the role that servers log in as. Anybody may log in here: the password is what must not be shown.
    var url: String { "postgres://bincard_server:\(Self.password)@127.0.0.1:\(server.port)/\(name)" }
    /// The same without it.
    var shown: String { "postgres://bincard_server:•••@127.0.0.1:\(server.port)/\(name)" }

    static let password = "s3cr3tpassw0rd"

    /// - Parameter server: nil for the one that tests share.
    init(_ installation: Installation, data folder: String = "pg", on server: PostgresServer? = nil) async throws {
        self.server = try server ?? PostgresServer.shared.get()
        let server = self.server
        name = server.freshName("e2e")
        data = "\(installation.folder)/\(folder)"
        try server.psql("CREATE DATABASE \(name)")
        let migrated = try await installation.bincard(
            "db", "migrate", "--database", server.ownerURL(database: name), "--data", data,
            environment: ["BINCARD_SERVER_PASSWORD": Self.password])
        try #require(migrated.status == 0, "\(migrated.errors)")
    }

    func drop() { _ = try? server.psql("DROP DATABASE IF EXISTS \(name) WITH (FORCE)") }
}
