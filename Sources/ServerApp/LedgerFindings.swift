import LedgerStorage

/// What `bincard doctor` says of ledgers. All are looked at. The first of them are named one by one, and behind these
/// only those with which something is wrong: an installation may have a hundred thousand.
struct LedgerFindings {
    private static let mostNamed = 100

    private(set) var findings: [Finding] = []
    private var named = 0
    private var further = 0
    private var furtherEntries: UInt64 = 0
    private var furthestBehind: UInt64 = 0
    private var wrong = 0

    /// - Parameters:
    ///   - entries: nil where nothing was ever recorded.
    ///   - appliedSeq: up to where its rows are complete.
    ///   - problems: what is wrong with it.
    mutating func add(_ realm: Realm, entries: UInt64?, appliedSeq: UInt64, _ problems: [Finding]) {
        let behind = (entries ?? 0) - min(appliedSeq, entries ?? 0)
        if named < Self.mostNamed || !problems.isEmpty {
            named += 1
            let state = entries.map { "\($0) entries, projections \(behind) behind" } ?? "nothing recorded yet"
            findings.append(Finding(severity: .fine, what: "\(realm.tenant) \(realm.mode.rawValue): \(state)"))
            findings += problems
        } else {
            further += 1
            furtherEntries += entries ?? 0
            furthestBehind = max(furthestBehind, behind)
        }
        if !problems.isEmpty { wrong += 1 }
    }

    /// With a last line for the ledgers that were not named.
    var all: [Finding] {
        guard further > 0 else { return findings }
        let last = Finding(
            severity: .fine,
            what:
                """
                \(further) further ledgers: \(furtherEntries) entries, projections at most \(furthestBehind) behind; \
                nothing is wrong with them
                """,
            advice: "Every ledger was looked at; only the first \(Self.mostNamed), and those with trouble, are named.")
        return findings + [last]
    }
}
