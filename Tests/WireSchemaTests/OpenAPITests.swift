import Foundation
import Testing
import WireSchema

enum ExampleAPI {
    static let movement = #"{"item_id":"itm_01J9X","qty":-2,"type":"sale","reason":"order_fulfilled"}"#

    static let document = OpenAPIDocument(
        title: "Example", version: "1.0.0", description: "For tests.",
        servers: [("http://127.0.0.1:8080", "Here")], tags: [("Movements", "What moved.")],
        operations: [
            OperationDescription(
                id: "createMovement", method: .post, path: "/inventory/v1/movements", summary: "Record a movement",
                tag: "Movements", scopes: ["inventory:write"], idempotency: .required,
                request: .json(
                    MovementCreate.self, examples: [NamedExample("sale", summary: "A sale", json: movement)]),
                responses: [ResponseDescription(201, "Recorded.", body: .json(EveryKind.self))],
                errors: [
                    ErrorDescription(
                        409, "The key was used.", codes: ["idempotency_key_reused"],
                        examples: [
                            NamedExample(
                                "reused",
                                json: #"{"type":"t","title":"Reused","status":409,"code":"idempotency_key_reused"}"#)
                        ])
                ]),
            OperationDescription(
                id: "createMovements", method: .post, path: "/inventory/v1/movements/batch", summary: "Record many",
                tag: "Movements", scopes: ["inventory:write"], idempotency: .optional,
                request: .json(MovementBatch.self),
                responses: [ResponseDescription(200, "Each line's result.", body: .json(MovementBatch.self))]),
            OperationDescription(
                id: "listItem", method: .get, path: "/inventory/v1/items/{id}", summary: "List", tag: "Items",
                scopes: ["inventory:read"], parameters: ParameterList(ListQuery.self),
                responses: [ResponseDescription(200, "The item.", body: .json(Allocation.self))]),
            OperationDescription(
                id: "changeItem", method: .patch, path: "/inventory/v1/items/{id}", summary: "Change", tag: "Items",
                parameters: ParameterList(ItemPath.self), request: .json(ItemPatch.self),
                responses: [ResponseDescription(204, "Changed.")]),
            OperationDescription(
                id: "write", method: .post, path: "/v1/ledger", summary: "Write", tag: "Items",
                request: .json(LedgerWrite.self, isRequired: false), responses: [ResponseDescription(200, "Done.")]),
            OperationDescription(
                id: "live", method: .get, path: "/livez", summary: "Alive", tag: "Server", isOpen: true,
                responses: [ResponseDescription(200, "Alive.", body: .other(mediaType: "text/plain"))]),
            OperationDescription(
                id: "follow", method: .get, path: "/v1/stream", summary: "Follow", tag: "Items",
                headers: [
                    HeaderDescription(
                        "Last-Event-ID", "Where to go on.",
                        schema: .object([(name: "type", value: .string("string"))]), example: .string("7"))
                ],
                responses: [
                    ResponseDescription(
                        200, "Without an end.", body: .eventStream(of: Streamed.self, example: "data: {}\n\n"))
                ]),
        ],
        errorBody: .json(Problem.self, mediaType: "application/problem+json"))

    struct ItemPath: WireParameters {
        var id = ""
        static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
            v.path("id", &value.id, .string(1...64))
        }
    }
}

/// Known to the document as the data of events alone.
private struct Streamed: WireObject {
    static let schemaName = "Streamed"
    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {}
}

/// Declarations with every mistake that can be found.
private struct Wrong: WireObject {
    var a = ""
    var b: Int64 = 0
    static let schemaName = "Wrong name"
    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("a", &value.a, .string(1...2), example: #""long""#)
        v.required("a", &value.a, .string(1...2), example: "{")
        v.required("b\"", &value.b, .integer)
        v.exactlyOne(of: "a", "c")
    }
}

private struct Impostor: WireObject {
    static let schemaName = "Allocation"
    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {}
}

