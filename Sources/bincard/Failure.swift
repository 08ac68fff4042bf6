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
        case let error as StoreError: end(code(of: error), error.explanation)
        case let error as TransferFailure: end(code(of: error.failure), error.description)
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

    private static func code(of failure: CopyFailure) -> ImportClient.ExitCode {
        switch failure {
        case .source(let error), .target(let error): code(of: error)
        case .targetInUse: .tryAgain
        default: .failed
        }
    }

    private static func code(of error: StoreError) -> ImportClient.ExitCode {
        switch error {
        case .inUse, .full, .unavailable: .tryAgain
        default: .failed
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
