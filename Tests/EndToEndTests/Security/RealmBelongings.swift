import Foundation
import Testing

/// A realm with one of everything that a request can name, and what a request of its owner says in each place.
struct RealmBelongings {
    let user: RealmUser
    let sku: String
    let itemID: String
    /// Where there is stock, and where some goes.
    let codes: [String]
    /// An item and a location that nothing was ever at.
    let bare: (sku: String, code: String)
    /// Kept by a marketplace.
    let marketplace: String
    let receipt: String
    let webhook: String
    /// What the endpoint was sent.
    let event: String
    let webhookURL: String

    static let stock: Int64 = 1_000_000

    /// - Parameters:
    ///   - mark: begins every name in the realm.
    ///   - webhookURL: where its endpoint is; it should answer at once.
    ///   - isSent: whether to wait until the endpoint was sent something.
    init(_ user: RealmUser, mark: String, webhookURL: String, isSent: Bool = true) async throws {
        self.user = user
        self.webhookURL = webhookURL
        let names = (0..<7).map { "\(mark)-\($0)-\(Twin.randomDigits(10))" }
        sku = names[0]
        codes = [names[1], names[2]]
        webhook =
            try user.make(
                "POST", "/inventory/v1/webhooks", #"{"url": "\#(webhookURL)", "events": ["item.created"]}"#)["id"]?.text
            ?? ""
        itemID = try user.make("POST", "/inventory/v1/items", #"{"sku": "\#(sku)", "name": "I"}"#)["id"]?.text ?? ""
        for code in codes {
            try user.make("POST", "/inventory/v1/locations", #"{"code": "\#(code)", "name": "L"}"#)
        }
        try user.make("PATCH", "/inventory/v1/locations/\(codes[0])", #"{"is_default": true}"#)
        let kept = try user.make(
            "POST", "/api/inventory/warehouses", #"{"name": "M", "code": "\#(names[3])", "type": "FBA"}"#)
        marketplace = kept["id"]?.text ?? kept["data"]?["id"]?.text ?? names[3]
        var receipts: [String] = []
        for code in codes {
            let receipt = try user.make(
                "POST", "/inventory/v1/movements",
                #"{"item_id": "\#(sku)", "location_id": "\#(code)", "qty": \#(Self.stock), "type": "receipt", "unit_cost": "2"}"#
            )
            receipts.append(receipt["id"]?.text ?? "")
        }
        receipt = receipts[0]
        bare = (names[5], names[6])
        try user.make("POST", "/inventory/v1/items", #"{"sku": "\#(bare.sku)", "name": "K"}"#)
        try user.make("POST", "/inventory/v1/locations", #"{"code": "\#(bare.code)", "name": "N"}"#)
        // Lists go on behind their first row.
        let second = try user.make("POST", "/inventory/v1/items", #"{"sku": "\#(names[4])", "name": "J"}"#)
        try user.make(
            "POST", "/v1/inventory/ledger",
            #"{"sku": "\#(names[4])", "warehouse": "\#(codes[0])", "delta": 5, "reason": "opening"}"#)
        event = "evt_" + (second["id"]?.text?.dropFirst(4) ?? "")
        guard isSent else { return }
        let (event, webhook) = (event, webhook)
        try await eventually("the endpoint was not sent \(event)") {
            let delivery = try user.get("/inventory/v1/webhooks/\(webhook)/deliveries/\(event)")
            return delivery.status == 200 && delivery.text.contains("\"last_attempt_at\":\"2")
        }
    }

    /// What is moved without a location is moved here, and not among later belongings of the realm.
    func makeDefault() throws {
        try user.make("PATCH", "/inventory/v1/locations/\(codes[0])", #"{"is_default": true}"#)
    }

    /// What the owner writes there; nil for a text that names nothing.
    func own(_ slot: TextSlot, in operation: PublishedOperation) -> String? {
        let collection = operation.path.split(separator: "/").last { !$0.contains("{") && isCollection($0) } ?? ""
        switch slot.name {
        case "sku" where !operation.creates, "item_id", "product_iv_id": return sku
        case "warehouse", "location_id", "warehouse_id", "branch_iv_id": return codes[0]
        case "to_warehouse", "to_location_id": return codes[1]
        case "receipt_id", "at": return receipt
        case "event_id", "Last-Event-ID": return event
        case "webhook": return webhook
        case "idempotency_key", "Idempotency-Key": return user.freshKey()
        case "url": return webhookURL
        case "secret": return "whsec_\(Data(Twin.randomDigits(32).utf8).base64EncodedString())"
        case "id", "ivId", "iv_id":
            switch collection {
            case "items", "products": return operation.creates ? nil : operation.ends ? bare.sku : sku
            case "locations", "branches": return operation.creates ? nil : operation.ends ? bare.code : codes[0]
            case "warehouses": return operation.path.hasSuffix("/snapshot") ? marketplace : codes[0]
            case "skus": return "\(sku)_\(codes[0])"
            case "webhooks": return webhook
            case "movements": return receipt
            case "events": return event
            default: return nil
            }
        default: return nil
        }
    }

    private func isCollection(_ segment: Substring) -> Bool {
        ["items", "products", "locations", "branches", "warehouses", "skus", "webhooks", "movements", "events"]
            .contains(segment)
    }

    /// Numbers that must fit what there is.
    private static let numbers: [String: Int64] = ["quantity": stock, "expected_quantity": stock]

    /// An example of the document with what is this realm's own in the place of what the example names, and with fresh
    /// names for what it creates.
    func own(_ example: JSON, of operation: PublishedOperation) -> JSON {
        var body = example
        for (path, value) in example.leaves() {
            guard let name = path.last(where: { Int($0) == nil }) else { continue }
            if let number = Self.numbers[name] { body = body.with(.integer(number), at: path) }
            guard value.text != nil else { continue }
            let slot = TextSlot(place: .body(path), name: name, isReference: true)
            if let own = own(slot, in: operation) {
                body = body.with(.string(own), at: path)
            } else if operation.creates, ["sku", "code", "iv_id", "name"].contains(name) {
                body = body.with(.string("NEW-1-\(Twin.randomDigits(10))"), at: path)
            }
        }
        return body
    }

    /// Bodies that the documents don't show, for places of theirs that are nowhere looked at otherwise.
    static let furtherExamples: [String: [String]] = [
        "createMovement": [#"{"item_id": "x", "location_id": "x", "qty": -1, "type": "return", "receipt_id": "x"}"#],
        "createMovementBatch": [
            #"{"movements": [{"item_id": "x", "location_id": "x", "qty": -1, "type": "return", "receipt_id": "x", "idempotency_key": "x"}]}"#,
            #"{"movements": [{"item_id": "x", "location_id": "x", "to_location_id": "x", "qty": 1, "type": "transfer", "idempotency_key": "x"}]}"#,
        ],
    ]

    /// Every body to try an operation with, to be filled with what is the owner's; nil alone for one without a body.
    static func examples(of operation: PublishedOperation) throws -> [JSON?] {
        guard operation.body != nil else { return [nil] }
        let further = try (furtherExamples[operation.id] ?? []).map { try JSON(Array($0.utf8)) }
        let examples = operation.examples + further
        try #require(!examples.isEmpty, "\(operation.id) has no example to begin with")
        return examples
    }

    /// What an operation may answer to its owner though nothing is wrong.
    static func isFine(_ answer: Answer, of operation: PublishedOperation) -> Bool {
        // No endpoint here was ever out of reach for days.
        answer.status < 300 || operation.id == "replayWebhook" && answer.text.contains("nothing_to_replay")
    }

    /// The parameters that the owner sends in any case.
    func path(of operation: PublishedOperation) throws -> [String: String] {
        var values: [String: String] = [:]
        for parameter in operation.parameters where parameter.place == "path" {
            let slot = TextSlot(place: .path, name: parameter.name, isReference: true)
            values[parameter.name] = try #require(
                own(slot, in: operation),
                "\(operation.id): nobody has said what {\(parameter.name)} of \(operation.path) names: RealmBelongings.own"
            )
        }
        return values
    }

    func query(of operation: PublishedOperation) -> [(name: String, value: String)] {
        operation.parameters.filter { $0.place == "query" }.compactMap { parameter in
            if parameter.name == "limit" { return ("limit", "1") }
            guard parameter.isRequired else { return nil }
            let slot = TextSlot(place: .query, name: parameter.name, isReference: true)
            return own(slot, in: operation).map { (parameter.name, $0) }
        }
    }
}
