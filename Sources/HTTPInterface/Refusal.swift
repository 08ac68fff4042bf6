package import WireSchema

/// Why a request was not done, before it takes a dialect's shape. Every refusal says what was wrong, where, and what to
/// do; has a stable code; and changes nothing.
package struct Refusal: Error, Sendable {
    package var status: Int
    /// snake_case, stable, documented in `ProblemCatalogue`.
    package var code: String
    /// For a person: what was wrong with this very request, and what to do.
    package var detail: String
    /// What is wrong with each place of the request.
    package var faults: [WireFault]
    /// What is on hand, where a movement asked for more.
    package var balance: Int64?
    /// Seconds after which to try again.
    package var retryAfter: Int?
    /// The methods that the path knows, for a 405.
    package var allow: String?

    package init(
        _ status: Int, _ code: String, _ detail: String, faults: [WireFault] = [], balance: Int64? = nil,
        retryAfter: Int? = nil, allow: String? = nil
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.faults = faults
        self.balance = balance
        self.retryAfter = retryAfter
        self.allow = allow
    }
}

extension Refusal {
    /// The body is not the strict JSON that the contracts ask for.
    package init(_ error: JSONSyntaxError) {
        self.init(
            400, "malformed_json", error.message,
            faults: [
                WireFault(pointer: error.pointer, code: .init(rawValue: error.code.rawValue), message: error.message)
            ])
    }

    /// The body or the parameters are JSON, but not what the operation takes. A number that is no integer or out of
    /// range is malformed (400), as the contracts count it; anything else can't be processed (422); parameters are
    /// always 400.
    package init(_ faults: WireFaults) {
        let first = faults.faults.first
        let place = first.map { $0.pointer.isEmpty ? "The body" : $0.pointer } ?? "The request"
        let what = first?.message ?? "is not what this operation takes"
        let more = faults.faults.count > 1 ? " (and \(faults.faults.count - 1) more, see errors)" : ""
        let inParameters = first.map { $0.part != .body } ?? false
        let detail = "\(place) \(what)\(more)."
        if inParameters {
            self.init(400, "invalid_parameter", detail, faults: faults.faults)
        } else if faults.isMalformed {
            self.init(400, "invalid_number", detail, faults: faults.faults)
        } else {
            self.init(422, "validation_failed", detail, faults: faults.faults)
        }
    }

    package static let unauthorized = Refusal(
        401, "unauthorized",
        "Send a live API key as `Authorization: Bearer sk_test_…` or `sk_live_…`. `bincard keys create` makes one.")

    /// 404: no operation has this path.
    package static func routeNotFound(_ path: some StringProtocol) -> Refusal {
        Refusal(404, "route_not_found", "No operation has the path \(path). GET /openapi.json lists those that exist.")
    }

    /// 405: the path has other methods, named in `Allow`.
    package static func methodNotAllowed(_ method: String, allow: String) -> Refusal {
        Refusal(405, "method_not_allowed", "\(method) is not possible here; possible: \(allow).", allow: allow)
    }

    /// 403: the key is live and lacks the operation's scope.
    package static func insufficientScope(_ scope: String) -> Refusal {
        Refusal(
            403, "insufficient_scope", "This key lacks the scope \(scope). Create or use a key that has it.")
    }

    /// 429: the key's bucket is empty.
    /// - Parameter retryAfter: seconds until it holds a token again.
    package static func rateLimited(retryAfter: Int) -> Refusal {
        Refusal(
            429, "rate_limited",
            "This key's budget is used up. Try again in \(retryAfter) s; the RateLimit headers name what is left.",
            retryAfter: retryAfter)
    }

    package static let idempotencyKeyRequired = Refusal(
        400, "idempotency_key_required",
        "Every write needs an Idempotency-Key header of 1–255 characters, so that a retry can't count twice. "
            + "A fresh UUID for each new write will do.")

    package static let idempotencyKeyInvalid = Refusal(
        400, "idempotency_key_invalid",
        "An Idempotency-Key is 1–255 visible ASCII characters, bare or as one quoted string, sent once.")

    package static let idempotencyKeyReused = Refusal(
        409, "idempotency_key_reused",
        "This Idempotency-Key was used for another request within the last 24 hours. Send a new key with a new request."
    )

    package static let busy = Refusal(
        503, "busy", "Too many writes wait in this ledger. Nothing was done; try again with the same key.",
        retryAfter: 1)

    package static let storageFull = Refusal(
        503, "storage_full",
        "The server's disk is full. Nothing was done; free some room, then try again with the same key.", retryAfter: 30
    )

    package static let databaseUnavailable = Refusal(
        503, "database_unavailable",
        "The database can't be reached at the moment. Nothing was done; try again with the same key.", retryAfter: 1)

    package static let outcomeUnknown = Refusal(
        503, "outcome_unknown",
        "The connection to the database broke during the commit: the write may have taken effect or not. Send it again "
            + "with the same Idempotency-Key, and the answer tells.", retryAfter: 1)

    package static let internalError = Refusal(
        500, "internal_error", "The server failed on this request; its log has the details under this request_id.")

    package static let invalidCursor = Refusal(
        400, "invalid_cursor",
        "This cursor was not given out for this list and these filters. Start again without a cursor.")

    package static let unsupportedMediaType = Refusal(
        415, "unsupported_media_type", "The body must be JSON: send `Content-Type: application/json`.")
}

extension Refusal {
    /// The request never became whole.
    package init(_ failure: RequestFailure) {
        switch failure {
        case .malformed(let reason):
            self.init(400, "malformed_request", "The request is not valid HTTP: \(reason). The connection was closed.")
        case .headersTooLarge(let limit):
            self.init(
                431, "headers_too_large", "The header has more than \(limit) bytes or too many fields. Send less of it."
            )
        case .bodyTooLarge(let limit):
            self.init(413, "body_too_large", "The body has more than \(limit) bytes. Divide it into several requests.")
        case .targetTooLong(let limit):
            self.init(414, "target_too_long", "The request target has more than \(limit) bytes.")
        case .timedOut(let seconds):
            self.init(408, "request_timeout", "The request did not arrive within \(seconds) seconds. Send it again.")
        case .unauthorized: self = .unauthorized
        case .unsupportedTransferEncoding:
            self.init(501, "not_implemented", "The only transfer coding that is understood is chunked.")
        case .expectationFailed:
            self.init(417, "expectation_failed", "The only expectation that is understood is 100-continue.")
        }
    }
}
