internal import Foundation
internal import WireSchema

/// What `listen` prints of each try: a line for people, or a line of JSON for scripts.
package enum ListenLine {
    /// `12:04:05.123  movement.recorded  evt_…  → 200  8.4 ms`
    package static func text(_ attempt: ForwardAttempt) -> String {
        var line = "\(head(attempt.startedAt, attempt.type, attempt.eventID))  → "
        switch attempt.outcome {
        case .answered(let status, _): line += "\(status)"
        case .failed(let problem): line += problem
        }
        line += "  \(milliseconds(attempt.duration)) ms"
        guard !attempt.isDelivered else { return line }
        if let again = attempt.again {
            line += "  (try \(attempt.number), again in \(again.shownSeconds))"
        } else {
            line += "  (try \(attempt.number), given up)"
        }
        if case .answered(_, let body) = attempt.outcome, !body.isEmpty { line += "\n    \(Visible.text(body))" }
        return line
    }

    /// The same as an object with the members `time`, `type`, `event_id`, `attempt`, `status`, `error`, `duration_ms`,
    /// `delivered`, `retry_in_ms`.
    package static func json(_ attempt: ForwardAttempt) -> String {
        var json = JSONWriter(capacity: 256)
        json.beginObject()
        json.name("time")
        json.string(Timestamp.text(attempt.startedAt, precision: .milliseconds))
        json.name("type")
        json.string(attempt.type)
        json.name("event_id")
        json.string(attempt.eventID)
        json.name("attempt")
        json.integer(Int64(attempt.number))
        json.name("status")
        if case .answered(let status, _) = attempt.outcome { json.integer(Int64(status)) } else { json.null() }
        json.name("error")
        if case .failed(let problem) = attempt.outcome { json.string(problem) } else { json.null() }
        json.name("duration_ms")
        json.raw(Array(milliseconds(attempt.duration).utf8))
        json.name("delivered")
        json.bool(attempt.isDelivered)
        json.name("retry_in_ms")
        if let again = attempt.again { json.integer(again.nanoseconds / 1_000_000) } else { json.null() }
        json.endObject()
        return String(decoding: json.finish(), as: UTF8.self)
    }

    /// An event that is shown and not forwarded.
    package static func text(_ event: ForwardedEvent, at milliseconds: Int64) -> String {
        head(milliseconds, event.type, event.id)
    }

    private static func head(_ milliseconds: Int64, _ type: String, _ id: String) -> String {
        "\(clock(milliseconds))  \(Visible.text(type))  \(Visible.text(id))"
    }

    /// The time of day where the developer is.
    private static func clock(_ milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return [(parts.tm_hour, ":"), (parts.tm_min, ":"), (parts.tm_sec, ".")]
            .map { ($0 < 10 ? "0\($0)" : "\($0)") + $1 }.joined()
            + String("\(1_000 + milliseconds % 1_000)".dropFirst())
    }

    /// With one decimal, by integers.
    private static func milliseconds(_ duration: Duration) -> String {
        let tenths = duration.nanoseconds / 100_000
        return "\(tenths / 10).\(tenths % 10)"
    }
}

/// What somebody else has written, as it can be shown on a terminal: without characters that a terminal would obey.
package enum Visible {
    /// The text with those characters replaced, and line ends by blanks.
    package static func text(_ text: String) -> String {
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator:
                shown.append(scalar == "\n" || scalar == "\t" || scalar == "\r" ? " " : "\u{FFFD}")
            // Invisible ones that turn the direction of what follows.
            case .format: shown.append("\u{FFFD}")
            default: shown.append(scalar)
            }
        }
        return String(shown)
    }
}
