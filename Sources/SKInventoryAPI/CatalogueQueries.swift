import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WireSchema

/// `{id}` of an item's path: an id or a SKU.
struct ItemPath: WireParameters {
    var item = WireItemReference()

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.path("id", &value.item, .text(WireItemReference.self), doc: "The item's id or SKU.")
    }
}

/// `{id}` of a location's path: an id or a code.
struct LocationPath: WireParameters {
    var location = WireLocationReference()

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.path("id", &value.location, .text(WireLocationReference.self), doc: "The location's id or code.")
    }
}

struct ItemListQuery: WireParameters {
    var limit: Int64 = 50
    var cursor: String?
    var sku: String?
    var archived = false

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.defaulted("limit", &value.limit, .integer(1...500))
        v.optional("cursor", &value.cursor, .string(1...128), doc: "next_cursor of the page before.")
        v.optional("sku", &value.sku, .string(1...64), doc: "Only the item with this SKU.")
        v.defaulted("archived", &value.archived, .boolean, doc: "Archived items too.")
    }
}

struct LocationListQuery: WireParameters {
    var limit: Int64 = 50
    var cursor: String?
    var archived = false

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.defaulted("limit", &value.limit, .integer(1...500))
        v.optional("cursor", &value.cursor, .string(1...128), doc: "next_cursor of the page before.")
        v.defaulted("archived", &value.archived, .boolean, doc: "Archived locations too.")
    }
}

/// Where a catalogue walk is: behind a number, seeing what existed at its beginning.
struct CatalogueWalk {
    var after: UInt64
    /// The seq at which the walk began: what was created later is not shown, what was archived later still is.
    var horizon: UInt64

    func shows(createdSeq: UInt64, archivedSeq: UInt64?, includingArchived: Bool) -> Bool {
        guard createdSeq <= horizon else { return false }
        return includingArchived || archivedSeq.map { $0 > horizon } ?? true
    }
}

extension Call {
    func listItems() throws(Refusal) -> Answer {
        let query = try parameters(ItemListQuery.self)
        let filter = "items\u{0}\(query.archived)\u{0}\(query.sku ?? "")"
        let walk = try catalogueWalk(query.cursor, filter)
        let limit = Int(query.limit)
        var last: UInt64 = walk.after
        var list = ItemList()
        ledger.withCommitted { ledger in
            if let sku = query.sku {
                if let item = ledger.item(.sku(sku)), UInt64(item.number.rawValue) > walk.after,
                    walk.shows(
                        createdSeq: item.createdSeq, archivedSeq: item.archivedSeq, includingArchived: query.archived)
                {
                    list.data.append(ItemView(item))
                }
                return
            }
            for item in ledger.items.dropFirst(Int(clamping: walk.after)) {
                guard
                    walk.shows(
                        createdSeq: item.createdSeq, archivedSeq: item.archivedSeq, includingArchived: query.archived)
                else { continue }
                if list.data.count == limit {
                    list.hasMore = true
                    break
                }
                list.data.append(ItemView(item))
                last = UInt64(item.number.rawValue)
            }
        }
        if list.hasMore {
            list.nextCursor = cursors.seal(
                position: last, horizon: walk.horizon, realm: ledger.realm.id, filter: filter)
        }
        return .json(200, list.jsonBytes(capacity: 512 * (list.data.count + 1)))
    }

    func listLocations() throws(Refusal) -> Answer {
        let query = try parameters(LocationListQuery.self)
        let filter = "locations\u{0}\(query.archived)"
        let walk = try catalogueWalk(query.cursor, filter)
        let limit = Int(query.limit)
        var last: UInt64 = walk.after
        var list = LocationList()
        ledger.withCommitted { ledger in
            for location in ledger.locations.dropFirst(Int(clamping: walk.after)) {
                guard
                    walk.shows(
                        createdSeq: location.createdSeq, archivedSeq: location.archivedSeq,
                        includingArchived: query.archived)
                else { continue }
                if list.data.count == limit {
                    list.hasMore = true
                    break
                }
                list.data.append(LocationView(location))
                last = UInt64(location.number.rawValue)
            }
        }
        if list.hasMore {
            list.nextCursor = cursors.seal(
                position: last, horizon: walk.horizon, realm: ledger.realm.id, filter: filter)
        }
        return .json(200, list.jsonBytes(capacity: 512 * (list.data.count + 1)))
    }

    func catalogueWalk(_ cursor: String?, _ filter: String) throws(Refusal) -> CatalogueWalk {
        guard let cursor else { return CatalogueWalk(after: 0, horizon: ledger.head.head.seq) }
        guard let place = cursors.open(cursor, realm: ledger.realm.id, filter: filter) else { throw .invalidCursor }
        return CatalogueWalk(after: place.position, horizon: place.horizon)
    }

    func renderItem(status: UInt16) -> RenderOutcome {
        let path = String(request.path)
        let requestID = requestID
        return { outcome, _, _ in
            switch outcome {
            case .success(let decision):
                switch decision.first.change {
                case .itemCreated(let item), .itemUpdated(let item), .itemArchived(let item):
                    return .json(status, ItemView(item).jsonBytes())
                default: return Problem(.internalError, instance: path, requestID: requestID).answer()
                }
            case .failure(let rejection):
                return Problem(Refusal(rejection), instance: path, requestID: requestID).answer()
            }
        }
    }

    func renderLocation(status: UInt16) -> RenderOutcome {
        let path = String(request.path)
        let requestID = requestID
        return { outcome, _, _ in
            switch outcome {
            case .success(let decision):
                switch decision.first.change {
                case .locationCreated(let location), .locationUpdated(let location), .locationArchived(let location):
                    return .json(status, LocationView(location).jsonBytes())
                default: return Problem(.internalError, instance: path, requestID: requestID).answer()
                }
            case .failure(let rejection):
                return Problem(Refusal(rejection), instance: path, requestID: requestID).answer()
            }
        }
    }
}
