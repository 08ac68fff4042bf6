package import LedgerStorage

/// Where a webhook goes: an absolute http or https URL, read strictly, so that what is checked is what is dialled and
/// no two readers understand it differently.
package struct WebhookURL: Hashable, Sendable {
    /// How the connection is made.
    package enum Scheme: String, Hashable, Sendable {
        case http
        case https

        var defaultPort: Int { self == .http ? 80 : 443 }
    }

    /// Who is connected to.
    package enum Host: Hashable, Sendable {
        /// A DNS name in lower case, to be resolved and vetted at each dial.
        case name(String)
        /// Vetted when the URL was read, and once more at each dial.
        case address(IPAddress)
    }

    /// The most bytes of a URL.
    package static let maximumLength = 2048

    /// As it was given.
    package let text: String
    package let scheme: Scheme
    package let host: Host
    /// 1…65,535; the scheme's own when the text has none.
    package let port: Int
    /// Path and query as they go into the request line; `/` at least.
    package let target: String

    /// Reads a URL of at most 2,048 bytes of visible ASCII.
    ///
    /// In live mode only https is taken. Refused in any mode: credentials, fragments, hosts that look like a number
    /// without being an address in its one proper form, addresses that the policy refuses, and the names of this
    /// machine (`localhost`) unless the policy opens it. Other names are vetted when they are dialled.
    ///
    /// - Throws: `WebhookURLFault` with what is wrong first.
    package init(_ text: String, mode: Mode, policy: AddressPolicy) throws(WebhookURLFault) {
        let parts = try URLParts(text)
        if parts.scheme == .http, mode == .live {
            throw WebhookURLFault(.httpsRequired, "In live mode the URL must begin with https://.")
        }
        self.text = text
        scheme = parts.scheme
        port = parts.port ?? parts.scheme.defaultPort
        target = parts.target
        host = try WebhookHost.read(parts.host)
        try vet(by: policy)
    }

    private func vet(by policy: AddressPolicy) throws(WebhookURLFault) {
        switch host {
        case .address(let address):
            do throws(RefusedAddress) {
                try policy.vet([address], port: port)
            } catch {
                throw WebhookURLFault(.addressRefused, error.range.refusal)
            }
        case .name(let name):
            guard name == "localhost" || name.hasSuffix(".localhost") else { return }
            if policy.opensLoopback(port: port) { return }
            throw WebhookURLFault(
                .addressRefused,
                "The host is this machine itself. Webhooks go to the public internet and to what the operator has "
                    + "opened.")
        }
    }

    /// The value of the Host header: with the port when it is not the scheme's own.
    package var authority: String {
        let name =
            switch host {
            case .name(let name): name
            case .address(let address): address.bitWidth == 128 ? "[\(address)]" : "\(address)"
            }
        return port == scheme.defaultPort ? name : "\(name):\(port)"
    }
}

/// What stands before `:`, `//`, `/` in a URL.
private struct URLParts {
    var scheme: WebhookURL.Scheme
    var host: Substring
    var port: Int?
    var target: String

    init(_ text: String) throws(WebhookURLFault) {
        guard (1...WebhookURL.maximumLength).contains(text.utf8.count) else {
            throw WebhookURLFault(.tooLong, "The URL must have 1 to \(WebhookURL.maximumLength) bytes.")
        }
        try Self.checkCharacters(text)
        let rest: Substring
        (scheme, rest) = try Self.scheme(of: text)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        (host, port) = try Self.authority(rest[..<end])
        let target = rest[end...]
        self.target = target.hasPrefix("/") ? String(target) : "/\(target)"
    }

