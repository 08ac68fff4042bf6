/// One operation of an API as a value: what it is called, takes and answers. Routes, documentation and SDKs come from
/// it.
public struct OperationDescription: Sendable {
    /// An HTTP method.
    public enum Method: String, Sendable {
        case get, put, post, delete, patch
    }

    /// Whether a write takes an `Idempotency-Key`.
    public enum Idempotency: Sendable {
        case none, optional, required
    }

    /// `operationId`: unique in a document, camel case.
    public var id: String
    public var method: Method
    public var path: PathTemplate
    /// A few words.
    public var summary: String
    /// CommonMark.
    public var description: String
    public var tag: String
    /// All of them are needed. Empty: any live key.
    public var scopes: [String]
    /// Whether it answers without a key.
    public var isOpen: Bool
    public var idempotency: Idempotency
    public var parameters: ParameterList
    /// Header fields of the request that it looks at, beside those of every operation.
    public var headers: [HeaderDescription]
    public var request: BodyDescription?
    public var responses: [ResponseDescription]
    /// Beside those that the document says are common to all.
    public var errors: [ErrorDescription]

    public init(
        id: String, method: Method, path: PathTemplate, summary: String, description: String = "", tag: String,
        scopes: [String] = [], isOpen: Bool = false, idempotency: Idempotency = .none,
        parameters: ParameterList = .none, headers: [HeaderDescription] = [], request: BodyDescription? = nil,
        responses: [ResponseDescription], errors: [ErrorDescription] = []
    ) {
        self.id = id
        self.method = method
        self.path = path
        self.summary = summary
        self.description = description
        self.tag = tag
        self.scopes = scopes
        self.isOpen = isOpen
        self.idempotency = idempotency
        self.parameters = parameters
        self.headers = headers
        self.request = request
        self.responses = responses
        self.errors = errors
    }
}

/// A worked example of a body.
public struct NamedExample: Sendable {
    /// `[A-Za-z0-9_-]+`.
    public var name: String
    public var summary: String
    /// JSON text; its members are shown in this order.
    public var json: String

    public init(_ name: String, summary: String = "", json: String) {
        self.name = name
        self.summary = summary
        self.json = json
    }
}

/// The body of a request or an answer.
public struct BodyDescription: Sendable {
    public var mediaType: String
    public var schema: SchemaComponent?
    public var examples: [NamedExample]
    /// Whether a request must have one. Without it, no body at all stands for an object without members.
    public var isRequired = true
    /// An example of a body that is no JSON.
    var text: String?
    /// What each event of a stream of events carries.
    var eventSchema: SchemaComponent?
    /// Decodes an example; nil for bodies that are no JSON.
    let check: (@Sendable (JSONDocument) -> [WireFault])?

    /// A declared object as JSON.
    public static func json<Object: WireObject>(
        _ type: Object.Type, mediaType: String = "application/json", examples: [NamedExample] = [],
        isRequired: Bool = true
    ) -> BodyDescription {
        BodyDescription(
            mediaType: mediaType, schema: SchemaComponent(type), examples: examples, isRequired: isRequired
        ) { document in
            do throws(WireFaults) {
                _ = try document.decode(Object.self)
                return []
            } catch {
                return error.faults
            }
        }
    }

    /// Something else, such as a file.
    public static func other(mediaType: String) -> BodyDescription {
        BodyDescription(mediaType: mediaType, schema: nil, examples: [], check: nil)
    }

    /// Server-Sent Events, each of which has a declared object as its data.
    /// - Parameter example: what goes over the wire.
    public static func eventStream<Object: WireObject>(of type: Object.Type, example: String) -> BodyDescription {
        BodyDescription(
            mediaType: "text/event-stream", schema: nil, examples: [], text: example,
            eventSchema: SchemaComponent(type), check: nil)
    }

    /// What is wrong with the examples.
    func problems(of place: String) -> [String] {
        examples.flatMap { example -> [String] in
            let document: JSONDocument
            do throws(JSONSyntaxError) {
                document = try JSONDocument(example.json)
            } catch {
                return ["\(place): the example \(example.name) is not JSON: \(error.message)"]
            }
            let faults = check.map { $0(document) } ?? []
            return faults.map { "\(place): the example \(example.name) is refused: \($0.pointer) \($0.message)" }
        }
    }
}

/// An answer that is no error.
public struct ResponseDescription: Sendable {
    public var status: Int
    public var description: String
    public var body: BodyDescription?
    /// Beside those that the document says are common to all.
    public var headers: [HeaderDescription]

    public init(_ status: Int, _ description: String, body: BodyDescription? = nil, headers: [HeaderDescription] = []) {
        self.status = status
        self.description = description
        self.body = body
        self.headers = headers
    }
}

/// An answer that is an error; its body is the document's error body.
public struct ErrorDescription: Sendable {
    public var status: Int
    public var description: String
    /// The stable codes that come with it.
    public var codes: [String]
    public var examples: [NamedExample]

    public init(_ status: Int, _ description: String, codes: [String] = [], examples: [NamedExample] = []) {
        self.status = status
        self.description = description
        self.codes = codes
        self.examples = examples
    }

    var text: String {
        guard !codes.isEmpty else { return description }
        return description + " Codes: " + codes.map { "`\($0)`" }.joined(separator: ", ") + "."
    }
}
