/// A header of an answer, or of a request.
public struct HeaderDescription: Sendable {
    public var name: String
    public var description: String
    /// JSON Schema.
    public var schema: JSONTree
    public var example: JSONTree?

    public init(_ name: String, _ description: String, schema: JSONTree, example: JSONTree? = nil) {
        self.name = name
        self.description = description
        self.schema = schema
        self.example = example
    }

    var json: JSONTree {
        var tree = TreeMembers()
        tree.add("description", text: description)
        tree.add("schema", schema)
        tree.add("example", example)
        return tree.json
    }

    /// As a parameter of a request; none must be sent.
    var parameterJSON: JSONTree {
        var tree = TreeMembers()
        tree.add("name", .string(name))
        tree.add("in", .string("header"))
        tree.add("description", text: description)
        tree.add("schema", schema)
        tree.add("example", example)
        return tree.json
    }

    private static func type(_ name: String) -> JSONTree { .object([(name: "type", value: .string(name))]) }
    private static var whole: JSONTree {
        .object([(name: "type", value: .string("integer")), (name: "minimum", value: .integer(0))])
    }

    /// Of every answer.
    public static var requestID: HeaderDescription {
        HeaderDescription(
            "X-Request-Id", "Names this request in logs: the one that was sent, or a new one.", schema: type("string"),
            example: .string("req_01J9XK3V5N7Q8R2T4W6Y8Z0A1B"))
    }

    /// Of every answer to a live key: both families, `X-RateLimit-*` and the IETF draft's.
    public static var rateLimits: [HeaderDescription] {
        [
            HeaderDescription(
                "X-RateLimit-Limit", "Requests that the key's bucket holds.", schema: whole, example: .integer(200)),
            HeaderDescription(
                "X-RateLimit-Remaining", "Requests left in it.", schema: whole, example: .integer(199)),
            HeaderDescription(
                "X-RateLimit-Reset", "When it is full again, in seconds since 1970.", schema: whole,
                example: .integer(1_776_877_451)),
            HeaderDescription(
                "RateLimit-Policy", "The key's quotas and windows (IETF RateLimit header fields).",
                schema: type("string"), example: .string("\"burst\";q=200;w=1")),
            HeaderDescription(
                "RateLimit", "What is left of them (IETF RateLimit header fields).", schema: type("string"),
                example: .string("\"burst\";r=199;t=1")),
        ]
    }

    /// Of a replayed answer.
    public static var idempotentReplayed: HeaderDescription {
        HeaderDescription(
            "Idempotent-Replayed", "`true` when this is the stored answer to an earlier request with the same key.",
            schema: .object([(name: "type", value: .string("string")), (name: "const", value: .string("true"))]))
    }

    /// Of 429 and 503.
    public static var retryAfter: HeaderDescription {
        HeaderDescription(
            "Retry-After", "Seconds to wait before the next attempt.", schema: whole, example: .integer(1))
    }
}
