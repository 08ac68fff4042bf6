package import WireSchema

/// A time up to which the past is read. It stands for all of the second or millisecond that it names: an answer that
/// shows seconds can be asked for again with the time that it showed, and gives the same.
package struct WirePastTime: WireText {
    /// The first millisecond that it names, since 1970.
    package var start: Int64
    /// The last one: the same, or 999 more where no fraction was written.
    package var end: Int64

    package static let wirePattern: StaticString =
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
    package static let wireRule: StaticString = "be an RFC 3339 time from 1970 to 9999, such as 2026-04-22T17:04:11Z"

    package init?(wireText text: UnsafeBufferPointer<UInt8>) {
        guard let time = Timestamp.parse(text) else { return nil }
        start = time
        end = text.contains(UInt8(ascii: ".")) ? time : time + 999
    }

    package func write(to writer: inout JSONWriter) {
        writer.timestamp(start, precision: .milliseconds)
    }
}
