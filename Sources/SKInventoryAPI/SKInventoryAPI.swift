package import HTTPInterface
import LedgerCore
import LedgerEngine
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

extension Call {
    /// A single write through the realm's queue.
    func write(_ command: Command, _ document: JSONDocument, render: @escaping RenderOutcome) -> Reply {
        .write(Submission(command, identity: identity(document), actor: actor, render: render))
    }

    /// The body of a write that takes none: nothing, or an empty object.
    func emptyDocument() throws(Refusal) -> JSONDocument {
        let document: JSONDocument
        do throws(JSONSyntaxError) {
            document = try JSONDocument(request.body.isEmpty ? Array("{}".utf8) : request.body)
        } catch {
            throw Refusal(error)
        }
        _ = try decode(EmptyBody.self, from: document)
        return document
    }
}

/// A body without members.
struct EmptyBody: WireObject {
    static let schemaName = "Empty"

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {}
}
