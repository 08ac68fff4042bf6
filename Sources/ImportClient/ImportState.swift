internal import Foundation

/// How far an import has come, kept beside its errors file so that a run that was killed can go on. It only saves
/// work: whatever it says, every line or request has an idempotency key, and sending one again changes nothing within
/// the 24 hours that a server remembers keys.
package struct ImportState: Hashable, Sendable, Codable {
    /// What must be the same for a state to count: content, server, key and preset. The key itself is not kept.
    package struct Identity: Hashable, Sendable, Codable {
        /// SHA-256 of the uncompressed content, in hex.
        package var content: String
        package var url: String
        /// First 16 hex digits of the API key's SHA-256.
        package var key: String
        package var preset: String?

        package init(content: String, url: String, key: String, preset: String?) {
            self.content = content
            self.url = url
            self.key = key
            self.preset = preset
        }
    }

    package var version = 1
    package var identity: Identity
    /// Tells runs apart whose lines say what shall be: a new run sets everything again, and one that goes on must send
    /// what was on its way under the same idempotency key. Empty where lines have keys of their own.
    package var run = ""
    /// Line of the last row that is done.
    package var lastLine = 0
    package var isComplete = false
    /// Bytes of the errors file at that moment.
    package var errorsLength: Int64 = 0
    package var tally = PostingTally()
    /// Seconds since 1970.
    package var savedAt: Double = 0

    package init(identity: Identity) {
        self.identity = identity
    }

    /// The state at `path` when it is one of this import; nil when there is none, or it is another's or unreadable.
    package static func load(path: String, for identity: Identity) -> ImportState? {
        guard let content = FileManager.default.contents(atPath: path),
            let state = try? JSONDecoder().decode(ImportState.self, from: content), state.version == 1,
            state.identity == identity, state.lastLine >= 0, state.errorsLength >= 0
        else { return nil }
        return state
    }

    /// Replaces the file as a whole. Throws `ImportError.file`.
    package func save(path: String) throws(ImportError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let content: Data
        do {
            content = try encoder.encode(self)
        } catch {
            throw .file(path: path, problem: "\(error)")
        }
        try replaceFile(at: path, with: Array(content))
    }
}

/// What became of the lines that were sent.
package struct PostingTally: Hashable, Sendable, Codable {
    package var recorded = 0
    package var unchanged = 0
    package var replayed = 0
    package var refused = 0
    /// Rows of the file that could not be sent and are in the errors file.
    package var invalid = 0
    /// Opening receipts among the refused.
    package var refusedOpenings = 0
    package var batches = 0
    /// Of what was sent.
    package var kinds = KindTally()

    package init() {}

    package var posted: Int { recorded + unchanged + replayed + refused }
}
