/// Why a developer's command could not do what it was asked for.
package enum DeveloperError: Error, Hashable, Sendable {
    /// The command contradicts itself or names something that can't be. The text says what.
    case usage(String)
    /// It can't be done, and trying again will not help by itself.
    case failed(String)
    /// The server answered 401 or 403.
    case notAuthorised(status: Int, problem: String)
    /// The server refused the request.
    case refused(status: Int, code: String?, problem: String)
    /// What the server answered is no answer to what was asked.
    case answer(String)
    /// No usable answer after so many tries.
    case unreachable(tries: Int, problem: String)

    /// Whether the problem document of a refusal has this code.
    package func isRefusal(_ sought: String) -> Bool {
        if case .refused(_, let code, _) = self { code == sought } else { false }
    }
}

extension DeveloperError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .usage(let problem), .failed(let problem): problem
        case .notAuthorised(let status, let problem): "not authorised (\(status)): \(problem)"
        case .refused(let status, _, let problem): "the server refused the request (\(status)): \(problem)"
        case .answer(let problem): "the server's answer does not add up: \(problem)"
        case .unreachable(let tries, let problem): "no answer after \(tries) tries: \(problem)"
        }
    }
}
