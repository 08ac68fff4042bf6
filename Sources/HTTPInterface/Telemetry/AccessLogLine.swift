package import LedgerCore
package import LedgerStorage

/// What the access log tells of one request. Never a secret or a query.
package struct AccessLogEntry: Sendable {
    package var requestID: String
    package var method: String
    /// Without the query.
    package var path: String
    package var operation: String
    package var status: Int
    package var nanoseconds: UInt64
    package var bytesIn: Int
    package var bytesOut: Int
    package var key: ULID?
    package var realm: Realm?
    package var peer: String
    package var userAgent: String?

    package init(
        requestID: String, method: String, path: String, operation: String, status: Int, nanoseconds: UInt64,
        bytesIn: Int, bytesOut: Int, key: ULID?, realm: Realm?, peer: String, userAgent: String?
    ) {
        self.requestID = requestID
        self.method = method
        self.path = path
        self.operation = operation
        self.status = status
        self.nanoseconds = nanoseconds
        self.bytesIn = bytesIn
        self.bytesOut = bytesOut
        self.key = key
        self.realm = realm
        self.peer = peer
        self.userAgent = userAgent
    }
}

/// Writes entries as JSON lines. Keeps the text of the current second, which all lines of that second share.
struct AccessLogLine {
    /// Text longer than this is cut: a line must not grow with what a caller sends.
    private static let longest = 512
    private var second: Int64 = .min
    private var secondText: [UInt8] = []

    mutating func append(_ entry: AccessLogEntry, wallMilliseconds: Int64, to bytes: inout [UInt8]) {
        bytes.append(text: "{\"time\":\"")
        appendTime(wallMilliseconds, to: &bytes)
        bytes.append(text: "\",\"request_id\":\"")
        AccessLogLine.escape(ShownText.withoutSecrets(entry.requestID), to: &bytes)
        bytes.append(text: "\",\"method\":\"")
        AccessLogLine.escape(entry.method, to: &bytes)
        bytes.append(text: "\",\"path\":\"")
        AccessLogLine.escape(ShownText.withoutSecrets(entry.path), to: &bytes)
        bytes.append(text: "\",\"operation\":\"")
        AccessLogLine.escape(entry.operation, to: &bytes)
        bytes.append(text: "\",\"status\":")
        bytes.append(decimal: UInt64(clamping: entry.status))
        bytes.append(text: ",\"duration_ms\":")
        let microseconds = entry.nanoseconds / 1000
        bytes.append(decimal: microseconds / 1000)
        bytes.append(0x2E)
        bytes.append(decimal: Int(microseconds % 1000), digits: 3)
        bytes.append(text: ",\"bytes_in\":")
        bytes.append(decimal: UInt64(clamping: entry.bytesIn))
        bytes.append(text: ",\"bytes_out\":")
        bytes.append(decimal: UInt64(clamping: entry.bytesOut))
        if let key = entry.key {
            bytes.append(text: ",\"key\":\"key_")
            key.appendText(to: &bytes)
            bytes.append(0x22)
        }
        if let realm = entry.realm {
            bytes.append(text: ",\"tenant\":\"")
            AccessLogLine.escape(realm.tenant, to: &bytes)
            bytes.append(text: realm.mode == .live ? "\",\"mode\":\"live\"" : "\",\"mode\":\"test\"")
        }
        bytes.append(text: ",\"peer\":\"")
        AccessLogLine.escape(entry.peer, to: &bytes)
        if let userAgent = entry.userAgent {
            bytes.append(text: "\",\"user_agent\":\"")
            AccessLogLine.escape(ShownText.withoutSecrets(userAgent), to: &bytes)
        }
        bytes.append(text: "\"}\n")
    }

    private mutating func appendTime(_ milliseconds: Int64, to bytes: inout [UInt8]) {
        let (quotient, remainder) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        let current = remainder < 0 ? quotient - 1 : quotient
        if current != second {
            second = current
            let date = CalendarDate(secondsSince1970: current)
            secondText.removeAll(keepingCapacity: true)
            secondText.append(decimal: date.year, digits: 4)
            secondText.append(0x2D)
            secondText.append(decimal: date.month, digits: 2)
            secondText.append(0x2D)
            secondText.append(decimal: date.day, digits: 2)
            secondText.append(0x54)
            secondText.append(decimal: date.hour, digits: 2)
            secondText.append(0x3A)
            secondText.append(decimal: date.minute, digits: 2)
            secondText.append(0x3A)
            secondText.append(decimal: date.second, digits: 2)
            secondText.append(0x2E)
        }
        bytes.append(contentsOf: secondText)
        bytes.append(decimal: Int(remainder < 0 ? remainder + 1000 : remainder), digits: 3)
        bytes.append(0x5A)
    }

    /// The inside of a JSON string. Cut text ends at a whole character.
    static func escape(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { utf8 in
            var count = utf8.count
            if count > longest {
                count = longest
                while count > 0 && utf8[count] & 0xC0 == 0x80 { count -= 1 }
            }
            // Nearly all text is plain: one pass without a branch finds that out, and it is copied whole.
            var special = false
            for index in 0..<count { special = needsEscape(utf8[index]) || special }
            var start = special ? 0 : count
            if !special { bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[..<count])) }
            for index in start..<count {
                let byte = utf8[index]
                guard needsEscape(byte) else { continue }
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start..<index]))
                start = index + 1
                if byte == 0x22 || byte == 0x5C {
                    bytes.append(0x5C)
                    bytes.append(byte)
                } else {
                    bytes.append(text: "\\u00")
                    bytes.append(hexDigit(byte >> 4))
                    bytes.append(hexDigit(byte & 15))
                }
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start..<count]))
        }
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == 0x22 || byte == 0x5C || byte == 0x7F
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x61 + value - 10
    }
}
