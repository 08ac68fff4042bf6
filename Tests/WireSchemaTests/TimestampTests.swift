import Testing
import WireSchema

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "an RFC 3339 time is read exactly",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-04-22T17:04:11Z", 1_776_877_451_000),
            ("2026-03-12T14:00:00.000Z", 1_773_324_000_000), ("2026-04-22T19:04:11+02:00", 1_776_877_451_000),
            ("2026-04-22t12:34:11.5-04:30", 1_776_877_451_500), ("2026-04-22T17:04:11.123456789z", 1_776_877_451_123),
            ("2000-02-29T00:00:00Z", 951_782_400_000), ("2024-02-29T23:59:59.999Z", 1_709_251_199_999),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999), ("1969-12-31T23:30:00-01:00", 1_800_000),
            ("1970-01-01T00:00:00-00:00", 0),
        ] as [(String, Int64)])
    func reading(text: String, expected: Int64) {
        #expect(Timestamp.parse(text) == expected)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", "2026", "2026-04-22", "2026-04-22T17:04Z", "2026-04-22T17:04:11", "2026-04-22 17:04:11Z",
            "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
            "2026-04-31T00:00:00Z", "2026-04-00T00:00:00Z", "2026-04-22T24:00:00Z", "2026-04-22T17:60:00Z",
            "2026-04-22T17:04:60Z", "2026-04-22T17:04:11.Z", "2026-04-22T17:04:11.0123456789Z",
            "2026-04-22T17:04:11+0200", "2026-04-22T17:04:11+24:00", "2026-04-22T17:04:11+02:60",
            "2026-04-22T17:04:11ZZ",
            "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "26-04-22T17:04:11Z",
            "+2026-04-22T17:04:11Z", "2026-4-22T17:04:11Z", "2026-04-22T17:04:1１Z", "2026-04-22T-1:04:11Z",
            "10000-01-01T00:00:00Z",
        ])
    func refusing(text: String) {
        #expect(Timestamp.parse(text) == nil)
    }

    @Test("every day from 1970 to 9999 is written as a calendar counts it and read back")
    func everyDay() {
        var year = 1970
        var month = 1
        var day = 1
        func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        for number in CalendarDate.range {
            // The text is compared on every seventh day: that meets each day of the month and takes less time.
            if number % 7 == 0 || day > 27 || day == 1 {
                var text = "\(year)-\(padded(month))-\(padded(day))"
                guard CalendarDate.text(number) == text else {
                    #expect(CalendarDate.text(number) == text)
                    return
                }
                let back = text.withUTF8 { CalendarDate.parse($0) }
                guard back == number else {
                    #expect(back == number)
                    return
                }
            }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let length = month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
            day += 1
            if day > length { (day, month) = (1, month + 1) }
            if month > 12 { (month, year) = (1, year + 1) }
        }
        #expect(year == 10_000)
    }

    @Test("times are written in the precision asked for, and numbers beyond the years are held at the ends")
    func writing() {
        #expect(Timestamp.text(1_776_877_451_999) == "2026-04-22T17:04:11Z")
        #expect(Timestamp.text(1_776_877_451_009, precision: .milliseconds) == "2026-04-22T17:04:11.009Z")
        #expect(Timestamp.text(.min) == "1970-01-01T00:00:00Z")
        #expect(Timestamp.text(.max, precision: .milliseconds) == "9999-12-31T23:59:59.999Z")
        #expect(CalendarDate.text(.min) == "1970-01-01")
        #expect(CalendarDate.text(.max) == "9999-12-31")
    }
}
