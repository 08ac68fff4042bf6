/// Collects the items and locations that a file names, in the order in which they first appear. Of an item or location
/// the first row that says something counts.
struct CatalogueDraft: Sendable {
    /// What a row says of its item, in bytes that belong to the reader. Empty where it says nothing.
    struct ItemFields {
        var sku: Bytes
        var name = Bytes(start: nil, count: 0)
        var barcode = Bytes(start: nil, count: 0)
        var price = Bytes(start: nil, count: 0)
        var reorderPoint: Int64?

        init(sku: Bytes) {
            self.sku = sku
        }
    }

    private var skus = CodeTable()
    private var codes = CodeTable()
    private var items: [Catalogue.Item] = []
    private var locations: [Catalogue.Location] = []

    /// What does not have a name is called as its code.
    var catalogue: Catalogue {
        Catalogue(
            items: items.map { item in
                var item = item
                if item.name.isEmpty { item.name = item.sku }
                return item
            },
            locations: locations.map { location in
                var location = location
                if location.name.isEmpty { location.name = location.code }
                return location
            })
    }

    /// An id names what is there already, so it is passed over.
    mutating func note(_ fields: ItemFields) {
        if fields.sku.isID(after: "itm_") { return }
        let (number, isNew) = skus.insert(fields.sku)
        if isNew { items.append(Catalogue.Item(sku: fields.sku.text, name: "")) }
        if items[number].name.isEmpty, !fields.name.isEmpty { items[number].name = fields.name.text }
        if items[number].barcode == nil, !fields.barcode.isEmpty { items[number].barcode = fields.barcode.text }
        if items[number].price == nil, !fields.price.isEmpty { items[number].price = fields.price.text }
        if items[number].reorderPoint == nil { items[number].reorderPoint = fields.reorderPoint }
    }

    /// An id names what is there already, so it is passed over.
    mutating func note(location code: Bytes, name: Bytes = Bytes(start: nil, count: 0)) {
        if code.isID(after: "wh_") { return }
        let (number, isNew) = codes.insert(code)
        if isNew { locations.append(Catalogue.Location(code: code.text, name: "")) }
        if locations[number].name.isEmpty, !name.isEmpty { locations[number].name = name.text }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether it is the prefix and 26 characters of Crockford's base 32.
    func isID(after prefix: StaticString) -> Bool {
        guard count == prefix.utf8CodeUnitCount + 26, begins(with: prefix) else { return false }
        return self[prefix.utf8CodeUnitCount...].allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "I"), UInt8(ascii: "L"), UInt8(ascii: "O"), UInt8(ascii: "U"): false
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            default: false
            }
        }
    }
}
