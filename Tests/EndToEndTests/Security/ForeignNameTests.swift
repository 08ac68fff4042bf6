import Foundation
import Testing

extension EndToEnd {
    /// What belongs to another realm is answered exactly as what nobody has: whatever operation there is, whatever
    /// place of it, whatever kind of name. Operations and places come from the OpenAPI documents, names from the
    /// answers that the owner gets, so that a new one of either is tried as well.
    @Suite("what is another realm's", .serialized)
    struct ForeignNameTests {
        /// How the two realms belong together.
        enum Relation: String, CaseIterable, CustomTestStringConvertible {
            case otherTenant = "another tenant"
            case otherMode = "the other mode of the same tenant"

            var testDescription: String { rawValue }
        }

        @Test(
            "a name of one realm, anywhere in any request of another, is a name that nobody has",
            arguments: Relation.allCases)
        func foreign(relation: Relation) async throws {
            try await Installation.with { installation in
                let receiver = try LoopbackReceiver { _ in .status(200) }
                defer { receiver.stop() }
                let server = try await installation.serve("--webhook-allow", "127.0.0.0/8")
                let operations = try PublishedOperation.all(of: server.caller())
                let mode = relation == .otherMode ? "live" : "test"
                let owner = RealmUser(
                    port: server.port, key: try await installation.makeKey(tenant: "owner", mode: mode))
                // In live mode an endpoint is https, which nobody here speaks: its deliveries wait.
                let url = relation == .otherMode ? "https://127.0.0.1:1/hook" : receiver.url
                let names = try await OwnersNames(owner, operations, webhookURL: url, mustSucceed: mode == "test")
                let before = try await names.view()

                let user = RealmUser(
                    port: server.port,
                    key: try await installation.makeKey(tenant: relation == .otherMode ? "owner" : "other"))
                var trials = ForeignTrials(
                    names: names.names.some(ForeignTrials.ofEachKind), keys: names.keys,
                    // What is only kept is kept alike whoever else has it.
                    triesKept: relation == .otherTenant)
                let reader = try await RealmBelongings(user, mark: "B", webhookURL: receiver.url)
                // What makes new things comes last: from then on this realm has some of the owner's names too.
                for operation in operations.sorted(by: { ForeignTrials.place($0) < ForeignTrials.place($1) }) {
                    let fresh = {
                        try await RealmBelongings(
                            user, mark: "B", webhookURL: receiver.url, isSent: operation.asksForDeliveries)
                    }
                    let own = operation.writes ? try await fresh() : reader
                    try await trials.run(operation, own, traces: names.names.traces, fresh: fresh)
                }
                let after = try await names.view()
                #expect(zip(before, after).filter { $0 != $1 }.map(\.1) == [], "something of the owner's has changed")
                #expect(before.count == after.count)
                #expect(trials.places > 60 && trials.kinds > 15, "\(trials.summary)")
                print("\(relation.rawValue): \(trials.summary)")
                #expect(try await server.stop() == 0)
            }
        }
    }
}
