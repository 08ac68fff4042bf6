import HTTPInterface
import LedgerStorage
import ServerApp
import Testing
import WireSchema

/// The catalogue of problems, under a name that the other tests can use without knowing where it lives.
enum ContractCatalogue {
    static var entries: [ProblemCatalogue.Entry] { ProblemCatalogue.entries }
}

extension ContractTests {
    /// The documents that are written from the code. That each answer of every test is documented with its status and
    /// code is in ``ContractRules``.
    @Suite struct OpenAPITests {
        @Test("no document has a problem", arguments: APIDocuments.all.map(\.name))
        func noProblems(name: String) throws {
            let document = try #require(APIDocuments.all.first { $0.name == name })
            #expect(document.document.problems == [])
        }

        @Test("the server serves the documents as they are rendered, and lists them")
        func served() async throws {
            let client = ContractClient(url: try ContractServer.current().url, secret: nil)
            let index = try await client.get("/openapi.json").json["documents"]
            #expect(index.elements.compactMap { $0["name"].string } == APIDocuments.all.map(\.name))
            for document in APIDocuments.all {
                let answer = try await client.get("/openapi/\(document.name).json")
                #expect(answer.contentType == "application/json")
                #expect(answer.body == document.document.render())
                #expect(answer.json["openapi"].string == "3.1.0")
            }
        }

        @Test("every operation is documented with its scope, once, under its path")
        func operations() throws {
            let documented = APIDocuments.all.flatMap(\.document.operations).map(\.id)
            #expect(documented.sorted() == ContractRules.allOperations.map(\.description.id).sorted())
            for operation in ContractRules.allOperations {
                #expect(operation.description.scopes == [operation.scope.rawValue])
            }
        }

        @Test("every example of a request is accepted by the running server's validator")
        func examples() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 1_000)
            for operation in ContractRules.operations {
                let description = operation.description
                for example in description.request?.examples ?? [] {
                    let target = description.id.contains("Location") ? "SEA-1" : "SKU-0042"
                    let path = ContractRules.path(of: description, filling: target)
                    let answer = try await realm.client.send(
                        description.method.rawValue.uppercased(), path, body: Array(example.json.utf8),
                        headers: [("Idempotency-Key", ContractClient.freshKey())])
                    // The ledger may know better: an example's SKU is taken, its item or endpoint is nobody's.
                    let known = ["item_not_found", "sku_taken", "code_taken", "webhook_not_found"]
                    let passed = answer.status < 300 || known.contains(answer.code)
                    #expect(passed, "\(description.id), \(example.name): \(answer.text)")
                }
            }
        }

        @Test("every code that an operation documents is in the catalogue with that status")
        func codes() {
            let described =
                ContractRules.operations.flatMap(\.description.errors)
                + APIDocuments.all.filter {
                    !$0.document.operations.contains { $0.path.description.hasPrefix("/api/") }
                }
                .flatMap(\.document.commonErrors)
            for error in described {
                #expect(!error.codes.isEmpty)
                for code in error.codes {
                    #expect(ProblemCatalogue.entry(code)?.status == error.status, "\(code) \(error.status)")
                }
            }
        }

        @Test("every write declares an idempotency key, every read none, and each the scope of its path")
        func declarations() {
            for operation in ContractRules.allOperations {
                let description = operation.description
                // A test writes nothing.
                let writes = description.method != .get && description.id != "testWebhook"
                #expect((description.idempotency != .none) == writes, "\(description.id)")
                #expect(operation.scope == ContractRules.expectedScope(of: description), "\(description.id)")
            }
        }

        @Test("codes of problems are snake_case and listed once")
        func catalogue() {
            let codes = ContractCatalogue.entries.map(\.code)
            #expect(Set(codes).count == codes.count)
            for entry in ContractCatalogue.entries {
                #expect(entry.code.wholeMatch(of: /[a-z]+(_[a-z]+)*/) != nil)
                #expect((400...599).contains(entry.status))
                #expect(!entry.title.isEmpty && !entry.advice.isEmpty)
            }
        }
    }
}
