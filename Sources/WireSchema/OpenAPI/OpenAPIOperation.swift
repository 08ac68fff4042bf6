extension OperationDescription {
    /// The operation object.
    func json(in document: OpenAPIDocument) -> JSONTree {
        var tree = TreeMembers()
        tree.add("operationId", .string(id))
        tree.add("summary", text: summary)
        tree.add("description", text: description)
        tree.add("tags", .array([.string(tag)]))
        tree.add("parameters", list: parameterTrees)
        if let request {
            var body = TreeMembers()
            body.add("required", .bool(request.isRequired))
            body.add("content", document.content(of: request, examples: request.examples))
            tree.add("requestBody", body.json)
        }
        tree.add("responses", .object(responseTrees(in: document)))
        if isOpen {
            tree.add("security", .array([]))
        } else {
            let names = JSONTree.array(scopes.map { .string($0) })
            tree.add("security", .array([.object([("bearerAuth", names)])]))
            tree.add("x-required-scopes", names)
        }
        return tree.json
    }

    private var parameterTrees: [JSONTree] {
        var trees = parameters.parameters.map(\.json) + headers.map(\.parameterJSON)
        switch idempotency {
        case .none: break
        case .required: trees.append(OpenAPIDocument.reference("parameters", "IdempotencyKey"))
        case .optional: trees.append(OpenAPIDocument.reference("parameters", "OptionalIdempotencyKey"))
        }
        return trees
    }

    /// By status, successes and errors together.
    private func responseTrees(in document: OpenAPIDocument) -> [(name: String, value: JSONTree)] {
        var byStatus: [(status: Int, value: JSONTree)] = []
        for response in responses { byStatus.append((response.status, document.json(of: response, of: self))) }
        for error in errors { byStatus.append((error.status, document.json(of: error))) }
        for error in document.commonErrors where !byStatus.contains(where: { $0.status == error.status }) {
            if isOpen, error.status == 401 || error.status == 403 { continue }
            byStatus.append((error.status, OpenAPIDocument.reference("responses", "Error\(error.status)")))
        }
        return byStatus.sorted { $0.status < $1.status }.map { ("\($0.status)", $0.value) }
    }

    /// What is wrong with the declaration.
    func problems(errorBody: BodyDescription) -> [String] {
        var problems = path.problems + parameters.problems
        let declared = parameters.parameters.filter { $0.part == .path }.map(\.name)
        if Set(declared) != Set(path.parameterNames) {
            problems.append("the path \(path) and its declared parameters \(declared) differ")
        }
        problems += request?.problems(of: "the request") ?? []
        for response in responses { problems += response.body?.problems(of: "the answer \(response.status)") ?? [] }
        for error in errors {
            var body = errorBody
            body.examples = error.examples
            problems += body.problems(of: "the error \(error.status)")
        }
        let statuses = responses.map(\.status) + errors.map(\.status)
        if Set(statuses).count < statuses.count { problems.append("a status is described twice") }
        if responses.isEmpty { problems.append("there is no answer") }
        return problems.map { "\(id): \($0)" }
    }
}

extension OpenAPIDocument {
    static func reference(_ section: String, _ name: String) -> JSONTree {
        SchemaNode(reference: "#/components/\(section)/\(name)").json
    }

    func content(of body: BodyDescription, examples: [NamedExample]) -> JSONTree {
        .object([media(of: body, examples: examples)])
    }

    private func media(of body: BodyDescription, examples: [NamedExample]) -> (name: String, value: JSONTree) {
        var media = TreeMembers()
        if let schema = body.schema {
            media.add("schema", SchemaNode(reference: Self.schemaPrefix + schema.name).json)
        }
        if let event = body.eventSchema {
            var schema = TreeMembers()
            schema.add("type", .string("string"))
            let text = "Server-Sent Events, one after another; the `data` of each has the schema \(event.name)."
            schema.add("description", .string(text))
            media.add("schema", schema.json)
            // OpenAPI 3.1 has no word of its own for what the events carry.
            media.add("x-event-data", SchemaNode(reference: Self.schemaPrefix + event.name).json)
        }
        if let text = body.text { media.add("example", .string(text)) }
        let trees = examples.map { example -> (name: String, value: JSONTree) in
            var tree = TreeMembers()
            tree.add("summary", text: example.summary)
            tree.add("value", JSONTree(json: example.json))
            return (example.name, tree.json)
        }
        if !trees.isEmpty { media.add("examples", .object(trees)) }
        return (body.mediaType, media.json)
    }

    func json(of response: ResponseDescription, of operation: OperationDescription) -> JSONTree {
        var headers = commonHeaderReferences
        if operation.idempotency != .none {
            headers.append(headerReference(.idempotentReplayed))
        }
        for header in response.headers { headers.append((header.name, header.json)) }
        var tree = TreeMembers()
        tree.add("description", .string(response.description))
        if !headers.isEmpty { tree.add("headers", .object(headers)) }
        if let body = response.body {
            var kinds = [media(of: body, examples: body.examples)]
            // The same status may also be a refusal of what the operation never came to see.
            if body.mediaType != errorBody.mediaType, commonErrors.contains(where: { $0.status == response.status }) {
                kinds.append(media(of: errorBody, examples: []))
            }
            tree.add("content", .object(kinds))
        }
        return tree.json
    }

    func json(of error: ErrorDescription) -> JSONTree {
        var headers = commonHeaderReferences
        if error.status == 429 || error.status == 503 { headers.append(headerReference(.retryAfter)) }
        var tree = TreeMembers()
        tree.add("description", .string(error.text))
        if !headers.isEmpty { tree.add("headers", .object(headers)) }
        tree.add("content", content(of: errorBody, examples: error.examples))
        return tree.json
    }

    private var commonHeaderReferences: [(name: String, value: JSONTree)] {
        commonHeaders.map { headerReference($0) }
    }

    private func headerReference(_ header: HeaderDescription) -> (name: String, value: JSONTree) {
        (header.name, Self.reference("headers", header.name))
    }
}
