package import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
package import WireSchema

/// The Seller API: `/api/inventory` (contracts, *Seller*).
package enum SellerAPI {
    /// Where its paths begin.
    package static let base = "/api/inventory"

    /// Its operations as values, in the order of its document.
    package static let operations: [APIOperation] =
        inventoryOperations + bulkOperations + adjustmentOperations + warehouseOperations + snapshotOperations

    static func read(
        _ description: OperationDescription, handle: @escaping @Sendable (Call) throws(Refusal) -> Reply
    ) -> APIOperation {
        APIOperation(description, scope: .inventoryRead, dialect: .seller, handle: handle)
    }

    static func write(
        _ description: OperationDescription, scope: Scope = .inventoryWrite,
        handle: @escaping @Sendable (Call) throws(Refusal) -> Reply
    ) -> APIOperation {
        APIOperation(description, scope: scope, dialect: .seller, handle: handle)
    }
}

extension Call {
    /// A refusal in this dialect's shape, as an answer that can be stored under an idempotency key.
    func refused(_ refusal: Refusal) -> Answer {
        ErrorDialect.seller.render(refusal, String(request.path), requestID)
    }

    /// One write or several that are done together or not at all: one place in the realm's queue, one idempotency key.
    ///
    /// - Parameter render: what the last command comes to; of the others only a refusal is rendered.
    func submission(
        _ commands: [Command], _ document: JSONDocument, render: @escaping RenderOutcome
    ) -> Submission {
        if commands.count == 1 {
            return Submission(commands[0], identity: identity(document), actor: actor, render: render)
        }
        let last = commands.count - 1
        return Submission(
            group: commands.map { SubmittedCommand($0) }, atomic: true, identity: identity(document), actor: actor,
            render: { outcome, index, state in
                if index < last, case .success = outcome { return .json(200, []) }
                return render(outcome, index, state)
            },
            compose: { [self] results in
                let refusal = results.first { $0.kind == .refused } ?? results.last
                return refusal?.answer ?? refused(.internalError)
            })
    }
}
