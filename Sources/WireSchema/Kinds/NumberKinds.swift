/// A whole number within a range. A fraction or an exponent is refused even where the value is whole.
public struct IntegerKind: WireScalarKind {
    let range: ClosedRange<Int64>

    public init(_ range: ClosedRange<Int64>) { self.range = range }

    public func read(_ index: JSONIndex, from source: inout WireSource) -> Int64? {
        guard source.kind(of: index) == .number else {
            source.reportType("a whole number", at: index)
            return nil
        }
        let number = ExactNumber.integer(source.tape.raw(index.position))
        if case .value(let value) = number, range.contains(value) { return value }
        source.report(mistake(number), at: index)
        return nil
    }

    public func parse(_ text: String) throws(WireMistake) -> Int64 {
        var text = text
        let number = text.withUTF8 { ExactNumber.integer($0) }
        if case .value(let value) = number, range.contains(value) { return value }
        throw mistake(number)
    }

    private func mistake(_ number: ExactNumber) -> WireMistake {
        switch number {
        case .notAnInteger, .tooManyDecimals:
            WireMistake(.notAnInteger, "must be a whole number without a point or exponent")
        case .notANumber: WireMistake(.invalidValue, "must be a whole number")
        case .value, .outOfRange:
            WireMistake(.outOfRange, "must be between \(range.lowerBound) and \(range.upperBound)")
        }
    }

    public func write(_ value: Int64, to writer: inout JSONWriter) { writer.integer(value) }

    public func schema(_ collector: inout SchemaCollector) -> SchemaNode {
        var node = SchemaNode(type: "integer")
        node.add("format", .string("int64"))
        if range.lowerBound > .min { node.add("minimum", .integer(range.lowerBound)) }
        if range.upperBound < .max { node.add("maximum", .integer(range.upperBound)) }
        return node
    }
}

/// An exact decimal as a multiple of 10^-6 (micro-units): money, costs. A number or a string with a number in it is
/// accepted; zeros at its end do not count as decimals.
public struct DecimalKind: WireScalarKind {
    /// The form in which it is written.
    public enum Form: Sendable {
        /// `"2.500000"`: exactly six decimals.
        case string
        /// `15.50`: a number with two to six decimals.
        case number
    }

    /// In multiples of 10^-`scale`.
    let range: ClosedRange<Int64>
    let scale: Int
    let form: Form

    /// - Parameters:
    ///   - range: in multiples of 10^-`scale`.
    ///   - scale: decimals, 0 to 18. Only 6 can be written.
    public init(_ range: ClosedRange<Int64>, scale: Int = 6, form: Form = .string) {
        self.range = range
        self.scale = min(max(scale, 0), 18)
        self.form = form
    }

    public func read(_ index: JSONIndex, from source: inout WireSource) -> Int64? {
        let kind = source.kind(of: index)
        guard kind == .number || kind == .string else {
            source.reportType("a decimal number or a string with one", at: index)
            return nil
        }
        let number = source.tape.withText(index.position) { ExactNumber.decimal($0, scale: scale) }
        if case .value(let value) = number, range.contains(value) { return value }
        source.report(mistake(number), at: index)
        return nil
    }

    public func parse(_ text: String) throws(WireMistake) -> Int64 {
        var text = text
        let number = text.withUTF8 { ExactNumber.decimal($0, scale: scale) }
        if case .value(let value) = number, range.contains(value) { return value }
        throw mistake(number)
    }

    private func mistake(_ number: ExactNumber) -> WireMistake {
        switch number {
        case .tooManyDecimals: WireMistake(.tooManyDecimals, "must have at most \(scale) decimals; round it")
        case .notANumber, .notAnInteger: WireMistake(.invalidValue, "must be a decimal number, such as 12.50")
        case .value, .outOfRange:
            WireMistake(.outOfRange, "must be between \(text(range.lowerBound)) and \(text(range.upperBound))")
        }
    }

    public func write(_ value: Int64, to writer: inout JSONWriter) {
        switch form {
        case .string: writer.decimalString(micro: value)
        case .number: writer.decimalNumber(micro: value)
        }
    }

