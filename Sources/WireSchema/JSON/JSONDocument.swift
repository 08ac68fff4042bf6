/// A complete JSON text that has been checked from end to end, with a flat tape over its bytes.
///
/// Nothing is copied out of the text while reading: numbers stay text until someone asks for an exact integer or
/// decimal, strings are unescaped when they are wanted. Values are reached through ``root`` or, in one pass, by a
/// declared type: ``decode(_:at:)``.
public struct JSONDocument: Sendable {
    /// The text as it was sent.
    public let bytes: [UInt8]
    @usableFromInline let nodes: [JSONNode]

    /// Reads one JSON value.
    /// - Throws: ``JSONSyntaxError`` for the first thing that is wrong.
    public init(_ bytes: [UInt8], options: Options = .contract) throws(JSONSyntaxError) {
        let outcome = bytes.withUnsafeBufferPointer { Self.read($0, options: options) }
        self.bytes = bytes
        self.nodes = try outcome.get()
    }

    /// Copies the memory and reads one JSON value.
    /// - Throws: ``JSONSyntaxError`` for the first thing that is wrong.
    public init(copying memory: UnsafeRawBufferPointer, options: Options = .contract) throws(JSONSyntaxError) {
        try self.init([UInt8](memory), options: options)
    }

    /// Reads one JSON value.
    /// - Throws: ``JSONSyntaxError`` for the first thing that is wrong.
    public init(_ text: String, options: Options = .contract) throws(JSONSyntaxError) {
        try self.init([UInt8](text.utf8), options: options)
    }

    /// Nodes that fit on the stack: a movement has about 20.
    private static let nodesOnStack = 128

    private static func read(
        _ text: UnsafeBufferPointer<UInt8>, options: Options
    ) -> Result<[JSONNode], JSONSyntaxError> {
        func failed(_ failure: JSONFailure, _ pointer: String) -> Result<[JSONNode], JSONSyntaxError> {
            .failure(JSONSyntaxError(failure, pointer: pointer, in: text, options: options))
        }
        guard let base = text.baseAddress, !text.isEmpty else {
            return failed(JSONFailure(code: .unexpectedEnd, offset: 0), "")
        }
        guard text.count < Int(UInt32.max) else { return failed(JSONFailure(code: .documentTooLarge, offset: 0), "") }
        let first = min(nodesOnStack, max(options.maxNodes, 1))
        return withUnsafeTemporaryAllocation(of: JSONNode.self, capacity: first) { scratch in
            guard let scratchBase = scratch.baseAddress else {
                return failed(JSONFailure(code: .tooManyValues, offset: 0), "")
            }
            var builder = TapeBuilder(
                text, base: base, options: options, scratch: scratch, scratchBase: scratchBase)
            do throws(JSONFailure) {
                try builder.run()
            } catch {
                return failed(error, builder.pointer(of: error))
            }
            return .success([JSONNode](UnsafeBufferPointer(start: builder.nodes, count: builder.count)))
        }
    }

    /// Runs `body` with the bytes and the tape as raw memory, which must not leave it.
    @inlinable
    func withTape<Answer>(_ body: (JSONTape) -> Answer) -> Answer {
        bytes.withUnsafeBufferPointer { bytes in
            nodes.withUnsafeBufferPointer { nodes in
                // A document has at least one byte and one node: the reader refuses an empty text.
                guard let text = bytes.baseAddress, let first = nodes.baseAddress else {
                    preconditionFailure("a JSON document is never empty")
                }
                return body(JSONTape(bytes: text, nodes: first, count: nodes.count))
            }
        }
    }

    /// The outermost value.
    public var root: JSONValue { JSONValue(document: self, position: 0) }

    /// The value at a place that this document gave out.
    public subscript(index: JSONIndex) -> JSONValue {
        precondition(index.position >= 0 && index.position < nodes.count, "an index of another document")
        return JSONValue(document: self, position: index.position)
    }
}
