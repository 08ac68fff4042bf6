import Testing
import WireSchema

@Suite("Exact numbers")
struct ExactNumberTests {
    private func integer(_ json: String) -> String {
        do {
            return String(try JSONDocument(json).root.integer())
        } catch {
            return (error as? WireFault)?.code.rawValue ?? "\(error)"
        }
    }

    private func decimal(_ json: String, scale: Int = 6) -> String {
        do {
            return String(try JSONDocument(json).root.decimal(scale: scale))
        } catch {
            return (error as? WireFault)?.code.rawValue ?? "\(error)"
        }
    }

    @Test(
        "an integer is plain digits that fit into 64 bits",
        arguments: [
            ("0", "0"), ("-0", "0"), ("7", "7"), ("-12", "-12"),
            ("9223372036854775807", "9223372036854775807"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("9223372036854775808", "out_of_range"),
            ("-9223372036854775809", "out_of_range"),
            ("18446744073709551616", "out_of_range"),
            ("999999999999999999", "999999999999999999"),
            ("1000000000000000000", "1000000000000000000"),
            ("1.0", "not_an_integer"), ("1e2", "not_an_integer"), ("1E0", "not_an_integer"),
            ("0.5", "not_an_integer"), ("123456789012345678901234567890.5", "not_an_integer"),
            ("\"1\"", "wrong_type"), ("true", "wrong_type"), ("null", "wrong_type"), ("[1]", "wrong_type"),
        ])
    func integers(json: String, expected: String) {
        #expect(integer(json) == expected)
    }

    @Test(
        "a decimal is exact in micro-units or refused",
        arguments: [
            ("15.5", "15500000"), ("\"15.50\"", "15500000"), ("\"2.500000\"", "2500000"), ("2.5000000000", "2500000"),
            ("0", "0"), ("-0.0", "0"), ("0e99999999999999999999", "0"), ("1e-6", "1"), ("1.5e-5", "15"),
            ("1E+3", "1000000000"), ("100e-2", "1000000"), ("-8.25", "-8250000"), ("0.000001", "1"),
            ("0.0000001", "too_many_decimals"), ("1e-7", "too_many_decimals"), ("1.0000001", "too_many_decimals"),
            ("0.9999999999999999999999", "too_many_decimals"), ("0.30000000000000004", "too_many_decimals"),
            ("1e-99999999999999999999999", "too_many_decimals"),
            ("9223372036854.775807", "9223372036854775807"),
            ("-9223372036854.775808", "-9223372036854775808"),
            ("9223372036854.775808", "out_of_range"), ("1e13", "out_of_range"), ("1e19", "out_of_range"),
            ("1e99999999999999999999999", "out_of_range"), ("1e9223372036854775807", "out_of_range"),
            ("1e999999999999999999", "out_of_range"), ("1e-999999999999999999", "too_many_decimals"),
            ("99999999999999999999999999", "out_of_range"),
            ("\"\"", "invalid_value"), ("\"1,5\"", "invalid_value"), ("\" 1\"", "invalid_value"),
            ("\"+1\"", "invalid_value"), ("\"01\"", "invalid_value"), ("\".5\"", "invalid_value"),
            ("\"5.\"", "invalid_value"), ("\"1e\"", "invalid_value"), ("\"-\"", "invalid_value"),
            ("\"NaN\"", "invalid_value"), ("\"0x10\"", "invalid_value"), ("\"\\u0031\"", "1000000"),
            ("true", "wrong_type"), ("null", "wrong_type"), ("{}", "wrong_type"),
        ])
    func decimals(json: String, expected: String) {
        #expect(decimal(json) == expected)
    }

    @Test("decimals of any scale agree with sums done by hand")
    func scales() {
        #expect(decimal("1.5", scale: 0) == "too_many_decimals")
        #expect(decimal("15e-1", scale: 1) == "15")
        #expect(decimal("9.223372036854775807", scale: 18) == "9223372036854775807")
        #expect(decimal("9.3", scale: 18) == "out_of_range")
    }

    @Test("numbers written in many ways have the value that plain digits have")
    func notations() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededNumbers(state: seed)
        for _ in 0..<5000 {
            let value = Int64.random(in: -1_000_000_000_000...1_000_000_000_000, using: &random)
            let shift = Int.random(in: 0...12, using: &random)
            // value × 10^-6 as value × 10^shift with the exponent -6 - shift.
            let text = "\(value)\(String(repeating: "0", count: shift))e\(-6 - shift)"
            #expect(try JSONDocument(text).root.decimal(scale: 6) == value, "seed \(seed): \(text)")
            var writer = JSONWriter()
            writer.decimalString(micro: value)
            let fixed = try JSONDocument(writer.finish())
            #expect(try fixed.root.decimal(scale: 6) == value, "seed \(seed)")
            let number = try JSONDocument(fixed.root.string ?? "")
            #expect(number.canonicalBytes() == (try JSONDocument(text)).canonicalBytes(), "seed \(seed): \(text)")
        }
    }
}
