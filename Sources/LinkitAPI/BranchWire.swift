package import HTTPInterface
import LedgerCore
package import WireSchema

/// A branch: a location of the ledger.
package struct BranchView: WireObject {
    package var id = WireID<LocationPrefix>()
    package var ivID = ""
    package var organization = ""
    package var name = ""
    package var address: String?
    package var timeZone: String?
    package var isArchived = false
    package var created: Int64 = 0
    package var updated: Int64 = 0

    package init() {}

    init(_ location: Location, organization: String) {
        id = WireID(location.id)
        ivID = location.code
        self.organization = organization
        name = location.name
        address = location.address
        timeZone = location.timeZone
        isArchived = location.archivedSeq != nil
        created = location.createdAt.milliseconds
        updated = location.updatedAt.milliseconds
    }

    package static let schemaName = "Branch"
    package static let schemaDoc = "Where products are sold: it has a SKU of every product."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .text(WireID<LocationPrefix>.self))
        v.required("iv_id", &value.ivID, .string(1...64), example: #""STORE-001""#)
        v.required("organization_id", &value.organization, .string(1...128), example: #""org_abc123""#)
        v.required("name", &value.name, .string(1...200), example: #""Harbour Street""#)
        v.optional("address", &value.address, .string(1...500, lines: true), whenNil: .null)
        v.optional("time_zone", &value.timeZone, .string(1...64), whenNil: .null)
        v.required("archived", &value.isArchived, .boolean)
        v.required("created", &value.created, .timestamp(.seconds))
        v.required("updated", &value.updated, .timestamp(.seconds))
    }
}

/// The body of `POST /api/v1/branches`.
package struct BranchCreate: WireObject {
    package var ivID = ""
    package var name = ""
    package var address: String?
    package var timeZone: String?

    package init() {}

    package static let schemaName = "BranchCreate"
    package static let schemaDoc = "A branch to create."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required(
            "iv_id", &value.ivID, .string(1...64, pattern: WireName.code),
            doc: "Your own id: unique, case kept; it can't be changed.", example: #""STORE-001""#)
        v.required("name", &value.name, .string(1...200), example: #""Harbour Street""#)
        v.optional("address", &value.address, .string(1...500, lines: true))
        v.optional(
            "time_zone", &value.timeZone, .string(1...64, pattern: WireTimeZone.pattern), doc: "An IANA name.",
            example: #""Europe/London""#)
    }

    var draft: LocationDraft {
        var draft = LocationDraft(code: ivID, name: name)
        draft.address = address
        draft.timeZone = timeZone
        return draft
    }
}

/// The body of `PUT /api/v1/branches/code/{ivId}`.
package struct BranchUpdate: WireObject {
    package var ivID: String?
    package var name = WireSchema.Patch<String>.absent
    package var address = WireSchema.Patch<String>.absent
    package var timeZone = WireSchema.Patch<String>.absent

    package init() {}

    package static let schemaName = "BranchUpdate"
    package static let schemaDoc = "What to change; null clears, what is left out stays."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.optional("iv_id", &value.ivID, .string(1...64), doc: "Only as it is: it can't be changed.")
        v.patch("name", &value.name, .string(1...200), nullable: false)
        v.patch("address", &value.address, .string(1...500, lines: true))
        v.patch("time_zone", &value.timeZone, .string(1...64, pattern: WireTimeZone.pattern))
        v.atLeastOneMember()
    }

    var changes: LocationChanges {
        var changes = LocationChanges()
        changes.name = name.applied(to: nil)
        changes.address = address.change
        changes.timeZone = timeZone.change
        return changes
    }
}
