import Foundation
import Testing
import WireSchema

/// The parsing cases of nst/JSONTestSuite, which lie beside the repository and not in it.
enum JSONTestSuite {
    static let directory: URL = URL(fileURLWithPath: #filePath)
        .resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("shared/data/json-test-suite")

    static var names: [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        return all.filter { $0.hasSuffix(".json") }.sorted()
    }

    static var isThere: Bool { !names.isEmpty }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: directory.appendingPathComponent(name)))
    }

    static func read(_ name: String, _ options: JSONDocument.Options) throws -> JSONSyntaxError? {
        let bytes = try bytes(name)
        do throws(JSONSyntaxError) {
            _ = try JSONDocument(bytes, options: options)
            return nil
        } catch {
            return error
        }
    }
}

@Suite("JSONTestSuite", .enabled(if: JSONTestSuite.isThere, "../shared/data/json-test-suite is not there"))
struct JSONTestSuiteTests {
    @Test("every y-file is accepted by the grammar")
    func accepted() throws {
        let names = JSONTestSuite.names.filter { $0.hasPrefix("y_") }
        #expect(names.count == 95)
        for name in names { #expect(try JSONTestSuite.read(name, .grammar) == nil, "\(name)") }
    }

    @Test("every n-file is refused, by the grammar and by the contract")
    func refused() throws {
        let names = JSONTestSuite.names.filter { $0.hasPrefix("n_") }
        #expect(names.count == 187 || names.count == 188)
        for name in names {
            #expect(try JSONTestSuite.read(name, .grammar) != nil, "\(name)")
            #expect(try JSONTestSuite.read(name, .contract) != nil, "\(name)")
        }
    }

    @Test("the contract refuses four y-files: duplicate members and NUL")
    func contractIsStricter() throws {
        var refused: [String: String] = [:]
        for name in JSONTestSuite.names where name.hasPrefix("y_") {
            if let error = try JSONTestSuite.read(name, .contract) { refused[name] = error.code.rawValue }
        }
        #expect(
            refused == [
                "y_object_duplicated_key.json": "duplicate_member",
                "y_object_duplicated_key_and_value.json": "duplicate_member",
                "y_object_escaped_null_in_key.json": "nul_character",
                "y_string_null_escape.json": "nul_character",
            ])
    }

    /// The digits are kept as they are: no number is too large or too small for text.
    static let accepted: Set<String> = [
        "i_number_double_huge_neg_exp.json",
        "i_number_huge_exp.json",
        "i_number_neg_int_huge_exp.json",
        "i_number_pos_double_huge_exp.json",
        "i_number_real_neg_overflow.json",
        "i_number_real_pos_overflow.json",
        "i_number_real_underflow.json",
        "i_number_too_big_neg_int.json",
        "i_number_too_big_pos_int.json",
        "i_number_very_big_negative_int.json",
        "i_structure_500_nested_arrays.json",
    ]

    /// Whatever is not clean Unicode.
    static let refused: [String: JSONSyntaxError.Code] = [
        "i_object_key_lone_2nd_surrogate.json": .loneSurrogate,
        "i_string_1st_surrogate_but_2nd_missing.json": .loneSurrogate,
        "i_string_1st_valid_surrogate_2nd_invalid.json": .loneSurrogate,
        "i_string_UTF-16LE_with_BOM.json": .byteOrderMark,
        "i_string_UTF-8_invalid_sequence.json": .invalidUTF8,
        "i_string_UTF8_surrogate_U+D800.json": .invalidUTF8,
        "i_string_incomplete_surrogate_and_escape_valid.json": .loneSurrogate,
        "i_string_incomplete_surrogate_pair.json": .loneSurrogate,
        "i_string_incomplete_surrogates_escape_valid.json": .loneSurrogate,
        "i_string_invalid_lonely_surrogate.json": .loneSurrogate,
        "i_string_invalid_surrogate.json": .loneSurrogate,
        "i_string_invalid_utf-8.json": .invalidUTF8,
        "i_string_inverted_surrogates_U+1D11E.json": .loneSurrogate,
        "i_string_iso_latin_1.json": .invalidUTF8,
        "i_string_lone_second_surrogate.json": .loneSurrogate,
        "i_string_lone_utf8_continuation_byte.json": .invalidUTF8,
        "i_string_not_in_unicode_range.json": .invalidUTF8,
        "i_string_overlong_sequence_2_bytes.json": .invalidUTF8,
        "i_string_overlong_sequence_6_bytes.json": .invalidUTF8,
        "i_string_overlong_sequence_6_bytes_null.json": .invalidUTF8,
        "i_string_truncated-utf-8.json": .invalidUTF8,
        "i_string_utf16BE_no_BOM.json": .nulCharacter,
        "i_string_utf16LE_no_BOM.json": .nulCharacter,
        "i_structure_UTF-8_BOM_empty_object.json": .byteOrderMark,
    ]

    @Test("the reader's own choices: numbers of any size are text, whatever is not clean Unicode is refused")
    func ownChoices() throws {
        let names = JSONTestSuite.names.filter { $0.hasPrefix("i_") }
        #expect(Set(names) == Self.accepted.union(Self.refused.keys))
        for name in names {
            #expect(try JSONTestSuite.read(name, .grammar)?.code == Self.refused[name], "\(name)")
        }
    }

    @Test("the contract refuses 500 levels and reads the same numbers")
    func contractChoices() throws {
        for name in Self.accepted.union(Self.refused.keys) {
            let isDeep = name == "i_structure_500_nested_arrays.json"
            let expected = isDeep ? .nestingTooDeep : Self.refused[name]
            #expect(try JSONTestSuite.read(name, .contract)?.code == expected, "\(name)")
        }
    }

    @Test("what is accepted survives being written again: compact, pretty and canonical")
    func survivesRendering() throws {
        for name in JSONTestSuite.names where name.hasPrefix("y_") {
            let document = try JSONDocument(try JSONTestSuite.bytes(name), options: .grammar)
            let compact = try JSONDocument(document.compactBytes(), options: .grammar)
            let pretty = try JSONDocument(document.prettyBytes(), options: .grammar)
            #expect(compact.canonicalBytes() == document.canonicalBytes(), "\(name)")
            #expect(pretty.canonicalBytes() == document.canonicalBytes(), "\(name)")
            #expect(pretty.compactBytes() == compact.bytes, "\(name)")
        }
    }
}
