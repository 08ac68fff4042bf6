import ArgumentParser
import DeveloperTools
import Foundation
import ServerApp

/// Which server a developer's command talks to, and with which key.
protocol ServerChoice {
    var server: String? { get }
    var apiKey: String? { get }
    var location: DataOptions { get }
}

/// For commands where `--url` can mean nothing else than the server.
struct ServerOptions: ParsableArguments, ServerChoice {
    @Option(
        name: [.customLong("server"), .customLong("url")],
        help: "The server (or BINCARD_URL; else the one that runs on --data, else http://127.0.0.1:8080).")
    var server: String?
    @Option(help: "An API key (or BINCARD_API_KEY).") var apiKey: String?
    @OptionGroup var location: DataOptions
}

/// For commands about endpoints, whose `--url` is the endpoint's.
struct WebhookServerOptions: ParsableArguments, ServerChoice {
    @Option(help: "The server (or BINCARD_URL; else the one that runs on --data, else http://127.0.0.1:8080).")
    var server: String?
    @Option(help: "An API key (or BINCARD_API_KEY).") var apiKey: String?
    @OptionGroup var location: DataOptions
}

extension ServerChoice {
    private static var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// The key that was given.
    /// - Throws: `ValidationError` when there is none.
    func key() throws -> String {
        guard let key = apiKey ?? Self.environment["BINCARD_API_KEY"] else {
            throw ValidationError("--api-key (or BINCARD_API_KEY) is needed; `bincard keys create` makes one.")
        }
        return key
    }

    private func address() throws -> String {
        if let given = server ?? Self.environment["BINCARD_URL"] { return given }
        return try location.administration().runningServer?.url ?? "http://127.0.0.1:8080"
    }

    /// Does something with the server. Failures on the way that are tried again are told on standard error.
    func with<Result: Sendable>(_ body: (ServerClient) async throws -> Result) async throws -> Result {
        let key = try key()
        return try await ServerClient.with(url: try address(), apiKey: key, onRetry: { say($0) }, body)
    }
}

/// How a command shows what it has to say.
struct OutputOptions: ParsableArguments {
    @Option(help: "text or json.") private var format = OutputFormat.text
    @Flag(name: .customLong("json"), help: "The same as --format json.") private var isJSONFlag = false

    var isJSON: Bool { isJSONFlag || format == .json }
}

/// Data for standard output that somebody waits for, line by line, at the other end of a pipe.
enum OutputLine {
    /// Ends the program when nobody reads any more.
    static func print(_ line: String) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8))
        } catch {
            Foundation.exit(0)
        }
    }

    /// From now on, the program also ends when nobody reads any more and there is nothing to print: what is printed
    /// next may be hours away.
    static func endWhenNobodyReads() {
        Thread.detachNewThread {
            // With no event asked for, only the loss of the other end is told. A file has none.
            var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
            repeat {
                output.revents = 0
            } while poll(&output, 1, -1) < 0 && errno == EINTR
            if output.revents & Int16(POLLERR | POLLHUP) != 0 { Foundation.exit(0) }
        }
    }
}