    /// Everything that RFC 3986 lets stand in a URL, and brackets in a query, where many send them.
    private static func checkCharacters(_ text: String) throws(WebhookURLFault) {
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case 0x21, 0x24...0x3B, 0x3D, 0x3F...0x5B, 0x5D, 0x5F, 0x61...0x7A, 0x7E: break
            case UInt8(ascii: "#"):
                throw WebhookURLFault(.fragment, "The URL must have no fragment: leave out # and what follows it.")
            case 0x80...:
                throw WebhookURLFault(
                    .character,
                    "The URL has a character beyond ASCII at byte \(index): write it percent-encoded, "
                        + "in a host name as xn--.")
            default:
                throw WebhookURLFault(
                    .character,
                    "The URL has a character at byte \(index) that must be percent-encoded "
                        + "(a blank, a control character or one of \" < > \\ ^ ` { | }).")
            }
            if byte == UInt8(ascii: "%") {
                let digits = bytes[(index + 1)...].prefix(2)
                guard digits.count == 2, digits.allSatisfy({ HexDigit.value($0) != nil }) else {
                    throw WebhookURLFault(
                        .character, "The % at byte \(index) must have two hexadecimal digits behind it.")
                }
            }
        }
    }

    private static func scheme(of text: String) throws(WebhookURLFault) -> (WebhookURL.Scheme, Substring) {
        guard let colon = text.firstIndex(of: ":"),
            let scheme = WebhookURL.Scheme(rawValue: text[..<colon].lowercased()),
            text[colon...].hasPrefix("://")
        else { throw WebhookURLFault(.scheme, "The URL must begin with https:// (or, in test mode, http://).") }
        return (scheme, text[colon...].dropFirst(3))
    }

    private static func authority(_ text: Substring) throws(WebhookURLFault) -> (host: Substring, port: Int?) {
        if text.contains("@") {
            throw WebhookURLFault(.userInformation, "The URL must have no credentials before the host: leave out …@.")
        }
        var host = text
        var portText: Substring?
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else {
                throw WebhookURLFault(.host, "The bracket around the host is not closed.")
            }
            host = text[...close]
            let behind = text[text.index(after: close)...]
            guard behind.isEmpty || behind.first == ":" else {
                throw WebhookURLFault(.host, "Behind the bracket of the host there can only be a port.")
            }
            portText = behind.isEmpty ? nil : behind.dropFirst()
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            portText = text[text.index(after: colon)...]
        }
        guard !host.isEmpty else { throw WebhookURLFault(.hostMissing, "The URL has no host.") }
        guard let portText else { return (host, nil) }
        guard let port = DecimalText.number(portText, maximum: 65_535), port > 0 else {
            throw WebhookURLFault(.port, "The port must be a number from 1 to 65535 without leading zeros.")
        }
        return (host, port)
    }
}

/// The rules of a host: a name, or an address in its one proper form.
private enum WebhookHost {
    static func read(_ text: Substring) throws(WebhookURLFault) -> WebhookURL.Host {
        if text.hasPrefix("[") {
            guard case .v6(let high, let low)? = IPAddress(text.dropFirst().dropLast()) else {
                throw WebhookURLFault(.host, "Between the brackets there must be an IPv6 address without a zone.")
            }
            return .address(.v6(high: high, low: low))
        }
        if let address = IPAddress(text) { return .address(address) }
        let name = text.lowercased()
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if looksNumeric(labels.last(where: { !$0.isEmpty }) ?? "") {
            throw WebhookURLFault(
                .hostNumeric,
                "The host looks like a number but is no IPv4 address: write four decimal numbers, like 192.0.2.1.")
        }
        guard name.utf8.count <= 253, labels.allSatisfy(isLabel) else {
            throw WebhookURLFault(
                .host,
                "The host must be a DNS name: labels of 1 to 63 letters, digits and inner hyphens with single dots "
                    + "between them, 253 bytes at most.")
        }
        return .name(name)
    }

    /// Resolvers and browsers take a host whose last label is a number for an IPv4 address in one of its old forms
    /// (decimal, octal, hexadecimal, fewer than four parts): no such host is a name.
    private static func looksNumeric(_ label: Substring) -> Bool {
        if label.isEmpty { return false }
        if label.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return true }
        return label.hasPrefix("0x") && label.dropFirst(2).utf8.allSatisfy { HexDigit.value($0) != nil }
    }

    /// Underscores are no part of a host name by the book, but container networks are full of them.
    private static func isLabel(_ label: Substring) -> Bool {
        let bytes = label.utf8
        guard (1...63).contains(bytes.count), bytes.first != 0x2D, bytes.last != 0x2D else { return false }
        return bytes.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x61...0x7A, 0x2D, 0x5F: true
            default: false
            }
        }
    }
}
