import Foundation
import Testing

extension EndToEnd {
    /// What a key may do, for every operation of every document and every scope: what the document says, and nothing
    /// else. It is decided before anything of the request is looked at.
    @Suite("scopes", .serialized)
    struct ScopeMatrixTests {
        /// A key of the realm, and what it may do.
        private struct Holder {
            var name: String
            var scopes: Set<String>
            var user: RealmUser
        }

        @Test("each operation takes the scope that its document names, alone, and no others, however many")
        func matrix() async throws {
            try await Installation.with { installation in
                let receiver = try LoopbackReceiver { _ in .status(200) }
                defer { receiver.stop() }
                let server = try await installation.serve("--webhook-allow", "127.0.0.0/8")
                let operations = try PublishedOperation.all(of: server.caller())
                let scopes = try await Self.scopes(installation)
                #expect(scopes.isSuperset(of: operations.flatMap(\.scopes)), "a document names a scope that is none")
                let all = RealmUser(port: server.port, key: try await installation.makeKey(tenant: "realm"))
                let own = try await RealmBelongings(all, mark: "A", webhookURL: receiver.url)
                var holders: [Holder] = []
                for scope in scopes.sorted() {
                    for held in [[scope], scopes.subtracting([scope])] as [Set<String>] {
                        let name = held.count == 1 ? "\(scope) alone" : "all but \(scope)"
                        let key = try await Self.key(installation, held)
                        holders.append(
                            Holder(name: name, scopes: held, user: RealmUser(port: server.port, key: key)))
                    }
                }
                let head = try all.head()
                for operation in operations {
                    #expect(operation.scopes.count == 1, "\(operation.id) names \(operation.scopes)")
                    #expect(operation.securityScopes == operation.scopes, "\(operation.id)")
                    for holder in holders {
                        if holder.scopes.isSuperset(of: operation.scopes) {
                            try checkAllowed(operation, holder, own)
                        } else {
                            try checkRefused(operation, holder, own)
                        }
                    }
                }
                #expect(
                    try all.head() == head,
                    "a request that was refused, or names what is not there, has changed something")
                print("\(operations.count) operations with \(holders.count) keys")
                #expect(try await server.stop() == 0)
            }
        }

        /// Every scope that there is: what a key has that was made without naming any.
        private static func scopes(_ installation: Installation) async throws -> Set<String> {
            let created = try await installation.bincard(
                "keys", "create", "--data", installation.data, "--tenant", "any", "--mode", "test", "--format", "json")
            let scopes = Set(try created.json()["scopes"]?.elements.compactMap(\.text) ?? [])
            try #require(scopes.count >= 7)
            return scopes
        }

        private static func key(_ installation: Installation, _ scopes: Set<String>) async throws -> String {
            let flags = scopes.sorted().flatMap { ["--scope", $0] }
            let created = try await installation.run(
                Bincard.path,
                ["keys", "create", "--data", installation.data, "--tenant", "realm", "--mode", "test", "--unlimited"]
                    + flags + ["--format", "json"])
            return try #require(try created.json()["secret"]?.text, "\(created.errors)")
        }

        /// With names that nobody has, so that nothing is done.
        private func checkAllowed(_ operation: PublishedOperation, _ holder: Holder, _ own: RealmBelongings) throws {
            let values = try own.path(of: operation).mapValues { Twin.of($0) }
            var request = operation.request(path: values, query: own.query(of: operation))
            if operation.writes { request.body = "{}" }
            if operation.isStream { request.target += "?after=x" }
            let answer = try holder.user.send(request)
            let isRefused = [401, 403].contains(answer.status)
            #expect(!isRefused && answer.status < 500, "\(operation.id) with \(holder.name): \(answer.text)")
        }

        /// The answer is one and the same for the owner's own request, for one about what is not there, and for what is
        /// no request at all.
        private func checkRefused(_ operation: PublishedOperation, _ holder: Holder, _ own: RealmBelongings) throws {
            let good = try own.request(of: operation, example: try RealmBelongings.examples(of: operation)[0])
            var foreign = good
            foreign.target =
                operation.request(path: try own.path(of: operation).mapValues { Twin.of($0) }).target
            var variants = [good, foreign]
            for (body, type) in [("{", "application/json"), ("{\"x\": 1}", "application/json"), ("<x/>", "text/xml")] {
                var variant = good
                variant.body = body
                variant.contentType = type
                variants.append(variant)
            }
            var without = good
            without.idempotencyKey = nil
            without.target += good.target.contains("?") ? "&no_such=1" : "?no_such=1"
            variants.append(without)
            var shapes: Set<String> = []
            for variant in variants {
                let answer = try holder.user.send(variant)
                let place = "\(operation.id) with \(holder.name): \(answer.status) \(answer.text)"
                let path = String(variant.target.prefix { $0 != "?" })
                #expect(answer.status == 403, "\(place)")
                let promised = try #require(operation.answers["403"], "\(operation.id) documents no 403")
                #expect(answer.headers["content-type"]?.hasPrefix(promised.type) == true, "\(place)")
                let body = try answer.json()
                for member in promised.schema["required"]?.elements.compactMap(\.text) ?? [] {
                    #expect(body[member] != nil, "\(place) has no \(member)")
                }
                let says = answer.text.lowercased()
                #expect(says.contains("scope") && says.contains(operation.scopes[0]), "\(place)")
                shapes.insert("\(ComparableAnswer(answer, to: path, isExact: true).body)")
            }
            #expect(shapes.count == 1, "\(operation.id) with \(holder.name) says more than that: \(shapes)")
        }

        @Test("a dead key, and one of no operation's scope, tell nothing of what is there")
        func deadKey() async throws {
            try await Installation.with { installation in
                let receiver = try LoopbackReceiver { _ in .status(200) }
                defer { receiver.stop() }
                let server = try await installation.serve("--webhook-allow", "127.0.0.0/8")
                let operations = try PublishedOperation.all(of: server.caller())
                let all = RealmUser(port: server.port, key: try await installation.makeKey(tenant: "realm"))
                let own = try await RealmBelongings(all, mark: "A", webhookURL: receiver.url)
                let created = try await installation.bincard(
                    "keys", "create", "--data", installation.data, "--tenant", "realm", "--mode", "test",
                    "--unlimited", "--format", "json")
                let dead = RealmUser(port: server.port, key: try created.json()["secret"]?.text)
                #expect(try dead.get("/v1/ledger/head").status == 200)
                let id = try #require(try created.json()["id"]?.text)
                let revoked = try await installation.bincard("keys", "revoke", id, "--data", installation.data)
                #expect(revoked.status == 0)
                try await eventually("the key still works", within: 5) {
                    try dead.get("/v1/ledger/head").status == 401
                }
                let stranger = RealmUser(
                    port: server.port, key: try await Self.key(installation, ["orders:read", "keys:manage"]))
                let head = try all.head()
                for operation in operations {
                    let example = try RealmBelongings.examples(of: operation)[0]
                    for (user, status) in [(dead, 401), (stranger, 403)] {
                        let known = try own.request(of: operation, example: example)
                        var unknown = known
                        unknown.target =
                            operation.request(path: try own.path(of: operation).mapValues { Twin.of($0) }).target
                        let answers = try [known, unknown].map { request in
                            ComparableAnswer(
                                try user.send(request), to: String(request.target.prefix { $0 != "?" }),
                                isExact: true)
                        }
                        #expect(answers[0] == answers[1] && answers[0].status == status, "\(operation.id)")
                    }
                }
                #expect(try all.head() == head)
                #expect(try await server.stop() == 0)
            }
        }
    }
}
