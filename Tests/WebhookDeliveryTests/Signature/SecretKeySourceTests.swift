import Foundation
import LedgerCore
import Testing
import WebhookDelivery

/// A key of 32 times the byte.
private func base64(_ byte: UInt8) -> String { Base64.encode([UInt8](repeating: byte, count: 32)) }

private func hex(_ byte: UInt8) -> String {
    String(repeating: String(byte >> 4, radix: 16) + String(byte & 15, radix: 16), count: 32)
}

/// Values of the variable, and which of their keys is none.
private let badKeys: [(text: String, entry: Int)] = [
    ("", 1), (" ", 1), (",", 1), ("secret", 1), (base64(1) + ",secret", 2),
    (base64(1) + ",," + base64(2), 2),
    (String(hex(1).dropLast()), 1), (hex(1) + "00", 1),
    (String(hex(1).dropLast()) + "g", 1), (Base64.encode([UInt8](repeating: 1, count: 31)), 1),
    (Base64.encode([UInt8](repeating: 1, count: 48)), 1),
]

@Suite("Where the vault's keys come from")
struct SecretKeySourceTests {
    private let folder = NSTemporaryDirectory() + "bincard-vault-\(UUID().uuidString)"
    private var file: String { folder + "/secret.key" }

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private static func name(_ byte: UInt8) -> String? { SecretVault.Key([UInt8](repeating: byte, count: 32))?.name }

    private func load(_ environment: String? = nil) throws(SecretKeyFault) -> SecretVault {
        try SecretVault.load(environment: environment, file: file)
    }

    private func write(_ text: String, mode: Int = 0o600) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    }

    private func cleanUp() {
        try? FileManager.default.removeItem(atPath: folder)
    }

    @Test("the first start makes a file for its owner alone; the next one opens what the first has sealed")
    func firstUse() throws {
        defer { cleanUp() }
        let sealed = try load().seal([1, 2, 3], realm: .zero)
        let attributes = try FileManager.default.attributesOfItem(atPath: file)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect(try load().open(sealed, realm: .zero) == [1, 2, 3])
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.utf8.count == 45 && text.hasSuffix("=\n"))
        // Another installation has another key.
        let other = try SecretVault.load(environment: nil, file: folder + "/other.key")
        #expect(other.open(sealed, realm: .zero) == nil)
    }

    @Test("keys from the environment: base 64 or hexadecimal, the first one seals")
    func environment() throws {
        defer { cleanUp() }
        for (text, names) in [
            (base64(1), [Self.name(1)]), (hex(1), [Self.name(1)]), (hex(0xAB).uppercased(), [Self.name(0xAB)]),
            ("\(base64(2)),\(hex(1))", [Self.name(2), Self.name(1)]),
            (" \(base64(2)) , \(base64(1)) ,", [Self.name(2), Self.name(1)]),
            ("\(base64(2)),\(base64(2))", [Self.name(2)]),
        ] {
            #expect(try load(text).keyNames == names.compactMap { $0 })
        }
        #expect(!FileManager.default.fileExists(atPath: file))
    }

    @Test(
        "a key in the environment that is none is named by its number and not shown",
        arguments: badKeys)
    func badEnvironment(text: String, entry: Int) {
        defer { cleanUp() }
        #expect(throws: SecretKeyFault.environmentMalformed(entry: entry)) { try load(text) }
        #expect(!FileManager.default.fileExists(atPath: file))
        #expect(!SecretKeyFault.environmentMalformed(entry: entry).description.contains("secret\""))
    }

    @Test("with keys in both places the environment's seals, and the file's still opens what it has sealed")
    func both() throws {
        defer { cleanUp() }
        let before = try load()
        let sealed = try before.seal([9], realm: .zero)
        let vault = try load(base64(5))
        #expect(vault.keyNames == [try #require(Self.name(5))] + before.keyNames)
        #expect(vault.open(sealed, realm: .zero) == [9])
    }

    @Test("a file with several keys: the first one seals, the others open")
    func fileRotation() throws {
        defer { cleanUp() }
        try write("\(base64(2))\n\(hex(1))\n\n")
        #expect(try load().keyNames == [Self.name(2), Self.name(1)].compactMap { $0 })
    }

    @Test(
        "a file that others can read or write is refused", arguments: [0o640, 0o604, 0o644, 0o666, 0o620, 0o610, 0o601])
    func openToOthers(mode: Int) throws {
        defer { cleanUp() }
        try write(base64(1) + "\n", mode: mode)
        #expect(throws: SecretKeyFault.fileOpenToOthers(path: file, mode: UInt32(mode))) { try load() }
        let message = SecretKeyFault.fileOpenToOthers(path: file, mode: UInt32(mode)).description
        #expect(message.contains("0\(String(mode, radix: 8))") && message.contains("chmod 600"))
        // Nothing was changed, and it is refused beside the environment too.
        #expect(throws: SecretKeyFault.self) { try load(base64(2)) }
        try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: file)
        #expect(try load().keyNames.count == 1)
    }

    @Test("a file that holds no key is refused with its line, and left as it is")
    func malformedFile() throws {
        defer { cleanUp() }
        for (text, line) in [
            ("", 1), ("\n", 1), ("secret\n", 1), ("\(base64(1))\nsecret\n", 2), ("\n\(base64(1))", 1),
            (base64(1).dropLast(4) + "\n", 1), (String(repeating: base64(1) + "\n", count: 100), 1),
        ] {
            try write(String(text))
            #expect(throws: SecretKeyFault.fileMalformed(path: file, line: line)) { try load() }
            #expect(try String(contentsOfFile: file, encoding: .utf8) == String(text))
        }
        try Data([0xFF, 0xFE, 0x00]).write(to: URL(fileURLWithPath: file))
        #expect(throws: SecretKeyFault.fileMalformed(path: file, line: 1)) { try load() }
    }

    @Test("a symbolic link, a folder and a missing folder are refused")
    func notAFile() throws {
        defer { cleanUp() }
        try Data((base64(1) + "\n").utf8).write(to: URL(fileURLWithPath: folder + "/elsewhere"))
        try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: folder + "/elsewhere")
        #expect(throws: SecretKeyFault.self) { try load() }
        try FileManager.default.removeItem(atPath: file)
        try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
        #expect(throws: SecretKeyFault.file(path: file, problem: "it is not a regular file")) { try load() }
        #expect(throws: SecretKeyFault.self) { try SecretVault.load(environment: nil, file: folder + "/no/secret.key") }
    }
}
