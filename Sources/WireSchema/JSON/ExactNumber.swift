/// Numbers as digits: never a binary float.
enum ExactNumber: Equatable {
    case value(Int64)
    case notANumber
    case notAnInteger
    case tooManyDecimals
    case outOfRange

    /// An integer in plain digits, with an optional minus sign.
    static func integer(_ text: UnsafeBufferPointer<UInt8>) -> ExactNumber {
        guard let base = text.baseAddress, text.count > 0 else { return .notANumber }
        let isNegative = base[0] == UInt8(ascii: "-")
        var index = isNegative ? 1 : 0
        guard index < text.count else { return .notANumber }
        var magnitude: UInt64 = 0
        // 18 digits always fit; whatever is longer is checked digit by digit.
        if text.count <= 18 {
            while index < text.count {
                let digit = base[index] &- UInt8(ascii: "0")
                guard digit < 10 else { return decimal(text, scale: 0).isNumber ? .notAnInteger : .notANumber }
                magnitude = magnitude &* 10 &+ UInt64(digit)
                index &+= 1
            }
            let value = Int64(truncatingIfNeeded: magnitude)
            return .value(isNegative ? 0 &- value : value)
        }
        var hasOverflowed = false
        while index < text.count {
            let digit = base[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return decimal(text, scale: 0).isNumber ? .notAnInteger : .notANumber }
            if !hasOverflowed { hasOverflowed = !append(digit, to: &magnitude) }
            index &+= 1
        }
        return hasOverflowed ? .outOfRange : signed(magnitude, isNegative: isNegative)
    }

    /// A JSON number, exponent included, as a multiple of 10^-`scale`. Zeros at its end do not count as decimals.
    /// Work grows with the length of the text only, never with the exponent.
    static func decimal(_ text: UnsafeBufferPointer<UInt8>, scale: Int) -> ExactNumber {
        guard let parts = NumberParts(text) else { return .notANumber }
        guard parts.significant > 0 else { return .value(0) }
        // value = significant digits × 10^exponent
        guard case .some(let exponent) = parts.exponent else {
            return parts.exponentIsNegative ? .tooManyDecimals : .outOfRange
        }
        let (shift, shiftOverflow) = exponent.addingReportingOverflow(scale)
        guard !shiftOverflow else { return exponent < 0 ? .tooManyDecimals : .outOfRange }
        let (places, placesOverflow) = parts.significant.addingReportingOverflow(shift)
        if placesOverflow || places > 19 { return .outOfRange }
        guard shift >= 0 else { return .tooManyDecimals }
        var magnitude: UInt64 = 0
        var fits = true
        parts.forEachSignificantDigit { fits = fits && append($0, to: &magnitude) }
        for _ in 0..<shift { fits = fits && append(0, to: &magnitude) }
        return fits ? signed(magnitude, isNegative: parts.isNegative) : .outOfRange
    }

    private var isNumber: Bool { self != .notANumber }

    @inline(__always)
    private static func append(_ digit: UInt8, to magnitude: inout UInt64) -> Bool {
        let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
        magnitude = sum
        return !overflow && !carry
    }

    private static func signed(_ magnitude: UInt64, isNegative: Bool) -> ExactNumber {
        if isNegative {
            guard magnitude <= Int64.min.magnitude else { return .outOfRange }
            return .value(Int64(truncatingIfNeeded: 0 &- magnitude))
        }
        guard magnitude <= UInt64(Int64.max) else { return .outOfRange }
        return .value(Int64(truncatingIfNeeded: magnitude))
    }
}

/// A JSON number taken apart: sign, the digits between its first and last non-zero one, and a power of ten.
struct NumberParts {
    /// The document's bytes, which outlive this: it is a local of the call that reads the number.
    private let text: UnsafeBufferPointer<UInt8>
    let isNegative: Bool
    /// Positions of the first significant digit and behind the last; a point may lie between them.
    private let first: Int
    private let last: Int
    /// How many digits lie between them; 0 for zero.
    let significant: Int
    /// Power of ten of the last significant digit; nil when its text has more than 18 digits.
    let exponent: Int?
    let exponentIsNegative: Bool
    /// The digits of the exponent as written, without zeros in front.
    let exponentText: UnsafeBufferPointer<UInt8>
    /// Power of ten of the last significant digit, before the written exponent is added.
    let place: Int

    /// - Returns: nil when the text is not a number by the grammar of RFC 8259.
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
        var index = 0
        func byte(_ at: Int) -> UInt8 { at < text.count ? text[at] : 0 }
        func isDigit(_ at: Int) -> Bool { byte(at) &- UInt8(ascii: "0") < 10 }
        isNegative = byte(0) == UInt8(ascii: "-")
        if isNegative { index = 1 }
        var first = -1
        var last = -1
        func skipDigits() {
            while isDigit(index) {
                if text[index] != UInt8(ascii: "0") {
                    if first < 0 { first = index }
                    last = index
                }
                index &+= 1
            }
        }
        let whole = index
        skipDigits()
        guard index > whole, index == whole &+ 1 || text[whole] != UInt8(ascii: "0") else { return nil }
        let point = index
        if byte(index) == UInt8(ascii: ".") {
            index &+= 1
            skipDigits()
            guard index > point &+ 1 else { return nil }
        }
        var sign: UInt8 = 0
        let mantissaEnd = index
        var exponentStart = index
        if byte(index) | 0x20 == UInt8(ascii: "e") {
            index &+= 1
            if byte(index) == UInt8(ascii: "+") || byte(index) == UInt8(ascii: "-") {
                sign = text[index]
                index &+= 1
            }
            exponentStart = index
            while isDigit(index) { index &+= 1 }
            guard index > exponentStart else { return nil }
        }
        guard index == text.count else { return nil }
        exponentIsNegative = sign == UInt8(ascii: "-")
        while exponentStart < index, text[exponentStart] == UInt8(ascii: "0") { exponentStart &+= 1 }
        exponentText = UnsafeBufferPointer(rebasing: text[exponentStart..<index])
        self.first = first
        self.last = last &+ 1
        let spansPoint = first >= 0 && first < point && last > point
        significant = first < 0 ? 0 : last &+ 1 &- first &- (spansPoint ? 1 : 0)
        // Digits between the last significant one and the end of the mantissa, on either side of the point.
        place = last < point ? point &- 1 &- last : point &- last
        exponent =
            mantissaEnd == index
            ? place : Self.exponent(exponentText, isNegative: exponentIsNegative, place: place)
    }

    private static func exponent(_ digits: UnsafeBufferPointer<UInt8>, isNegative: Bool, place: Int) -> Int? {
        guard digits.count <= 18 else { return nil }
        var value = 0
        for digit in digits { value = value &* 10 &+ Int(digit &- UInt8(ascii: "0")) }
        // Below 10^18, and a place is shorter than the text: the sum can't overflow.
        return (isNegative ? 0 &- value : value) &+ place
    }

    @inline(__always)
    func forEachSignificantDigit(_ body: (UInt8) -> Void) {
        guard first >= 0 else { return }
        for index in first..<last where text[index] != UInt8(ascii: ".") {
            body(text[index] &- UInt8(ascii: "0"))
        }
    }
}
