internal import WireSchema

/// Brings a real event about in a test realm, by doing what causes it: with an item or an endpoint of its own that can
/// be told by its name, so that nothing of the developer's is touched.
package struct Trigger: Sendable {
    /// The location where stock moves, made when it is missing.
    static let location = "TRIGGER"
    /// What an endpoint of its own takes: an event that nothing fires, so that nothing is ever sent to it.
    private static let silentEvent = "lot.expiring"
    private static let endpoint = "https://trigger.example.com/bincard"

    private let client: ServerClient
    /// Makes the names of one run differ from those of every other.
    private let suffix: String

    /// - Parameters:
    ///   - apiKey: the key that the client has.
    ///   - suffix: digits and letters that no earlier run has used.
    /// - Throws: `DeveloperError.usage` for a live key: what is tried out there stays in the books.
    package init(_ client: ServerClient, apiKey: String, suffix: String) throws(DeveloperError) {
        guard !apiKey.hasPrefix("sk_live_") else {
            throw .usage("this is a live key, and events are triggered in test mode only; use a sk_test_ key")
        }
        self.client = client
        self.suffix = suffix
    }

    /// Does it, and gives all events that it has caused, in order; the one that was asked for is among them.
    /// - Throws: `DeveloperError`, `CancellationError`.
    package func run(_ recipe: TriggerRecipe) async throws -> [EventRecord] {
        let before = try await EventFollower.head(client)
        let ids: Set<String> =
            switch recipe {
            case .itemCreated, .itemUpdated, .itemArchived: [try await item(recipe)]
            case .locationCreated, .locationUpdated, .locationArchived: try await location(recipe)
            case .movementRecorded, .stockSettingsUpdated, .stockLow, .stockOut: try await movement(recipe)
            default: [try await webhook(recipe)]
            }
        let caused = try await EventReader(client).events(after: before, types: nil).filter { $0.concerns(ids) }
        guard caused.contains(where: { $0.type == recipe.rawValue }) else {
            throw DeveloperError.answer("it has no \(recipe.rawValue) in its journal after what should have caused one")
        }
        return caused
    }

    private func item(_ recipe: TriggerRecipe) async throws -> String {
        let sku = "TRIGGER-\(suffix)"
        let id = try await create("items", ["sku": .text(sku), "name": .text("Made by bincard trigger")])
        switch recipe {
        case .itemUpdated:
            try await change("items/\(sku)", ["name": .text("Made and changed by bincard trigger")])
        case .itemArchived: try await act("items/\(sku)/archive")
        default: break
        }
        return id
    }

    private func location(_ recipe: TriggerRecipe) async throws -> Set<String> {
        var ids: Set<String> = []
        // The first location of a realm is its default, which can't be archived: that one stays.
        if recipe == .locationArchived, let made = try await stockLocation().made { ids.insert(made) }
        let code = "TRIGGER-\(suffix)"
        ids.insert(try await create("locations", ["code": .text(code), "name": .text("Made by bincard trigger")]))
        switch recipe {
        case .locationUpdated:
            try await change("locations/\(code)", ["name": .text("Made and changed by bincard trigger")])
        case .locationArchived: try await act("locations/\(code)/archive")
        default: break
        }
        return ids
    }

    private func movement(_ recipe: TriggerRecipe) async throws -> Set<String> {
        let location = try await stockLocation()
        let sku = "TRIGGER-\(suffix)"
        var members: [String: RequestMember] = ["sku": .text(sku), "name": .text("Made by bincard trigger")]
        if recipe == .stockLow { members["reorder_point"] = .number(5) }
        let id = try await create("items", members)
        try await move(sku, at: location.code, 10, type: "receipt")
        switch recipe {
        case .stockSettingsUpdated:
            _ = try await client.write(
                .put, "/api/inventory/\(sku)",
                body: RequestMember.json(["warehouse_id": .text(location.code), "safety_stock": .number(5)]))
        case .stockLow: try await move(sku, at: location.code, -6, type: "sale")
        case .stockOut: try await move(sku, at: location.code, -10, type: "sale")
        default: break
        }
        return Set([id] + (location.made.map { [$0] } ?? []))
    }

    private func webhook(_ recipe: TriggerRecipe) async throws -> String {
        let id = try await create(
            "webhooks",
            [
                "url": .text(Self.endpoint), "events": .texts([Self.silentEvent]),
                "description": .text("Made by bincard trigger"),
            ])
        let path = "webhooks/\(id)"
        do {
            switch recipe {
            case .webhookUpdated: try await change(path, ["description": .text("Made and changed by bincard trigger")])
            case .webhookDisabled: try await act("\(path)/disable")
            case .webhookEnabled:
                try await act("\(path)/disable")
                try await act("\(path)/enable")
            case .webhookSecretRotated: try await act("\(path)/rotate-secret", [:])
            case .webhookReplayRequested:
                // There has to be something after the endpoint's creation that can be replayed.
                try await change(path, ["description": .text("Made and changed by bincard trigger")])
                try await act("\(path)/replay", [:])
            default: break
            }
        } catch {
            // Only so many endpoints may be there; what went wrong first is what counts.
            _ = try? await client.write(.delete, "/inventory/v1/\(path)")
            throw error
        }
        _ = try await client.write(.delete, "/inventory/v1/\(path)")
        return id
    }

    // MARK: Requests

    private func create(_ collection: String, _ members: [String: RequestMember]) async throws -> String {
        let answer = try await client.write(.post, "/inventory/v1/\(collection)", body: RequestMember.json(members))
        guard let id = try answer.json().root["id"]?.string else {
            throw DeveloperError.answer("what was created has no id")
        }
        return id
    }

    private func change(_ path: String, _ members: [String: RequestMember]) async throws {
        _ = try await client.write(.patch, "/inventory/v1/\(path)", body: RequestMember.json(members))
    }

    private func act(_ path: String, _ members: [String: RequestMember]? = nil) async throws {
        _ = try await client.write(.post, "/inventory/v1/\(path)", body: members.map(RequestMember.json))
    }

    private func move(_ sku: String, at code: String, _ quantity: Int64, type: String) async throws {
        _ = try await client.write(
            .post, "/inventory/v1/movements",
            body: RequestMember.json([
                "item_id": .text(sku), "location_id": .text(code), "qty": .number(quantity), "type": .text(type),
                "reference": .text("bincard trigger"),
            ]))
    }

    /// The location for movements; with its id when it had to be made.
    private func stockLocation() async throws -> (code: String, made: String?) {
        do {
            let answer = try await client.get("/inventory/v1/locations/\(Self.location)").json().root
            // Somebody has put it away: that is theirs to say.
            if answer["archived_at"]?.isNull ?? true { return (Self.location, nil) }
        } catch let error as DeveloperError where error.isRefusal("location_not_found") {
            return (Self.location, try await createLocation(Self.location))
        }
        let code = "\(Self.location)-\(suffix)"
        return (code, try await createLocation(code))
    }

    private func createLocation(_ code: String) async throws -> String {
        try await create("locations", ["code": .text(code), "name": .text("Made by bincard trigger")])
    }
}
