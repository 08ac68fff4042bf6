import Testing
import WireSchema

private func failure(_ text: String, _ options: JSONDocument.Options = .contract) -> JSONSyntaxError? {
    do throws(JSONSyntaxError) {
        _ = try JSONDocument(text, options: options)
        return nil
    } catch {
        return error
    }
}

@Suite("Errors of the JSON reader")
struct SyntaxErrorTests {
    @Test(
        "each fault has its code, its place and its pointer",
        arguments: [
            ("", "unexpected_end", 0, ""),
            ("  ", "unexpected_end", 2, ""),
            ("\u{FEFF}{}", "byte_order_mark", 0, ""),
            ("{} x", "trailing_bytes", 3, ""),
            ("[1 2]", "unexpected_byte", 3, ""),
            ("[1,]", "unexpected_byte", 3, "/1"),
            ("[1,2", "unexpected_end", 4, ""),
            ("[true,\"a", "unexpected_end", 8, "/1"),
            ("{\"a\":1,}", "unexpected_byte", 7, ""),
            ("{\"a\":}", "unexpected_byte", 5, "/a"),
            ("{\"a\" 1}", "unexpected_byte", 5, ""),
            ("{a:1}", "unexpected_byte", 1, ""),
            ("{\"a\":{\"b\":[0,{\"c\":01}]}}", "invalid_number", 18, "/a/b/1/c"),
            ("[-]", "invalid_number", 1, "/0"),
            ("[1.]", "invalid_number", 1, "/0"),
            ("[1e]", "invalid_number", 1, "/0"),
            ("[1.5e+", "unexpected_end", 6, "/0"),
            ("[+1]", "unexpected_byte", 1, "/0"),
            ("[.5]", "unexpected_byte", 1, "/0"),
            ("[nul]", "invalid_literal", 1, "/0"),
            ("[tru", "unexpected_end", 4, "/0"),
            ("nul", "unexpected_end", 3, ""),
            ("nuk", "invalid_literal", 0, ""),
            ("[NaN]", "unexpected_byte", 1, "/0"),
            ("[\"\\x\"]", "invalid_escape", 2, "/0"),
            ("[\"\\u12G4\"]", "invalid_escape", 2, "/0"),
            ("[\"\\u12", "unexpected_end", 6, "/0"),
            ("[\"\\ud800\"]", "lone_surrogate", 2, "/0"),
            ("[\"\\udc00\\ud800\"]", "lone_surrogate", 2, "/0"),
            ("[\"a\u{1}\"]", "control_character", 3, "/0"),
            ("[\"a\u{0}\"]", "nul_character", 3, "/0"),
            ("{\"k\":\"\\u0000\"}", "nul_character", 6, "/k"),
            ("{\"a\":1,\"b\":2,\"a\":3}", "duplicate_member", 13, "/a"),
            ("{\"a\":1,\"\\u0061\":3}", "duplicate_member", 7, "/a"),
            ("{\"\":0,\"\":0}", "duplicate_member", 6, "/"),
            ("[0,{\"x\":[{\"a/b~\":1,\"a/b~\":2}]}]", "duplicate_member", 19, "/1/x/0/a~1b~0"),
        ])
    func codes(text: String, code: String, offset: Int, pointer: String) throws {
        let error = try #require(failure(text))
        #expect(error.code.rawValue == code)
        #expect(error.offset == offset)
        #expect(error.pointer == pointer)
        #expect(!error.message.isEmpty)
    }

