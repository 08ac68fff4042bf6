/// Why an import, a load run or a demo stopped. Refused rows are no error: they are counted, listed and left behind.
package enum ImportError: Error, Hashable, Sendable {
    /// The command contradicts itself or names something that is not there. The text says what.
    case usage(String)
    /// The file cannot be opened, read or written.
    case file(path: String, problem: String)
    /// The file is not what its name says: truncated, corrupt, or not a CSV. `line` counts from 1, the header is 1.
    case malformed(line: Int, problem: String)
    /// The header lacks a column, repeats one, or has one that nothing here knows.
    case header(String)
    /// The server answered 401 or 403.
    case notAuthorised(status: Int, problem: String)
    /// The server refused a whole request, or answered something that is no answer to it.
    case refused(status: Int, problem: String)
    /// The answer does not add up with what was sent.
    case answer(String)
    /// No usable answer after so many tries.
    case unreachable(tries: Int, problem: String)

    /// The exit code that a command ends with on this error.
    package var exitCode: ExitCode {
        switch self {
        case .usage: .usage
        case .file, .malformed, .header, .refused, .answer: .failed
        case .notAuthorised: .notAuthorised
        case .unreachable: .tryAgain
        }
    }
}

extension ImportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .usage(let problem): problem
        case .file(let path, let problem): "\(path): \(problem)"
        case .malformed(let line, let problem): "line \(line): \(problem)"
        case .header(let problem): "line 1: \(problem)"
        case .notAuthorised(let status, let problem): "not authorised (\(status)): \(problem)"
        case .refused(let status, let problem): "the server refused the request (\(status)): \(problem)"
        case .answer(let problem): "the server's answer does not add up: \(problem)"
        case .unreachable(let tries, let problem): "no answer after \(tries) tries: \(problem)"
        }
    }
}
