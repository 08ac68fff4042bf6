import Foundation

/// The repository that this file lies in, as far as tidiness looks at it.
enum Checkout {
    /// The repository's root, found from this file's own place: Tests/TidyTests/Checkout.swift.
    static let root: URL = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// What is made on this machine and belongs to nobody else.
    private static let made: Set<String> = [
        ".git", ".build", ".swiftpm", ".venv", "node_modules", "__pycache__", "bincard-data",
    ]

    /// Paths relative to the root, sorted, of all files under a folder of it. What builds and runs have made is left
    /// out.
    static func files(under folder: String = "") throws -> [String] {
        var found: [String] = []
        var folders = [folder]
        while let folder = folders.popLast() {
            let names = try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)
            for name in names where !made.contains(name) {
                let path = folder.isEmpty ? name : folder + "/" + name
                if isFolder(path) { folders.append(path) } else { found.append(path) }
            }
        }
        return found.sorted()
    }

    /// Names of the folders right under a folder of the root, sorted.
    static func folders(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)
            .filter { !made.contains($0) && isFolder(folder + "/" + $0) }.sorted()
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    static func text(of path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The Swift files under the given folders, each read once for all tests.
    static func swiftFiles(under folders: String...) -> [SourceFile] {
        sources.filter { file in folders.contains { file.path.hasPrefix($0 + "/") } }
    }

    private static let sources: [SourceFile] = {
        let paths = ["Sources", "Tests", "Benchmarks", "Fuzzing"].flatMap { folder in
            exists(folder) ? (try? files(under: folder)) ?? [] : []
        }
        return paths.filter { $0.hasSuffix(".swift") }.compactMap { path in
            (try? text(of: path)).map { SourceFile(path: path, text: $0) }
        }
    }()

    private static func isFolder(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: root.appending(path: path).path, isDirectory: &isDirectory)
            && isDirectory.boolValue
    }
}

/// A place that breaks a rule, and how, as an editor can jump to it.
struct Finding: CustomStringConvertible {
    var path: String
    /// From 1; nil: the whole file.
    var line: Int?
    var detail: String

    var description: String { path + (line.map { ":\($0)" } ?? "") + ": " + detail }
}

extension [Finding] {
    /// What a failing test shows: every place on a line of its own.
    var report: String { "\n" + map(\.description).sorted().joined(separator: "\n") }
}
