import LedgerCore

extension RandomCommands {
    private static let patterns = [
        "*", "movement.*", "inventory.*", "webhook.*", "movement.recorded", "movement.created", "inventory.updated",
        "stock.low", "stock.out", "lot.expiring",
    ]
    private static let strangers = [
        "", ".*", "movement", "movement.", "Movement.*", "stock.*.low", "**", "stock.lower",
    ]

    mutating func webhookCommand() -> WebhookCommand {
        let id = webhookID()
        switch Int.random(in: 0..<9, using: &generator) {
        case 0, 1:
            return .create(
                WebhookDraft(
                    url: "https://example.com/\(generator.next() % 9)", events: eventPatterns(),
                    description: chance(50) ? pick(["", "a description that needs the heap"]) : nil,
                    secret: secret()))
        case 2:
            var changes = WebhookChanges()
            if chance(40) { changes.url = "https://example.net/\(generator.next() % 9)" }
            if chance(40) { changes.events = eventPatterns() }
            if chance(60) { changes.description = chance(50) ? .clear : .set("new") }
            return .update(id, changes)
        case 3: return .enable(id)
        case 4:
            let known: UInt64? = chance(50) ? UInt64.random(in: 0...600, using: &generator) : nil
            return .disable(id, pick(WebhookDisabling.allCases), changedSeq: known)
        case 5: return chance(30) ? .delete(id) : .enable(id)
        case 6:
            let end = chance(10) ? pick([.min, .max]) : Int64.random(in: 999_900...1_000_500, using: &generator)
            return .rotateSecret(id, sealed: secret(), oldExpiresAt: Instant(milliseconds: end))
        default:
            let first = chance(10) ? pick([0, .max]) : UInt64.random(in: 0...400, using: &generator)
            let last = chance(10) ? pick([0, .max]) : UInt64.random(in: 0...800, using: &generator)
            return .replay(
                id, firstSeq: first, lastSeq: chance(60) ? last : nil, events: chance(50) ? eventPatterns() : nil,
                deadOnly: chance(50))
        }
    }

    private mutating func webhookID() -> ULID {
        if chance(8) || webhooks.isEmpty { return ids.isEmpty ? .zero : pick(ids) }
        return pick(webhooks)
    }

    private mutating func eventPatterns() -> [String] {
        if chance(4) { return [] }
        return (0..<Int.random(in: 1...3, using: &generator)).map { _ in
            chance(5) ? pick(Self.strangers) : pick(Self.patterns)
        }
    }

    private mutating func secret() -> [UInt8] {
        (0..<Int.random(in: 0...3, using: &generator)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }
}
