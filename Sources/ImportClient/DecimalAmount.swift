/// An exact decimal: `digits` × 10^−`decimals`. 2.55 is (255, 2).
package struct DecimalAmount: Hashable, Sendable {
    package var digits: Int64
    package var decimals: Int

    package init(digits: Int64, decimals: Int) {
        self.digits = digits
        self.decimals = decimals
    }

    /// Plain notation only: an optional sign, digits, an optional point with digits on both sides; at most 18 digits
    /// in all. Nil for anything else, exponents included.
    package init?(_ text: Bytes) {
        var index = 0
        let negative = text.count > 0 && text[0] == 0x2D
        if negative || (text.count > 0 && text[0] == 0x2B) { index = 1 }
        var value: Int64 = 0
        var seen = 0
        var decimals = 0
        var point = false
        while index < text.count {
            let byte = text[index]
            if byte == 0x2E {
                guard !point, seen > 0, index + 1 < text.count else { return nil }
                point = true
            } else {
                let digit = byte &- 0x30
                // 18 digits always fit, so no step can overflow.
                guard digit <= 9, seen < 18 else { return nil }
                value = value &* 10 &+ Int64(digit)
                seen += 1
                if point { decimals += 1 }
            }
            index += 1
        }
        guard seen > 0 else { return nil }
        digits = negative ? -value : value
        self.decimals = decimals
    }

    /// 0.6 × this, in ten-thousandths, rounded half to even: what the preset values an opening at. 0 when this is not
    /// above 0.
    package var openingCost: Int64 {
        guard digits > 0, decimals >= 0, decimals <= 18 else { return 0 }
        // digits × 6 × 10⁴ ÷ (10 × 10^decimals). 10¹⁸ × 6000 is far inside 128 bits.
        var divisor: Int128 = 1
        for _ in 0..<decimals { divisor *= 10 }
        let (quotient, remainder) = (Int128(digits) * 6000).quotientAndRemainder(dividingBy: divisor)
        let twice = remainder * 2
        let up = twice > divisor || (twice == divisor && quotient % 2 == 1)
        return Int64(clamping: up ? quotient + 1 : quotient)
    }
}
