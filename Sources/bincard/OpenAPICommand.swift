import ArgumentParser
import Foundation
import ImportClient
import ServerApp
import WireSchema

struct OpenAPICommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "openapi", abstract: "Print the OpenAPI documents, which are written from the code's own schemas.",
        discussion: "--check compares the committed files with the code and fails when they differ.")

    @Argument(help: "One document's name; without it all, each on its own.") var name: String?
    @Flag(help: "Fail when the files in the folder are not what the code says.") var check = false
    @Flag(help: "Write the files.") var write = false
    @Option(help: "The folder of the files.") var folder = "openapi"

    func run() throws {
        let documents = APIDocuments.all.filter { name == nil || $0.name == name }
        guard !documents.isEmpty else {
            throw ValidationError(
                "There is no such document; there are \(APIDocuments.all.map(\.name).joined(separator: ", ")).")
        }
        var differing: [String] = []
        for document in documents {
            let path = "\(folder)/\(document.name).json"
            let problems = document.document.problems
            guard problems.isEmpty else {
                throw CommandFailure(.failed, "\(document.name): \(problems.joined(separator: "; "))")
            }
            let bytes = Data(document.document.render())
            if write {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                try bytes.write(to: URL(fileURLWithPath: path), options: .atomic)
                say("wrote \(path)")
            } else if check {
                if FileManager.default.contents(atPath: path) != bytes { differing.append(path) }
            } else {
                FileHandle.standardOutput.write(bytes)
            }
        }
        if !differing.isEmpty {
            throw CommandFailure(
                .failed,
                """
                \(differing.joined(separator: ", ")) is not what the code says; run `make openapi` and commit the \
                result
                """
            )
        }
    }
}