    @Test("UTF-8 is checked byte by byte: nothing overlong, no surrogate, nothing above U+10FFFF, nothing cut off")
    func encoding() {
        func code(_ bytes: [UInt8]) -> JSONSyntaxError.Code? {
            do throws(JSONSyntaxError) {
                _ = try JSONDocument([UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")])
                return nil
            } catch {
                return error.code
            }
        }
        // Every sequence of two bytes, and those of three and four at the edges, judged by Swift's own decoder.
        let edges: [UInt8] = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF]
        for first in UInt8(0x80)...0xFF {
            var sequences: [[UInt8]] = [[first]]
            for second in UInt8(0x21)...0xFF where second != UInt8(ascii: "\"") && second != UInt8(ascii: "\\") {
                sequences.append([first, second])
                for third in edges where third >= 0x7F && edges.contains(second) {
                    sequences.append([first, second, third])
                    for fourth in edges where fourth >= 0x7F { sequences.append([first, second, third, fourth]) }
                }
            }
            for sequence in sequences {
                let isValid = String(validating: sequence, as: UTF8.self) != nil
                let found = code(sequence)
                if (found == nil) != isValid || (found != nil && found != .invalidUTF8) {
                    Issue.record("\(sequence) gave \(String(describing: found))")
                }
            }
        }
    }

    @Test("line and column count lines and Unicode scalars from 1")
    func position() throws {
        let error = try #require(failure("{\n  \"ä€😀\": x\n}"))
        #expect(error.line == 2)
        #expect(error.column == 10)
        #expect(error.message.contains("line 2, column 10"))
    }

    @Test("the contract takes sixteen levels and no more")
    func depth() {
        #expect(failure(String(repeating: "[", count: 16) + String(repeating: "]", count: 16)) == nil)
        let error = failure(String(repeating: "[", count: 17) + String(repeating: "]", count: 17))
        #expect(error?.code == .nestingTooDeep)
        #expect(error?.offset == 16)
        #expect(error?.pointer == String(repeating: "/0", count: 16))
        #expect(failure("1", JSONDocument.Options(maxDepth: 0)) == nil)
        #expect(failure("[]", JSONDocument.Options(maxDepth: 0))?.code == .nestingTooDeep)
        #expect(JSONDocument.Options(maxDepth: 1_000_000).maxDepth == JSONDocument.Options.depthCeiling)
    }

    @Test("a document may have as many values as the options say")
    func nodes() {
        let options = JSONDocument.Options(maxNodes: 300)
        let fits = "[" + Array(repeating: "0", count: 299).joined(separator: ",") + "]"
        #expect(failure(fits, options) == nil)
        #expect(failure("[0," + fits.dropFirst(), options)?.code == .tooManyValues)
        #expect(failure("0", JSONDocument.Options(maxNodes: 1)) == nil)
        #expect(failure("[0]", JSONDocument.Options(maxNodes: 1))?.code == .tooManyValues)
    }

    @Test("a name of a megabyte comes back shortened")
    func longNames() throws {
        let name = String(repeating: "ü", count: 500_000)
        let error = try #require(failure("{\"\(name)\":x}"))
        #expect(error.pointer.unicodeScalars.count == 130)
        #expect(error.pointer.hasSuffix("…"))
    }

    @Test("duplicates are found among many members too, escaped or not, and near duplicates are none")
    func manyMembers() {
        let names = (0..<5000).map { "\"m\($0)\":0" }
        #expect(failure("{" + names.joined(separator: ",") + "}") == nil)
        #expect(failure("{" + (names + ["\"m4321\":1"]).joined(separator: ",") + "}")?.pointer == "/m4321")
        #expect(failure("{" + (names + ["\"\\u006d7\":1"]).joined(separator: ",") + "}")?.pointer == "/m7")
        #expect(failure("{\"ab\":1,\"ba\":1,\"aab\":1,\"bba\":1,\"abb\":1,\"\\u0061bc\":1}") == nil)
    }

    @Test("duplicates are compared in each object by itself")
    func duplicatesAreLocal() {
        #expect(failure(#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}"#) == nil)
    }

    @Test("every code has a message that says something of its own")
    func messages() {
        let texts = [
            "", "\u{FEFF}", "[\u{1}", "{x", "1 1", "tru3", "01", "\"\\q\"", "\"\\ud800\"", "\"\u{0}\"",
            "{\"a\":1,\"a\":1}",
        ]
        let messages = texts.compactMap { failure($0)?.message.prefix { $0 != "(" } }
        #expect(Set(messages).count == texts.count)
    }
}
