import LedgerCore

/// Layout of a movement: kind · flags · item · location · quantity · value change · variance · pool · link · reason ·
/// [reference] · [note] · [occurred_at − recorded_at] · [unit cost] · [receipt] · [target leg].
extension EntryCodec {
    private enum MovementFlag {
        static let reference: UInt8 = 1
        static let note: UInt8 = 2
        static let occurredAt: UInt8 = 4
        static let unitCost: UInt8 = 8
        static let receipt: UInt8 = 16
        static let target: UInt8 = 32
        static let all: UInt8 = 63
    }

    static func encode(_ movement: Movement, of entry: Entry, into bytes: inout [UInt8]) {
        var flags: UInt8 = 0
        if movement.reference != nil { flags |= MovementFlag.reference }
        if movement.note != nil { flags |= MovementFlag.note }
        if movement.occurredAt != nil { flags |= MovementFlag.occurredAt }
        if movement.unitCost != nil { flags |= MovementFlag.unitCost }
        if movement.receipt != nil { flags |= MovementFlag.receipt }
        if movement.target != nil { flags |= MovementFlag.target }
        bytes.append(movement.kind.rawValue)
        bytes.append(flags)
        bytes.appendVarint(UInt64(movement.item.rawValue))
        bytes.appendVarint(UInt64(movement.location.rawValue))
        bytes.appendSigned(movement.quantity)
        bytes.appendSigned(movement.valueChange)
        bytes.appendSigned(movement.variance)
        encode(movement.after, into: &bytes)
        encode(movement.link, seq: entry.seq, into: &bytes)
        bytes.appendText(movement.reason)
        if let reference = movement.reference { bytes.appendText(reference) }
        if let note = movement.note { bytes.appendText(note) }
        if let occurredAt = movement.occurredAt {
            bytes.appendSigned(occurredAt.milliseconds &- entry.recordedAt.milliseconds)
        }
        if let unitCost = movement.unitCost { bytes.appendSigned(unitCost) }
        if let receipt = movement.receipt { bytes.appendID(receipt) }
        if let target = movement.target {
            bytes.appendVarint(UInt64(target.location.rawValue))
            bytes.appendSigned(target.valueChange)
            bytes.appendSigned(target.variance)
            encode(target.after, into: &bytes)
            encode(target.link, seq: entry.seq, into: &bytes)
        }
    }

    static func movement(
        _ cursor: inout ByteCursor, seq: UInt64, recordedAt: Instant
    ) throws(Malformed) -> Movement {
        guard let kind = MovementKind(rawValue: try cursor.byte()) else { throw cursor.malformed(.range) }
        let flags = try cursor.byte()
        guard flags & ~MovementFlag.all == 0 else { throw cursor.malformed(.flags) }
        var movement = Movement(
            kind: kind,
            item: ItemNumber(rawValue: try cursor.number()),
            location: LocationNumber(rawValue: try cursor.number()),
            quantity: try cursor.signed(),
            reason: "",
            valueChange: try cursor.signed(),
            variance: try cursor.signed(),
            after: try pool(&cursor),
            link: try link(&cursor, seq: seq))
        movement.reason = try cursor.text()
        if flags & MovementFlag.reference != 0 { movement.reference = try cursor.text() }
        if flags & MovementFlag.note != 0 { movement.note = try cursor.text() }
        if flags & MovementFlag.occurredAt != 0 {
            movement.occurredAt = Instant(milliseconds: recordedAt.milliseconds &+ (try cursor.signed()))
        }
        if flags & MovementFlag.unitCost != 0 { movement.unitCost = try cursor.signed() }
        if flags & MovementFlag.receipt != 0 { movement.receipt = try cursor.id() }
        if flags & MovementFlag.target != 0 {
            movement.target = TransferLeg(
                location: LocationNumber(rawValue: try cursor.number()),
                valueChange: try cursor.signed(),
                variance: try cursor.signed(),
                after: try pool(&cursor),
                link: try link(&cursor, seq: seq))
        }
        return movement
    }

    private static func encode(_ pool: CostPool, into bytes: inout [UInt8]) {
        bytes.appendSigned(pool.onHand)
        bytes.appendSigned(pool.value)
        bytes.appendSigned(pool.lastWAC)
    }

    private static func pool(_ cursor: inout ByteCursor) throws(Malformed) -> CostPool {
        CostPool(onHand: try cursor.signed(), value: try cursor.signed(), lastWAC: try cursor.signed())
    }

    /// Distances, since the level's last entry is usually near: seq − previous (0 for none), previous − jump.
    private static func encode(_ link: HistoryLink, seq: UInt64, into bytes: inout [UInt8]) {
        bytes.appendVarint(link.previous == 0 ? 0 : seq &- link.previous)
        bytes.appendVarint(link.previous &- link.jump)
    }

    private static func link(_ cursor: inout ByteCursor, seq: UInt64) throws(Malformed) -> HistoryLink {
        let distance = try cursor.varint()
        guard distance < max(seq, 1) else { throw cursor.malformed(.range) }
        let previous = distance == 0 ? 0 : seq - distance
        let further = try cursor.varint()
        guard further <= previous else { throw cursor.malformed(.range) }
        return HistoryLink(previous: previous, jump: previous - further)
    }
}

/// Layout of an alert: item · location · before · after · seq − the movement's seq · 0 or 1, [reorder point].
extension EntryCodec {
    static func encode(_ alert: StockAlert, of entry: Entry, into bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(alert.item.rawValue))
        bytes.appendVarint(UInt64(alert.location.rawValue))
        bytes.appendSigned(alert.before)
        bytes.appendSigned(alert.after)
        bytes.appendVarint(entry.seq &- alert.movementSeq)
        bytes.append(alert.reorderPoint == nil ? 0 : 1)
        if let reorderPoint = alert.reorderPoint { bytes.appendSigned(reorderPoint) }
    }

    static func alert(_ cursor: inout ByteCursor, seq: UInt64) throws(Malformed) -> StockAlert {
        let item = ItemNumber(rawValue: try cursor.number())
        let location = LocationNumber(rawValue: try cursor.number())
        let before = try cursor.signed()
        let after = try cursor.signed()
        let distance = try cursor.varint()
        guard distance <= seq else { throw cursor.malformed(.range) }
        let flag = try cursor.byte()
        guard flag <= 1 else { throw cursor.malformed(.flags) }
        return StockAlert(
            item: item, location: location, before: before, after: after,
            reorderPoint: flag == 1 ? try cursor.signed() : nil, movementSeq: seq - distance)
    }
}
