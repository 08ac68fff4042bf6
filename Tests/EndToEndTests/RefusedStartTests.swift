import Foundation
import Testing

extension EndToEnd {
    @Suite("a server that can't start says why", .serialized)
    struct RefusedStartTests {
        @Test("a second server on the same data ends with 75 and names the one that holds it")
        func secondServer() async throws {
            try await Installation.with { installation in
                let server = try await installation.serve()
                let second = try await installation.bincard("serve", "--data", installation.data, "--port", "0")
                #expect(second.status == 75)
                #expect(second.errors.contains("in use by pid \(try server.pid)"), "\(second.errors)")
                #expect(second.output.isEmpty)
                #expect(try server.caller().get("/readyz").status == 200, "the first one is not disturbed")
                #expect(try await server.stop() == 0)
            }
        }

        @Test("a data directory that can't be made is named with the reason")
        func noDirectory() async throws {
            try await Installation.with { installation in
                let file = try installation.file("plain", "a file\n")
                for place in ["\(file)/data", file] {
                    let result = try await installation.bincard("serve", "--data", place, "--port", "0")
                    #expect(result.status == 1)
                    #expect(result.errors.hasPrefix("bincard: \(place)"), "\(result.errors)")
                    #expect(result.errors.contains(" can't be written: Not a directory. "), "\(result.errors)")
                }
            }
        }

        @Test(
            "a data directory that belongs to somebody else is named with the reason",
            .enabled(if: getuid() != 0, "root may write anywhere"))
        func forbiddenDirectory() async throws {
            try await Installation.with { installation in
                try FileManager.default.createDirectory(
                    atPath: installation.data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o500]
                )
                let result = try await installation.bincard("serve", "--data", installation.data, "--port", "0")
                #expect(result.status == 1)
                #expect(result.errors.contains("Permission denied"), "\(result.errors)")
            }
        }

        @Test("a port that is taken is named with the reason")
        func portInUse() async throws {
            try await Installation.with { installation in
                let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                defer { close(listener) }
                var address = LoopbackConnection.loopback(port: 0)
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                let isBound = withUnsafeMutablePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        bind(listener, $0, length) == 0 && listen(listener, 1) == 0
                            && getsockname(listener, $0, &length) == 0
                    }
                }
                try #require(isBound)
                let port = Int(UInt16(bigEndian: address.sin_port))
                let result = try await installation.bincard("serve", "--data", installation.data, "--port", "\(port)")
                #expect(result.status == 1)
                #expect(result.errors.contains("127.0.0.1:\(port)"), "\(result.errors)")
                #expect(result.errors.lowercased().contains("address already in use"), "\(result.errors)")
                #expect(!result.output.contains("is ready"))
            }
        }

        @Test(
            "wrong usage ends with 2 and says what is wrong",
            arguments: [
                (["serve", "--no-such-flag"], "--no-such-flag"), (["serve", "--port", "x"], "--port"),
                (["serve", "--port", "99999"], "port (flag) must be a whole number from 0 to 65535"),
                (["serve", "--set", "nothing=1"], "--set nothing=1"),
                (["serve", "--config", "missing.yaml"], "missing.yaml"),
                (["no-such-command"], "no-such-command"), (["keys", "create", "--mode", "test"], "--tenant"),
                (["keys", "create", "--tenant", "t", "--mode", "sandbox"], "--mode"),
                (["keys", "revoke", "nonsense"], "nonsense"), (["import"], "file"),
                (["verify", "--mode", "x"], "--mode"),
            ])
        func usage(arguments: [String], named: String) async throws {
            try await Installation.with { installation in
                let result = try await installation.run(Bincard.path, arguments)
                #expect(result.status == 2)
                #expect(result.errors.contains(named), "\(result.errors)")
                #expect(result.output.isEmpty)
                let made = try FileManager.default.contentsOfDirectory(atPath: installation.folder)
                #expect(made.allSatisfy { $0.hasPrefix(".said") }, "wrong usage makes nothing")
            }
        }

        @Test("data of a newer version is refused, whether it is the control database or a ledger")
        func newerSchema() async throws {
            try await Installation.with { installation in
                let server = try await installation.serve()
                try server.caller().makeItems(["A"], locations: ["W"])
                #expect(try await server.stop() == 0)
                for file in try DatabaseFile.all(in: installation.data) {
                    try file.execute("INSERT INTO schema_migration (version, name) VALUES (99, 'from the future')")
                    let result = try await installation.bincard("serve", "--data", installation.data, "--port", "0")
                    #expect(result.status == 1)
                    #expect(
                        result.errors.hasPrefix("bincard: the data has schema 99, this version knows up to "),
                        "\(result.errors)")
                    try file.execute("DELETE FROM schema_migration WHERE version = 99")
                }
                let again = try await installation.serve()
                #expect(try await again.stop() == 0)
            }
        }

        @Test("a control database that is no database is refused, and left as it is")
        func notADatabase() async throws {
            try await Installation.with { installation in
                try FileManager.default.createDirectory(atPath: installation.data, withIntermediateDirectories: true)
                let control = try installation.file("data/control.db", String(repeating: "not a database ", count: 600))
                let before = FileManager.default.contents(atPath: control)
                let result = try await installation.bincard("serve", "--data", installation.data, "--port", "0")
                #expect(result.status == 1)
                #expect(result.errors.contains("damaged"), "\(result.errors)")
                #expect(FileManager.default.contents(atPath: control) == before)
            }
        }
    }
}
