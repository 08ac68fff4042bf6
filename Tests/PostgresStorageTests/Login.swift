import Foundation
import PostgresServer

/// SQL as somebody types it who has a login and no Bincard: through psql.
struct Login {
    /// What came of one script.
    struct Answer {
        /// Rows, columns divided by |.
        var output: String
        var errors: String

        /// The SQL states of what failed, as in 42501.
        var states: [String] {
            errors.matches(of: /(?:ERROR|FATAL): {2}([0-9A-Z]{5}):/).map { String($0.output.1) }
        }

        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    var url: String

    /// Runs scripts one after the other in one session, each on a clean session; an error in one does not stop the rest
    /// of it.
    func run(_ scripts: [String]) throws -> [Answer] {
        guard let binaries = PostgresServer.binaries else {
            throw CocoaError(.fileNoSuchFile, userInfo: [NSLocalizedDescriptionKey: "PostgreSQL is not installed"])
        }
        let mark = "~~~ next ~~~"
        let input = scripts.map { "\($0)\n;ROLLBACK; DISCARD ALL;\n\\echo \(mark)\n\\warn \(mark)\n" }.joined()
        let file = NSTemporaryDirectory() + "/bincard-sql-\(UUID().uuidString)"
        try input.write(toFile: file, atomically: true, encoding: .utf8)
        let errorFile = file + ".errors"
        FileManager.default.createFile(atPath: errorFile, contents: nil)
        defer { for path in [file, errorFile] { try? FileManager.default.removeItem(atPath: path) } }
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: binaries + "/psql")
        process.arguments = [
            url, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "VERBOSITY=verbose", "--file", file,
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errorFile))
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let complained = try String(contentsOfFile: errorFile, encoding: .utf8)
        func parts(_ text: String) -> [String] {
            text.components(separatedBy: mark).map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
        }
        let (outputs, errors) = (parts(said), parts(complained))
        return scripts.indices.map { index in
            Answer(
                output: outputs.indices.contains(index) ? outputs[index] : "",
                errors: errors.indices.contains(index) ? errors[index] : "FATAL:  XXXXX: the session ended")
        }
    }

    func run(_ script: String) throws -> Answer { try run([script])[0] }
}
