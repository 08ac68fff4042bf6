import Testing

/// An operation as the OpenAPI document that the server gives out describes it. Nothing else is known of it here: one
/// that is new is tried without anybody thinking of it.
struct PublishedOperation {
    /// Something that is sent with a request beside its body.
    struct Parameter {
        var name: String
        /// `path`, `query` or `header`.
        var place: String
        var isRequired: Bool
        var schema: JSON
        var description: String
    }

    /// `GET`.
    var method: String
    /// Such as `/inventory/v1/items/{id}`.
    var path: String
    var id: String
    var scopes: [String]
    /// As `security` says it to tools.
    var securityScopes: [String]
    var parameters: [Parameter]
    /// nil for an operation without a body.
    var body: JSON?
    /// Bodies that the document shows.
    var examples: [JSON]
    /// By status: the content type of its answer, and the schema of that.
    var answers: [String: (type: String, schema: JSON)]
    /// For following references.
    var document: JSON

    var writes: Bool { method != "GET" }
    var isStream: Bool { answers["200"]?.type == "text/event-stream" }
    /// Makes something new under a name that the caller gives.
    var creates: Bool {
        let named = ["sku", "code", "iv_id", "name"].contains { body?["properties"]?[$0] != nil }
        return method == "POST" && !path.contains("{") && answers["201"] != nil && named
    }
    /// Is about what an endpoint was sent.
    var asksForDeliveries: Bool { path.contains("/deliveries") || path.contains("/replay") }
    /// What it names can't be named again.
    var ends: Bool { method == "DELETE" || path.hasSuffix("/archive") }
    var takesIdempotencyKey: Bool { parameters.contains { $0.name == "Idempotency-Key" } }

    /// Every operation of every document of a server.
    static func all(of caller: Caller) throws -> [PublishedOperation] {
        let names = try caller.get("/openapi.json").json()["documents"]?.elements.compactMap { $0["name"]?.text } ?? []
        try #require(names.count >= 4, "there are \(names)")
        return try names.flatMap { name -> [PublishedOperation] in
            let document = try caller.get("/openapi/\(name).json").json()
            let paths = try #require(document["paths"])
            return try paths.names.sorted().flatMap { path in
                try (paths[path]?.names.sorted() ?? []).map { method in
                    try PublishedOperation(
                        method.uppercased(), path, try #require(paths[path]?[method]), in: document)
                }
            }
        }
    }

    private init(_ method: String, _ path: String, _ operation: JSON, in document: JSON) throws {
        self.method = method
        self.path = path
        self.document = document
        id = try #require(operation["operationId"]?.text)
        scopes = operation["x-required-scopes"]?.elements.compactMap(\.text) ?? []
        securityScopes =
            operation["security"]?.elements.flatMap { $0["bearerAuth"]?.elements ?? [] }
            .compactMap(\.text) ?? []
        let follow = { (value: JSON) in Self.follow(value, in: document) }
        parameters = (operation["parameters"]?.elements ?? []).map(follow).map { parameter in
            Parameter(
                name: parameter["name"]?.text ?? "", place: parameter["in"]?.text ?? "",
                isRequired: parameter["required"]?.isTrue ?? false,
                schema: follow(parameter["schema"] ?? .null), description: parameter["description"]?.text ?? "")
        }
        let content = operation["requestBody"].map(follow)?["content"]?["application/json"]
        body = content?["schema"].map(follow)
        let shown = content?["examples"]
        examples = (shown?.names.sorted() ?? []).compactMap { shown?[$0]?["value"] }
        answers = [:]
        for status in operation["responses"]?.names ?? [] {
            let answer = operation["responses"]?[status].map(follow)
            for type in answer?["content"]?.names ?? [] {
                answers[status] = (type, follow(answer?["content"]?[type]?["schema"] ?? .null))
            }
        }
    }

    /// What a reference leads to, or the value itself.
    func follow(_ value: JSON) -> JSON { Self.follow(value, in: document) }

    private static func follow(_ value: JSON, in document: JSON) -> JSON {
        guard let reference = value["$ref"]?.text else { return value }
        return document.value(at: reference.split(separator: "/").dropFirst().map(String.init)) ?? .null
    }
}

/// A place of a request that takes a text of the caller's.
struct TextSlot: Hashable, CustomStringConvertible {
    enum Place: Hashable {
        case path
        case query
        case header
        /// Behind these names of members and numbers of elements.
        case body([String])
    }

    var place: Place
    var name: String
    /// Whether its name or its description says that it names something that is there already.
    var isReference: Bool

    var description: String {
        switch place {
        case .path: "{\(name)}"
        case .query: "?\(name)"
        case .header: name
        case .body(let path): "/" + path.joined(separator: "/")
        }
    }
}

extension PublishedOperation {
    /// Where texts go that the caller chooses freely, in a request with this body.
    func textSlots(body example: JSON?) -> [TextSlot] {
        var slots: [TextSlot] = []
        for parameter in parameters where Self.isFreeText(parameter.schema) {
            let place: TextSlot.Place =
                switch parameter.place {
                case "path": .path
                case "query": .query
                default: .header
                }
            let isReference = place == .path || Self.namesSomething(parameter.name, parameter.description)
            slots.append(TextSlot(place: place, name: parameter.name, isReference: isReference))
        }
        if let body, let example { slots += bodySlots(body, example, at: []) }
        return slots
    }

    private func bodySlots(_ schema: JSON, _ example: JSON, at path: [String]) -> [TextSlot] {
        (schema["properties"]?.names.sorted() ?? []).flatMap { name -> [TextSlot] in
            let member = follow(schema["properties"]?[name] ?? .null)
            let place = path + [name]
            if Self.isFreeText(member) {
                let isReference = !creates && Self.namesSomething(name, member["description"]?.text ?? "")
                return [TextSlot(place: .body(place), name: name, isReference: isReference)]
            }
            guard let value = example[name] else { return [] }
            if let items = member["items"].map(follow) {
                // One line of many stands for all.
                guard let first = value[0] else { return [] }
                if Self.isFreeText(items) {
                    return [TextSlot(place: .body(place + ["0"]), name: name, isReference: false)]
                }
                return bodySlots(items, first, at: place + ["0"])
            }
            return bodySlots(member, value, at: place)
        }
    }

    private static func isFreeText(_ schema: JSON) -> Bool {
        let types = schema["type"].map { $0.text.map { [$0] } ?? $0.elements.compactMap(\.text) } ?? []
        let ownForms = ["date-time", "decimal"]
        return types.contains("string") && schema["enum"] == nil && !ownForms.contains(schema["format"]?.text ?? "")
    }

    private static func namesSomething(_ name: String, _ description: String) -> Bool {
        let known = ["id", "sku", "warehouse", "to_warehouse", "webhook", "cursor", "at", "Last-Event-ID"]
        let isKey = name.lowercased().contains("idempotency")
        return !isKey
            && (known.contains(name) || name.hasSuffix("_id") || name.hasSuffix("Id")
                || description.contains(#/\b[Ii]ds?\b/#))
    }
}
