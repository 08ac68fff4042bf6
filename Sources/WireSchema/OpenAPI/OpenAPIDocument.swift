/// An OpenAPI 3.1 document, rendered from operations. The same operations give the same bytes.
public struct OpenAPIDocument: Sendable {
    public var title: String
    public var version: String
    /// CommonMark.
    public var description: String
    public var servers: [(url: String, description: String)]
    /// Shown in this order; a tag that an operation uses and that is missing here is added.
    public var tags: [(name: String, description: String)]
    public var operations: [OperationDescription]
    /// The body of every error.
    public var errorBody: BodyDescription
    /// Errors that every operation can answer with.
    public var commonErrors: [ErrorDescription]
    /// Headers of every answer.
    public var commonHeaders: [HeaderDescription]

    public init(
        title: String, version: String, description: String = "", servers: [(url: String, description: String)] = [],
        tags: [(name: String, description: String)] = [], operations: [OperationDescription],
        errorBody: BodyDescription, commonErrors: [ErrorDescription] = Self.usualErrors,
        commonHeaders: [HeaderDescription] = [.requestID] + HeaderDescription.rateLimits
    ) {
        self.title = title
        self.version = version
        self.description = description
        self.servers = servers
        self.tags = tags
        self.operations = operations
        self.errorBody = errorBody
        self.commonErrors = commonErrors
        self.commonHeaders = commonHeaders
    }

    /// Errors that any operation can answer with, unless a document says otherwise.
    public static var usualErrors: [ErrorDescription] {
        [
            ErrorDescription(400, "The request is malformed."),
            ErrorDescription(401, "There is no key, or it is not a live one."),
            ErrorDescription(403, "The key lacks the scope."),
            ErrorDescription(429, "The key has used up its rate."),
            ErrorDescription(503, "The server can't take the request now."),
        ]
    }

    static let schemaPrefix = "#/components/schemas/"

    /// The document, on lines, with a line feed at the end.
    public func render() -> [UInt8] {
        var tree = TreeMembers()
        tree.add("openapi", .string("3.1.0"))
        tree.add("jsonSchemaDialect", .string("https://spec.openapis.org/oas/3.1/dialect/base"))
        var info = TreeMembers()
        info.add("title", .string(title))
        info.add("version", .string(version))
        info.add("description", text: description)
        tree.add("info", info.json)
        tree.add("servers", list: servers.map { Self.described("url", $0.url, $0.description) })
        tree.add("tags", list: allTags.map { Self.described("name", $0.name, $0.description) })
        tree.add("paths", .object(paths))
        tree.add("components", components)
        return tree.json.prettyBytes()
    }

    /// What is wrong with the declarations; empty when all is well. For a test of every document.
    public var problems: [String] {
        let registry = registry
        var problems = registry.problems + registry.declarationProblems + errorBody.problems(of: "the error body")
        var ids: Set<String> = []
        var routes: Set<String> = []
        for operation in operations {
            problems += operation.problems(errorBody: errorBody)
            if !ids.insert(operation.id).inserted { problems.append("two operations are called \(operation.id)") }
            if !routes.insert("\(operation.method) \(operation.path)").inserted {
                problems.append("two operations are \(operation.method) \(operation.path)")
            }
        }
        return problems
    }

    private static func described(_ member: String, _ value: String, _ description: String) -> JSONTree {
        var tree = TreeMembers()
        tree.add(member, .string(value))
        tree.add("description", text: description)
        return tree.json
    }

    private var allTags: [(name: String, description: String)] {
        var all = tags
        for operation in operations where !all.contains(where: { $0.name == operation.tag }) {
            all.append((operation.tag, ""))
        }
        return all
    }

    /// Paths in the order in which the operations first name them.
    private var paths: [(name: String, value: JSONTree)] {
        var order: [String] = []
        var byPath: [String: [(name: String, value: JSONTree)]] = [:]
        for operation in operations {
            let path = operation.path.description
            if byPath[path] == nil { order.append(path) }
            byPath[path, default: []].append((operation.method.rawValue, operation.json(in: self)))
        }
        return order.map { ($0, .object(byPath[$0] ?? [])) }
    }

    private var registry: SchemaRegistry {
        var registry = SchemaRegistry(prefix: Self.schemaPrefix)
        for operation in operations {
            if let schema = operation.request?.schema { registry.add(schema, usage: .request) }
            for response in operation.responses {
                if let schema = response.body?.schema { registry.add(schema, usage: .response) }
                if let schema = response.body?.eventSchema { registry.add(schema, usage: .response) }
            }
        }
        if let schema = errorBody.schema { registry.add(schema, usage: .response) }
        return registry
    }

    private var components: JSONTree {
        var tree = TreeMembers()
        tree.add("schemas", .object(registry.render()))
        tree.add("responses", .object(commonErrors.map { ("Error\($0.status)", json(of: $0)) }))
        if operations.contains(where: { $0.idempotency != .none }) {
            tree.add(
                "parameters",
                .object([
                    ("IdempotencyKey", Self.idempotencyKey(isRequired: true)),
                    ("OptionalIdempotencyKey", Self.idempotencyKey(isRequired: false)),
                ]))
        }
        let headers = commonHeaders + [.idempotentReplayed, .retryAfter]
        tree.add("headers", .object(headers.map { ($0.name, $0.json) }))
        var bearer = TreeMembers()
        bearer.add("type", .string("http"))
        bearer.add("scheme", .string("bearer"))
        bearer.add("bearerFormat", .string("sk_test_… or sk_live_…"))
        bearer.add("description", .string("A key of one tenant and one mode. Its scopes say what it may do."))
        tree.add("securitySchemes", .object([("bearerAuth", bearer.json)]))
        return tree.json
    }

    private static func idempotencyKey(isRequired: Bool) -> JSONTree {
        var schema = SchemaNode(type: "string")
        schema.add("minLength", .integer(1))
        schema.add("maxLength", .integer(255))
        var tree = TreeMembers()
        tree.add("name", .string("Idempotency-Key"))
        tree.add("in", .string("header"))
        tree.add("required", .bool(isRequired))
        let text =
            "Names this write for 24 hours: the same key with the same request gets the first answer again, byte for"
            + " byte; with another request it is refused with 409."
        tree.add("description", .string(text))
        tree.add("schema", schema.json)
        tree.add("example", .string("3f9a8e21-0c4d-4f7e-9e6b-2a8d5c1f1abc"))
        return tree.json
    }
}
