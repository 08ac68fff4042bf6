// An item at a location has a joint name, `{sku}_{code}` (contracts, *Linkit*). Two pairs would share one when a code
// ends with another code: `A_B` at `C` and `A` at `B_C`. The item or location that would bring that about is refused.

/// Two codes of which one ends with the other, and what stands before it: an item whose SKU ends with `stem` shares a
/// joint name with the one that lacks it.
struct CodeJoint: Hashable {
    /// `B` of `B_C` and `C`, never empty.
    var stem: String
    var longer: LocationNumber
    var shorter: LocationNumber

    /// Those in which the location's code is the longer one.
    static func all(endingIn location: Location, _ codes: [String: LocationNumber]) -> [CodeJoint] {
        location.code.splits.compactMap { stem, rest in
            codes[rest].map { CodeJoint(stem: stem, longer: location.number, shorter: $0) }
        }
    }
}

extension LedgerState {
    /// Refuses an item whose joint name at some location another item has at another.
    ///
    /// - Parameter number: the item that takes the name in place of its own; nil for a new one.
    func checkJointNames(ofNew sku: String, insteadOf number: ItemNumber? = nil) throws(Rejection) {
        func isTaken(_ sku: String) -> Bool {
            let owner = itemNumber(.sku(sku))
            return owner != nil && owner != number
        }
        for joint in base.joints + catalogue.joints {
            // Codes may have been given up since.
            guard let longer = location(joint.longer)?.code, let shorter = location(joint.shorter)?.code,
                longer == "\(joint.stem)_\(shorter)"
            else { continue }
            if let start = sku.removing(suffix: "_\(joint.stem)"), isTaken(start) {
                throw .jointNameTaken(sku: sku, code: shorter, otherSKU: start, otherCode: longer)
            }
            let long = "\(sku)_\(joint.stem)"
            if isTaken(long) {
                throw .jointNameTaken(sku: sku, code: longer, otherSKU: long, otherCode: shorter)
            }
        }
    }

    /// Refuses a location at which some item's joint name is another's at another location.
    ///
    /// - Parameter number: the location that takes the code in place of its own; nil for a new one.
    func checkJointNames(
        ofNewLocation code: String, insteadOf number: LocationNumber? = nil
    ) throws(Rejection) {
        // Seldom any; then every item is looked at once.
        for (stem, other, isLonger) in stems(of: code, insteadOf: number) {
            let suffix = "_\(stem)"
            func check(_ sku: String) throws(Rejection) {
                guard let start = sku.removing(suffix: suffix), itemNumber(.sku(start)) != nil,
                    itemNumber(.sku(sku)) != nil
                else { return }
                throw isLonger
                    ? .jointNameTaken(sku: start, code: code, otherSKU: sku, otherCode: other)
                    : .jointNameTaken(sku: sku, code: code, otherSKU: start, otherCode: other)
            }
            for item in base.items { try check(item.sku) }
            for item in catalogue.items.values { try check(item.sku) }
        }
    }

    /// What stands before a code that another ends with, for each such pair of this code and one that exists.
    private func stems(
        of code: String, insteadOf number: LocationNumber?
    ) -> [(stem: String, other: String, isLonger: Bool)] {
        var found: [(String, String, Bool)] = []
        for (stem, rest) in code.splits {
            if let other = locationNumber(.code(rest)), other != number { found.append((stem, rest, true)) }
        }
        let suffix = "_\(code)"
        // A code that was given up in the batch finds nobody any more.
        for other in base.locations.map(\.code) + catalogue.locations.values.map(\.code) {
            guard let stem = other.removing(suffix: suffix), !stem.isEmpty,
                let owner = locationNumber(.code(other)), owner != number
            else { continue }
            found.append((stem, other, false))
        }
        return found
    }
}

extension CommittedLedger {
    /// The item and location whose joint name this is. At most one pair has it.
    public func level(named name: String) -> LevelKey? {
        for (sku, code) in name.splits {
            if let item = itemsBySKU[sku], let location = locationsByCode[code] {
                return LevelKey(item: item, location: location)
            }
        }
        return nil
    }
}

/// The pairs that a location makes with those that are known.
func joints(
    of code: String, _ number: LocationNumber, with others: some Sequence<(code: String, number: LocationNumber)>
) -> [CodeJoint] {
    var joints: [CodeJoint] = []
    for other in others where other.number != number {
        if let stem = code.removing(suffix: "_\(other.code)"), !stem.isEmpty {
            joints.append(CodeJoint(stem: stem, longer: number, shorter: other.number))
        }
        if let stem = other.code.removing(suffix: "_\(code)"), !stem.isEmpty {
            joints.append(CodeJoint(stem: stem, longer: other.number, shorter: number))
        }
    }
    return joints
}

extension String {
    /// What stands before and behind each underscore, where neither is empty.
    fileprivate var splits: [(String, String)] {
        utf8.indices.compactMap { index in
            guard utf8[index] == UInt8(ascii: "_"), index != startIndex else { return nil }
            let rest = self[utf8.index(after: index)...]
            return rest.isEmpty ? nil : (String(self[..<index]), String(rest))
        }
    }

    /// The text before the suffix; nil when it does not end with it.
    fileprivate func removing(suffix: String) -> String? {
        utf8.count > suffix.utf8.count && utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
            ? String(decoding: utf8.dropLast(suffix.utf8.count), as: UTF8.self) : nil
    }
}
