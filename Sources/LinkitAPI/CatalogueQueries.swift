import HTTPInterface
import LedgerCore
import LedgerEngine
import WireSchema

/// `{ivId}` of a product's path: its `iv_id`, or its id.
struct ProductPath: WireParameters {
    var item = WireItemReference()

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.path("ivId", &value.item, .text(WireItemReference.self), doc: "The product's iv_id.")
    }
}

/// `{ivId}` of a branch's path: its `iv_id`, or its id.
struct BranchPath: WireParameters {
    var location = WireLocationReference()

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.path("ivId", &value.location, .text(WireLocationReference.self), doc: "The branch's iv_id.")
    }
}

struct CataloguePageQuery: WireParameters {
    var page: Int64 = 1
    var limit: Int64 = 20
    var archived = false

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.defaulted("page", &value.page, .page)
        v.defaulted("limit", &value.limit, .integer(1...100))
        v.defaulted("archived", &value.archived, .flag, doc: "Archived ones too.")
    }
}

extension Call {
    /// `{ivId}` as it was sent.
    var ivID: String { path.first?.value ?? "" }

    // MARK: Products

    func listProducts() throws(Refusal) -> Reply {
        let query = try parameters(CataloguePageQuery.self)
        let page = PageOfRows(query.page, query.limit)
        let organization = organization
        return .blocking { [ledger] in
            let limit = Int(page.limit)
            let active = query.archived ? nil : ledger.activeItems(offset: page.offset, limit: limit)
            let (total, items) = ledger.withCommitted { ledger -> (Int, [Item]) in
                guard let active else {
                    return (ledger.items.count, Array(ledger.items.dropFirst(page.offset).prefix(limit)))
                }
                return (active.total, active.items.compactMap { ledger.item($0) })
            }
            let rows = items.map { ProductView($0, organization: organization) }
            return .json(200, NumberedPage(rows, total: total, page).jsonBytes(capacity: 320 * (rows.count + 1)))
        }
    }

    func getProduct() throws(Refusal) -> Reply {
        let path = try parameters(ProductPath.self)
        guard let item = ledger.withCommitted({ $0.item(path.item.reference) }) else {
            throw .notFound(.product, ivID)
        }
        return .answer(.json(200, ProductView(item, organization: organization).jsonBytes()))
    }

    /// Renders a change of a product.
    func renderProduct(status: UInt16, _ ivID: String) -> RenderOutcome {
        let organization = organization
        return { outcome, _, _ in
            switch outcome {
            case .success(let decision):
                switch decision.first.change {
                case .itemCreated(let item), .itemUpdated(let item), .itemArchived(let item):
                    return .json(status, ProductView(item, organization: organization).jsonBytes())
                default: return LinkitError(.internalError).answer()
                }
            case .failure(let rejection): return LinkitError(.linkit(rejection, about: .product, ivID)).answer()
            }
        }
    }

    // MARK: Branches

    func listBranches() throws(Refusal) -> Reply {
        let query = try parameters(CataloguePageQuery.self)
        let page = PageOfRows(query.page, query.limit)
        // There are few of them.
        let (total, locations) = ledger.withCommitted { ledger -> (Int, [Location]) in
            let listed = ledger.locations.filter { query.archived || $0.archivedSeq == nil }
            return (listed.count, Array(listed.dropFirst(page.offset).prefix(Int(page.limit))))
        }
        let rows = locations.map { BranchView($0, organization: organization) }
        return .answer(
            .json(200, NumberedPage(rows, total: total, page).jsonBytes(capacity: 320 * (rows.count + 1))))
    }

    func getBranch() throws(Refusal) -> Reply {
        let path = try parameters(BranchPath.self)
        guard let location = ledger.withCommitted({ $0.location(path.location.reference) }) else {
            throw .notFound(.branch, ivID)
        }
        return .answer(.json(200, BranchView(location, organization: organization).jsonBytes()))
    }

    /// Renders a change of a branch.
    func renderBranch(status: UInt16, _ ivID: String) -> RenderOutcome {
        let organization = organization
        return { outcome, _, _ in
            switch outcome {
            case .success(let decision):
                switch decision.first.change {
                case .locationCreated(let location), .locationUpdated(let location), .locationArchived(let location):
                    return .json(status, BranchView(location, organization: organization).jsonBytes())
                default: return LinkitError(.internalError).answer()
                }
            case .failure(let rejection): return LinkitError(.linkit(rejection, about: .branch, ivID)).answer()
            }
        }
    }

    /// Refuses a change of an `iv_id`, where it is known by now what it is.
    func checkUnchanged(_ sent: String?, _ known: (CommittedLedger) -> String?) throws(Refusal) {
        guard let sent, let known = ledger.withCommitted(known), known != sent else { return }
        throw Refusal(
            422, "validation_failed", "iv_id can't be changed.",
            faults: [
                WireFault(
                    pointer: "/iv_id", code: .invalidValue,
                    message: "can't be changed; leave it out, and create another for another iv_id")
            ])
    }
}
