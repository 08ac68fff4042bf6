import ArgumentParser
import DeveloperTools
import Foundation
import ImportClient
import LedgerStorage
import ServerApp

/// How a command that did not succeed ends: one line on standard error, and the exit code that scripts rely on.
enum Failure {
    static func exit(with error: any Error) -> Never {
        switch error {
        case let error as ImportError: end(error.exitCode, error.description)
        case let error as DeveloperError: end(code(of: error), error.description)
        case let error as StoreError: end(code(of: error), text(of: error))
        case let error as SettingsError: end(.usage, error.description)
        case let error as ListenFailure: end(.failed, error.description)
        case let error as CommandFailure: end(error.code, error.message)
        case is CancellationError: end(.tryAgain, "interrupted")
        case let code as ArgumentParser.ExitCode: Foundation.exit(code.rawValue)
        default:
            // Help and version requests end well; anything that the parser refuses is wrong usage.
            let code = Bincard.exitCode(for: error)
            let message = Bincard.fullMessage(for: error)
            if code == .success {
                print(message)
                Foundation.exit(0)
            }
            if error is CleanExit || code == .validationFailure { end(.usage, message, prefix: "") }
            end(.failed, message.isEmpty ? "\(error)" : message, prefix: "")
        }
    }

    static func end(_ code: ImportClient.ExitCode, _ message: String, prefix: String = "bincard: ") -> Never {
        FileHandle.standardError.write(Data("\(prefix)\(message)\n".utf8))
        Foundation.exit(code.rawValue)
    }

    private static func code(of error: DeveloperError) -> ImportClient.ExitCode {
        switch error {
        case .usage: .usage
        case .failed, .refused, .answer: .failed
        case .notAuthorised: .notAuthorised
        case .unreachable: .tryAgain
        }
    }

    private static func code(of error: StoreError) -> ImportClient.ExitCode {
        switch error {
        case .inUse, .full, .unavailable: .tryAgain
        default: .failed
        }
    }

    static func text(of error: StoreError) -> String {
        switch error {
        case .failed(let operation, let detail): "\(operation) failed: \(detail)"
        case .full(let detail): "the disk is full: \(detail). Free some room and try again"
        case .corrupt(let seq, let detail):
            """
            the data is damaged\(seq.map { " at entry \($0)" } ?? ""): \(detail). Restore a backup; `bincard \
            verify` says more
            """
        case .inUse(let path, let holder): "\(path) is in use by \(holder). Stop that server, or use another --data"
        case .notWritable(let path, let detail):
            "\(path) can't be written: \(detail). Check owner and rights, or use another --data"
        case .schemaTooNew(let found, let known):
            "the data has schema \(found), this version knows up to \(known). Use the newer bincard that wrote it"
        case .notDurable(let detail): "the database does not promise durable commits: \(detail)"
        case .notFound(let what): "there is no \(what)"
        case .unavailable(let detail, _): "the database is not available: \(detail)"
        }
    }
}

/// A failure with its exit code.
struct CommandFailure: Error {
    var code: ImportClient.ExitCode
    var message: String

    init(_ code: ImportClient.ExitCode, _ message: String) {
        self.code = code
        self.message = message
    }
}
