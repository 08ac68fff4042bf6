public import LedgerCore

/// Records of the catalogue as rows of the projection: the same bytes as in the journal.
extension EntryCodec {
    /// An item's row.
    public static func row(of item: Item) -> [UInt8] {
        var bytes: [UInt8] = []
        encode(item, into: &bytes)
        return bytes
    }

    /// An item from its row.
    /// - Throws: `StoreError.corrupt` for anything that `row(of:)` does not make.
    public static func item(row bytes: UnsafeRawBufferPointer) throws(StoreError) -> Item {
        do {
            var cursor = ByteCursor(bytes)
            let item = try item(&cursor)
            try cursor.expectEnd()
            return item
        } catch {
            throw .corrupt(seq: nil, detail: "the row of an item can't be decoded")
        }
    }

    /// A location's row.
    public static func row(of location: Location) -> [UInt8] {
        var bytes: [UInt8] = []
        encode(location, into: &bytes)
        return bytes
    }

    /// A location from its row.
    /// - Throws: `StoreError.corrupt` for anything that `row(of:)` does not make.
    public static func location(row bytes: UnsafeRawBufferPointer) throws(StoreError) -> Location {
        do {
            var cursor = ByteCursor(bytes)
            let location = try location(&cursor)
            try cursor.expectEnd()
            return location
        } catch {
            throw .corrupt(seq: nil, detail: "the row of a location can't be decoded")
        }
    }
}
