package import Foundation

/// Turns local times of one zone into UTC, as text.
///
/// A local time that the clocks skip (spring) is read with the offset from before the change; one that they show twice
/// (autumn) is its first occurrence. That is what RFC 5545 says, and Python's `fold=0`.
///
/// Asking Foundation for an offset costs more than everything else that an import does with a line, so the last
/// quarter of an hour is remembered (no zone changes in the middle of one), and the last line's whole answer.
package struct ZoneClock {
    /// Bytes of `2010-12-01T08:26:00Z`.
    package static let length = 20

    private let zone: TimeZone
    private var quarter = Int64.min
    private var quarterOffset: Int64 = 0
    private var lastLocal = Int64.min
    private var lastUTC = [UInt8](repeating: 0x30, count: ZoneClock.length)

    package init(zone: TimeZone) {
        self.zone = zone
    }

    /// Seconds since 1970 of the instant at which clocks in the zone show `local`.
    package mutating func utc(local: Int64) -> Int64 {
        let quarter = local >= 0 ? local / 900 : (local - 899) / 900
        if quarter != self.quarter {
            quarterOffset = offset(local: quarter * 900)
            self.quarter = quarter
        }
        return local - quarterOffset
    }

    /// The instant of `local` as RFC 3339 in UTC, `length` bytes of ASCII.
    package mutating func utcText(local: Int64) -> [UInt8] {
        if local != lastLocal {
            CivilTime(seconds: utc(local: local)).write(into: &lastUTC)
            lastLocal = local
        }
        return lastUTC
    }

    private func offset(local: Int64) -> Int64 {
        // No zone changes twice within two days, so these are the offsets before and after any change near `local`.
        let before = offset(utc: local - 86_400)
        let after = offset(utc: local + 86_400)
        if before == after || offset(utc: local - before) == before { return before }
        return offset(utc: local - after) == after ? after : before
    }

    private func offset(utc: Int64) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(utc))))
    }
}

/// A date and time of day in the Gregorian calendar, years 1 to 9999, without a zone.
package struct CivilTime: Hashable, Sendable {
    /// Seconds since 1970-01-01T00:00:00 on the same clock.
    package var seconds: Int64

    package init(seconds: Int64) {
        self.seconds = seconds
    }

    /// Reads `YYYY-MM-DDTHH:MM[:SS]`, with a `T` or one space between. Nil when it is anything else or no such time.
    package init?(_ text: Bytes) {
        guard text.count == 19 || text.count == 16 else { return nil }
        guard text[4] == 0x2D, text[7] == 0x2D, text[10] == 0x54 || text[10] == 0x20, text[13] == 0x3A,
            text.count == 16 || text[16] == 0x3A
        else { return nil }
        func number(_ first: Int, _ count: Int) -> Int? {
            var value = 0
            for index in first..<first + count {
                let digit = text[index] &- 0x30
                guard digit <= 9 else { return nil }
                value = value * 10 + Int(digit)
            }
            return value
        }
        guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2),
            let minute = number(14, 2), let second = text.count == 19 ? number(17, 2) : 0
        else { return nil }
        guard year >= 1, month >= 1, month <= 12, day >= 1, day <= Self.days(of: month, year), hour < 24, minute < 60,
            second < 60
        else { return nil }
        let days = Self.daysSince1970(year: year, month: month, day: day)
        seconds = Int64(days) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
    }

    package init(year: Int, month: Int, day: Int, secondsOfDay: Int = 0) {
        seconds = Int64(Self.daysSince1970(year: year, month: month, day: day)) * 86_400 + Int64(secondsOfDay)
    }

    /// Writes `YYYY-MM-DDTHH:MM:SSZ` over the first 20 elements.
    package func write(into text: inout [UInt8]) {
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let inDay = Int(seconds - days * 86_400)
        let (year, month, day) = Self.civil(days: Int(days))
        func put(_ value: Int, _ first: Int, _ width: Int) {
            var rest = value
            for index in stride(from: first + width - 1, through: first, by: -1) {
                text[index] = 0x30 + UInt8(rest % 10)
                rest /= 10
            }
        }
        put(min(max(year, 0), 9999), 0, 4)
        put(month, 5, 2)
        put(day, 8, 2)
        put(inDay / 3600, 11, 2)
        put(inDay / 60 % 60, 14, 2)
        put(inDay % 60, 17, 2)
        text[4] = 0x2D
        text[7] = 0x2D
        text[10] = 0x54
        text[13] = 0x3A
        text[16] = 0x3A
        text[19] = 0x5A
    }

    /// `YYYY-MM-DDTHH:MM:SSZ`.
    package var text: String {
        var bytes = [UInt8](repeating: 0, count: ZoneClock.length)
        write(into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func days(of month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days from 1970-01-01, counting years from March so that the leap day is a year's last.
    private static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
        let shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }

    /// The inverse, for days on or after 0000-03-01.
    private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = max(days + 719_468, 0)
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
