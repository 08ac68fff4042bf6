import ImportClient
import Testing

@Suite("Reading CSV")
struct CSVReaderTests {
    struct Row: Hashable {
        var line: Int
        var fields: [String]
    }

    /// Header and rows of a text, read in pieces of the given sizes.
    private func read(_ text: String, sizes: @escaping () -> Int = { 1 << 20 }) throws -> [Row] {
        try read(Array(text.utf8), sizes: sizes)
    }

    private func read(_ bytes: [UInt8], sizes: @escaping () -> Int = { 1 << 20 }) throws -> [Row] {
        var reader = try CSVReader(source: ScatteredBytes(bytes, sizes: sizes))
        var rows = [Row(line: reader.line, fields: reader.header)]
        while try reader.next() {
            rows.append(Row(line: reader.line, fields: reader.header.indices.map { reader.field($0).text }))
        }
        return rows
    }

    @Test(
        "reads what RFC 4180 describes",
        arguments: [
            ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
            ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
            ("a,b\n1,2", [["a", "b"], ["1", "2"]]),
            ("a,b\n,\n", [["a", "b"], ["", ""]]),
            ("a,b\n\n\r\n1,2\n\n", [["a", "b"], ["1", "2"]]),
            ("\u{FEFF}a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
            ("a,b\n\"1\",\"2\"\n", [["a", "b"], ["1", "2"]]),
            ("a,b\n\"x, y\",\"say \"\"hi\"\"\"\n", [["a", "b"], ["x, y", "say \"hi\""]]),
            ("a,b\n\"one\ntwo\r\nthree\",2\n", [["a", "b"], ["one\ntwo\r\nthree", "2"]]),
            ("a,b\n\"\"\"\",\"\"\n", [["a", "b"], ["\"", ""]]),
            ("a,b\n5\" nail,2\n", [["a", "b"], ["5\" nail", "2"]]),
            ("a,b\n1,\"2\"", [["a", "b"], ["1", "2"]]),
            ("a\n\"\"\nx\n", [["a"], [""], ["x"]]),
        ] as [(String, [[String]])])
    func reads(text: String, expected: [[String]]) throws {
        #expect(try read(text).map(\.fields) == expected)
        #expect(try read(text, sizes: { 1 }).map(\.fields) == expected)
    }

    @Test("a record's line is where it begins, line breaks in quotes included")
    func lineNumbers() throws {
        let rows = try read("a,b\n1,2\n\n\"x\ny\",2\n3,4\n")
        #expect(rows.map(\.line) == [1, 2, 4, 6])
    }

    @Test(
        "a broken file is refused with the line that is wrong",
        arguments: [
            ("", 1, "empty"),
            ("a,b\n1,2\n3\n", 3, "1 columns where the header has 2"),
            ("a,b\n1,2\n3", 3, "cut off"),
            ("a,b\n1,2,3\n", 2, "3 columns"),
            ("a,b\n1,2\n3,\"4\n5,6\n", 3, "never closed"),
            ("a,b\n\"x\ny\",2\n\"1\n\n\n", 4, "never closed"),
            ("a,b\n\"1\"x,2\n", 2, "after a closing quote"),
            ("a,b\n1\rx,2\n", 2, "carriage return"),
            ("a,b\n1,2\r", 2, "carriage return"),
        ] as [(String, Int, String)])
    func refuses(text: String, line: Int, problem: String) {
        for size in [1, 1 << 20] {
            do {
                _ = try read(text, sizes: { size })
                Issue.record("\(text.debugDescription) was accepted")
            } catch ImportError.malformed(let at, let said) {
                #expect(at == line)
                #expect(said.contains(problem), "\(said)")
            } catch {
                Issue.record("\(error)")
            }
        }
    }

    @Test("a quote that is never closed is found before the memory is full")
    func endlessQuote() {
        let text = "a,b\n\"" + String(repeating: "x", count: 10 * CSVReader.longestRecord)
        #expect(throws: ImportError.malformed(line: 2, problem: "a record of more than 65536 bytes")) {
            try read(text)
        }
    }

    @Test("a record just as long as allowed is read, wherever the buffer ends")
    func longRecords() throws {
        let field = String(repeating: "x", count: CSVReader.longestRecord - 10)
        let text = "a,b\n" + (0..<20).map { "\($0),\(field)\n" }.joined()
        let rows = try read(text, sizes: { 40_000 })
        #expect(rows.count == 21)
        #expect(rows.dropFirst().allSatisfy { $0.fields[1] == field })
    }

    @Test("the record is the line as it stands, quotes and all")
    func record() throws {
        var reader = try CSVReader(source: ScatteredBytes(Array("a,b\r\n\"1\"\"\n\",2\r\n".utf8), sizes: { 3 }))
        let isThere = try reader.next()
        let record = reader.record.text
        let isOpen = reader.lastLineIsOpen
        #expect(isThere)
        #expect(record == "\"1\"\"\n\",2")
        #expect(!isOpen)
    }

    @Test("rows written with quotes where needed come back, whatever pieces the bytes come in")
    func roundTrip() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var chance = SeededGenerator(seed: seed)
        let alphabet = Array("ab,\"\n\r €é;'")
        for round in 0..<200 {
            let width = Int.random(in: 2...6, using: &chance)
            var rows: [[String]] = [(0..<width).map { "column\($0)" }]
            for _ in 0..<Int.random(in: 0...20, using: &chance) {
                rows.append(
                    (0..<width).map { _ in
                        String(
                            (0..<Int.random(in: 0...8, using: &chance)).map { _ in
                                alphabet[Int.random(in: 0..<alphabet.count, using: &chance)]
                            })
                    })
            }
            let ending = Bool.random(using: &chance) ? "\r\n" : "\n"
            let lines = rows.map { row in
                row.map { field in
                    let mustQuote = field.contains { "\",\n\r\r\n".contains($0) }
                    guard mustQuote || Int.random(in: 0...3, using: &chance) == 0 else { return field }
                    return "\"" + field.replacing("\"", with: "\"\"") + "\""
                }.joined(separator: ",")
            }
            var sizes = SeededGenerator(seed: chance.next())
            let read = try read(lines.joined(separator: ending) + ending) { Int.random(in: 1...40, using: &sizes) }
            #expect(read.map(\.fields) == rows, "seed \(seed), round \(round)")
        }
    }

    @Test("random bytes never trap, and give the same rows or the same error in any pieces")
    func fuzz() {
        let seed = UInt64.random(in: 0 ... .max)
        var chance = SeededGenerator(seed: seed)
        let alphabet: [UInt8] = [0x22, 0x22, 0x2C, 0x2C, 0x0A, 0x0A, 0x0D, 0x61, 0x00, 0xFF, 0xEF, 0xBB, 0xBF]
        for round in 0..<3_000 {
            let bytes = (0..<Int.random(in: 0...60, using: &chance)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &chance)]
            }
            let whole = outcome { try read(bytes) }
            var sizes = SeededGenerator(seed: chance.next())
            let pieces = outcome { try read(bytes) { Int.random(in: 1...5, using: &sizes) } }
            #expect(whole == pieces, "seed \(seed), round \(round), bytes \(bytes)")
        }
    }

    /// Rows, or an error, as text that can be compared.
    private func outcome(_ body: () throws -> [Row]) -> String {
        do { return "\(try body())" } catch { return "\(error)" }
    }
}
