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

    /// Who owns what an answer is about, as Linkit names it.
    var organization: String { LinkitID.organization(ledger.realm) }
}

/// A body without members.
struct EmptyBody: WireObject {
    static let schemaName = "Empty"

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {}
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

extension WireSchema.Patch where Value: Hashable {
    /// What the command shall do with the member.
    var change: LedgerCore.Patch<Value> {
        switch self {
        case .absent: .keep
        case .null: .clear
        case .value(let value): .set(value)
        }
    }
}
