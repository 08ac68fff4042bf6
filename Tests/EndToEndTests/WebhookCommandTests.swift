import Foundation
import Testing

extension EndToEnd {
    @Suite("webhooks, events and signature", .serialized)
    struct WebhookCommandTests {
        /// A server that may send to this machine, and commands that find it by the environment.
        private struct Desk: Sendable {
            let installation: Installation
            let server: RunningServer
            let key: String

            func run(_ arguments: String..., input: [UInt8] = []) async throws -> CommandResult {
                try await installation.run(
                    Bincard.path, arguments, environment: ["BINCARD_API_KEY": key, "BINCARD_URL": server.url],
                    input: input)
            }

            /// What a command that succeeds prints as JSON.
            func json(_ arguments: String...) async throws -> JSON {
                let result = try await installation.run(
                    Bincard.path, arguments + ["--json"],
                    environment: ["BINCARD_API_KEY": key, "BINCARD_URL": server.url])
                try #require(result.status == 0, "\(arguments): \(result.errors)")
                return try result.json()
            }

            /// The id of an event that was just brought about.
            func trigger(_ type: String) async throws -> String {
                let result = try await run("trigger", type, "--json")
                try #require(result.status == 0, "\(type): \(result.errors)")
                let events = try result.output.split(separator: "\n").map { try JSON(Array($0.utf8)) }
                return try #require(events.last { $0["type"]?.text == type }?["id"]?.text)
            }
        }

