import LedgerCore

/// Layout of an item: number · id · sku · name · scale · flags · [barcode] · [price] · [weight] · [reorder point] ·
/// [metadata] · created_at · updated_at − created_at · [archived_at − created_at] · created seq · [archived seq].
extension EntryCodec {
    private enum ItemFlag {
        static let barcode: UInt8 = 1
        static let price: UInt8 = 2
        static let weight: UInt8 = 4
        static let reorderPoint: UInt8 = 8
        static let metadata: UInt8 = 16
        static let archivedAt: UInt8 = 32
        static let archivedSeq: UInt8 = 64
        static let allowNegative: UInt8 = 128
    }

    static func encode(_ item: Item, into bytes: inout [UInt8]) {
        var flags: UInt8 = 0
        if item.barcode != nil { flags |= ItemFlag.barcode }
        if item.price != nil { flags |= ItemFlag.price }
        if item.weight != nil { flags |= ItemFlag.weight }
        if item.reorderPoint != nil { flags |= ItemFlag.reorderPoint }
        if item.metadata != nil { flags |= ItemFlag.metadata }
        if item.archivedAt != nil { flags |= ItemFlag.archivedAt }
        if item.archivedSeq != nil { flags |= ItemFlag.archivedSeq }
        if item.allowNegative { flags |= ItemFlag.allowNegative }
        bytes.appendVarint(UInt64(item.number.rawValue))
        bytes.appendID(item.id)
        bytes.appendText(item.sku)
        bytes.appendText(item.name)
        bytes.append(item.scale)
        bytes.append(flags)
        if let barcode = item.barcode { bytes.appendText(barcode) }
        if let price = item.price { bytes.appendSigned(price) }
        if let weight = item.weight { bytes.appendSigned(weight) }
        if let reorderPoint = item.reorderPoint { bytes.appendSigned(reorderPoint) }
        if let metadata = item.metadata { bytes.appendBlob(metadata) }
        bytes.appendSigned(item.createdAt.milliseconds)
        bytes.appendSigned(item.updatedAt.milliseconds &- item.createdAt.milliseconds)
        if let archivedAt = item.archivedAt {
            bytes.appendSigned(archivedAt.milliseconds &- item.createdAt.milliseconds)
        }
        bytes.appendVarint(item.createdSeq)
        if let archivedSeq = item.archivedSeq { bytes.appendVarint(archivedSeq) }
    }

    static func item(_ cursor: inout ByteCursor) throws(Malformed) -> Item {
        let number = ItemNumber(rawValue: try cursor.number())
        let id = try cursor.id()
        let sku = try cursor.text()
        let name = try cursor.text()
        let scale = try cursor.byte()
        let flags = try cursor.byte()
        let barcode = flags & ItemFlag.barcode == 0 ? nil : try cursor.text()
        let price = flags & ItemFlag.price == 0 ? nil : try cursor.signed()
        let weight = flags & ItemFlag.weight == 0 ? nil : try cursor.signed()
        let reorderPoint = flags & ItemFlag.reorderPoint == 0 ? nil : try cursor.signed()
        let metadata = flags & ItemFlag.metadata == 0 ? nil : try cursor.blob()
        let created = try cursor.signed()
        let updated = created &+ (try cursor.signed())
        let archived = flags & ItemFlag.archivedAt == 0 ? nil : created &+ (try cursor.signed())
        let createdSeq = try cursor.varint()
        let archivedSeq = flags & ItemFlag.archivedSeq == 0 ? nil : try cursor.varint()
        return Item(
            number: number, id: id, sku: sku, name: name, scale: scale, barcode: barcode, price: price,
            weight: weight, reorderPoint: reorderPoint, allowNegative: flags & ItemFlag.allowNegative != 0,
            metadata: metadata, createdAt: Instant(milliseconds: created), updatedAt: Instant(milliseconds: updated),
            archivedAt: archived.map(Instant.init(milliseconds:)), createdSeq: createdSeq, archivedSeq: archivedSeq)
    }
}

/// Layout of a location: number · id · code · name · type · flags · [address] · [time zone] · [metadata] · created_at ·
/// updated_at − created_at · [archived_at − created_at] · created seq · [archived seq] · [more flags · [marketplace] ·
/// [observed_at]].
extension EntryCodec {
    private enum LocationFlag {
        static let address: UInt8 = 1
        static let timeZone: UInt8 = 2
        static let allowNegative: UInt8 = 4
        static let isDefault: UInt8 = 8
        static let metadata: UInt8 = 16
        static let archivedAt: UInt8 = 32
        static let archivedSeq: UInt8 = 64
        /// More flags follow at the end.
        static let more: UInt8 = 128
    }