    /// A bound as plain decimals without zeros at the end.
    private func text(_ value: Int64) -> String {
        var digits = String(value.magnitude)
        if scale > 0 {
            digits = String(repeating: "0", count: max(scale + 1 - digits.utf8.count, 0)) + digits
            digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -scale))
            while digits.hasSuffix("0") { digits.removeLast() }
            if digits.hasSuffix(".") { digits.removeLast() }
        }
        return (value < 0 ? "-" : "") + digits
    }

    public func schema(_ collector: inout SchemaCollector) -> SchemaNode {
        var node: SchemaNode
        switch (form, collector.usage == .response) {
        case (.string, true): node = SchemaNode(type: "string")
        case (.string, false): node = SchemaNode(types: ["string", "number"])
        case (.number, true): node = SchemaNode(type: "number")
        case (.number, false): node = SchemaNode(types: ["number", "string"])
        }
        if node.types.contains("string") {
            node.add("format", .string("decimal"))
            let sign = range.lowerBound < 0 ? "-?" : ""
            // The server also takes an exponent and zeros after the last decimal; what is described is what to send.
            node.add("pattern", .string("^\(sign)(0|[1-9][0-9]*)(\\.[0-9]{1,\(scale)})?$"))
        }
        if node.types.contains("number") {
            if range.lowerBound > .min { node.add("minimum", .number(text(range.lowerBound))) }
            if range.upperBound < .max { node.add("maximum", .number(text(range.upperBound))) }
        }
        return node
    }
}

/// `true` or `false`.
public struct BooleanKind: WireScalarKind {
    @usableFromInline init() {}

    public func read(_ index: JSONIndex, from source: inout WireSource) -> Bool? {
        guard source.kind(of: index) == .bool else {
            source.reportType("true or false", at: index)
            return nil
        }
        return source.tape.nodes[index.position].flags.contains(.isTrue)
    }

    public func parse(_ text: String) throws(WireMistake) -> Bool {
        switch text {
        case "true": return true
        case "false": return false
        default: throw WireMistake(.invalidValue, "must be true or false")
        }
    }

    public func write(_ value: Bool, to writer: inout JSONWriter) { writer.bool(value) }

    public func schema(_ collector: inout SchemaCollector) -> SchemaNode { SchemaNode(type: "boolean") }
}

extension WireKind where Self == IntegerKind {
    /// A whole number within a range.
    public static func integer(_ range: ClosedRange<Int64>) -> IntegerKind { IntegerKind(range) }

    /// A whole number within a range written as literals, which the compiler takes for `Int`.
    public static func integer(_ range: ClosedRange<Int>) -> IntegerKind {
        IntegerKind(Int64(clamping: range.lowerBound)...Int64(clamping: range.upperBound))
    }

    /// Any whole number of 64 bits.
    public static var integer: IntegerKind { IntegerKind(.min ... .max) }
}

extension WireKind where Self == DecimalKind {
    /// An exact decimal in micro-units (10^-6).
    /// - Parameter range: in micro-units.
    public static func decimal(_ range: ClosedRange<Int64>, form: DecimalKind.Form = .string) -> DecimalKind {
        DecimalKind(range, form: form)
    }

    /// As ``decimal(_:form:)-(ClosedRange<Int64>,_)``, with a range written as literals, which the compiler takes for
    /// `Int`.
    public static func decimal(_ range: ClosedRange<Int>, form: DecimalKind.Form = .string) -> DecimalKind {
        DecimalKind(Int64(clamping: range.lowerBound)...Int64(clamping: range.upperBound), form: form)
    }

    /// Any decimal that fits into 64 bits of micro-units.
    public static func decimal(form: DecimalKind.Form = .string) -> DecimalKind {
        DecimalKind(.min ... .max, form: form)
    }
}

extension WireKind where Self == BooleanKind {
    /// `true` or `false`.
    @inlinable public static var boolean: BooleanKind { BooleanKind() }
}
