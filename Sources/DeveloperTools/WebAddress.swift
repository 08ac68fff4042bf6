internal import Foundation

/// An http or https address that a person has given.
package struct WebAddress: Hashable, Sendable {
    /// As it is asked: with its scheme.
    package let text: String

    /// - Parameter text: with its scheme.
    /// - Throws: `DeveloperError.usage` for anything else.
    package init(_ text: String) throws(DeveloperError) {
        let lower = text.lowercased()
        guard lower.hasPrefix("http://") || lower.hasPrefix("https://"), Self.isUsable(text) else {
            throw .usage("\(text) is no http or https address")
        }
        self.text = text
    }

    /// Where events are forwarded to, as a developer says it: `localhost:3000/hook`, `:3000/hook`, `3000`, or with a
    /// scheme.
    ///
    /// - Throws: `DeveloperError.usage` for what is no such address.
    package init(forwardTo text: String) throws(DeveloperError) {
        if text.contains("://") {
            self = try WebAddress(text)
            return
        }
        let port = text.hasPrefix(":") ? text.dropFirst() : text[...]
        let isLocal = port.first?.isNumber ?? false && port.prefix { $0 != "/" && $0 != "?" }.allSatisfy(\.isNumber)
        let completed = "http://" + (isLocal ? "localhost:\(port)" : text)
        guard Self.isUsable(completed) else {
            throw .usage("\(text) is no address to forward to; localhost:3000/hook is one")
        }
        self = WebAddress(checked: completed)
    }

    private init(checked text: String) {
        self.text = text
    }

    /// Without slashes at its end, for paths to follow.
    var base: String {
        var base = text[...]
        while base.last == "/" { base.removeLast() }
        return String(base)
    }

    private static func isUsable(_ text: String) -> Bool {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.contains("#"),
            let url = URLComponents(string: text), let host = url.host, !host.isEmpty
        else { return false }
        return url.port.map { (1...65_535).contains($0) } ?? true
    }
}

/// A path with what a person has given in it.
enum RequestPath {
    private static let plain = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)

    /// Percent-encoded, so that it is one segment of a path or one value of a query whatever is in it.
    static func encode(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            if plain.contains(byte) {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }

    /// The path with those values that there are.
    static func make(_ path: String, _ query: [(name: String, value: String?)]) -> String {
        let parts = query.compactMap { name, value in value.map { "\(name)=\(encode($0))" } }
        return parts.isEmpty ? path : path + "?" + parts.joined(separator: "&")
    }
}
