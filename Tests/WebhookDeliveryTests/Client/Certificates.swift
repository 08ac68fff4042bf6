import Foundation
import Testing

/// An authority of a test's own, and certificates that it has signed, made with `openssl` in a folder that is gone
/// afterwards.
struct Certificates {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// A certificate and its key, as files in PEM.
    struct Identity: Sendable {
        var certificate: String
        var key: String
    }

    let folder: String
    /// The authority's certificate.
    var authority: String { folder + "/authority.pem" }

    init() throws {
        folder = NSTemporaryDirectory() + "bincard-tls-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try makeKey("authority")
        try openssl(
            "req", "-x509", "-new", "-key", "authority.key", "-subj", "/CN=Test authority", "-days", "2", "-out",
            "authority.pem", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    }

    /// A certificate for names like `DNS:example.test,IP:127.0.0.1`, signed by the authority.
    ///
    /// - Parameter days: how long it holds; a negative number makes it one that has expired.
    func sign(_ names: String, days: Int = 2) throws -> Identity {
        let file = UUID().uuidString
        try makeKey(file)
        try Data("subjectAltName=\(names)\nextendedKeyUsage=serverAuth\n".utf8).write(
            to: URL(fileURLWithPath: "\(folder)/\(file).ext"))
        try openssl("req", "-new", "-key", "\(file).key", "-subj", "/CN=receiver", "-out", "\(file).csr")
        try openssl(
            "x509", "-req", "-in", "\(file).csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial",
            "-days", "\(days)", "-extfile", "\(file).ext", "-out", "\(file).pem")
        return Identity(certificate: "\(folder)/\(file).pem", key: "\(folder)/\(file).key")
    }

    /// A certificate that nobody but itself has signed.
    func selfSigned(_ names: String) throws -> Identity {
        let file = UUID().uuidString
        try makeKey(file)
        try openssl(
            "req", "-x509", "-new", "-key", "\(file).key", "-subj", "/CN=receiver", "-days", "2", "-addext",
            "subjectAltName=\(names)", "-out", "\(file).pem")
        return Identity(certificate: "\(folder)/\(file).pem", key: "\(folder)/\(file).key")
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func makeKey(_ name: String) throws {
        try openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "\(name).key")
    }

    private func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        let output = Pipe()
        process.standardError = output
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "openssl \(arguments[0]): \(String(decoding: text, as: UTF8.self))")
        }
    }
}
