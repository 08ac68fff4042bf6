import Testing
import WireSchema

/// Whatever bytes come, every function that a request reaches returns: it never traps and never hangs.
@Suite("Random bytes", .serialized)
struct MutationTests {
    private static let seeds = [
        #"{"item_id":"itm_01J9X","qty":-12,"type":"sale","unit_cost":"2.50","metadata":{"a":[1,{}]}}"#,
        #"{"atomic":true,"movements":[{"item_id":"a","qty":1,"type":"sale"},{"qty":1e5,"x":"ä\u00e9\ud834\udd1e\n"}]}"#,
        #"[0,-0.5,1e10,true,false,null,"x\\\"\/",{"":{"a":[[],[[]],{}]}},9223372036854775808]"#,
        #"{"text":"a","whole":1,"money":"1.5","at":"2026-04-22T17:04:11Z","day":"2024-02-29","map":{"k":1},"free":{}}"#,
    ].map { [UInt8]($0.utf8) }

    /// Does with the bytes everything that can be done with them.
    private func exercise(_ bytes: [UInt8]) {
        for options in [JSONDocument.Options.contract, .grammar] {
            do throws(JSONSyntaxError) {
                let document = try JSONDocument(bytes, options: options)
                let canonical = document.canonicalBytes(omitting: "qty")
                _ = document.prettyBytes()
                let again = try? JSONDocument(document.compactBytes(), options: options)
                #expect(again?.canonicalBytes(omitting: "qty") == canonical)
                _ = faults(of: MovementCreate.self, in: document)
                _ = faults(of: MovementBatch.self, in: document)
                _ = faults(of: EveryKind.self, in: document)
                _ = faults(of: ItemPatch.self, in: document)
                for value in document.root.elements + document.root.members.map(\.value) {
                    _ = try? value.integer()
                    _ = try? value.decimal(scale: 6)
                    #expect(value.pointer.utf8.first == UInt8(ascii: "/"))
                }
            } catch {
                #expect(error.offset >= 0 && error.offset <= bytes.count)
                #expect(error.line >= 1 && error.column >= 1)
            }
        }
    }

    @Test("random bytes never trap")
    func randomBytes() {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SeededNumbers(state: seed)
        let alphabet = [UInt8](#"{}[]",:0123456789-+.eE\u tfnrals"#.utf8) + [0, 0x80, 0xC3, 0xE2, 0xED, 0xF0, 0xFF]
        for round in 0..<20_000 {
            let count = Int.random(in: 0...60, using: &random)
            exercise(
                (0..<count).map { _ in
                    round % 2 == 0
                        ? UInt8.random(in: 0...255, using: &random) : alphabet.randomElement(using: &random) ?? 0
                })
        }
    }

    @Test("documents with a few bytes changed never trap")
    func mutations() {
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var random = SeededNumbers(state: seed)
        for _ in 0..<20_000 {
            var bytes = Self.seeds.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<max(bytes.count, 1), using: &random)
                switch Int.random(in: 0...4, using: &random) {
                case 0 where !bytes.isEmpty: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1 where !bytes.isEmpty: bytes.remove(at: place)
                case 2: bytes.insert(UInt8.random(in: 0...127, using: &random), at: min(place, bytes.count))
                case 3: bytes.removeLast(min(bytes.count, Int.random(in: 0...9, using: &random)))
                default:
                    let other = Self.seeds.randomElement(using: &random) ?? []
                    let from = Int.random(in: 0..<other.count, using: &random)
                    let part = other[from..<min(from + Int.random(in: 1...20, using: &random), other.count)]
                    bytes.insert(contentsOf: part, at: min(place, bytes.count))
                }
            }
            exercise(bytes)
        }
    }

    @Test("every beginning of a document is refused or complete")
    func truncation() {
        for seed in Self.seeds {
            for count in 0..<seed.count {
                let part = [UInt8](seed[..<count])
                #expect(throws: JSONSyntaxError.self) { try JSONDocument(part) }
                exercise(part)
            }
        }
    }
}
