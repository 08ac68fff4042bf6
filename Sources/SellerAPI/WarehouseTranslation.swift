import HTTPInterface
package import LedgerCore
import LedgerEngine
import WireSchema

/// Wire → commands and location → wire, for warehouses. Pure.
extension WarehouseView {
    init(_ location: Location) {
        id = WireID(location.id)
        name = location.name
        address = location.address
        type = WarehouseType(location)
        marketplace = location.marketplace
        isActive = location.archivedSeq == nil
        isReadOnly = location.refusesWrites ? true : nil
        code = location.code
    }
}

extension WarehouseType {
    /// What is no marketplace's is one's own, whatever type another API gave it.
    init(_ location: Location) {
        self = location.isMarketplace ? WarehouseType(rawValue: location.type) ?? .own : .own
    }

    /// The location's type.
    var locationType: String { self == .own ? "warehouse" : rawValue }
}

extension WarehouseCreate {
    /// - Parameter code: where none was sent, one that was made of the name.
    func commands(code: String) -> [Command] {
        var draft = LocationDraft(code: code, name: name)
        draft.type = type.locationType
        draft.address = address
        draft.marketplace = marketplace
        draft.isReadOnly = isReadOnly
        return isActive
            ? [.createLocation(draft)] : [.createLocation(draft), .archiveLocation(.code(code))]
    }
}

extension WarehouseUpdate {
    /// Whether it asks for nothing but that the warehouse is out of use.
    var onlyArchives: Bool {
        isActive == false && name == nil && address.isAbsent && type == nil && marketplace.isAbsent
            && isReadOnly == nil
    }

    /// - Parameter present: the warehouse as far as it is known. One's own keeps the type that another API gave it.
    func commands(of reference: LocationReference, _ present: Location?) -> [Command] {
        if onlyArchives { return [.archiveLocation(reference)] }
        var changes = LocationChanges()
        changes.name = name
        changes.address = address.change
        changes.type = type.flatMap { $0 == present.map { WarehouseType($0) } ? nil : $0.locationType }
        changes.marketplace = marketplace.change
        changes.isReadOnly = isReadOnly
        changes.restores = isActive == true
        let update = Command.updateLocation(reference, changes)
        return isActive == false ? [update, .archiveLocation(reference)] : [update]
    }
}

/// Codes of warehouses that were created without one.
package enum WarehouseCode {
    private static let longest = 64

    /// The name in capitals, with dashes for what is neither letter nor digit; with `-2`, `-3` … behind it while it is
    /// taken.
    package static func make(from name: String, isTaken: (String) -> Bool) -> String {
        var code = ""
        for character in name {
            if character.isLetter || character.isNumber {
                code += character.uppercased()
            } else if !code.isEmpty, !code.hasSuffix("-") {
                code += "-"
            }
        }
        let base = cut(code, to: longest)
        let stem = base.isEmpty ? "WAREHOUSE" : base
        if !isTaken(stem) { return stem }
        var number = 2
        while true {
            let ending = "-\(number)"
            let next = cut(stem, to: longest - ending.unicodeScalars.count) + ending
            if !isTaken(next) { return next }
            number += 1
        }
    }

    /// Whole characters, of which no dash is the last.
    private static func cut(_ text: String, to scalars: Int) -> String {
        var result = ""
        var length = 0
        for character in text {
            length += character.unicodeScalars.count
            if length > scalars { break }
            result.append(character)
        }
        while result.hasSuffix("-") { result.removeLast() }
        return result
    }
}

extension Call {
    /// The warehouse as it is after the write.
    ///
    /// - Parameter reference: of a write that only archives: one that is archived already is as it shall be.
    func renderWarehouse(status: UInt16, archived reference: LocationReference? = nil) -> RenderOutcome {
        { [self] outcome, _, state in
            switch outcome {
            case .success(let decision):
                switch decision.first.change {
                case .locationCreated(let location), .locationUpdated(let location), .locationArchived(let location):
                    return .json(status, WarehouseView(location).jsonBytes())
                default: return refused(.internalError)
                }
            case .failure(let rejection):
                if case .locationArchived = rejection, let reference, let location = state.location(reference) {
                    return .json(status, WarehouseView(location).jsonBytes())
                }
                return refused(Refusal(seller: rejection))
            }
        }
    }
}
