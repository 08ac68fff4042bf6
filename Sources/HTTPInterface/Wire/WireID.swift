package import LedgerCore
package import WireSchema

/// What an id on the wire begins with, and so what it is an id of.
package protocol IDPrefix: Sendable {
    /// Such as `itm_`.
    static var text: StaticString { get }
    /// ECMA-262, anchored.
    static var pattern: StaticString { get }
    /// For people, behind `must`.
    static var rule: StaticString { get }
}

/// Marks the id of an item.
package enum ItemPrefix: IDPrefix {
    package static let text: StaticString = "itm_"
    package static let pattern: StaticString = "^itm_[0-9A-HJKMNP-TV-Z]{26}$"
    package static let rule: StaticString = "be an item's id, such as itm_01J9X3YB2KQ8M4T6V7W8X9Y0ZA"
}

/// Marks the id of a location.
package enum LocationPrefix: IDPrefix {
    package static let text: StaticString = "wh_"
    package static let pattern: StaticString = "^wh_[0-9A-HJKMNP-TV-Z]{26}$"
    package static let rule: StaticString = "be a location's id, such as wh_01J9X3YB2KQ8M4T6V7W8X9Y0ZA"
}

/// Marks the id of a movement.
package enum MovementPrefix: IDPrefix {
    package static let text: StaticString = "mov_"
    package static let pattern: StaticString = "^mov_[0-9A-HJKMNP-TV-Z]{26}$"
    package static let rule: StaticString = "be a movement's id, such as mov_01J9X3YB2KQ8M4T6V7W8X9Y0ZA"
}

/// Marks the id of an event.
package enum EventPrefix: IDPrefix {
    package static let text: StaticString = "evt_"
    package static let pattern: StaticString = "^evt_[0-9A-HJKMNP-TV-Z]{26}$"
    package static let rule: StaticString = "be an event's id, such as evt_01J9X3YB2KQ8M4T6V7W8X9Y0ZA"
}

/// Marks the id of an API key.
package enum KeyPrefix: IDPrefix {
    package static let text: StaticString = "key_"
    package static let pattern: StaticString = "^key_[0-9A-HJKMNP-TV-Z]{26}$"
    package static let rule: StaticString = "be a key's id, such as key_01J9X3YB2KQ8M4T6V7W8X9Y0ZA"
}

/// An id as it stands on the wire: a type prefix and a ULID. Written and read without a `String` between.
package struct WireID<Prefix: IDPrefix>: WireText {
    package var ulid: ULID

    package init(_ ulid: ULID) { self.ulid = ulid }

    package init() { ulid = .zero }

    package static var wirePattern: StaticString { Prefix.pattern }
    package static var wireRule: StaticString { Prefix.rule }

    package init?(wireText text: UnsafeBufferPointer<UInt8>) {
        guard let ulid = Self.read(text) else { return nil }
        self.ulid = ulid
    }

    /// The ULID behind the prefix; nil for any other text.
    package static func read(_ text: UnsafeBufferPointer<UInt8>) -> ULID? {
        let prefix = UnsafeBufferPointer(start: Prefix.text.utf8Start, count: Prefix.text.utf8CodeUnitCount)
        guard text.count == prefix.count + 26, text.starts(with: prefix) else { return nil }
        return ULID(decoding: UnsafeBufferPointer(rebasing: text[prefix.count...]))
    }

    package func write(to writer: inout JSONWriter) {
        // The longest prefix in use has seven characters.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 40) { room in
            var count = 0
            Prefix.text.withUTF8Buffer { prefix in
                for byte in prefix {
                    room[count] = byte
                    count += 1
                }
            }
            ulid.write(to: UnsafeMutableBufferPointer(rebasing: room[count..<(count + 26)]))
            writer.string(UnsafeBufferPointer(rebasing: room[..<(count + 26)]))
        }
    }

    package var text: String { "\(Prefix.text)\(ulid.text)" }
}

/// The id of a ledger entry under any of the prefixes that the dialects give it: the same ULID stands behind them all.
package enum EntryID {
    package static func parse(_ text: some StringProtocol) -> ULID? {
        guard let underscore = text.firstIndex(of: "_") else { return nil }
        switch text[..<underscore] {
        case "ledger", "inv", "mov", "adj", "evt": return ULID(text[text.index(after: underscore)...])
        default: return nil
        }
    }
}
