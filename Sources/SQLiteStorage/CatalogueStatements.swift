import GRDB
import LedgerCore
import LedgerStorage

/// The rows of items and locations.
enum CatalogueStatements {
    static let replaceItem = """
        INSERT OR REPLACE INTO item (
            number, id, sku, name, scale, barcode, price, weight, reorder_point, allow_negative, metadata,
            created_at, updated_at, archived_at, created_seq, archived_seq
        ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    static let items = """
        SELECT number, id, sku, name, scale, barcode, price, weight, reorder_point, allow_negative, metadata,
            created_at, updated_at, archived_at, created_seq, archived_seq
        FROM item ORDER BY number
        """

    static let replaceLocation = """
        INSERT OR REPLACE INTO location (
            number, id, code, name, type, address, time_zone, allow_negative, is_default, metadata,
            created_at, updated_at, archived_at, created_seq, archived_seq, marketplace, is_read_only, observed_at
        ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    static let locations = """
        SELECT number, id, code, name, type, address, time_zone, allow_negative, is_default, metadata,
            created_at, updated_at, archived_at, created_seq, archived_seq, marketplace, is_read_only, observed_at
        FROM location ORDER BY number
        """

    static func write(_ items: [Item], _ db: Database) throws {
        guard !items.isEmpty else { return }
        let statement = try BoundStatement(replaceItem, db)
        for item in items {
            statement.bind(UInt64(item.number.rawValue), at: 1)
            statement.bind(item.id, at: 2)
            statement.bind(item.sku, at: 3)
            statement.bind(item.name, at: 4)
            statement.bind(Int64(item.scale), at: 5)
            statement.bind(item.barcode, at: 6)
            statement.bind(item.price, at: 7)
            statement.bind(item.weight, at: 8)
            statement.bind(item.reorderPoint, at: 9)
            statement.bind(Int64(item.allowNegative ? 1 : 0), at: 10)
            statement.bind(item.metadata, at: 11)
            statement.bind(item.createdAt.milliseconds, at: 12)
            statement.bind(item.updatedAt.milliseconds, at: 13)
            statement.bind(item.archivedAt?.milliseconds, at: 14)
            statement.bind(item.createdSeq, at: 15)
            statement.bind(item.archivedSeq.map { Int64(bitPattern: $0) }, at: 16)
            try statement.run()
        }
    }

    static func items(_ db: Database) throws -> [Item] {
        var items: [Item] = []
        try BoundStatement(Self.items, db).forEachRow { row in
            items.append(
                Item(
                    number: ItemNumber(rawValue: UInt32(truncatingIfNeeded: row.int64(0))),
                    id: try row.id(1),
                    sku: row.text(2),
                    name: row.text(3),
                    scale: UInt8(truncatingIfNeeded: row.int64(4)),
                    barcode: row.textIfPresent(5),
                    price: row.int64IfPresent(6),
                    weight: row.int64IfPresent(7),
                    reorderPoint: row.int64IfPresent(8),
                    allowNegative: row.int64(9) != 0,
                    metadata: row.blobIfPresent(10),
                    createdAt: row.instant(11),
                    updatedAt: row.instant(12),
                    archivedAt: row.int64IfPresent(13).map(Instant.init(milliseconds:)),
                    createdSeq: row.uint64(14),
                    archivedSeq: row.int64IfPresent(15).map { UInt64(bitPattern: $0) }))
        }
        return items
    }

    static func write(_ locations: [Location], _ db: Database) throws {
        guard !locations.isEmpty else { return }
        let statement = try BoundStatement(replaceLocation, db)
        for location in locations {
            statement.bind(UInt64(location.number.rawValue), at: 1)
            statement.bind(location.id, at: 2)
            statement.bind(location.code, at: 3)
            statement.bind(location.name, at: 4)
            statement.bind(location.type, at: 5)
            statement.bind(location.address, at: 6)
            statement.bind(location.timeZone, at: 7)
            statement.bind(Int64(location.allowNegative ? 1 : 0), at: 8)
            statement.bind(Int64(location.isDefault ? 1 : 0), at: 9)
            statement.bind(location.metadata, at: 10)
            statement.bind(location.createdAt.milliseconds, at: 11)
            statement.bind(location.updatedAt.milliseconds, at: 12)
            statement.bind(location.archivedAt?.milliseconds, at: 13)
            statement.bind(location.createdSeq, at: 14)
            statement.bind(location.archivedSeq.map { Int64(bitPattern: $0) }, at: 15)
            statement.bind(location.marketplace, at: 16)
            statement.bind(Int64(location.isReadOnly ? 1 : 0), at: 17)
            statement.bind(location.observedAt?.milliseconds, at: 18)
            try statement.run()
        }
    }

    static func locations(_ db: Database) throws -> [Location] {
        var locations: [Location] = []
        try BoundStatement(Self.locations, db).forEachRow { row in
            locations.append(
                Location(
                    number: LocationNumber(rawValue: UInt32(truncatingIfNeeded: row.int64(0))),
                    id: try row.id(1),
                    code: row.text(2),
                    name: row.text(3),
                    type: row.text(4),
                    address: row.textIfPresent(5),
                    timeZone: row.textIfPresent(6),
                    marketplace: row.textIfPresent(15),
                    isReadOnly: row.int64(16) != 0,
                    observedAt: row.int64IfPresent(17).map(Instant.init(milliseconds:)),
                    allowNegative: row.int64(7) != 0,
                    isDefault: row.int64(8) != 0,
                    metadata: row.blobIfPresent(9),
                    createdAt: row.instant(10),
                    updatedAt: row.instant(11),
                    archivedAt: row.int64IfPresent(12).map(Instant.init(milliseconds:)),
                    createdSeq: row.uint64(13),
                    archivedSeq: row.int64IfPresent(14).map { UInt64(bitPattern: $0) }))
        }
        return locations
    }
}
