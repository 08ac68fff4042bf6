import Foundation
package import SQLiteStorage

/// `server.json` in the data directory while a server runs: where it listens, so that the commands beside it find it.
package struct ServerNote: Codable, Sendable {
    package var host: String
    package var port: Int
    package var pid: Int32

    init(host: String, port: Int) {
        self.host = host
        self.port = port
        pid = getpid()
    }

    /// Where a program on the same machine reaches it.
    package var url: String {
        let host = ["0.0.0.0", "::"].contains(host) ? "127.0.0.1" : host
        return "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    /// The note of a server that is alive; nil when there is none.
    package static func read(from directory: DataDirectory) -> ServerNote? {
        guard let data = FileManager.default.contents(atPath: path(directory)),
            let note = try? JSONDecoder().decode(ServerNote.self, from: data), kill(note.pid, 0) == 0
        else { return nil }
        return note
    }

    /// - Returns: whether it was written; without it the commands beside the server don't find it, and nothing else.
    func write(in directory: DataDirectory) -> Bool {
        guard let data = try? JSONEncoder().encode(self) else { return false }
        return FileManager.default.createFile(atPath: ServerNote.path(directory), contents: data)
    }

    static func remove(from directory: DataDirectory) {
        try? FileManager.default.removeItem(atPath: path(directory))
    }

    private static func path(_ directory: DataDirectory) -> String { directory.path + "/server.json" }
}
