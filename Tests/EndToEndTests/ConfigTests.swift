import Foundation
import Testing

extension EndToEnd {
    @Suite("config show", .serialized)
    struct ConfigTests {
        @Test("each value is shown with where it comes from: flag, variable, file, default")
        func origins() async throws {
            try await Installation.with { installation in
                _ = try installation.file("bincard.yaml", "rate: 77\nburst: 99\nport: 1234\ndata: elsewhere\n")
                let result = try await installation.bincard(
                    "config", "show", "--data", "here", "--format", "json",
                    environment: ["BINCARD_PORT": "4321", "BINCARD_BURST": "88", "BINCARD_DATA": "there"])
                #expect(result.status == 0, "\(result.errors)")
                var shown: [String: String] = [:]
                for value in try result.json().elements {
                    shown[value["name"]?.text ?? ""] = "\(value["value"]?.text ?? "") \(value["origin"]?.text ?? "")"
                }
                #expect(shown["data"] == "here flag")
                #expect(shown["port"] == "4321 environment BINCARD_PORT")
                #expect(shown["burst"] == "88 environment BINCARD_BURST")
                #expect(shown["rate"] == "77 file bincard.yaml")
                #expect(shown["host"] == "127.0.0.1 default")
                let text = try await installation.bincard("config", "show")
                #expect(text.output.contains(#/rate +77 +file bincard\.yaml/#), "\(text.output)")
            }
        }

        @Test("a file in the data directory counts where there is none in the working directory")
        func fileBesideData() async throws {
            try await Installation.with { installation in
                try FileManager.default.createDirectory(atPath: installation.data, withIntermediateDirectories: true)
                let file = try installation.file("data/bincard.yaml", "shutdown-grace: 5\n")
                let result = try await installation.bincard(
                    "config", "show", "--data", installation.data, "--format", "json")
                let grace = try result.json().elements.first { $0["name"]?.text == "shutdown-grace" }
                #expect(grace?["value"]?.text == "5" && grace?["origin"]?.text == "file \(file)")
            }
        }

        @Test(
            "a value that can't be used ends with 2, naming it and where it is set",
            arguments: [
                (
                    "", ["BINCARD_PORT": "http"],
                    "port (environment BINCARD_PORT) must be a whole number from 0 to 65535, not “http”"
                ),
                ("", ["BINCARD_LOG_LEVEL": "loud"], "log-level (environment BINCARD_LOG_LEVEL) must be one of debug"),
                ("rate: 0\n", [:], "rate (file bincard.yaml) must be a whole number from 1"),
                ("rate: 99999999999999999999\n", [:], "rate (file bincard.yaml) must be a whole number from 1"),
                ("colour: red\n", [:], "sets “colour”, which is no setting"), ("- rate\n", [:], "must be a list of"),
                ("rate: [1, 2]\n", [:], "rate must be a single value"),
                ("rate: \"unclosed\n", [:], "bincard.yaml can't be read"),
            ])
        func refused(file: String, environment: [String: String], message: String) async throws {
            try await Installation.with { installation in
                if !file.isEmpty { _ = try installation.file("bincard.yaml", file) }
                for command in [["config", "show"], ["serve"]] {
                    let result = try await installation.run(Bincard.path, command, environment: environment)
                    #expect(result.status == 2)
                    #expect(result.errors.contains(message), "\(result.errors)")
                }
            }
        }
    }
}
