import LedgerCore
import Testing

@Suite("which events somebody wants")
struct EventFilterTests {
    private struct Choice {
        var patterns: [String]
        /// What it takes, by the name under which it is delivered.
        var taken: [EventType: String]
    }

    private static let choices: [Choice] = [
        Choice(patterns: [], taken: [:]),
        Choice(patterns: ["stock.low"], taken: [.stockLow: "stock.low"]),
        Choice(patterns: ["stock.*"], taken: [.stockLow: "stock.low", .stockOut: "stock.out"]),
        Choice(
            patterns: ["item.*"],
            taken: [.itemCreated: "item.created", .itemUpdated: "item.updated", .itemArchived: "item.archived"]),
        // A movement goes by the name that was asked for, and by its own where a wildcard leaves the choice.
        Choice(patterns: ["movement.recorded"], taken: [.movementRecorded: "movement.recorded"]),
        Choice(patterns: ["movement.created"], taken: [.movementRecorded: "movement.created"]),
        Choice(patterns: ["inventory.updated"], taken: [.movementRecorded: "inventory.updated"]),
        Choice(patterns: ["movement.*"], taken: [.movementRecorded: "movement.recorded"]),
        Choice(patterns: ["inventory.*"], taken: [.movementRecorded: "inventory.updated"]),
        // Once, by the first pattern that takes it.
        Choice(
            patterns: ["inventory.updated", "movement.created", "movement.*"],
            taken: [.movementRecorded: "inventory.updated"]),
        Choice(
            patterns: ["movement.*", "inventory.updated"], taken: [.movementRecorded: "movement.recorded"]),
        Choice(
            patterns: ["movement.created", "stock.low", "movement.created"],
            taken: [.movementRecorded: "movement.created", .stockLow: "stock.low"]),
        Choice(patterns: ["*"], taken: own),
        Choice(patterns: ["*", "inventory.updated"], taken: own),
        Choice(
            patterns: ["inventory.updated", "*"],
            taken: own.merging([.movementRecorded: "inventory.updated"]) { $1 }),
        // What nothing fires yet can be asked for.
        Choice(
            patterns: ["lot.expiring", "grn.*"], taken: [.lotExpiring: "lot.expiring", .grnCompleted: "grn.completed"]),
        Choice(
            patterns: ["dayend.closed", "shipment.*"],
            taken: [.dayEndClosed: "dayend.closed", .shipmentCreated: "shipment.created"]),
    ]

    private static let own = Dictionary(uniqueKeysWithValues: EventType.allCases.map { ($0, $0.name) })

    @Test("a filter takes what its patterns name, each event once and under one name", arguments: choices.indices)
    func taken(index: Int) throws {
        let choice = Self.choices[index]
        for filter in [try EventFilter(patterns: choice.patterns), EventFilter(known: choice.patterns)] {
            #expect(filter.patterns == choice.patterns)
            for type in EventType.allCases {
                #expect(filter.name(of: type) == choice.taken[type], "\(choice.patterns): \(type.name)")
                #expect(filter.matches(type) == (choice.taken[type] != nil), "\(choice.patterns): \(type.name)")
            }
        }
        if !choice.patterns.isEmpty {
            #expect(try EventFilter(parsing: choice.patterns.joined(separator: ",")).patterns == choice.patterns)
        }
    }

    @Test("the filter of everything takes every event under its own name")
    func everything() {
        for type in EventType.allCases { #expect(EventFilter.everything.name(of: type) == type.name) }
    }

    @Test(
        "a pattern that takes no event there is, is refused and named with its place",
        arguments: [
            "", " ", "stock", "stock.", ".low", ".*", "**", "*.*", "*.low", "stock.l*", "Stock.low", "stock.LOW",
            " stock.low", "stock.low ", "stock.low.*", "stock..*", "movement.recorded.x", "unknown.*", "stock.low\u{0}",
            "sto\u{301}ck.low",
        ])
    func unknown(pattern: String) {
        let errors = [
            #expect(throws: EventFilter.UnknownPattern.self) {
                try EventFilter(patterns: ["*", "stock.low", pattern, "nonsense"])
            },
            #expect(throws: EventFilter.UnknownPattern.self) {
                try EventFilter(parsing: "*,stock.low,\(pattern),nonsense")
            },
        ]
        for error in errors { #expect(error?.pattern == pattern && error?.index == 2) }
        #expect(!EventType.allCases.contains { EventFilter(known: [pattern]).matches($0) })
    }

    @Test(
        "a list with an empty place is refused there", arguments: [("", 0), (",", 0), ("*,", 1), ("*,,stock.low", 1)])
    func emptyPlaces(text: String, index: Int) {
        let error = #expect(throws: EventFilter.UnknownPattern.self) { try EventFilter(parsing: text) }
        #expect(error?.pattern == "" && error?.index == index)
    }

    @Test("every name and alias finds its type, no two types share one, and nothing else finds any")
    func names() {
        var names: Set<String> = []
        for type in EventType.allCases {
            for name in [type.name] + type.aliases {
                #expect(names.insert(name).inserted)
                #expect(EventType(named: name) == type)
            }
        }
        #expect(names == NaiveLedger.eventNames)
        #expect(EventType(named: "") == nil && EventType(named: "*") == nil && EventType(named: "stock.*") == nil)
        #expect(
            EventType.allCases.filter { !$0.isFired } == [.shipmentCreated, .grnCompleted, .dayEndClosed, .lotExpiring])
    }

    @Test("every kind of entry has a type of its own, which is fired")
    func changes() throws {
        let ledger = try everyChange()
        var types: Set<EventType> = []
        for entry in ledger.journal {
            #expect(entry.change.type == entry.change.eventType.name)
            #expect(entry.change.eventType.isFired)
            let filter = try EventFilter(patterns: [entry.change.type])
            #expect(filter.matches(entry.change))
            types.insert(entry.change.eventType)
        }
        #expect(types == Set(EventType.allCases.filter(\.isFired)))
    }

    /// A journal with an entry of every kind.
    private func everyChange() throws -> TestLedger {
        var ledger = try TestLedger.stocked(items: ["X", "Y"], reorderPoint: 5)
        try ledger.perform(.updateItem(.sku("Y"), ItemChanges()))
        try ledger.perform(.archiveItem(.sku("Y")))
        try ledger.perform(.updateLocation(.code("B"), LocationChanges()))
        try ledger.perform(.archiveLocation(.code("B")))
        try ledger.move(draft(.receipt, 9))
        try ledger.move(draft(.sale, -9))
        var target = StockTarget(item: .sku("X"), location: .code("A"), reason: "")
        target.settings.safetyStock = 3
        try ledger.perform(.setStock(target))
        let id = try ledger.perform(
            .webhook(.create(WebhookDraft(url: "https://example.com", events: ["*"], secret: [])))
        ).first.id
        let commands: [WebhookCommand] = [
            .update(id, WebhookChanges()), .disable(id, .requested), .enable(id),
            .rotateSecret(id, sealed: [1], oldExpiresAt: Instant(milliseconds: .max)),
            .replay(id, firstSeq: 1, lastSeq: nil, events: nil, deadOnly: false), .delete(id),
        ]
        for command in commands { try ledger.perform(.webhook(command)) }
        return ledger
    }
}
