import WireSchema

/// JSON in and out: a movement as it is sent, a batch of 500, and what is answered.
struct WireBenchmarks {
    static let lines = 500

    let stopwatch: Stopwatch

    func run() throws -> [Measurement?] {
        try single() + batch()
    }

    private func single() throws -> [Measurement?] {
        let bytes = MovementBody.sample(1).jsonBytes()
        let document = try JSONDocument(bytes)
        var writer = JSONWriter(capacity: 1_024)
        return [
            try stopwatch.measure("parse a movement (\(bytes.count) bytes)", "documents") { try JSONDocument(bytes) },
            try stopwatch.measure("decode a parsed movement", "documents") {
                try document.decode(MovementBody.self)
            },
            stopwatch.measure("canonical form of a movement", "documents") { document.canonicalBytes() },
            try stopwatch.measure("parse, decode and canonical form of a movement", "documents") {
                let document = try JSONDocument(bytes)
                return (try document.decode(MovementBody.self).quantity, document.canonicalBytes())
            },
            stopwatch.measure("encode a movement's answer", "documents") {
                writer.removeAll()
                writer.encode(MovementAnswer.sample)
                return writer.count
            },
        ]
    }

    private func batch() throws -> [Measurement?] {
        var body = BatchBody()
        body.movements = (0..<Self.lines).map { .sample($0) }
        let bytes = body.jsonBytes()
        let document = try JSONDocument(bytes)
        let answers = BatchAnswer(results: Array(repeating: .sample, count: Self.lines))
        let size = "\(bytes.count / 1_024) KiB"
        return [
            try stopwatch.measure("parse a batch of 500 (\(size))", "lines", operations: Self.lines) {
                try JSONDocument(bytes)
            },
            try stopwatch.measure("decode a parsed batch of 500", "lines", operations: Self.lines) {
                try document.decode(BatchBody.self)
            },
            stopwatch.measure("canonical form of a batch of 500", "lines", operations: Self.lines) {
                document.canonicalBytes()
            },
            try stopwatch.measure("parse, decode and canonical form of 500", "lines", operations: Self.lines) {
                let document = try JSONDocument(bytes)
                return (try document.decode(BatchBody.self).movements.count, document.canonicalBytes())
            },
            stopwatch.measure("encode the answer to a batch of 500", "lines", operations: Self.lines) {
                answers.jsonBytes(capacity: 256 * 1_024)
            },
        ]
    }
}
