package import WireSchema

/// The webhook endpoints of a realm, over the API.
package struct Webhooks: Sendable {
    /// The most rows that the API gives at once.
    private static let page: Int64 = 100
    private static let path = "/inventory/v1/webhooks"

    private let client: ServerClient

    package init(_ client: ServerClient) {
        self.client = client
    }

    // MARK: Endpoints

    /// What is said of an endpoint when it is made or changed; nil is left out.
    package struct Draft: Sendable {
        package var url: String?
        package var events: [String]?
        package var description: String?
        package var secret: String?

        package init(
            url: String? = nil, events: [String]? = nil, description: String? = nil, secret: String? = nil
        ) {
            self.url = url
            self.events = events
            self.description = description
            self.secret = secret
        }

        fileprivate var json: [UInt8] {
            var members: [String: RequestMember] = [:]
            members["url"] = url.map(RequestMember.text)
            members["events"] = events.map(RequestMember.texts)
            // Nothing is a description, too: none.
            members["description"] = description.map { $0.isEmpty ? .null : .text($0) }
            members["secret"] = secret.map(RequestMember.text)
            return RequestMember.json(members)
        }
    }

    /// Makes an endpoint. The answer has a `secret` when the server has made one.
    package func create(_ draft: Draft) async throws -> JSONDocument {
        try await client.write(.post, Self.path, body: draft.json).json()
    }

    /// Every endpoint, in order of creation.
    package func list() async throws -> [JSONValue] { try await rows(Self.path, [], limit: .max) }

    /// One endpoint, with how its deliveries get on.
    package func endpoint(_ id: String) async throws -> JSONDocument { try await client.get(path(id)).json() }

    /// Changes what the draft names.
    package func update(_ id: String, _ draft: Draft) async throws -> JSONDocument {
        try await client.write(.patch, path(id), body: draft.json).json()
    }

    /// Sends it events again, from where it was left.
    package func enable(_ id: String) async throws -> JSONDocument {
        try await client.write(.post, path(id, "enable")).json()
    }

    /// Sends it nothing until it is enabled; its place is kept.
    package func disable(_ id: String) async throws -> JSONDocument {
        try await client.write(.post, path(id, "disable")).json()
    }

    /// Deletes it with everything that was waiting for it.
    package func delete(_ id: String) async throws -> JSONDocument {
        try await client.write(.delete, path(id)).json()
    }

    /// Gives it another secret; the old one signs beside it for so many seconds.
    package func rotate(_ id: String, graceSeconds: Int64?, secret: String?) async throws -> JSONDocument {
        var members: [String: RequestMember] = [:]
        members["grace_seconds"] = graceSeconds.map(RequestMember.number)
        members["secret"] = secret.map(RequestMember.text)
        return try await client.write(.post, path(id, "rotate-secret"), body: RequestMember.json(members)).json()
    }

    /// Sends a sample event, which is remembered nowhere.
    package func test(_ id: String, type: String) async throws -> JSONDocument {
        try await client.ask(path(id, "test"), body: RequestMember.json(["type": .text(type)])).json()
    }

    // MARK: Deliveries

    /// Which deliveries are shown; nil is left out.
    package struct DeliveryFilter: Sendable {
        package var status: String?
        package var type: String?
        /// RFC 3339.
        package var since: String?
        package var until: String?

        package init() {}

        fileprivate var query: [(name: String, value: String?)] {
            [("status", status), ("type", type), ("since", since), ("until", until)]
        }
    }

    /// Deliveries to an endpoint, newest event first.
    package func deliveries(_ id: String, _ filter: DeliveryFilter, limit: Int64) async throws -> [JSONValue] {
        try await rows(path(id, "deliveries"), filter.query, limit: limit)
    }

    /// One delivery, with its last request and every attempt.
    package func delivery(_ id: String, event: String) async throws -> JSONDocument {
        try await client.get(path(id, "deliveries", event)).json()
    }

    /// What was given up, of one endpoint or of all.
    package func deadLetters(
        webhook: String?, _ filter: DeliveryFilter, limit: Int64
    ) async throws -> [JSONValue] {
        let query = [("webhook", webhook)] + filter.query.filter { $0.name != "status" }
        return try await rows("/inventory/v1/dead-letters", query, limit: limit)
    }

    // MARK: Replays

    /// Which stretch of the journal is sent once more; nil is left out.
    package struct ReplayRange: Sendable {
        package var fromSeq: Int64?
        package var toSeq: Int64?
        /// RFC 3339.
        package var since: String?
        package var until: String?
        package var events: [String]?
        package var deadOnly = false

        package init() {}

        fileprivate var json: [UInt8] {
            var members: [String: RequestMember] = [:]
            members["from_seq"] = fromSeq.map(RequestMember.number)
            members["to_seq"] = toSeq.map(RequestMember.number)
            members["since"] = since.map(RequestMember.text)
            members["until"] = until.map(RequestMember.text)
            members["events"] = events.map(RequestMember.texts)
            if deadOnly { members["dead_only"] = .flag(true) }
            return RequestMember.json(members)
        }
    }

    /// Sends a stretch of the journal once more.
    package func replay(_ id: String, _ range: ReplayRange) async throws -> JSONDocument {
        try await client.write(.post, path(id, "replay"), body: range.json).json()
    }

    /// Sends one event once more.
    package func replay(_ id: String, event: String) async throws -> JSONDocument {
        try await client.write(.post, path(id, "deliveries", event, "replay")).json()
    }

    /// The replays of an endpoint that are not done yet.
    package func replays(_ id: String) async throws -> [JSONValue] {
        try await data(of: client.get(path(id, "replays")).json().root)
    }

    /// Sends one event once more to every enabled endpoint that takes it, and gives their ids.
    package func resend(event: String) async throws -> [String] {
        var sent: [String] = []
        for endpoint in try await list() where endpoint["status"]?.string == "enabled" {
            guard let id = endpoint["id"]?.string else { continue }
            do {
                _ = try await replay(id, event: event)
                sent.append(id)
            } catch let error as DeveloperError where error.isRefusal("delivery_not_found") {
                // Not an event that it takes.
            }
        }
        return sent
    }

    // MARK: Paths and pages

    private func path(_ parts: String...) -> String {
        ([Self.path] + parts.map(RequestPath.encode)).joined(separator: "/")
    }

    private func rows(
        _ path: String, _ query: [(name: String, value: String?)], limit: Int64
    ) async throws -> [JSONValue] {
        var rows: [JSONValue] = []
        var cursor: String?
        repeat {
            let size = min(Self.page, limit - Int64(rows.count))
            let page = try await client.get(
                RequestPath.make(path, query + [("limit", "\(size)"), ("cursor", cursor)])
            ).json().root
            rows += try data(of: page)
            cursor = page["has_more"]?.bool == false ? nil : page["next_cursor"]?.string
        } while cursor != nil && Int64(rows.count) < limit
        return rows
    }

    private func data(of page: JSONValue) throws(DeveloperError) -> [JSONValue] {
        guard let data = page["data"], data.kind == .array else { throw .answer("a list has no data") }
        return data.elements
    }
}
