package import WireSchema

/// What the API says of webhooks, as lines for people.
package enum WebhookText {
    /// A line for each endpoint.
    package static func endpoints(_ rows: [JSONValue]) -> [String] {
        var table = TextTable(["ID", "STATUS", "EVENTS", "URL"])
        for row in rows {
            let reason = row["disabled_reason"]?.string.map { " (\($0))" } ?? ""
            table.add([row.cell("id"), row.cell("status") + reason, row.cell("events"), row.cell("url")])
        }
        return table.lines
    }

    /// An endpoint, member by member, and how its deliveries get on.
    package static func endpoint(_ root: JSONValue) -> [String] {
        var lines = members(root, leavingOut: ["delivery"])
        if let delivery = root["delivery"], delivery.kind == .object {
            lines.append("delivery")
            lines += members(delivery, leavingOut: []).map { "  " + $0 }
        }
        return lines
    }

    /// A line for each delivery.
    package static func deliveries(_ rows: [JSONValue], showsEndpoint: Bool = false) -> [String] {
        let endpoint = showsEndpoint ? ["ENDPOINT"] : []
        var table = TextTable(["SEQ", "EVENT", "TYPE"] + endpoint + ["STATUS", "ATTEMPTS", "LAST", "NEXT"])
        for row in rows {
            let last = row["last_status"].flatMap { $0.isNull ? nil : $0.cell } ?? row.cell("last_error")
            table.add(
                [row.cell("seq"), row.cell("event_id"), row.cell("type")]
                    + (showsEndpoint ? [row.cell("webhook_id")] : [])
                    + [row.cell("status"), row.cell("attempts"), last, row.cell("next_attempt_at")])
        }
        return table.lines
    }

    /// One delivery: what it is, what was sent last, and what came of each attempt.
    package static func delivery(_ root: JSONValue) -> [String] {
        var lines = members(root, leavingOut: ["request", "log"])
        if let request = root["request"], request.kind == .object {
            lines += ["", "\(request.cell("method")) \(Visible.text(request.cell("url")))"]
            for (name, value) in request["headers"]?.members ?? [] {
                lines.append("  \(Visible.text(name)): \(Visible.text(value.cell))")
            }
            if let body = request["body"] {
                // It is shown as it was sent, whether the API has it as a text or as the object itself.
                lines.append("  " + Visible.text(body.string ?? String(decoding: body.rawBytes, as: UTF8.self)))
            }
        }
        for attempt in root["log"]?.elements ?? [] { lines += [""] + self.attempt(attempt) }
        return lines
    }

    /// An attempt: when, what the receiver answered or why it did not, and how long that took.
    package static func attempt(_ root: JSONValue) -> [String] {
        let outcome: String
        if let status = root["status"], !status.isNull {
            outcome = status.cell
        } else {
            outcome = [root["error_code"], root["error_detail"]].compactMap { $0?.string }.joined(separator: ": ")
        }
        var lines = ["\(root.cell("started_at"))  → \(Visible.text(outcome))  \(root.cell("duration_ms")) ms"]
        if let body = root["answer"]?["body"]?.string, !body.isEmpty { lines.append("    \(Visible.text(body))") }
        return lines
    }

    /// What is replayed.
    package static func replay(_ root: JSONValue) -> String {
        var line =
            "\(root.cell("id"))  \(root.cell("webhook_id"))  seq \(root.cell("from_seq")) to \(root.cell("to_seq"))"
        if let events = root["events"], !events.isNull { line += "  \(events.cell)" }
        if root["dead_only"]?.bool == true { line += "  dead letters only" }
        if let settled = root["settled_seq"] { line += "  done up to \(settled.cell)" }
        return Visible.text(line)
    }

    private static func members(_ root: JSONValue, leavingOut: Set<String>) -> [String] {
        let shown = root.members.filter { !leavingOut.contains($0.name) }
        let width = shown.map(\.name.count).max() ?? 0
        return shown.map { name, value in
            name + String(repeating: " ", count: width - name.count + 2) + Visible.text(value.cell)
        }
    }
}
