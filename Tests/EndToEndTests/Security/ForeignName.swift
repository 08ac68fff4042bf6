import Foundation

/// Something of another realm's by which it can be asked for.
struct ForeignName: Hashable {
    /// What kind of name it is: `itm`, `sku`, `cursor of listItems` and so on.
    var kind: String
    var text: String

    /// A name of the same form that nobody has.
    var twin: String { Twin.of(text) }
}

/// Names that nobody has, in the form of others.
enum Twin {
    private static let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

    static func randomDigits(_ count: Int) -> String {
        String((0..<count).compactMap { _ in digits.randomElement() })
    }

    /// The same form, and as long. An id keeps its time, which is no secret and tells how far a search goes.
    static func of(_ text: String) -> String {
        if let match = text.wholeMatch(of: #/([a-z]+_)([0-9A-HJKMNP-TV-Z]{10})[0-9A-HJKMNP-TV-Z]{16}/#) {
            return "\(match.1)\(match.2)\(randomDigits(16))"
        }
        if text.wholeMatch(of: #/r[0-9a-f]{16}/#) != nil {
            return "r" + String((0..<16).compactMap { _ in "0123456789abcdef".randomElement() })
        }
        if text.wholeMatch(of: #/[A-Za-z0-9_-]{43}/#) != nil {
            // A cursor keeps its place and gets another seal. 21 characters are within the first sixteen bytes.
            let bytes = Data((0..<32).map { _ in UInt8.random(in: .min ... .max) })
            let random = bytes.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
                .replacing("=", with: "")
            return String(text.prefix(21) + random.dropFirst(21))
        }
        // Names of these tests: each part ends with ten random digits.
        return text.replacing(#/-[0-9A-HJKMNP-TV-Z]{10}(?![0-9A-Za-z])/#) { _ in "-" + randomDigits(10) }
    }
}

/// All that a realm's owner was ever told of it, and what of that are names.
struct RealmNames {
    private(set) var names: [ForeignName] = []
    /// The random part of each id and name: nobody else can ever be told one.
    private(set) var traces: Set<String> = []

    /// Takes the names out of an answer.
    mutating func take(from answer: JSON, of operation: String) {
        for (path, value) in answer.leaves() {
            guard let text = value.text, let member = path.last(where: { Int($0) == nil }) else { continue }
            if let match = text.wholeMatch(of: #/([a-z]+)_[0-9A-HJKMNP-TV-Z]{26}/#), match.1 != "req" {
                add(String(match.1), text)
            } else if text.wholeMatch(of: #/r[0-9a-f]{16}/#) != nil {
                add("sku id", text)
            } else if member == "next_cursor" {
                add("cursor of \(operation)", text)
            } else if ["sku", "code", "iv_id", "warehouse", "product_iv_id", "branch_iv_id"].contains(member) {
                add(member, text)
            }
        }
    }

    mutating func add(_ kind: String, _ text: String) {
        let name = ForeignName(kind: kind, text: text)
        guard !names.contains(name) else { return }
        names.append(name)
        traces.formUnion(Self.traces(in: text))
    }

    /// A few of each kind.
    func some(_ count: Int) -> [ForeignName] {
        var taken: [String: Int] = [:]
        var texts: Set<String> = []
        return names.filter { name in
            // What is a SKU here is the name of a product there: once is enough.
            guard taken[name.kind, default: 0] < count, texts.insert(name.text).inserted else { return false }
            taken[name.kind, default: 0] += 1
            return true
        }
    }

    /// The random parts of ids and names in a text.
    static func traces(in text: String) -> Set<String> {
        var traces: Set<String> = []
        var run: [UInt8] = []
        var before = UInt8(ascii: " ")
        for byte in Array(text.utf8) + [UInt8(ascii: " ")] {
            if (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) {
                run.append(byte)
                continue
            }
            if before == UInt8(ascii: "_"), run.count == 26 {
                traces.insert(String(decoding: run[10...], as: UTF8.self))
            }
            if before == UInt8(ascii: "-"), run.count == 10 { traces.insert(String(decoding: run, as: UTF8.self)) }
            before = byte
            run.removeAll(keepingCapacity: true)
        }
        return traces
    }
}

/// An answer without what may differ between two that say the same.
struct ComparableAnswer: Equatable, CustomStringConvertible {
    var status: Int
    var headers: [String]
    var body: String

    /// - Parameters:
    ///   - name: what was asked for.
    ///   - isExact: whether all but that must be the same to the byte; else numbers, ids, times and secrets are passed
    ///     over, which belong to what the request itself has made.
    init(_ answer: Answer, to name: String, isExact: Bool) {
        status = answer.status
        let body = answer.text.replacing(name, with: "?")
            .replacing(answer.headers["x-request-id"] ?? "no id", with: "req")
        self.body = isExact ? body : Self.withoutOwn(body)
        let passedOver = ["date", "x-request-id"] + (isExact ? [] : ["content-length"])
        headers = answer.headers.filter { !passedOver.contains($0.key) && !$0.key.contains("ratelimit") }
            .map { "\($0.key): \($0.value)" }.sorted()
    }

    var description: String { "\(status) \(headers) \(body)" }

    /// Every word with a digit in it is a `#`: numbers, ids, times, names that these tests give.
    private static func withoutOwn(_ text: String) -> String {
        var result: [UInt8] = []
        var word: [UInt8] = []
        for byte in Array(text.utf8) + [UInt8(ascii: "\n")] {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: word.append(byte)
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "+"),
                UInt8(ascii: "/"), UInt8(ascii: "="):
                word.append(byte)
            default:
                let isOwn = word.contains { (0x30...0x39).contains($0) } || word.starts(with: "whsec_".utf8)
                result += isOwn ? [UInt8(ascii: "#")] : word
                result.append(byte)
                word.removeAll(keepingCapacity: true)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
