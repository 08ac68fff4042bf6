import HTTPInterface
package import LedgerCore
import WireSchema

/// Wire → command, for items and locations. Pure.
extension ItemCreate {
    /// The item to create.
    package var draft: ItemDraft {
        var draft = ItemDraft(sku: sku, name: name)
        draft.scale = UInt8(clamping: scale)
        draft.barcode = barcode
        draft.price = price
        draft.weight = weight
        draft.reorderPoint = reorderPoint
        draft.allowNegative = allowNegative
        draft.metadata = metadata?.bytes
        return draft
    }
}

extension ItemUpdate {
    /// The command's changes: what was not sent is kept, `null` clears.
    package var changes: ItemChanges {
        var changes = ItemChanges()
        changes.name = name.applied(to: nil)
        changes.scale = scale.applied(to: nil).map { UInt8(clamping: $0) }
        changes.barcode = barcode.change
        changes.price = price.change
        changes.weight = weight.change
        changes.reorderPoint = reorderPoint.change
        changes.allowNegative = allowNegative.applied(to: nil)
        changes.metadata = metadata.change(\.bytes)
        return changes
    }
}

extension LocationCreate {
    /// The location to create.
    package var draft: LocationDraft {
        var draft = LocationDraft(code: code, name: name)
        draft.type = type
        draft.address = address
        draft.timeZone = timeZone
        draft.allowNegative = allowNegative
        draft.isDefault = isDefault
        draft.metadata = metadata?.bytes
        return draft
    }
}

extension LocationUpdate {
    /// The command's changes: what was not sent is kept, `null` clears.
    package var changes: LocationChanges {
        var changes = LocationChanges()
        changes.name = name.applied(to: nil)
        changes.type = type.applied(to: nil)
        changes.address = address.change
        changes.timeZone = timeZone.change
        changes.allowNegative = allowNegative.applied(to: nil)
        changes.isDefault = isDefault.applied(to: nil)
        changes.metadata = metadata.change(\.bytes)
        return changes
    }
}
