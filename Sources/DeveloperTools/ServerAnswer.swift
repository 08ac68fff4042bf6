package import WireSchema

/// A server's answer, whole.
package struct ServerAnswer: Sendable {
    package var status: Int
    package var body: [UInt8]
    /// Seconds that the server asks to wait.
    package var retryAfter: String?

    /// An event holds what a user has sent, which is nested as deep as a request may be: it goes a little deeper.
    private static let options = JSONDocument.Options(maxDepth: 64)

    /// The body as JSON.
    /// - Throws: `DeveloperError.answer` when it is none.
    package func json() throws(DeveloperError) -> JSONDocument {
        do throws(JSONSyntaxError) {
            return try JSONDocument(body, options: Self.options)
        } catch {
            throw .answer("it is no JSON (\(error.code) at byte \(error.offset))")
        }
    }

    /// What a problem document says, else the beginning of the body.
    package var problem: (code: String?, text: String) {
        guard let root = try? json().root, let detail = root["detail"]?.string ?? root["title"]?.string else {
            return (nil, String(decoding: body.prefix(200), as: UTF8.self))
        }
        let faults = (root["errors"]?.elements ?? []).compactMap { fault in
            fault["message"]?.string.map { "\(fault["pointer"]?.string ?? "") \($0)" }
        }
        // The detail names the first fault; the others would be found one run after the other.
        let further = faults.count > 1 ? " (\(faults.joined(separator: "; ")))" : ""
        return (root["code"]?.string, detail + further)
    }

    /// What this answer means to who asked for something to be done.
    var refusal: DeveloperError? {
        switch status {
        case 200...299: nil
        case 401, 403: .notAuthorised(status: status, problem: problem.text)
        default: .refused(status: status, code: problem.code, problem: problem.text)
        }
    }
}
