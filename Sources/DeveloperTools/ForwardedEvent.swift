/// An event as the receiver under development gets it.
package struct ForwardedEvent: Hashable, Sendable {
    package var id: String
    /// The name under which it was asked for.
    package var type: String
    /// The event's very bytes in the feed, but for `type`: the name under which it was asked for, as in a webhook.
    package var body: [UInt8]

    /// From a message of the stream.
    package init(_ message: EventStreamParser.Message) {
        id = message.id
        type = message.event
        body = Self.renamed(message.data, to: message.event)
    }

    private static let beginning = Array(#"{"type":""#.utf8)

    private static func renamed(_ data: [UInt8], to name: String) -> [UInt8] {
        guard data.starts(with: beginning),
            let end = data[beginning.count...].firstIndex(of: UInt8(ascii: "\"")),
            !data[beginning.count..<end].elementsEqual(name.utf8)
        else { return data }
        return beginning + Array(name.utf8) + data[end...]
    }
}
