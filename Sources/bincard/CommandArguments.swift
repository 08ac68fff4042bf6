import ArgumentParser
import DeveloperTools
import LedgerCore
import ServerApp
import WireSchema

/// Names of events as a person gives them, separated by commas.
struct EventNames: ExpressibleByArgument {
    let text: String

    /// Blanks after the commas do no harm.
    init?(argument: String) {
        text = argument.split(separator: ",", omittingEmptySubsequences: false)
            .map { $0.drop { $0 == " " } }.joined(separator: ",")
    }

    var names: [String] { text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }

    /// - Throws: `ValidationError` for a name that is no event's and no family's.
    func check(_ flag: String) throws {
        do throws(EventFilter.UnknownPattern) {
            _ = try EventFilter(parsing: text)
        } catch {
            throw ValidationError(
                """
                \(flag): “\(error.pattern)” names no event. Names are separated by commas: * for all, a family such \
                as movement.*, or one of \(EventNames.all).
                """)
        }
    }

    /// Every name that there is.
    static var all: String { EventType.allCases.flatMap { [$0.name] + $0.aliases }.joined(separator: ", ") }
}

/// A moment as a person gives it: RFC 3339, or how long ago it was (`90s`, `30m`, `24h`, `7d`).
struct GivenMoment: ExpressibleByArgument {
    /// RFC 3339.
    let text: String

    init?(argument: String) {
        if Timestamp.parse(argument) != nil {
            text = argument
        } else if let seconds = TimeSpan.seconds(argument), seconds <= 3_650 * 86_400 {
            text = Timestamp.text(Administration.now.milliseconds - seconds * 1_000, precision: .milliseconds)
        } else {
            return nil
        }
    }
}

/// A stretch of time as a person gives it: `90s`, `30m`, `24h`, `7d`, or seconds.
struct GivenSpan: ExpressibleByArgument {
    let seconds: Int64

    init?(argument: String) {
        guard let seconds = TimeSpan.seconds(argument) else { return nil }
        self.seconds = seconds
    }
}