@Suite("OpenAPI")
struct OpenAPITests {
    private func tree() throws -> JSONValue {
        try JSONDocument(ExampleAPI.document.render(), options: JSONDocument.Options(maxDepth: 100)).root
    }

    private func value(_ path: String...) throws -> JSONValue {
        var value = try tree()
        for step in path {
            if let index = Int(step), value.kind == .array {
                value = value.elements[index]
            } else {
                value = try #require(value[step], "\(path) has no \(step)")
            }
        }
        return value
    }

    private func json(_ path: String...) throws -> String {
        var value = try tree()
        for step in path { value = try #require(value[step], "\(path) has no \(step)") }
        return String(decoding: value.document.compactBytes(of: value.index), as: UTF8.self)
    }

    @Test("a body that may be left out is not required")
    func bodyThatMayBeMissing() throws {
        for (path, isRequired) in [("/v1/ledger", false), ("/inventory/v1/movements", true)] {
            #expect(try value("paths", path, "post", "requestBody", "required").bool == isRequired)
        }
    }

    @Test("the same declarations give the same bytes, and nothing is wrong with them")
    func determinism() {
        #expect(ExampleAPI.document.render() == ExampleAPI.document.render())
        #expect(ExampleAPI.document.problems == [])
    }

    @Test("a request's schema says what the decoder accepts")
    func requestSchema() throws {
        #expect(
            try json("components", "schemas", "MovementCreate") == """
                {"type":"object","description":"A movement to record.","properties":{\
                "item_id":{"type":"string","minLength":1,"maxLength":64,"pattern":"^[!-~]+$",\
                "description":"An item's id or SKU.","examples":["itm_01J9XK3V5N7Q8R2T4W6Y8Z0A1B"]},\
                "location_id":{"type":["string","null"],"minLength":1,"maxLength":64,\
                "description":"Without it: the default location."},\
                "qty":{"type":"integer","format":"int64","minimum":-1000000000000,"maximum":1000000000000,\
                "description":"Signed, in base units.","examples":[-2]},\
                "type":{"type":"string","enum":["receipt","sale","return","adjustment","transfer"],\
                "examples":["sale"]},\
                "reason":{"type":["string","null"],"minLength":1,"maxLength":64},\
                "note":{"type":["string","null"],"maxLength":20},\
                "unit_cost":{"type":["string","number","null"],"format":"decimal",\
                "pattern":"^(0|[1-9][0-9]*)(\\\\.[0-9]{1,6})?$",\
                "minimum":0,"maximum":1000000,"examples":["2.50"]},\
                "occurred_at":{"type":["string","null"],"format":"date-time","examples":["2026-04-22T17:04:11Z"]},\
                "metadata":{"type":["object","null"],"additionalProperties":true}},\
                "required":["item_id","qty","type"],"additionalProperties":false}
                """)
    }

    @Test("an answer's schema says what the encoder writes")
    func responseSchema() throws {
        let required = try value("components", "schemas", "EveryKind", "required").elements.compactMap(\.string)
        #expect(required.contains("label_url"))
        #expect(required.contains("names"))
        #expect(!required.contains("hidden"))
        #expect(
            try json("components", "schemas", "EveryKind", "properties", "label_url")
                == #"{"type":["string","null"],"maxLength":100}"#)
        #expect(
            try json("components", "schemas", "EveryKind", "properties", "hidden")
                == #"{"type":"string","maxLength":100}"#)
        #expect(
            try json("components", "schemas", "EveryKind", "properties", "allocation")
                == ##"{"$ref":"#/components/schemas/Allocation"}"##)
        #expect(try tree()["components"]?["schemas"]?["EveryKind"]?["additionalProperties"] == nil)
    }

