package import HTTPInterface
import LedgerStorage
import WireSchema

/// The SK Inventory API: `/inventory/v1` (contracts, *SK Inventory*).
package enum SKInventoryAPI {
    /// Its operations as values, in the order of its document.
    package static let operations: [APIOperation] =
        movementOperations + stockOperations + catalogueOperations + eventOperations + webhookOperations

    static func read(
        _ description: OperationDescription, handle: @escaping @Sendable (Call) throws(Refusal) -> Reply
    ) -> APIOperation {
        APIOperation(description, scope: .inventoryRead, dialect: .problem, handle: handle)
    }

    static func write(
        _ description: OperationDescription, handle: @escaping @Sendable (Call) throws(Refusal) -> Reply
    ) -> APIOperation {
        APIOperation(description, scope: .inventoryWrite, dialect: .problem, handle: handle)
    }
}
