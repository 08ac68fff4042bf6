import HTTPInterface
import SellerAPI
import Testing

/// What holds for every refusal of the Seller API (contracts, *Errors*).
enum SellerRules {
    static func covers(_ path: String) -> Bool {
        path == SellerAPI.base || path.hasPrefix("\(SellerAPI.base)/")
    }

    static func complaints(about answer: ContractAnswer) -> [String] {
        let error = answer.json["error"]
        var complaints: [String] = []
        if answer.contentType != "application/json" {
            complaints.append("the content type is \(answer.contentType ?? "nothing")")
        }
        if answer.json.names != ["error"] || error.names != ["code", "message", "details"] {
            complaints.append("the error's members are \(answer.json.names) and \(error.names)")
        }
        if answer.sellerCode.wholeMatch(of: /[A-Z]+(_[A-Z]+)*/) == nil {
            complaints.append("the code is no code")
        }
        if error["message"].string?.isEmpty ?? true { complaints.append("there is no message") }
        if ProblemCatalogue.entry(answer.sellerReason)?.status != answer.status {
            complaints.append("\(answer.sellerReason) is not in the catalogue with \(answer.status)")
        }
        if !answer.isReplay, error["details"]["request_id"].string != answer.requestID {
            complaints.append("request_id and X-Request-Id differ")
        }
        return complaints
    }
}

extension ContractAnswer {
    var sellerCode: String { json["error"]["code"].string ?? "" }
    var sellerReason: String { json["error"]["details"]["reason"].string ?? "" }
    /// Pointer and code of each fault.
    var sellerFaults: [String] {
        json["error"]["details"]["errors"].elements.map {
            "\($0["pointer"].string ?? "?") \($0["code"].string ?? "?")"
        }
    }
}

extension ContractRealm {
    static let seller = "/api/inventory"

    /// Creates a warehouse; `members` such as `"type": "FBA"`.
    @discardableResult
    func warehouse(
        _ name: String, _ members: String = "", at place: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let more = members.isEmpty ? "" : ", \(members)"
        let answer = try await client.post(
            "\(Self.seller)/warehouses", #"{"name": "\#(name)"\#(more)}"#, key: nil, at: place)
        try #require(answer.status == 201, "\(answer.text)", sourceLocation: place)
        return answer.id
    }

    /// Changes a SKU; must be accepted.
    @discardableResult
    func put(
        _ sku: String, _ members: String, key: String? = nil,
        at place: SourceLocation = #_sourceLocation
    ) async throws -> ContractAnswer {
        let answer = try await client.put("\(Self.seller)/\(sku)", "{\(members)}", key: key, at: place)
        try #require(answer.status == 200, "\(answer.text)", sourceLocation: place)
        return answer
    }

    /// A marketplace's count; must be accepted.
    @discardableResult
    func snapshot(
        _ warehouse: String, _ time: String, _ lines: String,
        at place: SourceLocation = #_sourceLocation
    ) async throws -> ContractAnswer {
        let answer = try await client.post(
            "\(Self.seller)/warehouses/\(warehouse)/snapshot",
            #"{"observed_at": "\#(time)", "items": [\#(lines)]}"#,
            key: nil, at: place)
        try #require(answer.status == 200, "\(answer.text)", sourceLocation: place)
        return answer
    }

    /// Expects a refusal of the Seller API with that status and code that leaves the ledger as it was.
    @discardableResult
    func sellerRefused(
        _ status: Int, _ code: String, _ faults: [String]? = nil,
        at place: SourceLocation = #_sourceLocation,
        _ request: (ContractClient) async throws -> ContractAnswer
    ) async throws -> ContractAnswer {
        let before = try await head().text
        let answer = try await request(client)
        #expect(answer.status == status, "\(answer.text)", sourceLocation: place)
        #expect(answer.sellerCode == code, "\(answer.text)", sourceLocation: place)
        if let faults {
            #expect(answer.sellerFaults == faults, "\(answer.text)", sourceLocation: place)
        }
        #expect(try await head().text == before, "a refusal changed the ledger", sourceLocation: place)
        return answer
    }

    /// Types of the events behind a place in the journal.
    func eventTypes(after seq: Int64) async throws -> [String] {
        try await events().filter { ($0["seq"].int ?? 0) > seq }.compactMap { $0["type"].string }
    }
}