    @Test("security, scopes, headers and errors are described for each operation")
    func operations() throws {
        let path = "/inventory/v1/movements"
        #expect(try json("paths", path, "post", "security") == #"[{"bearerAuth":["inventory:write"]}]"#)
        #expect(try json("paths", path, "post", "x-required-scopes") == #"["inventory:write"]"#)
        #expect(
            try json("paths", path, "post", "parameters") == ##"[{"$ref":"#/components/parameters/IdempotencyKey"}]"##)
        #expect(
            try value("paths", path, "post", "responses").members.map(\.name) == [
                "201", "400", "401", "403", "409", "429", "503",
            ])
        #expect(
            try value("paths", path, "post", "responses", "201", "headers").members.map(\.name) == [
                "X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit-Policy",
                "RateLimit", "Idempotent-Replayed",
            ])
        #expect(try value("components", "responses", "Error429", "headers")["Retry-After"] != nil)
        #expect(try json("paths", "/livez", "get", "security") == "[]")
        #expect(try value("paths", "/livez", "get", "responses").members.map(\.name) == ["200", "400", "429", "503"])
        #expect(try value("paths", "/inventory/v1/items/{id}").members.map(\.name) == ["get", "patch"])
        let limit = try value("paths", "/inventory/v1/items/{id}", "get", "parameters").elements.last
        #expect(limit?["schema"]?["default"]?.numberText == "50")
    }

    @Test("a stream of events shows what its events carry, and the header that leads back into it")
    func eventStream() throws {
        #expect(
            try json("paths", "/v1/stream", "get", "responses", "200", "content") == #"""
                {"text/event-stream":{"schema":{"type":"string",\#
                "description":"Server-Sent Events, one after another; the `data` of each has the schema Streamed."},\#
                "x-event-data":{"$ref":"#/components/schemas/Streamed"},"example":"data: {}\n\n"}}
                """#)
        #expect(
            try json("paths", "/v1/stream", "get", "parameters") == """
                [{"name":"Last-Event-ID","in":"header","description":"Where to go on.",\
                "schema":{"type":"string"},"example":"7"}]
                """)
        #expect(try value("components", "schemas", "Streamed", "type").string == "object")
    }

    @Test("a schema stands alone for MCP, with what it refers to")
    func inputSchema() throws {
        let schema = try JSONDocument(MovementBatch.inputSchema()).root
        #expect(schema["properties"]?["movements"]?["items"]?["$ref"]?.string == "#/$defs/MovementCreate")
        #expect(schema["$defs"]?["MovementCreate"]?["properties"]?["qty"] != nil)
        #expect(schema["properties"]?["atomic"]?["default"]?.bool == false)
        #expect(try JSONDocument(LedgerWrite.inputSchema()).root["oneOf"]?.elements.count == 2)
        #expect(try JSONDocument(Allocation.outputSchema()).root["additionalProperties"] == nil)
    }

    @Test("mistakes in declarations are found")
    func problems() {
        let own = Wrong.declarationProblems()
        #expect(own.count == 6, "\(own)")
        var document = ExampleAPI.document
        document.operations[0].request = .json(
            MovementCreate.self, examples: [NamedExample("bad", json: #"{"qty":1}"#)])
        document.operations[2].path = "/inventory/v1/items/{other}"
        document.operations[4].id = "live"
        document.operations[4].responses.append(ResponseDescription(200, "Again.", body: .json(Impostor.self)))
        let found = document.problems.joined(separator: "\n")
        for expected in [
            "createMovement: the request: the example bad is refused: /item_id is required", "listItem: the path",
            "two operations are called live", "a status is described twice",
            "two types have the schema name Allocation",
        ] {
            #expect(found.contains(expected), "\(found)")
        }
    }

    /// Lets a validator of another language look at the document: `OPENAPI_SAMPLE=/some/file swift test`.
    @Test(
        "the document can be written to a file for an outside validator",
        .enabled(if: ProcessInfo.processInfo.environment["OPENAPI_SAMPLE"] != nil, "OPENAPI_SAMPLE names no file"))
    func sample() throws {
        let file = try #require(ProcessInfo.processInfo.environment["OPENAPI_SAMPLE"])
        try Data(ExampleAPI.document.render()).write(to: URL(fileURLWithPath: file))
    }
}
