import HTTPInterface

/// Something that an operator can set. Flags go before the environment, that before the file, that before the default.
package struct Setting: Sendable {
    /// As in the file (`data`, `access-log`); the flag is `--` and this, the variable `BINCARD_` and this in capitals.
    package var name: String
    package var defaultValue: String
    package var doc: String
    /// nil when the text is acceptable, else what it must be.
    package var refusal: @Sendable (String) -> String?

    package var variable: String { "BINCARD_" + name.uppercased().replacing("-", with: "_") }
}

extension Setting {
    package static let all: [Setting] = [
        text("data", "./bincard-data", "The directory that holds everything: control.db, realms/, bincard.yaml."),
        text(
            "database", "sqlite",
            "Where ledgers are: sqlite, in the data directory, or a postgres://… that servers may share."),
        number("database-connections", "24", 2...1_000, "Connections to PostgreSQL at once."),
        number(
            "database-commits", "0", 0...256,
            "Transactions of writes at once in PostgreSQL; 0 for one on each core, two at least."),
        text("host", "127.0.0.1", "The address to listen on; 0.0.0.0 for every network."),
        number("port", "8080", 0...65_535, "The port to listen on; 0 for any free one."),
        Setting(
            name: "advertise", defaultValue: "auto",
            doc: "Where other servers of the database reach this one, http://10.0.0.5:8080; auto for host and port; "
                + "off: each decides its own writes."
        ) { text in
            text == "auto" || text == "off" || ServerAddress(text) != nil
                ? nil : "must be auto, off, or a URL such as http://10.0.0.5:8080"
        },
        number("threads", "0", 0...1_024, "Event loops; 0 for one on each core."),
        text("access-log", "off", "Where each request is logged as JSON: a file, - for standard output, or off."),
        choice(
            "log-level", "info", ["debug", "info", "warning", "error"], "How much the server says on standard error."),
        number("connections", "10000", 1...1_000_000, "Connections at once; more wait until one closes."),
        number("body-limit", "1048576", 1_024...16_777_216, "Bytes of a request's body."),
        number("request-timeout", "30", 1...3_600, "Seconds for a whole request to arrive."),
        number("shutdown-grace", "30", 0...3_600, "Seconds for running requests to finish on SIGTERM."),
        number("streams", "1024", 1...1_000_000, "Streams of events at once; more are refused with 503."),
        number("streams-per-key", "32", 1...1_000_000, "Streams of one key; more are refused with 429."),
        number("stream-heartbeat", "15", 1...3_600, "Seconds of silence after which a stream shows that it is alive."),
        number("rate", "1000", 1...1_000_000, "Requests per second of a new key."),
        number("burst", "2000", 1...1_000_000, "Requests at once of a new key."),
        number("queue", "16384", 1_000...1_000_000, "Commands that may wait in one ledger; beyond it 503."),
        number("levels-in-memory", "500000", 1_000...100_000_000, "Stock levels kept in memory for each ledger."),
        number("writers", "16", 1...256, "Ledgers that may commit at the same time."),
        number("readers", "8", 1...256, "Reads of the store at the same time."),
        text(
            "webhook-allow", "none",
            "Addresses that webhooks may go to though they are not public, such as 127.0.0.0/8,10.1.2.3/32:8080."),
        text("webhook-ca", "system", "A file of further root certificates (PEM) that webhooks trust."),
        number("webhook-concurrency", "32", 1...1_024, "Deliveries at once to one endpoint that keeps up."),
        number("webhook-timeout", "15", 1...300, "Seconds that one delivery may take."),
        number("webhook-threads", "1", 1...64, "Event loops that deliver webhooks."),
    ]

    private static func text(_ name: String, _ defaultValue: String, _ doc: String) -> Setting {
        Setting(name: name, defaultValue: defaultValue, doc: doc) { $0.isEmpty ? "must not be empty" : nil }
    }

    private static func number(_ name: String, _ defaultValue: String, _ range: ClosedRange<Int>, _ doc: String)
        -> Setting
    {
        Setting(name: name, defaultValue: defaultValue, doc: doc) { text in
            Int(text).map { range.contains($0) } ?? false
                ? nil : "must be a whole number from \(range.lowerBound) to \(range.upperBound)"
        }
    }

    private static func choice(_ name: String, _ defaultValue: String, _ choices: [String], _ doc: String) -> Setting {
        Setting(name: name, defaultValue: defaultValue, doc: doc) {
            choices.contains($0) ? nil : "must be one of \(choices.joined(separator: ", "))"
        }
    }
}
