package import LedgerCore
package import WireSchema

/// An item by id or by SKU, wherever one is accepted.
package struct WireItemReference: WireText {
    package var reference: ItemReference

    package init() { reference = .sku("") }

    package static let wirePattern: StaticString = "^.{1,64}$"
    package static let wireRule: StaticString = "be an item's id (itm_…) or its SKU of 1–64 characters"

    package init?(wireText text: UnsafeBufferPointer<UInt8>) {
        if let id = WireID<ItemPrefix>.read(text) {
            reference = .id(id)
        } else {
            guard let sku = WireName.read(text) else { return nil }
            reference = .sku(sku)
        }
    }

    package func write(to writer: inout JSONWriter) {
        switch reference {
        case .id(let id): WireID<ItemPrefix>(id).write(to: &writer)
        case .sku(let sku): writer.string(sku)
        }
    }
}

/// A location by id or by code, wherever one is accepted.
package struct WireLocationReference: WireText {
    package var reference: LocationReference

    package init() { reference = .default }

    package static let wirePattern: StaticString = "^.{1,64}$"
    package static let wireRule: StaticString = "be a location's id (wh_…) or its code of 1–64 characters"

    package init?(wireText text: UnsafeBufferPointer<UInt8>) {
        if let id = WireID<LocationPrefix>.read(text) {
            reference = .id(id)
        } else {
            guard let code = WireName.read(text) else { return nil }
            reference = .code(code)
        }
    }

    package func write(to writer: inout JSONWriter) {
        switch reference {
        case .id(let id): WireID<LocationPrefix>(id).write(to: &writer)
        case .code(let code): writer.string(code)
        case .default: writer.null()
        }
    }
}

/// SKUs and location codes: 1–64 characters, no control characters, no white space at either end.
package enum WireName {
    static func read(_ text: UnsafeBufferPointer<UInt8>) -> String? {
        guard (1...256).contains(text.count), isName(text) else { return nil }
        let name = String(decoding: text, as: UTF8.self)
        // Up to 64 bytes are at most 64 characters.
        return text.count <= 64 || name.unicodeScalars.count <= 64 ? name : nil
    }

    private static func isName(_ text: some Collection<UInt8>) -> Bool {
        guard let first = text.first, first != 0x20 else { return false }
        var last: UInt8 = 0
        for byte in text {
            if byte < 0x20 || byte == 0x7F { return false }
            last = byte
        }
        return last != 0x20
    }

    /// A new item's SKU: a name that can't be taken for an item's id.
    package static let sku = TextPattern(
        regex: "^(?!itm_[0-9A-HJKMNP-TV-Z]{26}$)\\S(.*\\S)?$",
        rule: "not begin or end with white space, and not look like an item's id"
    ) { isName($0) && !looksLikeID($0, "itm_") }

    /// A new location's code: a name that can't be taken for a location's id.
    package static let code = TextPattern(
        regex: "^(?!wh_[0-9A-HJKMNP-TV-Z]{26}$)\\S(.*\\S)?$",
        rule: "not begin or end with white space, and not look like a location's id"
    ) { isName($0) && !looksLikeID($0, "wh_") }

    private static func looksLikeID(_ text: String.UTF8View, _ prefix: String) -> Bool {
        text.count == prefix.utf8.count + 26 && text.starts(with: prefix.utf8)
            && ULID(String(Substring(text.dropFirst(prefix.utf8.count)))) != nil
    }
}

extension WireItemReference {
    /// An id where the text is one, else a SKU.
    package static func reference(_ text: String) -> ItemReference {
        if text.hasPrefix("itm_"), let id = ULID(text.dropFirst(4)) { return .id(id) }
        return .sku(text)
    }
}

extension WireLocationReference {
    /// An id where the text is one, else a code.
    package static func reference(_ text: String) -> LocationReference {
        if text.hasPrefix("wh_"), let id = ULID(text.dropFirst(3)) { return .id(id) }
        return .code(text)
    }
}
