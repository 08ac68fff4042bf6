import HTTPInterface
import NIOHTTP1
import ServerApp
import Testing

extension ContractTests {
    /// Bad input: a documented, stable code that names the place, and a ledger that is as it was.
    @Suite struct BadInputTests {
        private static let ledger = "/v1/inventory/ledger"
        private static let movements = "/inventory/v1/movements"

        private func realm() async throws -> ContractRealm {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 100)
            return realm
        }

        /// Bytes that are not the strict JSON of the contracts, and the fault that names the place.
        static let malformed: [(body: [UInt8], fault: String)] =
            [
                ("", " unexpected_end"), ("{", " unexpected_end"), (#"{"sku": "A","#, " unexpected_end"),
                ("{}{}", " trailing_bytes"),
                (#"{"sku": "A",}"#, " unexpected_byte"), (#"{"delta": 01}"#, "/delta invalid_number"),
                (#"{"delta": +1}"#, "/delta unexpected_byte"),
                (#"{"delta": NaN}"#, "/delta unexpected_byte"), (#"{'sku': 1}"#, " unexpected_byte"),
                (#"{"sku": "A" "B": 1}"#, " unexpected_byte"),
                (#"{"sku": "A\q"}"#, "/sku invalid_escape"), (#"{"sku": "\ud800"}"#, "/sku lone_surrogate"),
                (#"{"sku": "\u0000"}"#, "/sku nul_character"), (#"{"sku": "A", "sku": "A"}"#, "/sku duplicate_member"),
                (#"{"sku": "A", "\u0073ku": "B"}"#, "/sku duplicate_member"),
                ("{\"sku\": \"a\nb\"}", "/sku control_character"),
                ("\u{FEFF}{}", " byte_order_mark"), (#"{"note": tru}"#, "/note invalid_literal"),
                (
                    #"{"metadata": "# + String(repeating: "[", count: 16) + String(repeating: "]", count: 16) + "}",
                    "/metadata" + String(repeating: "/0", count: 15) + " nesting_too_deep"
                ),
            ].map { (Array($0.0.utf8), $0.1) } + [
                (Array(#"{"sku": ""#.utf8) + [0xFF] + Array(#""}"#.utf8), "/sku invalid_utf8"),
                (Array(#"{"sku": ""#.utf8) + [0xC0, 0x80] + Array(#""}"#.utf8), "/sku invalid_utf8"),
                (Array(#"{"sku": ""#.utf8) + [0xED, 0xA0, 0x80] + Array(#""}"#.utf8), "/sku invalid_utf8"),
                (Array(#"{"sku": "A"#.utf8) + [0x00] + Array(#""}"#.utf8), "/sku nul_character"),
            ]

        @Test("what is not strict JSON is 400 malformed_json and names the place", arguments: malformed)
        func malformedJSON(body: [UInt8], fault: String) async throws {
            let realm = try await realm()
            for path in [Self.ledger, "/inventory/v1/items", "/inventory/v1/movements/batch"] {
                let answer = try await realm.refused(400, "malformed_json") {
                    try await $0.send("POST", path, body: body, headers: [("Idempotency-Key", "k")])
                }
                #expect(answer.faults.count == 1)
                let expected = fault.split(separator: " ", omittingEmptySubsequences: false)
                let seen = (answer.faults.first ?? "").split(separator: " ", omittingEmptySubsequences: false)
                #expect(seen.last == expected.last, "\(answer.text)")
                #expect(seen.first == expected.first, "\(answer.text)")
            }
        }

        @Test("16 levels of nesting are accepted")
        func nesting() async throws {
            let realm = try await realm()
            let nested = String(repeating: "[", count: 14) + String(repeating: "]", count: 14)
            let answer = try await realm.client.post(
                "/inventory/v1/items", #"{"sku": "N", "name": "N", "metadata": {"a": \#(nested)}}"#)
            #expect(answer.status == 201, "\(answer.text)")
        }

        /// A member's value, and the answer to it.
        static let quantities: [(String, Int, String)] = [
            ("1.5", 400, "not_an_integer"), ("1.0", 400, "not_an_integer"), ("1e2", 400, "not_an_integer"),
            ("-1E+2", 400, "not_an_integer"),
            ("0.9999999999999999999999", 400, "not_an_integer"), ("1000000000001", 400, "out_of_range"),
            ("-1000000000001", 400, "out_of_range"),
            ("9223372036854775808", 400, "out_of_range"), ("-9223372036854775809", 400, "out_of_range"),
            ("123456789012345678901234567890", 400, "out_of_range"), ("\"12\"", 422, "wrong_type"),
            ("true", 422, "wrong_type"),
            ("null", 422, "wrong_type"), ("[1]", 422, "wrong_type"), ("{}", 422, "wrong_type"),
        ]

        @Test("a quantity is an integer within 10^12", arguments: quantities)
        func quantity(value: String, status: Int, fault: String) async throws {
            let realm = try await realm()
            let code = status == 400 ? "invalid_number" : "validation_failed"
            for member in ["delta", "qty"] where value != "null" {
                let body = #"{"sku": "SKU-0042", "warehouse": "SEA-1", "\#(member)": \#(value), "reason": "receipt"}"#
                try await realm.refused(status, code, ["/\(member) \(fault)"]) { try await $0.post(Self.ledger, body) }
            }
            let body = #"{"item_id": "SKU-0042", "qty": \#(value), "type": "receipt"}"#
            try await realm.refused(status, code, ["/qty \(fault)"]) { try await $0.post(Self.movements, body) }
        }

        @Test("the largest quantities are accepted and added exactly, until on hand would leave its range")
        func largest() async throws {
            let realm = try await realm()
            let body = #"{"sku": "SKU-0042", "warehouse": "PDX-1", "delta": 1000000000000, "reason": "r"}"#
            for round in 1...3 {
                let answer = try await realm.client.post(Self.ledger, body)
                #expect(answer.json["balance"].int == Int64(round) * 1_000_000_000_000)
            }
            let lines = (0..<1_000).map {
                #"{"idempotency_key": "k\#($0)", "item_id": "SKU-0042", "location_id": "PDX-1", "qty": 1000000000000, "type": "receipt"}"#
            }
            var statuses: [Int64] = []
            for part in 0..<10 {
                let batch = lines.map { $0.replacing("\"k", with: "\"\(part)-") }
                let answer = try await realm.client.post(
                    "/inventory/v1/movements/batch", "{\"movements\": [\(batch.joined(separator: ","))]}", key: nil)
                statuses += answer.json["results"].elements.compactMap { $0["status"].int }
            }
            // 2^53 − 1 base units: 9,007 of them fit, three are there.
            #expect(statuses.filter { $0 == 201 }.count == 9_004)
            #expect(Set(statuses.suffix(900)) == [422])
            try await realm.refused(422, "stock_out_of_range") { try await $0.post(Self.ledger, body) }
        }

        static let costs: [(String, Int, String)] = [
            ("-1", 400, "out_of_range"), ("\"-0.01\"", 400, "out_of_range"),
            ("1000000000000.000001", 400, "out_of_range"),
            ("1e13", 400, "out_of_range"), ("1e400", 400, "out_of_range"), ("0.1234567", 400, "too_many_decimals"),
            ("\"0.1234567\"", 400, "too_many_decimals"),
            ("\"1,5\"", 422, "invalid_value"), ("\"\"", 422, "invalid_value"), ("\" 1\"", 422, "invalid_value"),
            ("true", 422, "wrong_type"),
        ]

        @Test("a cost has at most 6 decimals, is not negative and at most 10^12", arguments: costs)
        func cost(value: String, status: Int, fault: String) async throws {
            let realm = try await realm()
            let code = status == 400 ? "invalid_number" : "validation_failed"
            let cases = [
                (
                    Self.ledger,
                    #""sku": "SKU-0042", "warehouse": "SEA-1", "delta": 1, "reason": "receipt", "unit_cost": "#,
                    "/unit_cost"
                ),
                (Self.movements, #""item_id": "SKU-0042", "qty": 1, "type": "receipt", "line_total": "#, "/line_total"),
                ("/inventory/v1/items", #""sku": "N", "name": "N", "price": "#, "/price"),
            ]
            for (path, members, pointer) in cases {
                try await realm.refused(status, code, ["\(pointer) \(fault)"]) {
                    try await $0.post(path, "{\(members)\(value)}")
                }
            }
        }

        @Test(
            "a cost is exact in whichever notation it is sent",
            arguments: ["0.1", "1e-1", "\"0.100000\"", "0.1000000000", "\"1E-1\"", "10e-2"])
        func exactCost(value: String) async throws {
            let realm = try await realm()
            try await realm.item("C")
            let answer = try await realm.movement(
                #""item_id": "C", "qty": 3, "type": "receipt", "unit_cost": \#(value)"#)
            #expect(answer.json["unit_cost"].string == "0.100000")
            #expect(answer.json["value"].string == "0.300000")
        }

        @Test("an unknown member of a write is 422 and named, wherever it stands")
        func unknownMembers() async throws {
            let realm = try await realm()
            let cases = [
                (
                    Self.ledger, #"{"sku": "SKU-0042", "warehouse": "SEA-1", "delta": 1, "reason": "r", "colour": 1}"#,
                    "/colour"
                ),
                (
                    Self.ledger, #"{"sku": "SKU-0042", "warehouse": "SEA-1", "delta": 1, "reason": "r", "a/b~c": 1}"#,
                    "/a~1b~0c"
                ),
                (
                    Self.ledger, #"{"sku": "SKU-0042", "warehouse": "SEA-1", "delta": 1, "reason": "r", "Delta": 1}"#,
                    "/Delta"
                ),
                (Self.movements, #"{"item_id": "SKU-0042", "qty": 1, "type": "receipt", "lot": "L"}"#, "/lot"),
                ("/inventory/v1/items", #"{"sku": "N", "name": "N", "id": "itm_1"}"#, "/id"),
                ("/inventory/v1/locations", #"{"code": "N", "name": "N", "": 1}"#, "/"),
                ("/inventory/v1/items/SKU-0042/archive", #"{"force": true}"#, "/force"),
            ]
            for (path, body, pointer) in cases {
                try await realm.refused(422, "validation_failed", ["\(pointer) unknown_member"]) {
                    try await $0.post(path, body)
                }
            }
        }

        @Test("a parameter that an operation does not know is refused, also on a write")
        func unknownParameters() async throws {
            let realm = try await realm()
            let body = #"{"sku": "SKU-0042", "warehouse": "SEA-1", "delta": 1, "reason": "r"}"#
            try await realm.refused(400, "invalid_parameter", ["dry_run unknown_parameter"]) {
                try await $0.post("\(Self.ledger)?dry_run=true", body)
            }
            let line = #"{"movements": [{"idempotency_key": "k", "item_id": "SKU-0042", "qty": 1, "type": "receipt"}]}"#
            try await realm.refused(400, "invalid_parameter") {
                try await $0.post("/inventory/v1/movements/batch?atomic=true", line, key: nil)
            }
            try await realm.refused(400, "invalid_parameter") {
                try await $0.patch("/inventory/v1/items/SKU-0042?x=1", #"{"name": "N"}"#)
            }
            try await realm.refused(400, "invalid_parameter") { try await $0.get("/v1/ledger/head?x=1") }
        }

        @Test("all that is wrong is said at once, in the order of the body")
        func allFaults() async throws {
            let realm = try await realm()
            let answer = try await realm.refused(400, "invalid_number") {
                try await $0.post(Self.movements, #"{"item_id": 5, "qty": 1.5, "type": "gift", "note": 1, "x": 1}"#)
            }
            #expect(
                Set(answer.faults) == [
                    "/item_id wrong_type", "/qty not_an_integer", "/type invalid_value", "/note wrong_type",
                    "/x unknown_member",
                ])
        }

        @Test("texts have their lengths", arguments: [("reason", 64), ("reference", 128), ("note", 500)])
        func lengths(member: String, limit: Int) async throws {
            let realm = try await realm()
            let body = { (text: String) in
                let reason = member == "reason" ? "" : #""reason": "r", "#
                return #"{"sku": "SKU-0042", "warehouse": "SEA-1", "delta": 1, \#(reason)"\#(member)": "\#(text)"}"#
            }
            #expect(try await realm.client.post(Self.ledger, body(String(repeating: "é", count: limit))).status == 200)
            try await realm.refused(422, "validation_failed", ["/\(member) too_long"]) {
                try await $0.post(Self.ledger, body(String(repeating: "é", count: limit + 1)))
            }
        }

        @Test(
            "a body that is not declared as JSON is 415; without a declaration, or with one of its variants, it is read"
        )
        func contentTypes() async throws {
            let realm = try await realm()
            let body = #"{"sku": "SKU-0042", "warehouse": "SEA-1", "delta": 1, "reason": "r"}"#
            for type in [
                "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
                "json",
            ] {
                try await realm.refused(415, "unsupported_media_type") {
                    try await $0.post(Self.ledger, body, headers: [("Content-Type", type)])
                }
            }
            for type in ["application/json; charset=utf-8", "Application/JSON", "application/vnd.api+json"] {
                #expect(try await realm.client.post(Self.ledger, body, headers: [("Content-Type", type)]).status == 200)
            }
        }

        @Test("a body over 1 MiB is 413, one of exactly 1 MiB is read")
        func oversized() async throws {
            let realm = try await realm()
            let body = #"{"sku": "SKU-0042", "warehouse": "SEA-1", "delta": 1, "reason": "r"}"#
            let padding = String(repeating: " ", count: 1_048_576 - body.utf8.count)
            #expect(try await realm.client.post(Self.ledger, body + padding).status == 200)
            let before = try await realm.head().text
            let answer = try await RawExchange.send(
                "POST \(Self.ledger) HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(realm.created.secret)\r\nIdempotency-Key: big\r\nContent-Length: 1048577\r\n\r\n\(body)\(padding) ",
                to: realm.server)
            #expect(answer.status == 413)
            #expect(answer.code == "body_too_large")
            #expect(try await realm.head().text == before)
        }

        /// Linkit's words, Seller's, and problem details: where each says the status or the code.
        static let dialects = [
            ("/api/v1/skus", #"{"code":4"#), ("/api/inventory/SKU-1", #"{"error":{"code":""#),
            ("/inventory/v1/items", #"{"type":"/problems/"#), ("/v1/events", #"{"type":"/problems/"#),
        ]

        @Test("what is refused before it is parsed is refused in its own API's words", arguments: dialects)
        func unparsed(path: String, start: String) async throws {
            let realm = try await realm()
            for lines in [
                String(repeating: "X-A: 1\r\n", count: 150), "X-A: \u{1}\r\n",
                "X-A: \(String(repeating: "y", count: 40_000))\r\n",
            ] {
                let answer = try await RawExchange.send(
                    "GET \(path)?limit=1 HTTP/1.1\r\nHost: h\r\n\(lines)\r\n", to: realm.server)
                #expect(answer.status == (lines.contains("\u{1}") ? 400 : 431))
                #expect(answer.text.hasPrefix(start), "\(answer.text)")
            }
        }

        @Test("whoever has no key is told so before a large body is here", arguments: dialects)
        func largeBodyOfStrangers(path: String, start: String) async throws {
            let realm = try await realm()
            let wrong = String(realm.created.secret.dropLast()) + (realm.created.secret.hasSuffix("0") ? "1" : "0")
            for line in ["", "Authorization: Bearer \(wrong)\r\n", "Authorization: Basic eDp5\r\n"] {
                let answer = try await RawExchange.send(
                    "POST \(path) HTTP/1.1\r\nHost: h\r\n\(line)Content-Length: 1000000\r\n\r\n"
                        + String(repeating: " ", count: 70_000), to: realm.server)
                #expect(answer.status == 401, "\(answer.text)")
                #expect(answer.text.hasPrefix(start), "\(answer.text)")
                #expect(answer.headers.first(name: "www-authenticate") == "Bearer")
            }
        }

        @Test("a member is named although its name begins with an accent")
        func accents() async throws {
            let realm = try await realm()
            let answer = try await realm.client.post("/api/v1/products", #"{"\u0301x": 1, "iv_id": "P", "name": "n"}"#)
            #expect(answer.status == 422)
            #expect(
                answer.text.contains("\"\u{301}x\":\"Is not a member") && !answer.text.contains("\"body\""),
                "\(answer.text)")
        }

        @Test("a method that a path does not have is 405 and lists those that it has")
        func methods() async throws {
            let realm = try await realm()
            for (method, path, allow) in [
                ("PUT", Self.ledger, "GET, POST"), ("DELETE", Self.ledger, "GET, POST"),
                ("POST", "/v1/inventory/balance", "GET"),
                ("DELETE", "/inventory/v1/items/SKU-0042", "GET, PATCH"),
                ("GET", "/inventory/v1/movements/batch", "POST"),
                ("PATCH", "/inventory/v1/movements", "GET, POST"),
            ] where method != "GET" {
                let answer = try await realm.refused(405, "method_not_allowed") { try await $0.send(method, path) }
                #expect(answer.headers.first(name: "allow") == allow)
            }
        }

        @Test(
            "a path that nobody has is 404",
            arguments: [
                "/v1", "/v1/", "/v1/inventory/ledger/x", "/v1/inventory/ledger/", "//v1/events",
                "/inventory/v1/items//stock", "/V1/events",
            ])
        func paths(path: String) async throws {
            let realm = try await realm()
            try await realm.refused(404, "route_not_found") { try await $0.get(path) }
        }

        @Test("a path whose percent signs stand for no text is 404", arguments: ["%ZZ", "%FF", "%", "a%2", "%C0%80"])
        func percentSigns(segment: String) async throws {
            let realm = try await realm()
            let answer = try await RawExchange.send(
                "GET /inventory/v1/items/\(segment) HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(realm.created.secret)\r\nConnection: close\r\n\r\n",
                to: realm.server)
            #expect(answer.status == 404, "\(answer.text)")
            #expect(answer.code == "route_not_found")
        }

        @Test("every code of the catalogue is explained under its address")
        func explanations() async throws {
            let client = ContractClient(url: try ContractServer.current().url, secret: nil)
            for entry in ContractCatalogue.entries {
                let answer = try await client.get("/problems/\(entry.code)")
                #expect(answer.status == 200)
                #expect(answer.contentType == "text/plain; charset=utf-8")
                #expect(answer.text.hasPrefix("\(entry.code) (\(entry.status))\n"))
            }
        }
    }
}
