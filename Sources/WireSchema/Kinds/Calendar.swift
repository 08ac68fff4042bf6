/// The proleptic Gregorian calendar in UTC, counted from 1970-01-01; the years 1970 to 9999.
enum Calendar {
    static let millisecondsPerDay: Int64 = 86_400_000
    /// 9999-12-31T23:59:59.999Z.
    static let lastMillisecond: Int64 = 253_402_300_799_999
    static let lastDay: Int64 = 2_932_896

    struct Date: Equatable {
        var year: Int64
        var month: Int64
        var day: Int64
    }

    static func daysInMonth(_ month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 of a valid date from the year 1 on. A year is taken to begin in March, so that the leap
    /// day is its last.
    static func days(_ date: Date) -> Int64 {
        let year = date.month > 2 ? date.year : date.year &- 1
        let month = date.month > 2 ? date.month &- 3 : date.month &+ 9
        let dayOfYear = (153 &* month &+ 2) / 5 &+ date.day &- 1
        // 719,468 days lie between 0000-03-01 and 1970-01-01.
        return year &* 365 &+ year / 4 &- year / 100 &+ year / 400 &+ dayOfYear &- 719_468
    }

    /// The date of a day between 1970-01-01 and 9999-12-31.
    static func date(_ days: Int64) -> Date {
        let sinceMarch = days &+ 719_468
        let era = sinceMarch / 146_097
        let dayOfEra = sinceMarch % 146_097
        let yearOfEra = (dayOfEra &- dayOfEra / 1460 &+ dayOfEra / 36_524 &- dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra &- (365 &* yearOfEra &+ yearOfEra / 4 &- yearOfEra / 100)
        let month = (5 &* dayOfYear &+ 2) / 153
        let isAfterDecember = month >= 10
        return Date(
            year: era &* 400 &+ yearOfEra &+ (isAfterDecember ? 1 : 0),
            month: isAfterDecember ? month &- 9 : month &+ 3,
            day: dayOfYear &- (153 &* month &+ 2) / 5 &+ 1)
    }

    /// Writes `YYYY-MM-DD`, ten bytes.
    static func write(day: Int64, to room: UnsafeMutablePointer<UInt8>) {
        let date = date(min(max(day, 0), lastDay))
        DecimalDigits.write(date.year.magnitude, digits: 4, to: room)
        room[4] = UInt8(ascii: "-")
        DecimalDigits.write(date.month.magnitude, digits: 2, to: room + 5)
        room[7] = UInt8(ascii: "-")
        DecimalDigits.write(date.day.magnitude, digits: 2, to: room + 8)
    }
}
