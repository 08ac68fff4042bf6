import Testing

/// All that the owner of a realm is told of it, by every operation that there is.
struct OwnersNames {
    private let belongings: RealmBelongings
    private let operations: [PublishedOperation]
    /// Whether endpoints are sent something: then what is told of them goes on changing.
    private let isQuiet: Bool
    private(set) var names = RealmNames()
    /// With which idempotency key the owner has called each operation.
    private(set) var keys: [String: String] = [:]

    /// Calls every operation as its owner would.
    ///
    /// - Parameter mustSucceed: whether each must do what it is asked to; else whatever it answers is good enough.
    init(_ user: RealmUser, _ operations: [PublishedOperation], webhookURL: String, mustSucceed: Bool) async throws {
        belongings = try await RealmBelongings(user, mark: "A", webhookURL: webhookURL)
        self.operations = operations
        isQuiet = mustSucceed
        for operation in operations.sorted(by: { !$0.writes && $1.writes }) where !operation.isStream {
            let own =
                operation.writes
                ? try await RealmBelongings(
                    user, mark: "A", webhookURL: webhookURL, isSent: operation.asksForDeliveries) : belongings
            for example in try RealmBelongings.examples(of: operation) {
                let request = try own.request(of: operation, example: example)
                let answer = try user.send(request)
                try #require(
                    RealmBelongings.isFine(answer, of: operation) || !mustSucceed,
                    "\(operation.id) refuses its owner, who sends \(request.body ?? "nothing"): \(answer.text)")
                if answer.status < 300 { names.take(from: try answer.json(), of: operation.id) }
                keys[operation.id] = request.idempotencyKey
            }
        }
        // Once more, now that there is one of everything.
        for operation in operations where !operation.writes && !operation.isStream {
            names.take(from: try user.send(try belongings.request(of: operation)).json(), of: operation.id)
        }
        for key in user.usedKeys.suffix(2) { names.add("idempotency key", key) }
    }

    /// What the owner sees by reading everything, once nothing is on its way any more.
    func view() async throws -> [String] {
        var view = try viewNow()
        try await eventually("the owner's realm does not come to rest") {
            let before = view
            try await Task.sleep(for: .milliseconds(50))
            view = try viewNow()
            return view == before
        }
        return view
    }

    private func viewNow() throws -> [String] {
        let asOf = #/"as_of":"[^"]*"/#
        return try operations.filter {
            !$0.writes && !$0.isStream && (isQuiet || !$0.scopes.contains("webhooks:manage"))
        }
        .map { operation in
            let answer = try belongings.user.send(try belongings.request(of: operation))
            let seen = ComparableAnswer(answer, to: "no name", isExact: true).description
            // Stock is shown as of now.
            return operation.id + " " + seen.replacing(asOf, with: "as_of")
        }
    }
}

extension RealmBelongings {
    /// A request as the owner would send it, under a key of its own.
    ///
    /// - Parameter example: a body; what it names becomes the owner's own.
    func request(
        of operation: PublishedOperation, query more: [(name: String, value: String)] = [], example: JSON? = nil
    ) throws -> TrialRequest {
        operation.request(
            path: try path(of: operation), query: query(of: operation) + more,
            body: example.map { own($0, of: operation) }, idempotencyKey: user.freshKey())
    }
}
