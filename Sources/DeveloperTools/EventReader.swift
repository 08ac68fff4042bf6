internal import WireSchema

/// Reads the journal over the API.
package struct EventReader: Sendable {
    /// The most events that the API gives at once.
    private static let page: Int64 = 1_000

    private let client: ServerClient

    package init(_ client: ServerClient) {
        self.client = client
    }

    /// The events after a seq, in order, in as many requests as it takes.
    ///
    /// - Parameters:
    ///   - through: no event with a larger seq; nil for the journal's end.
    ///   - limit: at most so many events.
    ///   - types: which, separated by commas; nil for all.
    /// - Throws: `DeveloperError`, `CancellationError`.
    package func events(
        after seq: Int64, through last: Int64? = nil, limit: Int64 = .max, types: String?
    ) async throws -> [EventRecord] {
        var found: [EventRecord] = []
        var after = seq
        while Int64(found.count) < limit, last.map({ after < $0 }) ?? true {
            let path = RequestPath.make(
                "/v1/events",
                [
                    ("after", "\(after)"), ("limit", "\(min(Self.page, limit - Int64(found.count)))"),
                    ("types", types),
                ])
            let page = try await client.get(path).json().root
            guard let seen = try? page["last_seq"]?.integer(), let hasMore = page["has_more"]?.bool, seen >= after
            else {
                throw DeveloperError.answer("a page of events does not say where it ends")
            }
            for element in page["data"]?.elements ?? [] {
                let event = try EventRecord(element)
                if let last, event.seq > last { return found }
                found.append(event)
            }
            guard hasMore, seen > after else { break }
            after = seen
        }
        return found
    }

    /// The newest events, in order. Looks at ever larger stretches of the journal from its end, since only a filter
    /// makes it look at more than it shows.
    package func newest(_ limit: Int64, types: String?) async throws -> [EventRecord] {
        var end = try await EventFollower.head(client)
        var stretch = max(limit, 100)
        var found: [EventRecord] = []
        while end > 0, Int64(found.count) < limit {
            let start = max(0, end - stretch)
            found = try await events(after: start, through: end, types: types) + found
            end = start
            stretch = min(stretch * 4, 50_000)
        }
        return found.suffix(Int(clamping: limit))
    }

    /// One event, under any of the ids that it has.
    package func event(_ id: String) async throws -> EventRecord {
        try EventRecord(try await client.get("/v1/events/\(RequestPath.encode(id))").json().root)
    }
}
