import LedgerCore
import LedgerStorage
import NIOHTTP1
import ServerApp
import Testing

extension ContractTests {
    /// What belongs to another realm is answered exactly like what never existed (contracts, *All four*).
    @Suite struct IsolationTests {
        /// What one realm has and another asks for, beside something of the same form that nobody has.
        private struct Pair {
            var theirs: String
            var nobodys: String
        }

        private static func nobodys(_ prefix: String) -> String { "\(prefix)\(Administration.freshID().text)" }

        @Test(
            "another tenant's and the other mode's ids, codes, entries and cursors look like none",
            arguments: [false, true])
        func foreign(sameTenant: Bool) async throws {
            let owner = try await ContractRealm()
            let location = try await owner.location("SECRET-WH")
            let item = try await owner.item("SECRET-SKU")
            let receipt = try await owner.movement(#""item_id": "SECRET-SKU", "qty": 10, "type": "receipt""#).id
            try await owner.movement(#""item_id": "SECRET-SKU", "qty": 1, "type": "receipt""#)
            let cursor = try await owner.client.get("/inventory/v1/movements?limit=1").json["next_cursor"].string ?? ""
            let other =
                sameTenant
                ? try await ContractRealm(tenant: owner.tenant, mode: .live) : try await ContractRealm()
            try await other.location("OWN-WH")
            try await other.item("OWN-SKU")
            try await other.movement(#""item_id": "OWN-SKU", "qty": 10, "type": "receipt""#)
            let items = [
                Pair(theirs: item, nobodys: Self.nobodys("itm_")), Pair(theirs: "SECRET-SKU", nobodys: "NOBODYS-SKU"),
            ]
            let places = [
                Pair(theirs: location, nobodys: Self.nobodys("wh_")), Pair(theirs: "SECRET-WH", nobodys: "NOBODYS-WH"),
            ]
            let ulid = receipt.dropFirst("mov_".count)
            let entries = ["mov_", "ledger_", "inv_", "evt_"].map {
                Pair(theirs: "\($0)\(ulid)", nobodys: Self.nobodys($0))
            }
            try await compareReads(other, items: items, places: places, entries: entries)
            try await compareWrites(other, items: items, places: places, receipt: entries[0])
            let cursors = Pair(theirs: cursor, nobodys: String(repeating: "A", count: cursor.utf8.count))
            for list in ["/inventory/v1/movements?limit=1&cursor=", "/v1/inventory/ledger?cursor="] {
                try await compare(other, cursors, 400) { try await $0.get(list + $1) }
            }
            #expect(try await other.events().count == 3)
        }

        private func compareReads(
            _ other: ContractRealm, items: [Pair], places: [Pair], entries: [Pair]
        ) async throws {
            for pair in items {
                try await compare(other, pair, 404) { try await $0.get("/inventory/v1/items/\($1)") }
                try await compare(other, pair, 404) { try await $0.get("/inventory/v1/items/\($1)/stock") }
                try await compare(other, pair, 404) { try await $0.get("/v1/inventory/balance?sku=\($1)") }
                try await compare(other, pair, 404) {
                    try await $0.get("/v1/inventory/balance?sku=\($1)&warehouse=OWN-WH")
                }
                try await compare(other, pair, 404) { try await $0.get("/v1/inventory/ledger?sku=\($1)") }
                try await compare(other, pair, 404) { try await $0.get("/inventory/v1/movements?item_id=\($1)") }
                try await compare(other, pair, 200) { try await $0.get("/inventory/v1/items?sku=\($1)") }
            }
            for pair in places {
                try await compare(other, pair, 404) { try await $0.get("/inventory/v1/locations/\($1)") }
                try await compare(other, pair, 404) {
                    try await $0.get("/v1/inventory/balance?sku=OWN-SKU&warehouse=\($1)")
                }
                try await compare(other, pair, 404) { try await $0.get("/v1/inventory/ledger?warehouse=\($1)") }
                try await compare(other, pair, 404) { try await $0.get("/inventory/v1/movements?location_id=\($1)") }
            }
            for pair in entries {
                try await compare(other, pair, 404) { try await $0.get("/inventory/v1/movements/\($1)") }
                try await compare(other, pair, 404) { try await $0.get("/v1/inventory/balance?sku=OWN-SKU&at=\($1)") }
                try await compare(other, pair, 404) { try await $0.get("/inventory/v1/items/OWN-SKU/stock?at=\($1)") }
            }
        }

        private func compareWrites(
            _ other: ContractRealm, items: [Pair], places: [Pair], receipt: Pair
        ) async throws {
            let ledger = "/v1/inventory/ledger"
            let movements = "/inventory/v1/movements"
            for pair in items {
                try await compare(other, pair, 404) {
                    try await $0.post(ledger, #"{"sku": "\#($1)", "warehouse": "OWN-WH", "delta": 1, "reason": "r"}"#)
                }
                try await compare(other, pair, 404) {
                    try await $0.post(movements, #"{"item_id": "\#($1)", "qty": 1, "type": "receipt"}"#)
                }
                try await compare(other, pair, 404) {
                    try await $0.patch("/inventory/v1/items/\($1)", #"{"name": "N"}"#)
                }
                try await compare(other, pair, 404) { try await $0.post("/inventory/v1/items/\($1)/archive", "") }
            }
            for pair in places {
                try await compare(other, pair, 404) {
                    try await $0.post(ledger, #"{"sku": "OWN-SKU", "warehouse": "\#($1)", "delta": 1, "reason": "r"}"#)
                }
                try await compare(other, pair, 404) {
                    try await $0.post(
                        ledger,
                        #"{"sku": "OWN-SKU", "warehouse": "OWN-WH", "to_warehouse": "\#($1)", "qty": 1, "reason": "transfer"}"#
                    )
                }
                try await compare(other, pair, 404) {
                    try await $0.post(
                        movements, #"{"item_id": "OWN-SKU", "location_id": "\#($1)", "qty": 1, "type": "receipt"}"#)
                }
                try await compare(other, pair, 404) {
                    try await $0.patch("/inventory/v1/locations/\($1)", #"{"name": "N"}"#)
                }
                try await compare(other, pair, 404) { try await $0.post("/inventory/v1/locations/\($1)/archive", "") }
            }
            try await compare(other, receipt, 404) {
                try await $0.post(
                    movements, #"{"item_id": "OWN-SKU", "qty": -1, "type": "return", "receipt_id": "\#($1)"}"#)
            }
        }

        /// Both are answered alike, but for the name that was asked.
        private func compare(
            _ realm: ContractRealm, _ pair: Pair, _ status: Int, at place: SourceLocation = #_sourceLocation,
            _ request: (ContractClient, String) async throws -> ContractAnswer
        ) async throws {
            let theirs = try await request(realm.client, pair.theirs)
            let nobodys = try await request(realm.client, pair.nobodys)
            #expect(theirs.status == status, "\(theirs.text)", sourceLocation: place)
            #expect(nobodys.status == status, "\(nobodys.text)", sourceLocation: place)
            #expect(
                theirs.shape.replacing(pair.theirs, with: "?") == nobodys.shape.replacing(pair.nobodys, with: "?"),
                sourceLocation: place)
            let names = { (answer: ContractAnswer) in answer.headers.map { $0.name.lowercased() }.sorted() }
            #expect(names(theirs) == names(nobodys), sourceLocation: place)
        }
    }
}
