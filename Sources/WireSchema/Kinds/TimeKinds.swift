/// An RFC 3339 timestamp, as milliseconds since 1970.
public struct TimestampKind: WireScalarKind {
    let precision: Timestamp.Precision

    @usableFromInline init(precision: Timestamp.Precision) { self.precision = precision }

    private static var mistake: WireMistake {
        WireMistake(.invalidValue, "must be an RFC 3339 time from 1970 to 9999, such as 2026-04-22T17:04:11Z")
    }

    public func read(_ index: JSONIndex, from source: inout WireSource) -> Int64? {
        guard source.kind(of: index) == .string else {
            source.reportType("a string with an RFC 3339 time", at: index)
            return nil
        }
        if let value = source.tape.withText(index.position, { Timestamp.parse($0) }) { return value }
        source.report(Self.mistake, at: index)
        return nil
    }

    public func parse(_ text: String) throws(WireMistake) -> Int64 {
        guard let value = Timestamp.parse(text) else { throw Self.mistake }
        return value
    }

    public func write(_ value: Int64, to writer: inout JSONWriter) {
        writer.timestamp(value, precision: precision)
    }

    public func schema(_ collector: inout SchemaCollector) -> SchemaNode {
        var node = SchemaNode(type: "string")
        node.add("format", .string("date-time"))
        return node
    }
}

/// A calendar date (`2026-04-22`), as days since 1970-01-01.
public struct DateKind: WireScalarKind {
    @usableFromInline init() {}

    private static var mistake: WireMistake {
        WireMistake(.invalidValue, "must be a date from 1970 to 9999, such as 2026-04-22")
    }

    public func read(_ index: JSONIndex, from source: inout WireSource) -> Int64? {
        guard source.kind(of: index) == .string else {
            source.reportType("a string with a date", at: index)
            return nil
        }
        if let value = source.tape.withText(index.position, { CalendarDate.parse($0) }) { return value }
        source.report(Self.mistake, at: index)
        return nil
    }

    public func parse(_ text: String) throws(WireMistake) -> Int64 {
        var text = text
        guard let value = text.withUTF8({ CalendarDate.parse($0) }) else { throw Self.mistake }
        return value
    }

    public func write(_ value: Int64, to writer: inout JSONWriter) {
        writer.beginValue()
        writer.sink.write(atMost: 12) { room in
            room[0] = UInt8(ascii: "\"")
            Calendar.write(day: value, to: room + 1)
            room[11] = UInt8(ascii: "\"")
            return 12
        }
    }

    public func schema(_ collector: inout SchemaCollector) -> SchemaNode {
        var node = SchemaNode(type: "string")
        node.add("format", .string("date"))
        return node
    }
}

extension JSONWriter {
    /// An RFC 3339 timestamp.
    /// - Parameter milliseconds: since 1970; what lies outside ``Timestamp/range`` is written as its nearer end.
    public mutating func timestamp(_ milliseconds: Int64, precision: Timestamp.Precision = .seconds) {
        beginValue()
        sink.write(atMost: 26) { room in
            room[0] = UInt8(ascii: "\"")
            let written = Timestamp.write(milliseconds, precision: precision, to: room + 1)
            room[written &+ 1] = UInt8(ascii: "\"")
            return written &+ 2
        }
    }
}

extension WireKind where Self == TimestampKind {
    /// An RFC 3339 timestamp, in milliseconds since 1970.
    /// - Parameter precision: in which it is written; it is read in any.
    @inlinable
    public static func timestamp(_ precision: Timestamp.Precision = .seconds) -> TimestampKind {
        TimestampKind(precision: precision)
    }
}

extension WireKind where Self == DateKind {
    /// A calendar date, in days since 1970-01-01.
    @inlinable public static var date: DateKind { DateKind() }
}
