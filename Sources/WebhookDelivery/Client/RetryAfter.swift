/// The value of Retry-After (RFC 9110 §10.2.3): seconds, or a date in one of the three forms that HTTP knows.
package enum RetryAfter {
    /// Beyond any wait that makes sense; keeps arithmetic on it safe.
    private static let maximum: Int64 = 1_000_000_000

    /// Seconds from now; nil when the value is neither. A date that has passed is 0.
    ///
    /// - Parameter now: seconds since 1970.
    package static func seconds(_ value: String, now: Int64) -> Int? {
        let text = Substring(value).trimmed
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return Int(min(Int64(text) ?? maximum, maximum))
        }
        guard let date = HTTPDate.seconds(text, now: now) else { return nil }
        return Int(min(max(date - now, 0), maximum))
    }
}

/// Dates as HTTP writes them: `Sun, 06 Nov 1994 08:49:37 GMT`, and the two old forms that must still be understood,
/// `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
enum HTTPDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Seconds since 1970; nil when the text is no date.
    static func seconds(_ text: Substring, now: Int64) -> Int64? {
        let words = text.split(separator: " ")
        switch words.count {
        case 6 where words[0].hasSuffix(",") && words[5] == "GMT":
            return seconds(day: words[1], month: words[2], year: year(words[3]), time: words[4])
        case 5 where !words[0].hasSuffix(","):
            return seconds(day: words[2], month: words[1], year: year(words[4]), time: words[3])
        case 4 where words[0].hasSuffix(",") && words[3] == "GMT":
            let parts = words[1].split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            return seconds(day: parts[0], month: parts[1], year: shortYear(parts[2], now: now), time: words[2])
        default: return nil
        }
    }

    private static func year(_ text: Substring) -> Int64? {
        text.utf8.count == 4 ? number(text) : nil
    }

    /// A year of two digits that seems to lie more than 50 years ahead was one of the century before.
    private static func shortYear(_ text: Substring, now: Int64) -> Int64? {
        guard text.utf8.count == 2, let value = number(text) else { return nil }
        let thisYear = 1970 + now / 31_556_952
        let year = thisYear / 100 * 100 + value
        return year > thisYear + 50 ? year - 100 : year
    }

    private static func seconds(day: Substring, month: Substring, year: Int64?, time: Substring) -> Int64? {
        let clock = time.split(separator: ":", omittingEmptySubsequences: false)
        guard let year, year >= 1970, let month = months.firstIndex(of: String(month)), let day = number(day),
            (1...31).contains(day), clock.count == 3, clock.allSatisfy({ $0.utf8.count == 2 }),
            let hour = number(clock[0]), hour < 24, let minute = number(clock[1]), minute < 60,
            // A leap second is one.
            let second = number(clock[2]), second <= 60
        else { return nil }
        return days(year: year, month: Int64(month) + 1, day: day) * 86_400 + hour * 3600 + minute * 60 + second
    }

    /// Two digits, or four.
    private static func number(_ text: Substring) -> Int64? {
        guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int64(text)
    }

    /// Days since 1970, in the Gregorian calendar. Years are counted from March, so that the leap day is their last.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }
}
