package import LedgerCore
package import LedgerEngine
import LedgerStorage

/// What a dialect's list of movements was asked for: the same list in every dialect, under other names.
package struct MovementListRequest: Sendable {
    /// Names the list, so that its cursors serve no other.
    package var list: String
    package var limit: Int64
    package var cursor: String?
    package var item: ItemReference?
    package var location: LocationReference?
    /// `item` and `location` are set from the references above.
    package var filter = MovementFilter()

    package init(list: String, limit: Int64, cursor: String?, item: ItemReference?, location: LocationReference?) {
        self.list = list
        self.limit = limit
        self.cursor = cursor
        self.item = item
        self.location = location
    }
}

extension Call {
    /// A page of movements, newest first.
    ///
    /// - Parameters:
    ///   - view: a movement as the dialect shows it; runs under the ledger's lock.
    ///   - compose: the page's JSON, of its rows and the cursor of the next page.
    /// - Throws: an item or location that does not exist, a cursor of another list.
    package func listMovements<View>(
        _ request: MovementListRequest, view: @escaping @Sendable (RecordedMovement, CommittedLedger) -> View,
        compose: @escaping @Sendable (_ rows: [View], _ nextCursor: String?) -> [UInt8]
    ) throws(Refusal) -> Reply {
        let filter = try resolved(request)
        let binding = filter.cursorBinding(request.list)
        let before = try position(request.cursor, binding)
        let limit = Int(request.limit)
        return .blocking { [ledger, cursors] in
            let page = try ledger.movements(filter, before: before, limit: limit)
            let rows = ledger.withCommitted { catalogue in page.movements.map { view($0, catalogue) } }
            let next = page.next.map {
                cursors.seal(position: $0, horizon: 0, realm: ledger.realm.id, filter: binding)
            }
            return .json(200, compose(rows, next))
        }
    }

    private func resolved(_ request: MovementListRequest) throws(Refusal) -> MovementFilter {
        var filter = request.filter
        if let reference = request.item {
            guard let item = ledger.withCommitted({ $0.itemNumber(reference) }) else {
                throw Refusal(.itemNotFound(reference))
            }
            filter.item = item
        }
        if let reference = request.location {
            guard let location = ledger.withCommitted({ $0.locationNumber(reference) }) else {
                throw Refusal(.locationNotFound(reference))
            }
            filter.location = location
        }
        return filter
    }

    /// Where the page begins: below this seq.
    private func position(_ cursor: String?, _ binding: String) throws(Refusal) -> UInt64 {
        guard let cursor else { return .max }
        guard let place = cursors.open(cursor, realm: ledger.realm.id, filter: binding) else { throw .invalidCursor }
        return place.position
    }
}

extension MovementFilter {
    /// Everything that chooses the rows, so that a cursor serves only the list that it was made for.
    fileprivate func cursorBinding(_ list: String) -> String {
        let parts: [String?] = [
            list, item.map { "\($0.rawValue)" }, location.map { "\($0.rawValue)" }, kind.map { "\($0.rawValue)" },
            from.map { "\($0.milliseconds)" }, until.map { "\($0.milliseconds)" }, reason, reference,
        ]
        // Lengths first: texts of different filters can't run into each other.
        return parts.map { $0.map { "\($0.utf8.count):\($0)" } ?? "-" }.joined(separator: ";")
    }
}
