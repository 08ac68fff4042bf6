import Foundation
import LedgerStorage
import PostgresServer
import PostgresStorage
import Testing

/// The modes of `sslmode` as libpq has them, against a server that has a certificate of its own making.
@Suite("connections with TLS", .serialized, .enabled(if: CertificateMaker.path != nil))
struct EncryptionTests {
    /// A server with a certificate for `localhost`, which is also the authority that signed it.
    private static let encrypted = Result { () throws -> (server: PostgresServer, certificate: String) in
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CertificateMaker.path ?? "")
        process.arguments = [
            "req", "-new", "-x509", "-days", "2", "-nodes", "-subj", "/CN=localhost", "-addext",
            "subjectAltName=DNS:localhost", "-keyout", folder + "/server.key", "-out", folder + "/server.crt",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let key = try String(contentsOfFile: folder + "/server.key", encoding: .utf8)
        let certificate = try String(contentsOfFile: folder + "/server.crt", encoding: .utf8)
        let server = try PostgresServer(
            settings: ["ssl = on"], files: ["server.key": key, "server.crt": certificate])
        return (server, folder + "/server.crt")
    }

    private func open(_ query: String, host: String = "localhost") throws -> String {
        let (server, certificate) = try Self.encrypted.get()
        let name = server.freshName()
        try server.psql("CREATE DATABASE \(name)")
        _ = try PostgresAdministration(conninfo: server.ownerURL(database: name)).migrate(
            serverRole: TestDatabase.role, sealKey: Fixture.sealKey)
        let conninfo =
            "postgres://\(TestDatabase.role)@\(host):\(server.port)/\(name)?"
            + query.replacingOccurrences(of: "CERTIFICATE", with: certificate)
        let database = try PostgresDatabase(conninfo: conninfo, sealKey: Fixture.sealKey, connections: 1)
        defer { database.close() }
        return try server.psql(
            """
            SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
            WHERE datname = '\(name)' AND usename = '\(TestDatabase.role)' LIMIT 1
            """)
    }

    @Test(
        "a connection is encrypted as the mode asks for it",
        arguments: [
            ("sslmode=disable", "f\n"), ("sslmode=require", "t\n"), ("sslmode=prefer", "t\n"),
            ("sslmode=verify-ca&sslrootcert=CERTIFICATE", "t\n"),
            ("sslmode=verify-full&sslrootcert=CERTIFICATE", "t\n"),
        ])
    func modes(query: String, expected: String) throws {
        #expect(try open(query) == expected)
    }

    @Test(
        "a certificate that is not trusted, or is another host's, is refused with what to do",
        arguments: [
            ("sslmode=verify-full&sslrootcert=CERTIFICATE", "127.0.0.1"),
            ("sslmode=verify-ca&sslrootcert=/nowhere/root.crt", "localhost"),
        ])
    func strangers(query: String, host: String) throws {
        let error = #expect(throws: StoreError.self) { _ = try open(query, host: host) }
        #expect("\(String(describing: error))".contains("Check sslmode"))
    }
}

private enum CertificateMaker {
    static let path = ["/usr/bin/openssl", "/usr/local/bin/openssl"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
}
