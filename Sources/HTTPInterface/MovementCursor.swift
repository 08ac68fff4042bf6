import LedgerCore
package import LedgerEngine
import LedgerStorage

/// Cursors of movement lists: the seq below which the next page begins, bound to the list and its filters.
extension Call {
    /// Where the page begins: below this seq.
    package func movementPosition(
        _ cursor: String?, _ filter: MovementFilter, list: String
    ) throws(Refusal) -> UInt64 {
        guard let cursor else { return .max }
        guard let place = cursors.open(cursor, realm: ledger.realm.id, filter: filter.cursorBinding(list)) else {
            throw .invalidCursor
        }
        return place.position
    }
}

extension MovementFilter {
    /// Everything that chooses the rows, so that a cursor serves only the list that it was made for.
    package func cursorBinding(_ list: String) -> String {
        let parts: [String?] = [
            list, item.map { "\($0.rawValue)" }, location.map { "\($0.rawValue)" }, kind.map { "\($0.rawValue)" },
            from.map { "\($0.milliseconds)" }, until.map { "\($0.milliseconds)" }, reason, reference,
        ]
        // Lengths first: texts of different filters can't run into each other.
        return parts.map { $0.map { "\($0.utf8.count):\($0)" } ?? "-" }.joined(separator: ";")
    }
}
