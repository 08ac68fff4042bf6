import LedgerCore
import LedgerStorage
import ServerApp
import Testing

/// A tenant of its own in the running server: what one test does, no other sees.
struct ContractRealm: Sendable {
    let server: ContractServer
    let tenant: String
    let mode: Mode
    let created: Administration.CreatedKey
    let client: ContractClient

    init(
        on server: ContractServer? = nil, tenant: String? = nil, mode: Mode = .test,
        scopes: Set<Scope> = Set(Scope.allCases), limit: RateLimit? = nil
    ) async throws {
        self.server = try server ?? ContractServer.current()
        self.tenant = tenant ?? "tenant-\(Administration.freshID().text)"
        self.mode = mode
        created = try self.server.administration.createKey(
            tenant: self.tenant, mode: mode, name: "contract", scopes: scopes, limit: limit)
        client = ContractClient(url: self.server.url, secret: created.secret)
        try await waitUntilKnown()
    }

    /// A key is known at its first request, except where hundreds are made in one second, as these tests do: looking up
    /// keys that are not in memory is limited, and the next refresh finds them. A limited key's budget is not touched.
    private func waitUntilKnown() async throws {
        guard created.key.limit == nil else { return try await Task.sleep(for: .milliseconds(1_500)) }
        let deadline = ContinuousClock.now + .seconds(10)
        while try await client.get("/v1/ledger/head").status == 401, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Another key for the same realm.
    func key(scopes: Set<Scope> = Set(Scope.allCases), limit: RateLimit? = nil) async throws -> ContractRealm {
        try await ContractRealm(on: server, tenant: tenant, mode: mode, scopes: scopes, limit: limit)
    }

    /// Creates an item; `members` such as `"scale": 3`.
    @discardableResult
    func item(_ sku: String, _ members: String = "") async throws -> String {
        let more = members.isEmpty ? "" : ", \(members)"
        let answer = try await client.post(
            "/inventory/v1/items", #"{"sku": "\#(sku)", "name": "Item \#(sku)"\#(more)}"#)
        try #require(answer.status == 201, "\(answer.text)")
        return answer.id
    }

    /// Creates a location.
    @discardableResult
    func location(_ code: String, _ members: String = "") async throws -> String {
        let more = members.isEmpty ? "" : ", \(members)"
        let answer = try await client.post(
            "/inventory/v1/locations", #"{"code": "\#(code)", "name": "Location \#(code)"\#(more)}"#)
        try #require(answer.status == 201, "\(answer.text)")
        return answer.id
    }

    /// Records a movement that must be accepted; `members` without the braces.
    @discardableResult
    func movement(_ members: String, at place: SourceLocation = #_sourceLocation) async throws -> ContractAnswer {
        let answer = try await client.post("/inventory/v1/movements", "{\(members)}", at: place)
        try #require(answer.status == 201, "\(answer.text)", sourceLocation: place)
        return answer
    }

    /// Records a Skutrail entry that must be accepted.
    @discardableResult
    func entry(_ members: String, at place: SourceLocation = #_sourceLocation) async throws -> ContractAnswer {
        let answer = try await client.post("/v1/inventory/ledger", "{\(members)}", at: place)
        try #require(answer.status == 200, "\(answer.text)", sourceLocation: place)
        return answer
    }

    /// The world of the published examples: the items and locations, and `onHand` of SKU-0042 at SEA-1.
    func publishedExamples(onHand: Int64) async throws {
        try await location("SEA-1")
        try await location("PDX-1")
        try await item("SKU-0042")
        try await entry(#""sku": "SKU-0042", "warehouse": "SEA-1", "delta": \#(onHand), "reason": "opening""#)
    }

    func head() async throws -> AnswerJSON { try await client.get("/v1/ledger/head").json }

    func seq() async throws -> Int64 { try #require(try await head()["seq"].int) }

    /// All events, read in pages.
    func events(limit: Int = 500) async throws -> [AnswerJSON] {
        var events: [AnswerJSON] = []
        while true {
            let after = events.last?["seq"].int ?? 0
            let page = try await client.get("/v1/events?after=\(after)&limit=\(limit)").json
            events += page["data"].elements
            if page["has_more"].bool != true { return events }
            try #require(!page["data"].elements.isEmpty, "a page with more behind it has nothing on it")
        }
    }

    /// Expects a refusal with that status and code that leaves the ledger as it was, and whose code is explained.
    @discardableResult
    func refused(
        _ status: Int, _ code: String, _ faults: [String]? = nil, at place: SourceLocation = #_sourceLocation,
        _ request: (ContractClient) async throws -> ContractAnswer
    ) async throws -> ContractAnswer {
        let before = try await head().text
        let answer = try await request(client)
        #expect(answer.status == status, "\(answer.text)", sourceLocation: place)
        #expect(answer.code == code, "\(answer.text)", sourceLocation: place)
        if let faults { #expect(answer.faults == faults, "\(answer.text)", sourceLocation: place) }
        #expect(try await head().text == before, "a refusal changed the ledger", sourceLocation: place)
        let explained = try await client.get("/problems/\(answer.code)")
        #expect(explained.status == 200 && explained.text.contains(answer.code), sourceLocation: place)
        return answer
    }
}
