package import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WireSchema

/// The Linkit API: `/api/v1` (contracts, *Linkit*).
package enum LinkitAPI {
    /// Where its paths begin.
    package static let base = "/api/v1"

    /// Its operations as values, in the order of its document.
    package static let operations: [APIOperation] = skuOperations + productOperations + branchOperations

    static func read(
        _ description: OperationDescription, handle: @escaping @Sendable (Call) throws(Refusal) -> Reply
    ) -> APIOperation {
        APIOperation(description, scope: .inventoryRead, dialect: .linkit, handle: handle)
    }

    static func write(
        _ description: OperationDescription, handle: @escaping @Sendable (Call) throws(Refusal) -> Reply
    ) -> APIOperation {
        APIOperation(description, scope: .inventoryWrite, dialect: .linkit, handle: handle)
    }
}

extension Call {
    /// Who owns what an answer is about, as Linkit names it.
    var organization: String { LinkitID.organization(ledger.realm) }
}

/// Ids that only Linkit has.
enum LinkitID {
    /// `org_` and the tenant.
    static func organization(_ realm: Realm) -> String { "org_\(realm.tenant)" }

    /// `r` and 16 hex digits, from the numbers of the pair: it never changes.
    static func sku(_ key: LevelKey) -> String {
        let digits = String(key.packed, radix: 16)
        return "r" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
