import HTTPInterface
import LinkitAPI
import Testing
import WireSchema

/// A tenant as the Linkit API sees it. Every answer is held against the API's own rules.
struct LinkitRealm: Sendable {
    static let base = "/api/v1"
    let realm: ContractRealm

    /// With products and branches of these names.
    init(products: [String] = [], branches: [String] = []) async throws {
        realm = try await ContractRealm()
        for product in products { try await created("products", product) }
        for branch in branches { try await created("branches", branch) }
    }

    init(_ realm: ContractRealm) { self.realm = realm }

    @discardableResult
    func created(
        _ collection: String, _ ivID: String, _ members: String = "", at place: SourceLocation = #_sourceLocation
    ) async throws -> ContractAnswer {
        let more = members.isEmpty ? "" : ", \(members)"
        let answer = try await post(collection, #"{"iv_id": "\#(ivID)", "name": "N \#(ivID)"\#(more)}"#, at: place)
        try #require(answer.status == 201, "\(answer.text)", sourceLocation: place)
        return answer
    }

    /// - Parameter path: behind the base.
    func get(_ path: String, at place: SourceLocation = #_sourceLocation) async throws -> ContractAnswer {
        try await send("GET", path, at: place)
    }

    func put(
        _ path: String, _ body: String, key: String? = nil, at place: SourceLocation = #_sourceLocation
    ) async throws -> ContractAnswer {
        try await send("PUT", path, body, key: key, at: place)
    }

    func post(
        _ path: String, _ body: String, key: String? = nil, at place: SourceLocation = #_sourceLocation
    ) async throws -> ContractAnswer {
        try await send("POST", path, body, key: key, at: place)
    }

    func delete(
        _ path: String, key: String? = nil, at place: SourceLocation = #_sourceLocation
    ) async throws -> ContractAnswer {
        try await send("DELETE", path, key: key, at: place)
    }

    func send(
        _ method: String, _ path: String, _ body: String? = nil, key: String? = nil,
        at place: SourceLocation = #_sourceLocation
    ) async throws -> ContractAnswer {
        let headers = key.map { [("Idempotency-Key", $0)] } ?? []
        return try await realm.client.send(
            method, "\(Self.base)/\(path)", body: body.map { Array($0.utf8) }, headers: headers, at: place)
    }

    /// Sets a SKU, which must be accepted.
    @discardableResult
    func set(
        _ ivID: String, _ members: String, at place: SourceLocation = #_sourceLocation
    ) async throws -> ContractAnswer {
        let answer = try await put("skus/code/\(ivID)", "{\(members)}", at: place)
        try #require(answer.status == 200, "\(answer.text)", sourceLocation: place)
        return answer
    }

    /// Expects this refusal, to the byte, and a ledger that is as it was.
    func refused(
        _ status: Int, _ body: String, at place: SourceLocation = #_sourceLocation,
        _ request: (LinkitRealm) async throws -> ContractAnswer
    ) async throws {
        let before = try await realm.head().text
        let answer = try await request(self)
        #expect(answer.status == status, "\(answer.text)", sourceLocation: place)
        #expect(answer.text == body, sourceLocation: place)
        #expect(try await realm.head().text == before, "a refusal changed the ledger", sourceLocation: place)
    }

    /// Expects a refusal with a reason, and a ledger that is as it was.
    func refused(
        _ status: Int, reason: String, at place: SourceLocation = #_sourceLocation,
        _ request: (LinkitRealm) async throws -> ContractAnswer
    ) async throws {
        let before = try await realm.head().text
        let answer = try await request(self)
        #expect(answer.status == status, "\(answer.text)", sourceLocation: place)
        #expect(answer.json["details"]["reason"].string == reason, "\(answer.text)", sourceLocation: place)
        #expect(try await realm.head().text == before, "a refusal changed the ledger", sourceLocation: place)
    }
}

extension ContractAnswer {
    /// The `iv_id`s of a page.
    var ivIDs: [String] { json["data"].elements.compactMap { $0["iv_id"].string } }

    /// `count/total_count page limit has_next` of a page.
    var numbers: String {
        let names = ["count", "total_count", "page", "limit", "has_next"]
        return names.map { json[$0].text }.joined(separator: " ")
    }

    /// With the ids of SKUs replaced too.
    var skuShape: String { shape.replacing(/"r[0-9a-f]{16}"/, with: #""r*""#) }
}

/// What holds for every refusal of the Linkit API.
enum LinkitRules {
    static func complaints(about answer: ContractAnswer, to method: String, _ path: String) -> [String] {
        guard answer.contentType == "application/json" else {
            return ["the content type is \(answer.contentType ?? "nothing")"]
        }
        let json = answer.json
        var complaints: [String] = []
        if json.names != ["code", "error", "details"] { complaints.append("the error's members are \(json.names)") }
        if json["code"].int != Int64(answer.status) { complaints.append("code is not the status") }
        if json["error"].string?.isEmpty ?? true { complaints.append("it does not say what is wrong") }
        if json["details"].names.isEmpty { complaints.append("it has no details") }
        for name in json["details"].names where json["details"][name].string == nil {
            complaints.append("\(name) has no message")
        }
        let operation = LinkitAPI.operations.first {
            $0.description.method.rawValue.uppercased() == method && $0.description.path.match(path) != nil
        }
        guard let operation else { return complaints }
        let documented = operation.description.errors + LinkitError.common
        if !documented.contains(where: { $0.status == answer.status }) {
            complaints.append("\(operation.description.id) documents no \(answer.status)")
        }
        return complaints
    }
}
