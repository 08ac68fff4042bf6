import Testing
import WireSchema

extension ContractTests {
    /// Balances and stock as they were: `as_of` and `at` against a running model of every entry.
    @Suite struct PastTests {
        private static let skus = ["A", "B"]
        private static let codes = ["W1", "W2", "W3"]

        /// Balances of all pairs after an entry.
        private struct Moment {
            var id: String
            var recordedAt: Int64
            var balances: [String: Int64]
        }

        /// Records movements by chance and keeps what each left behind.
        private func history(_ realm: ContractRealm, seed: UInt64, count: Int) async throws -> [Moment] {
            for code in Self.codes { try await realm.location(code) }
            for sku in Self.skus { try await realm.item(sku) }
            var generator = SeededChance(seed: seed)
            var balances: [String: Int64] = [:]
            var moments: [Moment] = []
            for index in 0..<count {
                let sku = Self.skus.randomElement(using: &generator) ?? "A"
                let code = Self.codes.randomElement(using: &generator) ?? "W1"
                let held = balances["\(sku) \(code)", default: 0]
                var body = #""item_id": "\#(sku)", "location_id": "\#(code)", "#
                switch Int.random(in: 0..<3, using: &generator) {
                case 0 where held > 0:
                    let taken = Int64.random(in: 1...held, using: &generator)
                    body += #""type": "sale", "qty": \#(-taken)"#
                    balances["\(sku) \(code)"] = held - taken
                case 1 where held > 0:
                    let moved = Int64.random(in: 1...held, using: &generator)
                    let target = Self.codes.filter { $0 != code }.randomElement(using: &generator) ?? "W2"
                    body += #""type": "transfer", "qty": \#(moved), "to_location_id": "\#(target)""#
                    balances["\(sku) \(code)"] = held - moved
                    balances["\(sku) \(target)", default: 0] += moved
                default:
                    let received = Int64.random(in: 1...50, using: &generator)
                    body += #""type": "receipt", "qty": \#(received)"#
                    balances["\(sku) \(code)"] = held + received
                }
                let answer = try await realm.movement(body)
                let at = try #require(Timestamp.parse(answer.json["recorded_at"].string ?? ""))
                moments.append(Moment(id: answer.id, recordedAt: at, balances: balances))
                if index.isMultiple(of: 7) { try await Task.sleep(for: .milliseconds(3)) }
            }
            return moments
        }

        private func expect(
            _ balances: [String: Int64], _ realm: ContractRealm, _ moment: String, _ comment: String
        ) async throws {
            for sku in Self.skus {
                let whole = try await realm.client.get("/v1/inventory/balance?sku=\(sku)&\(moment)").json
                let stock = try await realm.client.get("/inventory/v1/items/\(sku)/stock?\(moment)").json
                let total = Self.codes.reduce(Int64(0)) { $0 + balances["\(sku) \($1)", default: 0] }
                #expect(whole["balance"].int == total, "\(comment)")
                #expect(stock["on_hand"].int == total, "\(comment)")
                for code in Self.codes {
                    let balance = balances["\(sku) \(code)", default: 0]
                    let listed = whole["warehouses"].elements.first { $0["warehouse"].string == code }
                    #expect((listed?["balance"].int ?? 0) == balance, "\(comment)")
                    let placed = stock["locations"].elements.first { $0["code"].string == code }
                    #expect((placed?["on_hand"].int ?? 0) == balance, "\(comment)")
                }
            }
            let code = Self.codes[0]
            let one = try await realm.client.get("/v1/inventory/balance?sku=A&warehouse=\(code)&\(moment)").json
            #expect(one["balance"].int == balances["A \(code)", default: 0], "\(comment)")
        }

        @Test("the past of every entry equals the running model, by entry and by time")
        func everyEntry() async throws {
            let seed = UInt64.random(in: .min ... .max)
            let realm = try await ContractRealm()
            let moments = try await history(realm, seed: seed, count: 60)
            for moment in moments {
                try await expect(moment.balances, realm, "at=\(moment.id)", "seed \(seed), at \(moment.id)")
            }
            // Entries of one commit share its time: the last of them counts.
            for (index, moment) in moments.enumerated() where index.isMultiple(of: 4) {
                let last = moments.last { $0.recordedAt <= moment.recordedAt } ?? moment
                let text = Timestamp.text(moment.recordedAt, precision: .milliseconds)
                try await expect(last.balances, realm, "as_of=\(text)", "seed \(seed), as of \(text)")
            }
            try await expect([:], realm, "as_of=2000-01-01T00:00:00Z", "before everything")
        }

        @Test("an entry can be named by the id that any API gave it, a catalogue entry by its event's")
        func anyPrefix() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 10)
            let events = try await realm.events()
            let item = try #require(events.first { $0["type"].string == "item.created" }?["id"].string)
            let read = { (id: String) in
                try await realm.client.get("/v1/inventory/balance?sku=SKU-0042&warehouse=SEA-1&at=\(id)")
            }
            #expect(try await read(item).json["balance"].int == 0)
            let movement = try #require(events.last?["id"].string)
            for prefix in ["ledger_", "inv_", "mov_", "adj_", "evt_"] {
                #expect(try await read(movement.replacing("evt_", with: prefix)).json["balance"].int == 10)
            }
            for unknown in [movement.replacing("evt_", with: "itm_"), "x", "evt_1", String(movement.dropLast())] {
                #expect(try await read(unknown).code == "entry_not_found")
            }
        }

        @Test("Skutrail's times are whole seconds: as_of the applied_at that it showed includes that entry")
        func wholeSeconds() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 10)
            let entry = try await realm.entry(
                #""sku": "SKU-0042", "warehouse": "SEA-1", "delta": 5, "reason": "found""#)
            let applied = try #require(entry.json["applied_at"].string)
            let balance = try await realm.client.get(
                "/v1/inventory/balance?sku=SKU-0042&warehouse=SEA-1&as_of=\(applied)"
            ).json
            #expect(balance["balance"].int == 15)
            #expect(balance["as_of"].string == applied)
            let before = Timestamp.text((Timestamp.parse(applied) ?? 0) - 60_000)
            let earlier = try await realm.client.get("/v1/inventory/balance?sku=SKU-0042&as_of=\(before)").json
            #expect(earlier["balance"].int == 0)
        }

        @Test("as_of and at can't be sent together, and the future is not known")
        func refused() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 10)
            let balance = "/v1/inventory/balance?sku=SKU-0042&"
            let stock = "/inventory/v1/items/SKU-0042/stock?"
            for path in [balance, stock] {
                let cases = [
                    ("as_of=2020-01-01T00:00:00Z&at=mov_1", "at exactly_one"),
                    ("as_of=2999-01-01T00:00:00Z", "as_of out_of_range"), ("as_of=yesterday", "as_of invalid_value"),
                    ("as_of=2020-01-01", "as_of invalid_value"), ("as_off=1", "as_off unknown_parameter"),
                    ("at=a&at=b", "at duplicate_parameter"),
                ]
                for (query, fault) in cases {
                    try await realm.refused(400, "invalid_parameter", [fault]) { try await $0.get(path + query) }
                }
            }
        }
    }
}

/// The same chance for the same seed (SplitMix64).
struct SeededChance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
