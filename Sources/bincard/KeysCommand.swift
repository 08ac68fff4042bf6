import ArgumentParser
import Foundation
import ImportClient
import LedgerCore
import LedgerStorage
import ServerApp
import WireSchema

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Create, list, roll and revoke API keys, beside a running server or without one.",
        subcommands: [Create.self, List.self, Roll.self, Revoke.self])

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a key; a new tenant is made with its first key.")

        @OptionGroup var location: LedgerOptions
        @Option(help: "The tenant.") var tenant: String
        @Option(help: "test or live.") var mode: Mode
        @Option(help: "A scope; may be given several times. Without it: all scopes.") var scope: [Scope] = []
        @Option(help: "Requests per second that it sustains.") var rate: Int?
        @Option(help: "Requests that it may send at once.") var burst: Int?
        @Flag(help: "No rate limit.") var unlimited = false
        @Option(help: "What the key is for.") var name = ""
        @Option(help: "text or json.") var format = OutputFormat.text

        func validate() throws {
            guard (1...64).contains(tenant.utf8.count), tenant.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw ValidationError("--tenant must be 1–64 visible ASCII characters without spaces.")
            }
            if unlimited, rate != nil || burst != nil {
                throw ValidationError("--unlimited goes without --rate and --burst.")
            }
            for (flag, value) in [("--rate", rate), ("--burst", burst)] {
                if let value, !(1...1_000_000).contains(value) {
                    throw ValidationError("\(flag) must be 1 to 1000000.")
                }
            }
        }

        func run() throws {
            let settings = try location.settings()
            let rate = self.rate ?? settings.number("rate")
            let limit = RateLimit(
                rate: rate, burst: burst ?? max(rate, self.rate == nil ? settings.number("burst") : rate * 2))
            let created = try location.administration().createKey(
                tenant: tenant, mode: mode, name: name, scopes: scope.isEmpty ? Set(Scope.allCases) : Set(scope),
                limit: unlimited ? nil : limit)
            KeyReport(created.key, secret: created.secret).print(as: format)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List keys, oldest first; never their secrets.")

        @OptionGroup var location: LedgerOptions
        @Option(help: "Only this tenant's.") var tenant: String?
        @Option(help: "text or json.") var format = OutputFormat.text

        func run() throws {
            let reports = try location.administration().keys(tenant: tenant).map { KeyReport($0, secret: nil) }
            switch format {
            case .json:
                var json = JSONWriter()
                json.beginArray()
                for report in reports { report.write(to: &json) }
                json.endArray()
                print(String(decoding: json.finish(), as: UTF8.self))
            case .text: for report in reports { print(report.line) }
            }
        }
    }

    struct Roll: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Replace a key by a new one with the same rights; the old one lives on for the grace time.")

        @OptionGroup var location: LedgerOptions
        @Argument(help: "The key's id, key_….") var id: String
        @Option(help: "Hours for which the old key still works.") var graceHours = 24
        @Option(help: "text or json.") var format = OutputFormat.text

        func run() throws {
            guard (0...8_760).contains(graceHours) else { throw ValidationError("--grace-hours must be 0 to 8760.") }
            let created = try location.administration().rollKey(try keyID(id), grace: .seconds(graceHours * 3_600))
            KeyReport(created.key, secret: created.secret).print(as: format)
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Kill a key at once.")

        @OptionGroup var location: LedgerOptions
        @Argument(help: "The key's id, key_….") var id: String
        @Option(help: "text or json.") var format = OutputFormat.text

        func run() throws {
            KeyReport(try location.administration().revokeKey(try keyID(id)), secret: nil).print(as: format)
        }
    }

    private static func keyID(_ text: String) throws -> ULID {
        guard text.hasPrefix("key_"), let id = ULID(text.dropFirst(4)) else {
            throw ValidationError("\(text) is no key id; `bincard keys list` shows them.")
        }
        return id
    }
}

/// A key as a script sees it.
private struct KeyReport {
    var id: String
    var secret: String?
    var tenant: String
    var mode: String
    var name: String
    var scopes: [String]
    var rate: Int?
    var burst: Int?
    var unlimited: Bool
    var createdAt: String
    var expiresAt: String?

    init(_ key: APIKey, secret: String?) {
        id = "key_\(key.id.text)"
        self.secret = secret
        tenant = key.realm.tenant
        mode = key.realm.mode.rawValue
        name = key.name
        scopes = Scope.allCases.filter { key.scopes.contains($0) }.map(\.rawValue)
        rate = key.limit?.rate
        burst = key.limit?.burst
        unlimited = key.limit == nil
        createdAt = Timestamp.text(key.createdAt.milliseconds)
        expiresAt = key.expiresAt.map { Timestamp.text($0.milliseconds) }
    }

    var line: String {
        let limit = rate.map { "\($0)/s, burst \(burst ?? $0)" } ?? "unlimited"
        let end = expiresAt.map { "  ends \($0)" } ?? ""
        return "\(id)  \(tenant)  \(mode)  \(limit)  \(scopes.joined(separator: " "))\(end)"
    }

    /// The members in the order that scripts were promised: `id`, `secret`, then the rest.
    func write(to json: inout JSONWriter) {
        func text(_ name: StaticString, _ value: String?) {
            guard let value else { return }
            json.name(name)
            json.string(value)
        }
        json.beginObject()
        text("id", id)
        text("secret", secret)
        text("tenant", tenant)
        text("mode", mode)
        text("name", name)
        json.name("scopes")
        json.beginArray()
        for scope in scopes { json.string(scope) }
        json.endArray()
        if let rate, let burst {
            json.name("rate")
            json.integer(Int64(rate))
            json.name("burst")
            json.integer(Int64(burst))
        }
        json.name("unlimited")
        json.bool(unlimited)
        text("created_at", createdAt)
        text("expires_at", expiresAt)
        json.endObject()
    }

    func print(as format: OutputFormat) {
        switch format {
        case .json:
            var json = JSONWriter()
            write(to: &json)
            Swift.print(String(decoding: json.finish(), as: UTF8.self))
        case .text:
            Swift.print(line)
            if let secret { Swift.print("The secret, shown only now: \(secret)") }
        }
    }
}
