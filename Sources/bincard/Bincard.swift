import ArgumentParser
import ServerApp

/// The command line: arguments in, exit code out. Data goes to standard output, progress and complaints to standard
/// error.
@main
struct Bincard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bincard",
        abstract: "A self-hosted inventory ledger: one append-only journal per tenant, published APIs over it.",
        discussion: """
            Exit codes: 0 done, 1 failed, 2 usage, 3 some rows refused, 4 not authorised, 75 try again.
            Shell completion: bincard --generate-completion-script bash|zsh|fish
            """,
        version: BincardVersion.current,
        subcommands: [
            ServeCommand.self, DemoCommand.self, KeysCommand.self, ImportCommand.self, VerifyCommand.self,
            BackupCommand.self, RestoreCommand.self, WebhooksCommand.self, EventsCommand.self, ListenCommand.self,
            TriggerCommand.self, SignatureCommand.self, BenchCommand.self, OpenAPICommand.self, ConfigCommand.self,
            DatabaseCommand.self, DoctorCommand.self, VersionCommand.self, CompletionCommand.self,
        ])

    static func main() async {
        HiddenArguments.hide()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            Failure.exit(with: error)
        }
    }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run() { print(BincardVersion.current) }
}

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Print a shell completion script.",
        discussion: "bash: bincard completion bash > /etc/bash_completion.d/bincard")

    @Argument(help: "bash, zsh or fish.")
    var shell: String

    func run() throws {
        guard let shell = CompletionShell(rawValue: shell) else {
            throw ValidationError("\(shell) is no shell that is known; one of bash, zsh, fish is.")
        }
        print(Bincard.completionScript(for: shell))
    }
}
