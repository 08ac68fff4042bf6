import Foundation
import Testing

/// An entry of the journal as `GET /v1/events` shows it.
struct JournalEntry: Decodable, Sendable {
    struct Movement: Decodable, Sendable {
        var sku: String?
        var warehouse: String?
        var delta: Int64?
        var onHandBefore: Int64?
        var onHand: Int64?
        var reference: String?

        enum CodingKeys: String, CodingKey {
            case sku, warehouse, delta, reference
            case onHandBefore = "on_hand_before"
            case onHand = "on_hand"
        }
    }

    var seq: UInt64
    var id: String
    var type: String
    var data: Movement

    var isMovement: Bool { type == "movement.recorded" }
}

/// The end of the journal, as `GET /v1/ledger/head` and `bincard verify` show it.
struct JournalHead: Equatable, Sendable {
    var seq: Int64
    var hash: String

    init(_ json: JSON) throws {
        seq = try #require(json["seq"]?.integer)
        hash = try #require(json["hash"]?.text)
    }
}

/// A page of the journal.
struct JournalPage: Decodable {
    var data: [JournalEntry]
    var hasMore: Bool

    enum CodingKeys: String, CodingKey {
        case data
        case hasMore = "has_more"
    }
}

extension Caller {
    func page(after: UInt64, limit: Int) throws -> JournalPage {
        let answer = try get("/v1/events?after=\(after)&limit=\(limit)")
        try #require(answer.status == 200, "\(answer.text)")
        return try JSONDecoder().decode(JournalPage.self, from: Data(answer.body))
    }

    /// All entries after the given one, whose seqs must follow each other without a gap.
    func entries(after: UInt64 = 0) throws -> [JournalEntry] {
        var all: [JournalEntry] = []
        var last = after
        while true {
            let page = try page(after: last, limit: 1_000)
            for entry in page.data {
                try #require(entry.seq == last + 1, "entry \(entry.seq) comes after \(last)")
                last = entry.seq
            }
            all += page.data
            guard page.hasMore else { return all }
            try #require(!page.data.isEmpty, "there is more after \(last), and none of it comes")
        }
    }

    func head() throws -> JournalHead {
        let answer = try get("/v1/ledger/head")
        try #require(answer.status == 200, "\(answer.text)")
        return try JournalHead(answer.json())
    }

    /// Creates an item and a location and returns when they are there.
    func makeItems(_ skus: [String], locations: [String]) throws {
        for sku in skus {
            let answer = try post(
                "/inventory/v1/items", #"{"sku":"\#(sku)","name":"\#(sku)"}"#, idempotencyKey: "item-\(sku)")
            try #require(answer.status == 201, "\(answer.text)")
        }
        for code in locations {
            let answer = try post(
                "/inventory/v1/locations", #"{"code":"\#(code)","name":"\#(code)"}"#, idempotencyKey: "location-\(code)"
            )
            try #require(answer.status == 201, "\(answer.text)")
        }
    }

    /// Writes one movement; its reference is its idempotency key.
    func move(_ sku: String, at warehouse: String, _ delta: Int, key: String) throws(ConnectionLost) -> Answer {
        try post(
            "/v1/inventory/ledger",
            #"{"sku":"\#(sku)","warehouse":"\#(warehouse)","delta":\#(delta),"reason":"count","reference":"\#(key)"}"#,
            idempotencyKey: key)
    }

    func onHand(_ sku: String, at warehouse: String) throws -> Int64 {
        let answer = try get("/v1/inventory/balance?sku=\(sku)&warehouse=\(warehouse)")
        try #require(answer.status == 200, "\(answer.text)")
        let balance = try answer.json()["balance"]?.integer
        return try #require(balance)
    }
}

/// Checks that each movement begins where the one before it at the same level ended, and gives what every level ends
/// with.
func balances(of entries: [JournalEntry]) throws -> [String: Int64] {
    var levels: [String: Int64] = [:]
    for entry in entries where entry.isMovement {
        let movement = entry.data
        let level = "\(movement.sku ?? "?") at \(movement.warehouse ?? "?")"
        let delta = try #require(movement.delta)
        try #require(movement.onHandBefore == levels[level, default: 0], "entry \(entry.seq)")
        try #require(movement.onHand == levels[level, default: 0] + delta, "entry \(entry.seq)")
        levels[level, default: 0] += delta
    }
    return levels
}
