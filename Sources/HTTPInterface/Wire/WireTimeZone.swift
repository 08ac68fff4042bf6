import Foundation
package import WireSchema

/// IANA time zone names, as the system's database knows them.
package enum WireTimeZone {
    private static let known = Set(TimeZone.knownTimeZoneIdentifiers).union(["UTC", "Etc/UTC"])

    package static let pattern = TextPattern(
        regex: "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$", rule: "be an IANA time zone name, such as Europe/London"
    ) { known.contains(String($0)) }
}
