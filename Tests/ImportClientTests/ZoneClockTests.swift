import Foundation
import ImportClient
import Testing

@Suite("Local times of London as UTC")
struct ZoneClockTests {
    private func clock() throws -> ZoneClock {
        ZoneClock(zone: try #require(TimeZone(identifier: "Europe/London")))
    }

    @Test(
        "summer and winter, and the hours where the clocks change",
        arguments: [
            ("2010-12-01T08:26:00", "2010-12-01T08:26:00Z"),
            ("2011-07-01T08:26", "2011-07-01T07:26:00Z"),
            // 2011-03-27: 01:00 becomes 02:00. What is skipped is read with the offset from before.
            ("2011-03-27T00:59:59", "2011-03-27T00:59:59Z"),
            ("2011-03-27T01:00:00", "2011-03-27T01:00:00Z"),
            ("2011-03-27T01:30:00", "2011-03-27T01:30:00Z"),
            ("2011-03-27T02:00:00", "2011-03-27T01:00:00Z"),
            ("2011-03-27T03:00:00", "2011-03-27T02:00:00Z"),
            // 2011-10-30: 02:00 becomes 01:00. What comes twice is the first of the two.
            ("2011-10-30T00:59:59", "2011-10-29T23:59:59Z"),
            ("2011-10-30T01:00:00", "2011-10-30T00:00:00Z"),
            ("2011-10-30T01:59:59", "2011-10-30T00:59:59Z"),
            ("2011-10-30T02:00:00", "2011-10-30T02:00:00Z"),
            ("2011-10-30 12:00:00", "2011-10-30T12:00:00Z"),
            ("2012-02-29T00:00:00", "2012-02-29T00:00:00Z"),
            ("2011-04-01T00:30:00", "2011-03-31T23:30:00Z"),
        ])
    func london(local: String, utc: String) throws {
        var clock = try clock()
        let time = try #require(withBytes(local) { CivilTime($0) })
        #expect(String(decoding: clock.utcText(local: time.seconds), as: UTF8.self) == utc)
    }

    @Test("random times agree with Foundation's calendar, in any order")
    func random() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var chance = SeededGenerator(seed: seed)
        var clock = try clock()
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "Europe/London"))
        for _ in 0..<5_000 {
            let utc = Date(
                timeIntervalSince1970: TimeInterval(Int64.random(in: 946_684_800...1_900_000_000, using: &chance)))
            let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: utc)
            let day = CivilTime(
                year: parts.year ?? 0, month: parts.month ?? 0, day: parts.day ?? 0,
                secondsOfDay: (parts.hour ?? 0) * 3600 + (parts.minute ?? 0) * 60 + (parts.second ?? 0))
            let back = clock.utc(local: day.seconds)
            let expected = Int64(utc.timeIntervalSince1970)
            // An hour that comes twice a year is read as its first: then, and only then, it differs by that hour.
            let isSecond = (parts.month == 10 || parts.month == 11) && parts.hour == 1 && back == expected - 3600
            #expect(back == expected || isSecond, "seed \(seed), \(utc)")
        }
    }

    @Test(
        "what is no time is refused",
        arguments: [
            "", "2010", "2010-12-01", "2010-12-01T", "2010-12-01T08", "2010-13-01T08:26:00", "2010-00-01T08:26:00",
            "2010-02-29T08:26:00", "2010-04-31T08:26:00", "2010-12-01T24:00:00", "2010-12-01T08:60:00",
            "2010-12-01T08:26:60", "2010/12/01T08:26:00", "2010-12-01T08:26:0x", "0000-01-01T00:00:00",
            "2010-12-01T08:26:00Z", "1900-02-29T00:00:00", "2010-12-01t08:26:00",
        ])
    func noTime(text: String) {
        #expect(withBytes(text) { CivilTime($0) } == nil)
    }

    @Test("every day of four centuries is written as it was read")
    func everyDay() {
        for days in stride(from: Int64(-25_567), to: 120_000, by: 1) {
            let time = CivilTime(seconds: days * 86_400 + 43_199)
            let text = String(time.text.dropLast())
            #expect(withBytes(text) { CivilTime($0) } == time, "\(text)")
        }
    }
}
