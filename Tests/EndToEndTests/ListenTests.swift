import Foundation
import Testing

extension EndToEnd {
    @Suite("listen and trigger", .serialized)
    struct ListenTests {
        /// A server, and commands that find it as a developer's do: by the data directory and the environment.
        private struct Desk: Sendable {
            let installation: Installation
            let key: String

            func run(_ arguments: String...) async throws -> CommandResult {
                try await installation.run(
                    Bincard.path, arguments + ["--data", installation.data], environment: ["BINCARD_API_KEY": key])
            }

            func listen(_ arguments: String...) throws -> ChildProcess {
                try installation.start(
                    Bincard.path, ["listen", "--data", installation.data] + arguments,
                    environment: ["BINCARD_API_KEY": key])
            }

            /// The events that came of it.
            func trigger(_ type: String) async throws -> [JSON] {
                let result = try await run("trigger", type, "--json")
                try #require(result.status == 0, "\(type): \(result.errors)")
                return try result.output.split(separator: "\n").map { try JSON(Array($0.utf8)) }
            }
        }

        private func secret(of listener: ChildProcess) async throws -> String {
            var secret: String?
            try await eventually("listen does not begin: \(listener.errors)") {
                secret = listener.output.firstMatch(of: #/└─ secret  (whsec_\S+)\n/#).map { String($0.1) }
                return secret != nil
            }
            return try #require(secret)
        }

        @Test("serve, listen, trigger: the first webhook arrives, and both public libraries accept it")
        func newcomer() async throws {
            try await Installation.with { installation in
                let server = try await installation.serve()
                let desk = Desk(installation: installation, key: try #require(server.firstKey))
                let receiver = try await PythonReceiver(installation)
                let listener = try desk.listen("--forward-to", "127.0.0.1:\(receiver.port)/hook")
                try receiver.accept(try await secret(of: listener))

                let caused = try await desk.trigger("movement.recorded")
                #expect(
                    caused.map { $0["type"]?.text } == ["location.created", "item.created", "movement.recorded"])
                let seen = try await receiver.seen(caused.count)
                #expect(Set(seen.map(\.id)) == Set(caused.map { $0["id"]?.text }))
                for delivery in seen {
                    #expect(delivery.isAccepted && delivery.path == "/hook", "\(delivery) \(receiver.errors)")
                    let id = try #require(delivery.id)
                    #expect(try server.caller().get("/v1/events/\(id)").text == delivery.body, "the very bytes")
                }
                try await eventually("the line of a delivery") {
                    listener.output.contains(#/\d\d:\d\d:\d\d\.\d{3}  movement\.recorded  evt_\w+  → 204  [\d.]+ ms\n/#)
                }
                listener.send(SIGINT)
                #expect(try await listener.ended() == 0)
                #expect(listener.errors.hasSuffix("3 events: 3 delivered, 0 given up.\n"), "\(listener.errors)")
                #expect(try await server.stop() == 0)
            }
        }

        @Test("it goes on where it was when the server is killed and started again, and tries again what failed")
        func restarts() async throws {
            try await Installation.with { installation in
                let server = try await installation.serve()
                let desk = Desk(installation: installation, key: try #require(server.firstKey))
                let receiver = try await PythonReceiver(installation)
                let listener = try desk.listen(
                    "--forward-to", ":\(receiver.port)", "--types", "inventory.updated,stock.*", "--json")
                try await eventually("listen does not begin: \(listener.errors)") { listener.output.contains("\n") }
                let beginning = try JSON(Array(listener.output.utf8))
                #expect(beginning["server"]?.text == server.url && beginning["after"]?.integer == 0)
                let secret = try #require(beginning["secret"]?.text)

                // The receiver knows no secret yet and answers 400; half a second later it does.
                _ = try await desk.trigger("movement.recorded")
                _ = try await receiver.seen(1)
                try receiver.accept(secret)
                try await eventually("it is not tried again: \(listener.output)") {
                    try receiver.seen().contains(where: \.isAccepted)
                }
                let before = try receiver.seen().count
                try await server.kill()
                let again = try await installation.serve(port: server.port)
                let caused = try await desk.trigger("stock.low")
                let wanted = caused.filter { ["movement.recorded", "stock.low"].contains($0["type"]?.text) }
                #expect(wanted.count == 3)
                let seen = try await receiver.seen(before + 3).suffix(3)
                #expect(Set(seen.map(\.id)) == Set(wanted.map { $0["id"]?.text }))
                #expect(
                    seen.map(\.type).sorted { $0 ?? "" < $1 ?? "" } == [
                        "inventory.updated", "inventory.updated", "stock.low",
                    ])
                #expect(seen.allSatisfy { $0.isAccepted }, "\(receiver.errors)")
                listener.send(SIGTERM)
                #expect(try await listener.ended() == 0)
                #expect(listener.errors.contains("connecting again in"), "\(listener.errors)")
                #expect(listener.errors.contains("4 events: 4 delivered, 0 given up; "), "\(listener.errors)")
                let tries = try listener.output.split(separator: "\n").dropFirst().map { try JSON(Array($0.utf8)) }
                #expect(tries.first?["status"]?.integer == 400 && tries.first?["retry_in_ms"]?.integer == 500)
                #expect(tries.count { $0["delivered"]?.isTrue == true } == 4)
                #expect(try await again.stop() == 0)
            }
        }

        @Test("without a receiver it shows what happens, from where it is told")
        func shows() async throws {
            try await Installation.with { installation in
                let server = try await installation.serve()
                let desk = Desk(installation: installation, key: try #require(server.firstKey))
                _ = try await desk.trigger("item.updated")
                let listener = try desk.listen("--after", "1", "--json")
                try await eventually("nothing is shown: \(listener.errors)") { listener.output.contains("\n") }
                let first = try JSON(Array(listener.output.split(separator: "\n")[0].utf8))
                #expect(first["seq"]?.integer == 2 && first["type"]?.text == "item.updated")
                listener.send(SIGINT)
                #expect(try await listener.ended() == 0)
                let pipe = try await installation.run(
                    "/bin/sh", ["-c", "'\(Bincard.path)' listen --data '\(installation.data)' --after 0 | head -n 1"],
                    environment: ["BINCARD_API_KEY": desk.key], within: 20)
                #expect(pipe.status == 0 && pipe.output.contains("item.created"), "a closed pipe ends it: \(pipe)")
                #expect(try await server.stop() == 0)
            }
        }

        @Test("every event that can happen is brought about by its name; what can't, and what is none, is told")
        func everyType() async throws {
            try await Installation.with { installation in
                let server = try await installation.serve()
                let desk = Desk(installation: installation, key: try #require(server.firstKey))
                let unknown = try await desk.run("trigger", "nothing.here")
                #expect(unknown.status == 2)
                let listed = try #require(unknown.errors.firstMatch(of: #/one of (.*) does\./#)).1
                let names = listed.split(separator: ", ").map(String.init)
                #expect(names.count >= 22 && names.contains("movement.created"))
                var unfired: [String] = []
                for name in names {
                    let result = try await desk.run("trigger", name, "--json")
                    if result.status == 1, result.errors.contains("nothing in this version") {
                        unfired.append(name)
                        continue
                    }
                    #expect(result.status == 0, "\(name): \(result.errors)")
                    let types = try result.output.split(separator: "\n").map { try JSON(Array($0.utf8))["type"]?.text }
                    let own = ["movement.created", "inventory.updated"].contains(name) ? "movement.recorded" : name
                    #expect(types.contains(own), "\(name): \(types)")
                }
                #expect(unfired == ["shipment.created", "grn.completed", "dayend.closed", "lot.expiring"])
                let left = try server.caller().get("/inventory/v1/webhooks")
                #expect(try left.json()["data"]?.elements.isEmpty == true, "endpoints of its own are gone again")
                #expect(try await server.stop() == 0)
            }
        }

        @Test("a live key, a key that is none, no key and no server each end with their own code")
        func refusals() async throws {
            try await Installation.with { installation in
                let live = try await installation.makeKey(mode: "live")
                let server = try await installation.serve()
                func trigger(_ key: String?, _ arguments: String...) async throws -> CommandResult {
                    try await installation.run(
                        Bincard.path, ["trigger", "item.created", "--data", installation.data] + arguments,
                        environment: key.map { ["BINCARD_API_KEY": $0] } ?? [:])
                }
                let refused = try await trigger(live)
                #expect(refused.status == 2 && refused.errors.contains("live key"), "\(refused.errors)")
                #expect(try server.caller(live).head().seq == 0, "nothing was written")
                let unknown = try await trigger("sk_test_nobody")
                #expect(unknown.status == 4 && unknown.errors.contains("not authorised (401)"), "\(unknown.errors)")
                let none = try await trigger(nil)
                #expect(none.status == 2 && none.errors.contains("BINCARD_API_KEY"), "\(none.errors)")
                #expect(try await server.stop() == 0)
                let nobody = try await trigger("sk_test_x", "--server", server.url)
                #expect(nobody.status == 75 && nobody.errors.contains("the connection was refused"), "\(nobody.errors)")
                let named = try await trigger("sk_test_x", "--server", "http://localhost:\(server.port)")
                #expect(named.status == 75 && named.errors.contains("the connection was refused"), "\(named.errors)")
                let nowhere = try await trigger("sk_test_x", "--url", "localhost")
                #expect(nowhere.status == 2, "\(nowhere.errors)")
            }
        }
    }
}
