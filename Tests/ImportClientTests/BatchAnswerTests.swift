import ImportClient
import Testing

@Suite("Reading the answer to a batch")
struct BatchAnswerTests {
    private let answer = """
        {"recorded":1,"replayed":1,"refused":2,"results":[
         {"index":0,"idempotency_key":"a","status":201,"replayed":false,"movement":{"id":"m","note":"}],\\"{","seq":1}},
         {"index":1,"idempotency_key":"b","status":422,"replayed":false,
          "problem":{"code":"insufficient_stock","detail":"only 3 \\"left\\"","errors":[]}},
         {"status":201,"index":2,"replayed":true,"movement":null},
         {"index":3,"replayed":true,"status":404,
          "problem":{"title":"Not found","errors":[{"pointer":"/x","message":"m"}]}}
        ]}
        """

    @Test("the counts are found first or last")
    func counts() {
        let expected = BatchAnswer.Counts(recorded: 1, replayed: 1, refused: 2)
        #expect(withBytes(answer) { BatchAnswer.counts($0) } == expected)
        let last = #"{"results":[{"recorded":9,"x":"\\\""}],"more":[1,{"a":[]}],"refused":2,"replayed":1,"recorded":1}"#
        #expect(withBytes(last) { BatchAnswer.counts($0) } == expected)
    }

    @Test("each result has its status, and a refusal its reason")
    func results() throws {
        let results = try #require(withBytes(answer) { BatchAnswer.results($0) })
        #expect(results.map(\.index) == [0, 1, 2, 3])
        #expect(results.map(\.status) == [201, 422, 201, 404])
        #expect(results.map(\.replayed) == [false, false, true, true])
        #expect(results.map(\.isRefused) == [false, true, false, true])
        #expect(results.map(\.code) == [nil, "insufficient_stock", nil, nil])
        #expect(results.map(\.detail) == [nil, "only 3 \"left\"", nil, "Not found (/x: m)"])
    }

    @Test(
        "what is no such answer is told apart",
        arguments: [
            "", "{", "[]", "null", "{}", #"{"recorded":1}"#, #"{"recorded":"1","replayed":0,"refused":0}"#, "<html>",
        ])
    func noAnswer(text: String) {
        #expect(withBytes(text) { BatchAnswer.counts($0) } == nil)
        #expect(withBytes(text) { BatchAnswer.results($0) } == nil)
    }

    @Test("an answer that is cut off or garbled anywhere never traps, and is never taken for a whole one")
    func garbled() {
        let bytes = Array(answer.utf8)
        for count in 0..<bytes.count - 3 {
            #expect(
                Array(bytes[..<count]).withUnsafeBufferPointer { BatchAnswer.results($0) } == nil, "cut at \(count)")
        }
        let seed = UInt64.random(in: 0 ... .max)
        var chance = SeededGenerator(seed: seed)
        for _ in 0..<20_000 {
            var changed = bytes
            for _ in 0..<3 {
                changed[Int.random(in: 0..<bytes.count, using: &chance)] = UInt8.random(in: 0...127, using: &chance)
            }
            let results = changed.withUnsafeBufferPointer { BatchAnswer.results($0) }
            #expect((results ?? []).allSatisfy { $0.index >= 0 && $0.status >= 100 }, "seed \(seed)")
        }
    }
}
