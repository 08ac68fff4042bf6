/// RFC 3339 timestamps as milliseconds since 1970-01-01T00:00:00Z.
public enum Timestamp {
    /// How precisely it is written.
    public enum Precision: Sendable {
        /// `2026-04-22T17:04:11Z`; the milliseconds are cut off.
        case seconds
        /// `2026-04-22T17:04:11.000Z`.
        case milliseconds
    }

    /// 1970-01-01T00:00:00.000Z to 9999-12-31T23:59:59.999Z.
    public static var range: ClosedRange<Int64> { 0...Calendar.lastMillisecond }

    /// Reads a timestamp: `Z` or an offset, one to nine decimals of a second, of which three are kept. A leap second
    /// (`:60`) is refused, since it has no number of its own.
    /// - Returns: milliseconds since 1970, or nil when the text is no valid timestamp or lies outside ``range``.
    public static func parse(_ text: String) -> Int64? {
        var text = text
        return text.withUTF8 { parse($0) }
    }

    /// As ``parse(_:)-(String)``, from UTF-8.
    public static func parse(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        var cursor = DigitCursor(text: text)
        guard let date = cursor.date(), cursor.skip("T", or: "t"),
            let hour = cursor.number(digits: 2, 0...23), cursor.skip(":"),
            let minute = cursor.number(digits: 2, 0...59), cursor.skip(":"),
            let second = cursor.number(digits: 2, 0...59), let fraction = cursor.milliseconds(),
            let offset = cursor.offsetMinutes(), cursor.isAtEnd
        else { return nil }
        let minutes = Calendar.days(date) &* 1440 &+ hour &* 60 &+ minute &- offset
        let value = (minutes &* 60 &+ second) &* 1000 &+ fraction
        return range.contains(value) ? value : nil
    }

    /// - Parameter milliseconds: since 1970; what lies outside ``range`` is written as its nearer end.
    public static func text(_ milliseconds: Int64, precision: Precision = .seconds) -> String {
        String(unsafeUninitializedCapacity: 24) { room in
            room.baseAddress.map { write(milliseconds, precision: precision, to: $0) } ?? 0
        }
    }

    /// Writes at most 24 bytes.
    /// - Returns: how many.
    static func write(_ milliseconds: Int64, precision: Precision, to room: UnsafeMutablePointer<UInt8>) -> Int {
        let value = min(max(milliseconds, 0), Calendar.lastMillisecond)
        let (day, rest) = value.quotientAndRemainder(dividingBy: Calendar.millisecondsPerDay)
        Calendar.write(day: day, to: room)
        room[10] = UInt8(ascii: "T")
        let time = rest.magnitude
        DecimalDigits.write(time / 3_600_000, digits: 2, to: room + 11)
        room[13] = UInt8(ascii: ":")
        DecimalDigits.write(time / 60_000 % 60, digits: 2, to: room + 14)
        room[16] = UInt8(ascii: ":")
        DecimalDigits.write(time / 1000 % 60, digits: 2, to: room + 17)
        guard precision == .milliseconds else {
            room[19] = UInt8(ascii: "Z")
            return 20
        }
        room[19] = UInt8(ascii: ".")
        DecimalDigits.write(time % 1000, digits: 3, to: room + 20)
        room[23] = UInt8(ascii: "Z")
        return 24
    }
}

/// Calendar dates (`2026-04-22`) as days since 1970-01-01.
public enum CalendarDate {
    /// 1970-01-01 to 9999-12-31.
    public static var range: ClosedRange<Int64> { 0...Calendar.lastDay }

    /// - Returns: days since 1970-01-01, or nil when the text is no date in ``range``.
    public static func parse(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        var cursor = DigitCursor(text: text)
        guard let date = cursor.date(), cursor.isAtEnd else { return nil }
        let day = Calendar.days(date)
        return range.contains(day) ? day : nil
    }

    /// - Parameter day: since 1970-01-01; what lies outside ``range`` is written as its nearer end.
    public static func text(_ day: Int64) -> String {
        String(unsafeUninitializedCapacity: 10) { room in
            guard let base = room.baseAddress else { return 0 }
            Calendar.write(day: day, to: base)
            return 10
        }
    }
}

/// Reads fixed-width digits from the front of a text.
private struct DigitCursor {
    /// Lent by the caller of `parse` for its duration.
    let text: UnsafeBufferPointer<UInt8>
    var at = 0

    var isAtEnd: Bool { at == text.count }

    mutating func skip(_ first: Unicode.Scalar, or second: Unicode.Scalar? = nil) -> Bool {
        guard at < text.count else { return false }
        let byte = UInt32(text[at])
        guard byte == first.value || byte == second?.value else { return false }
        at &+= 1
        return true
    }

    mutating func number(digits: Int, _ range: ClosedRange<Int64>) -> Int64? {
        guard text.count &- at >= digits else { return nil }
        var value: Int64 = 0
        for index in at..<at &+ digits {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value &* 10 &+ Int64(digit)
        }
        at &+= digits
        return range.contains(value) ? value : nil
    }

    /// The year before 1970 is accepted since an offset can lift it into 1970.
    mutating func date() -> Calendar.Date? {
        guard let year = number(digits: 4, 1969...9999), skip("-"), let month = number(digits: 2, 1...12), skip("-"),
            let day = number(digits: 2, 1...Calendar.daysInMonth(month, of: year))
        else { return nil }
        return Calendar.Date(year: year, month: month, day: day)
    }

    /// An optional fraction of a second.
    mutating func milliseconds() -> Int64? {
        guard skip(".") else { return 0 }
        var value: Int64 = 0
        var digits = 0
        while at < text.count, case let digit = text[at] &- UInt8(ascii: "0"), digit < 10 {
            if digits < 3 { value = value &* 10 &+ Int64(digit) }
            digits &+= 1
            at &+= 1
        }
        guard (1...9).contains(digits) else { return nil }
        for _ in min(digits, 3)..<3 { value &*= 10 }
        return value
    }

    /// Minutes east of UTC.
    mutating func offsetMinutes() -> Int64? {
        if skip("Z", or: "z") { return 0 }
        let sign: Int64
        if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
        guard let hours = number(digits: 2, 0...23), skip(":"), let minutes = number(digits: 2, 0...59) else {
            return nil
        }
        return sign &* (hours &* 60 &+ minutes)
    }
}
