internal import NIOHTTP1

/// What the header of a request says about where it ends and how it wants to be answered, after everything that two
/// parties on the way could read differently has been refused (RFC 9112 §3.2, §6.3, §11.2).
struct RequestFraming {
    var contentLength: Int?
    var isChunked = false
    var expectsContinue = false
    /// Asks for another protocol, which we don't speak: the parser stops after this request, so must the connection.
    var upgrades = false

    init(_ head: HTTPRequestHead, limits: ConnectionLimits) throws(RequestRefusal) {
        guard head.uri.utf8.count <= limits.targetBytes else {
            throw RequestRefusal(.targetTooLong(limit: limits.targetBytes))
        }
        var hosts = 0
        var lengths = 0
        var codings = 0
        var size = 0
        // The parser lets through 1.0 and 1.1 only.
        let isOld = head.version != .http1_1
        for (name, value) in head.headers {
            size += name.utf8.count + value.utf8.count + 4
            switch name.utf8.count {
            case 4 where RequestFraming.is(name, "host"):
                hosts += 1
            case 6 where RequestFraming.is(name, "expect"):
                guard RequestFraming.is(value, "100-continue") else { throw RequestRefusal(.expectationFailed) }
                expectsContinue = true
            case 10 where RequestFraming.is(name, "connection"):
                if value.utf8.count >= 7 && value.lowercased().contains("upgrade") { upgrades = true }
            case 14 where RequestFraming.is(name, "content-length"):
                lengths += 1
                contentLength = try RequestFraming.length(value, limit: limits.bodyBytes)
            case 17 where RequestFraming.is(name, "transfer-encoding"):
                codings += 1
                isChunked = RequestFraming.is(value, "chunked")
            default: break
            }
        }
        guard size <= limits.headerBytes else { throw RequestRefusal(.headersTooLarge(limit: limits.headerBytes)) }
        if lengths > 1 { throw RequestRefusal(.malformed("more than one Content-Length")) }
        if codings > 0 {
            if lengths > 0 { throw RequestRefusal(.malformed("both Content-Length and Transfer-Encoding")) }
            if isOld { throw RequestRefusal(.malformed("Transfer-Encoding in HTTP/1.0")) }
            guard codings == 1, isChunked else { throw RequestRefusal(.unsupportedTransferEncoding) }
        }
        if hosts > 1 { throw RequestRefusal(.malformed("more than one Host")) }
        if hosts == 0 && !isOld { throw RequestRefusal(.malformed("no Host")) }
        if head.method == .CONNECT { upgrades = true }
        if let contentLength, contentLength > limits.bodyBytes {
            throw RequestRefusal(.bodyTooLarge(limit: limits.bodyBytes))
        }
        // An HTTP/1.0 client can't know the interim response.
        if isOld { expectsContinue = false }
    }

    /// The parser has refused everything but digits; a number beyond Int is merely a very large body.
    private static func length(_ value: String, limit: Int) throws(RequestRefusal) -> Int {
        guard !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw RequestRefusal(.malformed("Content-Length is not a number"))
        }
        guard let length = Int(value) else { throw RequestRefusal(.bodyTooLarge(limit: limit)) }
        return length
    }

    /// Compares without regard to the case of ASCII letters. `lowercase` must be so and of ASCII.
    private static func `is`(_ text: String, _ lowercase: StaticString) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            guard bytes.count == lowercase.utf8CodeUnitCount else { return false }
            return lowercase.withUTF8Buffer { wanted in
                for index in 0..<bytes.count {
                    let byte = bytes[index]
                    let lower = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
                    if lower != wanted[index] { return false }
                }
                return true
            }
        }
    }
}

/// The error form of `RequestFailure`.
struct RequestRefusal: Error {
    var failure: RequestFailure

    init(_ failure: RequestFailure) {
        self.failure = failure
    }
}

/// A request target taken apart without decoding anything. RFC 9112 §3.2.2: a server must also understand the absolute
/// form (`http://host/path`), of which it uses the path.
struct RequestTarget {
    var path: Substring
    var query: Substring

    init(_ target: String) {
        var rest = target[...]
        if target.utf8.first != 0x2F, let slashes = RequestTarget.afterScheme(target) {
            let authority = rest.utf8[slashes...]
            let end = authority.firstIndex { $0 == 0x2F || $0 == 0x3F } ?? rest.endIndex
            rest = rest[end...]
        }
        if let mark = rest.utf8.firstIndex(of: 0x3F) {
            path = rest[..<mark]
            query = rest[rest.utf8.index(after: mark)...]
        } else {
            path = rest
            query = rest[rest.endIndex...]
        }
        if path.isEmpty { path = "/" }
    }

    /// The target of the request line that bytes begin with, as far as it is there; empty where they don't look like
    /// one.
    static func opening(_ bytes: some Collection<UInt8>) -> String {
        let method = bytes.prefix(24).prefix { (0x41...0x5A).contains($0) }
        let rest = bytes[method.endIndex...]
        guard !method.isEmpty, rest.first == 0x20 else { return "" }
        return String(decoding: rest.dropFirst().prefix(longestOpening).prefix { $0 > 0x20 }, as: UTF8.self)
    }

    private static let longestOpening = 512

    private static func afterScheme(_ target: String) -> String.Index? {
        for scheme in ["http://", "https://"] where target.lowercased().hasPrefix(scheme) {
            return target.utf8.index(target.utf8.startIndex, offsetBy: scheme.utf8.count)
        }
        return nil
    }
}
