import Testing
import WireSchema

/// Inputs that are built to hurt. The bounds are generous, since other work may run beside the tests; each takes a few
/// milliseconds, and a quadratic reader would take minutes.
@Suite("Hostile JSON", .serialized)
struct HostileJSONTests {
    static let bound = Duration.seconds(2)

    private func outcome(_ bytes: [UInt8], _ options: JSONDocument.Options) -> JSONSyntaxError.Code? {
        do throws(JSONSyntaxError) {
            _ = try JSONDocument(bytes, options: options)
            return nil
        } catch {
            return error.code
        }
    }

    private func timed<Value>(_ name: String, _ body: () -> Value) -> Value {
        let clock = ContinuousClock()
        let start = clock.now
        let value = body()
        let time = clock.now - start
        print("hostile: \(name) took \(time)")
        #expect(time < Self.bound, "\(name)")
        return value
    }

    private func repeated(_ text: String, _ total: Int) -> [UInt8] {
        let part = [UInt8](text.utf8)
        return (0..<total).map { part[$0 % part.count] }
    }

    @Test("a megabyte of open brackets is refused at once, however deep the options allow")
    func openBrackets() {
        for text in ["[", "{\"a\":", "[{\"\":"] {
            let bytes = repeated(text, 1 << 20)
            for options in [JSONDocument.Options.contract, .grammar, JSONDocument.Options(maxDepth: .max)] {
                #expect(timed("\(text)…") { outcome(bytes, options) } == .nestingTooDeep)
            }
        }
    }

    @Test("a string of a megabyte is read, plain, escaped or not closed")
    func longStrings() {
        let quote = [UInt8(ascii: "\"")]
        #expect(timed("plain") { outcome(quote + repeated("x", 1 << 20) + quote, .contract) } == nil)
        #expect(timed("not ASCII") { outcome(quote + repeated("€", 3 << 18) + quote, .contract) } == nil)
        #expect(timed("escaped") { outcome(quote + repeated("\\u00e9", 6 << 17) + quote, .contract) } == nil)
        #expect(timed("open") { outcome(quote + repeated("x", 1 << 20), .contract) } == .unexpectedEnd)
        #expect(timed("backslashes") { outcome(quote + repeated("\\", 1 << 20), .contract) } == .unexpectedEnd)
    }

    @Test("a hundred thousand members are compared in linear time")
    func manyMembers() throws {
        let names = (0..<100_000).map { "\"name\($0)\":0" }.joined(separator: ",")
        let distinct = [UInt8]("{\(names)}".utf8)
        #expect(timed("distinct") { outcome(distinct, .contract) } == nil)
        let twice = [UInt8]("{\(names),\"name99999\":0}".utf8)
        #expect(timed("one twice") { outcome(twice, .contract) } == .duplicateMember)
        let escaped = (0..<60_000).map { "\"\\u006e\($0)\":0" }.joined(separator: ",")
        #expect(timed("escaped") { outcome([UInt8]("{\(escaped)}".utf8), .contract) } == nil)
        let document = try JSONDocument(distinct)
        #expect(timed("canonical") { document.canonicalBytes().count } > 1_000_000)
    }

    @Test("long names with a common beginning do not make comparing slow")
    func commonPrefixes() throws {
        let prefix = String(repeating: "p", count: 50_000)
        let bytes = [UInt8](
            ("{" + (0..<16).map { "\"\(prefix)\($0 % 10)\($0 / 10)\":0" }.joined(separator: ",") + "}").utf8)
        #expect(timed("prefixes") { outcome(bytes, .contract) } == nil)
        let many = [UInt8](
            ("{" + (0..<2000).map { "\"\(prefix.prefix(500))\($0)\":0" }.joined(separator: ",") + "}").utf8)
        let document = try JSONDocument(many)
        #expect(timed("canonical prefixes") { document.canonicalBytes().count } > 1_000_000)
    }

    @Test("a number of a hundred thousand digits is read, and refused as a value, in linear time")
    func longNumbers() throws {
        let digits = String(repeating: "9", count: 100_000)
        for text in [
            digits, "-\(digits)", "0.\(digits)", "1e\(digits)", "1e-\(digits)", "\(digits).\(digits)e\(digits)",
        ] {
            let document = try JSONDocument("[\(text)]")
            let value = document.root.elements[0]
            timed("\(text.prefix(6))…") {
                #expect(throws: WireFault.self) { try value.integer() }
                #expect(throws: WireFault.self) { try value.decimal(scale: 6) }
                #expect(document.canonicalBytes().count < 400_000)
            }
        }
        let zeros = try JSONDocument("1" + String(repeating: "0", count: 100_000) + "e-100000")
        #expect(try zeros.root.decimal(scale: 6) == 1_000_000)
        let ones = try JSONDocument("1." + String(repeating: "0", count: 100_000))
        #expect(try ones.root.decimal(scale: 6) == 1_000_000)
        #expect(zeros.canonicalBytes() == ones.canonicalBytes())
    }

    @Test("half a million elements of the wrong type give a bounded list of faults")
    func manyFaults() throws {
        let bytes = [UInt8](
            ("{\"events\":[" + Array(repeating: "1", count: 250_000).joined(separator: ",") + "]}").utf8)
        let document = try JSONDocument(bytes)
        let first = timed("wrong elements") { WireSchemaTests.faults(of: Subscription.self, in: document) }
        #expect(first.faults.count == 64)
        #expect(first.isTruncated)
        let members = (0..<100_000).map { "\"m\($0)\":0" }.joined(separator: ",")
        let unknown = try JSONDocument("{\(members)}")
        let second = timed("unknown members") { WireSchemaTests.faults(of: Subscription.self, in: unknown) }
        #expect(second.faults.count == 64)
        #expect(second.isTruncated)
    }
}

func faults<Object: WireObject>(of type: Object.Type, in document: JSONDocument) -> WireFaults {
    do throws(WireFaults) {
        _ = try document.decode(type)
        return WireFaults([])
    } catch {
        return error
    }
}
