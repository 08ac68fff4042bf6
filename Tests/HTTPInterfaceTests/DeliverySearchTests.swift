import HTTPInterface
import LedgerCore
import LedgerStorage
import MemoryStorage
import SampleLedger
import Testing

/// Lists of deliveries against a naive model: everything that there is, filtered and sorted at once.
@Suite struct DeliverySearchTests {
    private static let webhooks = [WebhookNumber(rawValue: 1), WebhookNumber(rawValue: 2)]
    private static let names = ["movement.recorded", "inventory.updated", "item.created", "stock.low"]

    private static func attempt(_ name: String, at milliseconds: Int64, _ status: Int = 200) -> DeliveryAttempt {
        DeliveryAttempt(
            startedAt: Instant(milliseconds: milliseconds), microseconds: 1, url: "u", eventName: name, signature: "s",
            headSeq: 1,
            outcome: .answered(ReceivedAnswer(status: status, contentType: nil, body: [], isTruncated: false)))
    }

    /// What the list shows of a delivery.
    private struct Row: Equatable {
        var id: DeliveryID
        var state: DeliveryState
        var name: String
        var attempts: Int
    }

    /// Random rows, and pages that overlap them and each other; and what a list of all of it shows.
    private static func fill(
        _ store: MemoryDeliveryStore, _ generator: inout SeededGenerator, count: Int
    ) throws -> [Row] {
        var rows: [DeliveryID: Row] = [:]
        var clock: Int64 = 0
        for webhook in webhooks {
            for _ in 0..<count / 8 {
                let first = UInt64.random(in: 1...UInt64(count), using: &generator)
                let seqs = (first..<first + 12).filter { _ in Bool.random(using: &generator) }
                guard !seqs.isEmpty else { continue }
                clock += 1
                let deliveries = seqs.map {
                    FirstDelivery(seq: $0, attempt: attempt(names[Int($0) % names.count], at: clock))
                }
                try store.commit(
                    DeliveryUnit(
                        pages: [
                            DeliveryPage(webhook: webhook, recordedAt: Instant(milliseconds: 0), deliveries: deliveries)
                        ]))
                for seq in seqs {
                    let id = DeliveryID(webhook: webhook, seq: seq)
                    let before = rows[id]?.attempts ?? 0
                    rows[id] = Row(id: id, state: .delivered, name: names[Int(seq) % 4], attempts: before + 1)
                }
            }
            for _ in 0..<count / 4 {
                let id = DeliveryID(webhook: webhook, seq: .random(in: 1...UInt64(count), using: &generator))
                let status = DeliveryStatus.allCases[Int.random(in: 0...2, using: &generator)]
                let name = names[Int(id.seq) % 4]
                try store.commit(
                    DeliveryUnit(
                        deliveries: [
                            ExceptionalDelivery(
                                id: id, status: status, attempts: 1, lastOrdinal: 2, nextAttemptAt: nil,
                                updatedAt: Instant(milliseconds: 0), eventName: name)
                        ],
                        attempts: (1...2).map {
                            NumberedAttempt(delivery: id, ordinal: $0, attempt: attempt(name, at: Int64($0), 500))
                        }))
                rows[id] = Row(id: id, state: DeliveryState(status), name: name, attempts: 2)
            }
        }
        return rows.values.sorted { ($0.id.seq, $0.id.webhook) > ($1.id.seq, $1.id.webhook) }
    }

    private func walk(_ search: DeliverySearch, in seqs: ClosedRange<UInt64>, limit: Int) throws -> [Row] {
        var rows: [Row] = []
        var before: DeliveryID?
        while true {
            let page = try search.page(in: seqs, before: before, limit: limit)
            #expect(page.records.count <= limit)
            rows += page.records.map { Row(id: $0.id, state: $0.state, name: $0.eventName, attempts: $0.attempts) }
            guard let next = page.next else { return rows }
            if let before { #expect((next.seq, next.webhook) < (before.seq, before.webhook), "no progress") }
            before = next
        }
    }

    @Test("every page length, filter and stretch shows each delivery once, newest first", arguments: [8, 100, 1_500])
    func againstModel(count: Int) throws {
        let seed = UInt64.random(in: .min ... .max)
        print("deliveries of seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let store = MemoryDeliveryStore()
        let all = try Self.fill(store, &generator, count: count)
        for _ in 0..<40 {
            let webhook = Self.webhooks.randomElement(using: &generator)
            let status = [nil, DeliveryStatus.pending, .dead, .delivered].randomElement(using: &generator) ?? nil
            let types = [nil, "movement.created", "item.*,stock.*", "shipment.created"].randomElement(using: &generator)
            let filter = try (types ?? nil).map { try EventFilter(parsing: $0) }
            let bounds = (0..<2).map { _ in UInt64.random(in: 1...UInt64(count + 20), using: &generator) }.sorted()
            let seqs = bounds[0]...bounds[1]
            let limit = Int.random(in: 1...40, using: &generator)
            let expected = all.filter { row in
                row.id.webhook == webhook && seqs.contains(row.id.seq)
                    && (status.map { DeliveryState($0) == row.state } ?? true)
                    && (filter.map { $0.matches(EventType(named: row.name) ?? .lotExpiring) } ?? true)
            }
            let search = DeliverySearch(store, webhook: webhook, status: status, types: filter)
            #expect(try walk(search, in: seqs, limit: limit) == expected, "seed \(seed)")
        }
        let dead = DeliverySearch(store, webhook: nil, status: .dead, types: nil)
        #expect(try walk(dead, in: 1...UInt64(count + 20), limit: 7) == all.filter { $0.state == .dead })
        let hidden = DeliverySearch(store, webhook: nil, status: .dead, types: nil) { $0.seq.isMultiple(of: 2) }
        let even = all.filter { $0.state == .dead && $0.id.seq.isMultiple(of: 2) }
        #expect(try walk(hidden, in: 1...UInt64(count + 20), limit: 3) == even)
    }

    @Test("a page looks at a bounded number of deliveries and says where to go on")
    func bounded() throws {
        let store = MemoryDeliveryStore()
        let count = UInt64(DeliverySearch.reach) * 2 + 500
        try store.commit(
            DeliveryUnit(
                deliveries: (1...count).map {
                    ExceptionalDelivery(
                        id: DeliveryID(webhook: Self.webhooks[0], seq: $0), status: .dead, attempts: 1, lastOrdinal: 1,
                        nextAttemptAt: nil, updatedAt: Instant(milliseconds: 0),
                        eventName: $0 == 7 ? "stock.low" : "item.created")
                }))
        let search = DeliverySearch(
            store, webhook: Self.webhooks[0], status: .dead, types: try EventFilter(parsing: "stock.low"))
        var before: DeliveryID?
        var pages = 0
        var found: [UInt64] = []
        repeat {
            let page = try search.page(in: 1...count, before: before, limit: 5)
            found += page.records.map(\.id.seq)
            before = page.next
            pages += 1
        } while before != nil
        #expect(found == [7])
        #expect(pages == 3)
    }
}
