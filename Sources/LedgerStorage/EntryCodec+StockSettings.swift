public import LedgerCore

/// Layout of settings: flags · [price] · [cost] · [safety stock] · changed_at · changed seq. An entry has the level's
/// packed key before them.
extension EntryCodec {
    private enum SettingsFlag {
        static let price: UInt8 = 1
        static let cost: UInt8 = 2
        static let unavailable: UInt8 = 4
        static let safetyStock: UInt8 = 8
        static let all: UInt8 = 15
    }

    /// Settings as a level's row keeps them.
    public static func row(of settings: StockSettings) -> [UInt8] {
        var bytes: [UInt8] = []
        encode(settings, into: &bytes)
        return bytes
    }

    /// Settings from a level's row.
    /// - Throws: `StoreError.corrupt` for anything that `row(of:)` does not make.
    public static func stockSettings(row bytes: [UInt8]) throws(StoreError) -> StockSettings {
        do {
            return try bytes.withUnsafeBytes { bytes in
                var cursor = ByteCursor(bytes)
                let settings = try stockSettings(&cursor)
                try cursor.expectEnd()
                return settings
            }
        } catch {
            throw .corrupt(seq: nil, detail: "the settings of a stock level can't be decoded")
        }
    }

    static func encode(_ change: StockSettingsChange, into bytes: inout [UInt8]) {
        bytes.appendVarint(change.level.packed)
        encode(change.settings, into: &bytes)
    }

    static func stockSettingsChange(_ cursor: inout ByteCursor) throws(Malformed) -> StockSettingsChange {
        StockSettingsChange(level: LevelKey(packed: try cursor.varint()), settings: try stockSettings(&cursor))
    }

    private static func encode(_ settings: StockSettings, into bytes: inout [UInt8]) {
        var flags: UInt8 = 0
        if settings.price != nil { flags |= SettingsFlag.price }
        if settings.cost != nil { flags |= SettingsFlag.cost }
        if !settings.isAvailable { flags |= SettingsFlag.unavailable }
        if settings.safetyStock != 0 { flags |= SettingsFlag.safetyStock }
        bytes.append(flags)
        if let price = settings.price { bytes.appendSigned(price) }
        if let cost = settings.cost { bytes.appendSigned(cost) }
        if settings.safetyStock != 0 { bytes.appendSigned(settings.safetyStock) }
        bytes.appendSigned(settings.changedAt.milliseconds)
        bytes.appendVarint(settings.changedSeq)
    }

    private static func stockSettings(_ cursor: inout ByteCursor) throws(Malformed) -> StockSettings {
        let flags = try cursor.byte()
        guard flags & ~SettingsFlag.all == 0 else { throw cursor.malformed(.flags) }
        let price = flags & SettingsFlag.price == 0 ? nil : try cursor.signed()
        let cost = flags & SettingsFlag.cost == 0 ? nil : try cursor.signed()
        let safetyStock = flags & SettingsFlag.safetyStock == 0 ? 0 : try cursor.signed()
        guard (safetyStock != 0) == (flags & SettingsFlag.safetyStock != 0) else { throw cursor.malformed(.flags) }
        let changedAt = Instant(milliseconds: try cursor.signed())
        return StockSettings(
            price: price, cost: cost, isAvailable: flags & SettingsFlag.unavailable == 0, safetyStock: safetyStock,
            changedAt: changedAt, changedSeq: try cursor.varint())
    }
}