    private enum MoreLocationFlag {
        static let isReadOnly: UInt8 = 1
        static let marketplace: UInt8 = 2
        static let observedAt: UInt8 = 4
        static let all: UInt8 = 7
    }

    static func encode(_ location: Location, into bytes: inout [UInt8]) {
        var flags: UInt8 = 0
        if location.address != nil { flags |= LocationFlag.address }
        if location.timeZone != nil { flags |= LocationFlag.timeZone }
        if location.allowNegative { flags |= LocationFlag.allowNegative }
        if location.isDefault { flags |= LocationFlag.isDefault }
        if location.metadata != nil { flags |= LocationFlag.metadata }
        if location.archivedAt != nil { flags |= LocationFlag.archivedAt }
        if location.archivedSeq != nil { flags |= LocationFlag.archivedSeq }
        var more: UInt8 = 0
        if location.isReadOnly { more |= MoreLocationFlag.isReadOnly }
        if location.marketplace != nil { more |= MoreLocationFlag.marketplace }
        if location.observedAt != nil { more |= MoreLocationFlag.observedAt }
        if more != 0 { flags |= LocationFlag.more }
        bytes.appendVarint(UInt64(location.number.rawValue))
        bytes.appendID(location.id)
        bytes.appendText(location.code)
        bytes.appendText(location.name)
        bytes.appendText(location.type)
        bytes.append(flags)
        if let address = location.address { bytes.appendText(address) }
        if let timeZone = location.timeZone { bytes.appendText(timeZone) }
        if let metadata = location.metadata { bytes.appendBlob(metadata) }
        bytes.appendSigned(location.createdAt.milliseconds)
        bytes.appendSigned(location.updatedAt.milliseconds &- location.createdAt.milliseconds)
        if let archivedAt = location.archivedAt {
            bytes.appendSigned(archivedAt.milliseconds &- location.createdAt.milliseconds)
        }
        bytes.appendVarint(location.createdSeq)
        if let archivedSeq = location.archivedSeq { bytes.appendVarint(archivedSeq) }
        guard more != 0 else { return }
        bytes.append(more)
        if let marketplace = location.marketplace { bytes.appendText(marketplace) }
        if let observedAt = location.observedAt { bytes.appendSigned(observedAt.milliseconds) }
    }

    static func location(_ cursor: inout ByteCursor) throws(Malformed) -> Location {
        let number = LocationNumber(rawValue: try cursor.number())
        let id = try cursor.id()
        let code = try cursor.text()
        let name = try cursor.text()
        let type = try cursor.text()
        let flags = try cursor.byte()
        let address = flags & LocationFlag.address == 0 ? nil : try cursor.text()
        let timeZone = flags & LocationFlag.timeZone == 0 ? nil : try cursor.text()
        let metadata = flags & LocationFlag.metadata == 0 ? nil : try cursor.blob()
        let created = try cursor.signed()
        let updated = created &+ (try cursor.signed())
        let archived = flags & LocationFlag.archivedAt == 0 ? nil : created &+ (try cursor.signed())
        let createdSeq = try cursor.varint()
        let archivedSeq = flags & LocationFlag.archivedSeq == 0 ? nil : try cursor.varint()
        let more = flags & LocationFlag.more == 0 ? 0 : try cursor.byte()
        // Bytes that say nothing more have no such byte.
        guard more & ~MoreLocationFlag.all == 0, (more == 0) == (flags & LocationFlag.more == 0) else {
            throw cursor.malformed(.flags)
        }
        let marketplace = more & MoreLocationFlag.marketplace == 0 ? nil : try cursor.text()
        let observedAt = more & MoreLocationFlag.observedAt == 0 ? nil : try cursor.signed()
        return Location(
            number: number, id: id, code: code, name: name, type: type, address: address, timeZone: timeZone,
            marketplace: marketplace, isReadOnly: more & MoreLocationFlag.isReadOnly != 0,
            observedAt: observedAt.map(Instant.init(milliseconds:)),
            allowNegative: flags & LocationFlag.allowNegative != 0, isDefault: flags & LocationFlag.isDefault != 0,
            metadata: metadata, createdAt: Instant(milliseconds: created), updatedAt: Instant(milliseconds: updated),
            archivedAt: archived.map(Instant.init(milliseconds:)), createdSeq: createdSeq, archivedSeq: archivedSeq)
    }
}