        private func withDesk(_ body: @Sendable (Desk) async throws -> Void) async throws {
            try await Installation.with { installation in
                let server = try await installation.serve("--webhook-allow", "127.0.0.0/8")
                try await body(Desk(installation: installation, server: server, key: try #require(server.firstKey)))
                #expect(try await server.stop() == 0)
            }
        }

        @Test("what the server sends is accepted by both public libraries, also while its secret is changed")
        func rotation() async throws {
            try await withDesk { desk in
                let receiver = try await PythonReceiver(desk.installation)
                let made = try await desk.json(
                    "webhooks", "create", "--url", "http://127.0.0.1:\(receiver.port)/in", "--events",
                    "item.created, stock.*")
                let id = try #require(made["id"]?.text)
                let first = try #require(made["secret"]?.text)
                #expect(made["events"]?.elements.map(\.text) == ["item.created", "stock.*"])

                func check(_ seen: PythonReceiver.Seen?, _ event: String, signatures: Int) async throws {
                    let seen = try #require(seen)
                    #expect(seen.isAccepted && seen.signatures == signatures, "\(seen) \(receiver.errors)")
                    #expect(seen.id == event && seen.path == "/in")
                    #expect(try desk.server.caller().get("/v1/events/\(event)").text == seen.body)
                }
                try receiver.accept(first)
                let one = try await desk.trigger("item.created")
                try await check(try await receiver.seen(1).last, one, signatures: 1)

                let rotated = try await desk.run("webhooks", "rotate", id, "--grace", "1h")
                #expect(rotated.status == 0 && rotated.output.contains("the old secret signs until"))
                let second = try #require(rotated.output.firstMatch(of: #/shown only now: (whsec_\S+)/#)).1
                try receiver.accept(first, String(second))
                let two = try await desk.trigger("item.created")
                try await check(try await receiver.seen(2).last, two, signatures: 2)

                let own = "whsec_" + Data(repeating: 7, count: 32).base64EncodedString()
                let ended = try await desk.json("webhooks", "rotate", id, "--grace", "0", "--secret", own)
                #expect(ended["secret"] == nil, "it is known already")
                try receiver.accept(own)
                let three = try await desk.trigger("item.created")
                try await check(try await receiver.seen(3).last, three, signatures: 1)
                #expect(try receiver.seen().allSatisfy { $0.isAccepted })
            }
        }

        @Test("an endpoint is made, shown, changed, tried, disabled, enabled and deleted")
        func endpoints() async throws {
            try await withDesk { desk in
                let receiver = try await PythonReceiver(desk.installation)
                let secret = "whsec_" + Data(repeating: 1, count: 24).base64EncodedString()
                try receiver.accept(secret)
                let created = try await desk.run(
                    "webhooks", "create", "--url", "http://127.0.0.1:\(receiver.port)/a", "--events", "stock.low",
                    "--description", "Reordering", "--secret", secret)
                #expect(created.status == 0 && !created.output.contains("whsec_"), "\(created)")
                let id = try #require(created.output.firstMatch(of: #/whk_\w+/#)).0
                let listed = try await desk.run("webhooks", "list")
                #expect(listed.output.hasPrefix("ID ") && listed.output.contains("\(id)  enabled  stock.low  http://"))
                #expect(try await desk.json("webhooks", "list")[0]?["id"]?.text == String(id))

                let right = try await desk.run("webhooks", "test", String(id), "--type", "grn.completed")
                #expect(right.status == 0 && right.output.contains("→ 204"), "\(right)")
                #expect(try receiver.seen().last?.type == "grn.completed")
                try receiver.accept("whsec_" + Data(repeating: 2, count: 24).base64EncodedString())
                let wrong = try await desk.run("webhooks", "test", String(id), "--type", "inventory.updated", "--json")
                #expect(try wrong.json()["attempt"]?["status"]?.integer == 400)
                #expect(wrong.status == 1, "an endpoint that does not take it is a failure")

                let changed = try await desk.json(
                    "webhooks", "update", String(id), "--events", "item.*", "--description", "")
                #expect(changed["events"]?[0]?.text == "item.*" && changed["description"] == .null)
                #expect(try await desk.json("webhooks", "disable", String(id))["status"]?.text == "disabled")
                let shown = try await desk.run("webhooks", "show", String(id))
                #expect(shown.output.contains("disabled_reason  requested") && shown.output.contains("  settled_seq"))
                #expect(try await desk.json("webhooks", "enable", String(id))["status"]?.text == "enabled")
                #expect(try await desk.json("webhooks", "delete", String(id))["deleted"] == .boolean(true))
                #expect(try await desk.run("webhooks", "list").output == "")
                let gone = try await desk.run("webhooks", "show", String(id))
                #expect(gone.status == 1 && gone.errors.contains("(404)"), "\(gone.errors)")
            }
        }

        @Test("deliveries are listed and shown, and sent once more one by one or as a stretch")
        func deliveries() async throws {
            try await withDesk { desk in
                let receiver = try await PythonReceiver(desk.installation)
                let made = try await desk.json(
                    "webhooks", "create", "--url", "http://127.0.0.1:\(receiver.port)/a", "--events", "*")
                let id = try #require(made["id"]?.text)
                try receiver.accept(try #require(made["secret"]?.text))
                let event = try await desk.trigger("item.created")
                let original = try #require(try await receiver.seen(1).last)

                let rows = try await desk.json("webhooks", "deliveries", id, "--status", "delivered", "--since", "1h")
                #expect(rows[0]?["event_id"]?.text == event && rows.elements.count == 1)
                #expect(try await desk.run("webhooks", "deliveries", id).output.contains("\(event)  item.created"))
                #expect(try await desk.run("webhooks", "deliveries", id, "--type", "stock.*").output == "")
                #expect(try await desk.run("webhooks", "dead-letters").output == "")
                let detail = try await desk.run("webhooks", "delivery", id, event)
                #expect(detail.output.contains("POST http://127.0.0.1:\(receiver.port)/a"), "\(detail)")
                #expect(detail.output.contains(original.body) && detail.output.contains("→ 204"), "\(detail.output)")

                let resent = try await desk.run("events", "resend", event)
                #expect(resent.status == 0 && resent.output == "\(event) goes once more to \(id)\n", "\(resent)")
                let again = try #require(try await receiver.seen(3).last { $0.id == event })
                #expect(again.body == original.body && again.isAccepted)
                #expect(try await desk.run("events", "resend", event, "--webhook", id).status == 0)
                let stretch = try await desk.run("webhooks", "replay", id, "--from-seq", "1", "--events", "item.*")
                #expect(
                    stretch.status == 0 && stretch.output.contains(#/^rpl_\w+  whk_\w+  seq 1 to \d+  item\.\*/#),
                    "\(stretch)")
                try await eventually("four times in all") { try receiver.seen().count { $0.id == event } == 4 }
                #expect(try receiver.seen().allSatisfy { $0.isAccepted })
                try await eventually("the replays end") { try await desk.run("webhooks", "replays", id).output == "" }

                let dead = try await desk.run("webhooks", "replay", id, "--dead")
                #expect(dead.status == 1 && dead.errors.contains("(404)"), "\(dead.errors)")
                let both = try await desk.run("webhooks", "replay", id, "--since", "1h", "--from-seq", "1")
                #expect(both.status == 2, "\(both.errors)")
                #expect(try await desk.run("webhooks", "disable", id).status == 0)
                let nobody = try await desk.run("events", "resend", event)
                #expect(nobody.status == 1 && nobody.errors.contains("no enabled endpoint takes"), "\(nobody.errors)")
            }
        }

        @Test("events are listed from the end or after a seq, narrowed by name, and shown byte for byte")
        func events() async throws {
            try await withDesk { desk in
                let event = try await desk.trigger("stock.low")
                _ = try await desk.trigger("item.created")
                let newest = try await desk.run("events", "list", "--limit", "2")
                #expect(newest.output.split(separator: "\n").count == 3 && newest.output.hasPrefix("SEQ  TIME"))
                #expect(newest.output.contains("TRIGGER-"))
                let narrowed = try await desk.run("events", "list", "--types", "stock.*", "--json")
                #expect(try narrowed.json()["id"]?.text == event)
                let after = try await desk.run("events", "list", "--after", "1", "--limit", "1", "--json")
                #expect(try after.json()["seq"]?.integer == 2)
                let shown = try await desk.run("events", "show", event, "--json")
                #expect(shown.output == (try desk.server.caller().get("/v1/events/\(event)").text) + "\n")
                #expect(try await desk.run("events", "show", event).json()["id"]?.text == event, "on lines")
                #expect(try await desk.run("events", "show", "evt_nothing").status == 1)
                #expect(try await desk.run("events", "list", "--types", "nothing").status == 2)
            }
        }

        @Test("signature signs what both public libraries accept, and says what is wrong with a message")
        func signature() async throws {
            try await Installation.with { installation in
                let secret = "whsec_" + Data(repeating: 9, count: 32).base64EncodedString()
                let body = #"{"type":"test","text":"ä 😀"}"#
                let environment = ["BINCARD_WEBHOOK_SECRET": secret]
                let signed = try await installation.bincard(
                    "signature", "sign", "--id", "evt_1", environment: environment, input: Array(body.utf8))
                #expect(signed.status == 0, "\(signed.errors)")
                let lines = signed.output.split(separator: "\n").map(String.init)
                #expect(
                    lines.map { $0.prefix { $0 != ":" } } == ["webhook-id", "webhook-timestamp", "webhook-signature"])
                let receiver = try await PythonReceiver(installation)
                try receiver.accept(secret)
                let connection = try LoopbackConnection(port: receiver.port)
                try connection.send(
                    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\(lines.joined(separator: "\r\n"))\r\n\r\n\(body)"
                )
                #expect(try await receiver.seen(1)[0].isAccepted, "\(receiver.errors)")

                let file = try installation.file("body", body)
                let values = lines.map { String($0.drop { $0 != " " }.dropFirst()) }
                func verify(_ extra: String..., timestamp: String? = nil, secret: String = secret) async throws
                    -> CommandResult
                {
                    try await installation.run(
                        Bincard.path,
                        [
                            "signature", "verify", "--secret", secret, "--id", values[0], "--timestamp",
                            timestamp ?? values[1], "--signature", values[2],
                        ] + extra)
                }
                #expect(try await verify("--file", file).status == 0)
                let other = try await verify("--file", file, secret: "other")
                #expect(other.status == 1 && other.errors.contains("No signature matches"), "\(other.errors)")
                let changed = try await verify(timestamp: "1")
                #expect(changed.status == 1, "standard input is empty, and the time is another one")
                let old = try await installation.bincard(
                    "signature", "sign", "--id", "evt_1", "--timestamp", "1000", "--file", file,
                    environment: environment)
                let signature = try #require(old.output.firstMatch(of: #/webhook-signature: (.*)\n/#)).1
                let message = [
                    "signature", "verify", "--id", "evt_1", "--timestamp", "1000", "--signature", String(signature),
                    "--file", file,
                ]
                let late = try await installation.run(Bincard.path, message, environment: environment)
                #expect(late.status == 1 && late.errors.contains("seconds old"), "\(late.errors)")
                let whenever = try await installation.run(
                    Bincard.path, message + ["--tolerance", "none"], environment: environment)
                #expect(whenever.status == 0, "\(whenever.errors)")
                #expect(try await installation.run(Bincard.path, message).status == 2, "no secret")
            }
        }
    }
}
