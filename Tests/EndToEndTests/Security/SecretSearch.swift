import Foundation

/// Looks for secrets in bytes of any kind, in the forms in which they may lie there.
struct SecretSearch {
    private struct Needle {
        var name: String
        var bytes: [UInt8]
    }

    private var needles: [Needle] = []

    /// A secret that is text: looked for as it is, as a part of a JSON text or of an address, in base 64 and in
    /// hexadecimal digits.
    mutating func add(_ name: String, _ text: String) {
        let forms: [(String, String)] = [
            ("as it is", text), ("escaped", text.replacing("/", with: "\\/")), ("percent-encoded", text.percentEncoded),
            ("percent-encoded in small letters", text.percentEncoded.lowercased()),
        ]
        for (form, written) in forms { addNeedle("\(name) \(form)", Array(written.utf8)) }
        add(name, Array(text.utf8), asItIs: false)
    }

    /// A secret that is bytes.
    ///
    /// - Parameter asItIs: whether the bytes themselves are looked for too.
    mutating func add(_ name: String, _ bytes: [UInt8], asItIs: Bool = true) {
        if asItIs { addNeedle("\(name) as bytes", bytes) }
        let digits = bytes.map { String(format: "%02x", $0) }.joined()
        addNeedle("\(name) in hexadecimal", Array(digits.utf8))
        addNeedle("\(name) in hexadecimal capitals", Array(digits.uppercased().utf8))
        // Three bytes are four characters: it depends on what stands before it how it is divided.
        for before in 0..<3 {
            let shifted = [UInt8](repeating: 0, count: before) + bytes
            let whole = shifted.prefix(shifted.count / 3 * 3)
            let inside = Data(whole).base64EncodedString().dropFirst(before == 0 ? 0 : 4)
            addNeedle("\(name) in base 64", Array(inside.utf8))
            let forAddresses = inside.replacing("+", with: "-").replacing("/", with: "_")
            addNeedle("\(name) in base 64 for addresses", Array(forAddresses.utf8))
        }
    }

    private mutating func addNeedle(_ name: String, _ bytes: [UInt8]) {
        guard bytes.count >= 8, !needles.contains(where: { $0.bytes == bytes }) else { return }
        needles.append(Needle(name: name, bytes: bytes))
    }

    /// What of the secrets is in the bytes: `place: name of the secret, in which form`.
    func findings(in data: Data, at place: String) -> [String] {
        // Found by their first eight bytes; of these the last two say where to look closer.
        var byStart: [UInt64: [Needle]] = [:]
        var mayStart = [Bool](repeating: false, count: 1 << 16)
        for needle in needles {
            let start = needle.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            byStart[start, default: []].append(needle)
            mayStart[Int(start & 0xFFFF)] = true
        }
        var findings: [String] = []
        data.withUnsafeBytes { haystack in
            var last: UInt64 = 0
            for index in 0..<haystack.count {
                last = last << 8 | UInt64(haystack[index])
                guard mayStart[Int(last & 0xFFFF)], index >= 7 else { continue }
                for needle in byStart[last] ?? [] where haystack[(index - 7)...].starts(with: needle.bytes) {
                    findings.append("\(place), byte \(index - 7): \(needle.name)")
                }
            }
        }
        return findings
    }

    func findings(in text: String, at place: String) -> [String] { findings(in: Data(text.utf8), at: place) }

    /// What is in the files below a folder, and how many bytes were looked at.
    ///
    /// - Parameter skipping: of files that are left out, by name.
    func findings(below folder: String, skipping: (String) -> Bool) throws -> (findings: [String], bytes: Int) {
        var findings: [String] = []
        var bytes = 0
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder).sorted() where !skipping(name) {
            let path = "\(folder)/\(name)"
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
                // A log may be removed while one looks.
                let data = FileManager.default.contents(atPath: path)
            else { continue }
            bytes += data.count
            findings += self.findings(in: data, at: name)
        }
        return (findings, bytes)
    }
}
