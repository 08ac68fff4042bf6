import ImportClient
import Testing

@Suite("Exact decimals")
struct DecimalAmountTests {
    @Test(
        "0.6 × a price is rounded half to even at the fourth decimal",
        arguments: [
            ("2.55", 15_300), ("3", 18_000), ("0", 0), ("-11062.06", 0), ("0.00125", 8), ("0.00075", 4),
            ("0.000749", 4), ("0.000751", 5), ("0.00025", 2), ("0.000083", 0), ("0.000084", 1),
            ("999999999999.999999", 6_000_000_000_000_000), ("0.001", 6), ("8142.75", 48_856_500),
        ] as [(String, Int64)])
    func openingCost(price: String, expected: Int64) throws {
        #expect(try #require(withBytes(price) { DecimalAmount($0) }).openingCost == expected)
    }

    @Test(
        "what is no plain decimal is refused",
        arguments: ["", "-", "+", ".", ".5", "5.", "1.2.3", "1e5", "1,5", " 1", "0x10", "NaN", "1234567890123456789"])
    func refused(text: String) {
        #expect(withBytes(text) { DecimalAmount($0) } == nil)
    }

    @Test(
        "whole numbers are read exactly or not at all",
        arguments: [
            ("0", 0), ("-80995", -80_995), ("+5", 5), ("999999999999999999", 999_999_999_999_999_999), ("", nil),
            ("-", nil), ("1.0", nil), ("1e3", nil), ("9223372036854775808", nil), ("12 ", nil),
        ] as [(String, Int64?)])
    func wholeNumber(text: String, expected: Int64?) {
        #expect(withBytes(text) { $0.wholeNumber } == expected)
    }
}
