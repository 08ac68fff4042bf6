import ServerApp
import Testing

extension ContractTests {
    /// The requests of the published pages, sent as they stand there; only keys and ids are real ones.
    @Suite struct PublishedExampleTests {
        @Test(
            "the page's delta −12 is answered as shown, with balance 1196",
            arguments: ["3f9a8e21-0c4d-4f7e-9e6b-2a8d5c1f1abc", "\"3f9a8e21-0c4d-4f7e-9e6b-2a8d5c1f1abc\""])
        func delta(key: String) async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 1208)
            let body = """
                {
                  "sku": "SKU-0042",
                  "warehouse": "SEA-1",
                  "delta": -12,
                  "reason": "order_shipped",
                  "reference": "ord_8J2kP"
                }
                """
            let answer = try await realm.client.post("/v1/inventory/ledger", body, key: key)
            #expect(answer.status == 200)
            #expect(answer.contentType == "application/json")
            #expect(
                answer.shape
                    == #"{"id":"ledger_*","sku":"SKU-0042","warehouse":"SEA-1","delta":-12,"balance":1196,"applied_at":"<s>","reason":"order_shipped","reference":"ord_8J2kP"}"#
            )
        }

        @Test("the page's first request, without a reference, is answered in the same shape")
        func shortDelta() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 1208)
            let answer = try await realm.client.post(
                "/v1/inventory/ledger",
                "{ \"sku\": \"SKU-0042\", \"warehouse\": \"SEA-1\",\n  \"delta\": -12, \"reason\": \"order_shipped\" }",
                key: "3f9a8e21...")
            #expect(answer.status == 200)
            #expect(
                answer.shape
                    == #"{"id":"ledger_*","sku":"SKU-0042","warehouse":"SEA-1","delta":-12,"balance":1196,"applied_at":"<s>","reason":"order_shipped"}"#
            )
        }

        @Test("the page's delta works as the bytes that it shows, under the host that it names")
        func deltaAsBytes() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 1208)
            let body =
                "{\n  \"sku\": \"SKU-0042\",\n  \"warehouse\": \"SEA-1\",\n  \"delta\": -12,\n  \"reason\": \"order_shipped\",\n  \"reference\": \"ord_8J2kP\"\n}\n"
            let answer = try await RawExchange.send(
                """
                POST /v1/inventory/ledger HTTP/1.1\r
                Host: api.skutrail.com\r
                Authorization: Bearer \(realm.created.secret)\r
                Idempotency-Key: 3f9a8e21-0c4d-4f7e-9e6b-2a8d5c1f1abc\r
                Content-Type: application/json\r
                Content-Length: \(body.utf8.count)\r
                Connection: close\r
                \r
                \(body)
                """, to: realm.server)
            #expect(answer.status == 200)
            #expect(answer.json["balance"].int == 1196)
        }

        @Test("the preview's receipt of 120 is answered as shown, with balance 420, and so is the balance read")
        func receiptAndBalance() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 300)
            let answer = try await realm.client.post(
                "/v1/inventory/ledger",
                #"{ "sku": "SKU-0042", "warehouse": "SEA-1", "qty": 120, "reason": "receipt", "reference": "PO-2026-00814" }"#,
                key: "0b7a1f4e-9c3a-4f67-a5b1-8d2e4a7c9f12")
            #expect(answer.status == 200)
            #expect(answer.contentType == "application/json")
            #expect(
                answer.shape
                    == #"{"id":"inv_*","sku":"SKU-0042","warehouse":"SEA-1","qty":120,"balance":420,"created_at":"<s>","reason":"receipt","reference":"PO-2026-00814"}"#
            )
            let balance = try await realm.client.get("/v1/inventory/balance?sku=SKU-0042&warehouse=SEA-1")
            #expect(balance.status == 200)
            #expect(balance.contentType == "application/json")
            #expect(balance.shape == #"{"sku":"SKU-0042","warehouse":"SEA-1","balance":420,"as_of":"<s>"}"#)
        }

        @Test("the suite's curl line records a sale at the default location and is answered with the movement")
        func movement() async throws {
            let realm = try await ContractRealm()
            try await realm.location("MAIN")
            let item = try await realm.item("SKU-1")
            try await realm.movement(#""item_id": "\#(item)", "qty": 10, "type": "receipt", "unit_cost": "2.50""#)
            let answer = try await realm.client.post(
                "/inventory/v1/movements",
                #"{ "item_id": "\#(item)", "qty": -2, "type": "sale", "reason": "order_fulfilled" }"#,
                key: "9f2c-4d1a-...-e7b3")
            #expect(answer.status == 201)
            #expect(answer.contentType == "application/json")
            let listed = [
                "id", "item_id", "location_id", "lot_id", "qty", "type", "reason", "reference", "note", "unit_cost",
                "on_hand", "occurred_at", "recorded_at", "seq",
            ]
            #expect(answer.json.names.filter { listed.contains($0) } == listed)
            #expect(
                answer.shape
                    == #"{"id":"mov_*","item_id":"itm_*","location_id":"wh_*","lot_id":null,"qty":-2,"type":"sale","reason":"order_fulfilled","reference":null,"note":null,"unit_cost":"2.500000","on_hand":8,"occurred_at":"<ms>","recorded_at":"<ms>","seq":4,"sku":"SKU-1","value":"-5.000000"}"#
            )
            #expect(answer.json["item_id"].string == item)
        }

        @Test("the preview's subscription is answered as shown, without a key, and what it asks for with one")
        func subscription() async throws {
            let realm = try await ContractRealm()
            let body =
                #"{ "url": "https://your.app/webhooks/skutrail", "events": ["shipment.created", "inventory.updated"], "secret": "whsec_REPLACE" }"#
            let shape =
                #"{"id":"whk_*","url":"https://your.app/webhooks/skutrail","events":["shipment.created","inventory.updated"],"created_at":"<s>"}"#
            let answer = try await realm.client.post("/v1/webhooks/subscribe", body, key: nil)
            #expect(answer.status == 201)
            #expect(answer.contentType == "application/json")
            #expect(answer.shape == shape)
            let another = try await realm.client.post("/v1/webhooks/subscribe", body, key: "k")
            #expect(another.status == 201)
            #expect(another.id != answer.id)
            let again = try await realm.client.post("/v1/webhooks/subscribe", body, key: "k")
            #expect(again.isReplay)
            #expect(again.body == another.body)
            let made = try await realm.client.post(
                "/v1/webhooks/subscribe", body.replacing(#", "secret": "whsec_REPLACE""#, with: ""), key: "made")
            #expect(made.json.names == ["id", "url", "events", "created_at", "secret"])
            #expect(made.json["secret"].string?.wholeMatch(of: /whsec_[A-Za-z0-9+\/]{43}=/) != nil)
            let listed = try await realm.client.get("/inventory/v1/webhooks").json["data"]
            #expect(listed.elements.compactMap { $0["id"].string } == [answer.id, another.id, made.id])
        }

        @Test("one movement has one ULID under every prefix and one place in the ledger")
        func oneIdentity() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 5)
            let entry = try await realm.entry(
                #""sku": "SKU-0042", "warehouse": "SEA-1", "qty": 3, "reason": "receipt""#)
            let ulid = entry.id.dropFirst("inv_".count)
            let movement = try await realm.client.get("/inventory/v1/movements/mov_\(ulid)")
            #expect(movement.json["id"].string == "mov_\(ulid)")
            let listed = try await realm.client.get("/v1/inventory/ledger?limit=1").json["data"][0]
            #expect(listed["id"].string == "ledger_\(ulid)")
            let event = try await realm.client.get("/v1/events?after=4").json["data"][0]
            #expect(event["id"].string == "evt_\(ulid)")
            #expect(event["seq"].int == movement.json["seq"].int)
            #expect(listed["seq"].int == movement.json["seq"].int)
        }
    }
}
