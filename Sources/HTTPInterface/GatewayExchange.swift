import BlockingWork
import LedgerCore
import LedgerEngine
import LedgerStorage
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import WireSchema

/// One request on its way through the gateway, and how its response is written. A value: each step hands on what it
/// has found out.
struct GatewayExchange: Sendable {
    let gateway: Gateway
    var request: IncomingRequest
    let slot: any ResponseSlot
    let requestID: String
    var metrics: OperationMetrics
    var operation = "none"
    var key: ActiveKey?
    var budget: RateDecision?
    /// Another server was asked and has handed the request on.
    var isHandedOn = false

    init(
        gateway: Gateway, request: IncomingRequest, slot: any ResponseSlot, requestID: String, metrics: OperationMetrics
    ) {
        self.gateway = gateway
        self.request = request
        self.slot = slot
        self.requestID = requestID
        self.metrics = metrics
    }

    /// Runs the operation for a request that was let in, once memory is known to be fresh where that matters.
    func run(_ operation: APIOperation, _ path: [(name: String, value: String)], _ ledger: RealmLedger) {
        guard ledger.isShared, operation.readsMemory else { return runNow(operation, path, ledger) }
        ledger.whenCurrent { error in
            if let error { return fail(operation, error) }
            runNow(operation, path, ledger)
        }
    }

    private func runNow(_ operation: APIOperation, _ path: [(name: String, value: String)], _ ledger: RealmLedger) {
        guard let key else { return refuse(.internalError, in: operation.dialect) }
        do throws(Refusal) {
            let call = Call(
                request: request, path: path, ledger: ledger, actor: key.key.id, requestID: requestID,
                idempotencyKey: try idempotencyKey(for: operation), now: gateway.engine.now, cursors: gateway.cursors,
                tails: gateway.tails, webhooks: gateway.webhooks, keys: gateway.keys)
            // A parameter that an operation does not know is refused, never ignored.
            if !request.query.isEmpty, operation.description.parameters.parameters.isEmpty {
                _ = try call.parameters(NoParameters.self)
            }
            switch try operation.handle(call) {
            case .answer(let answer): respond(answer)
            case .blocking(let read): block(operation, read)
            case .deferred(let work): answerLater(operation, work)
            case .deferredWrite(let work): writeLater(operation, work, to: ledger)
            case .stream(let open): stream(operation, open)
            case .write(let submission):
                ledger.submit(submission) { finish(operation, $0) }
            }
        } catch {
            refuse(error, in: operation.dialect)
        }
    }

    private func idempotencyKey(for operation: APIOperation) throws(Refusal) -> String? {
        let description = operation.description
        if description.request != nil, !hasJSONBody { throw .unsupportedMediaType }
        switch description.idempotency {
        case .none: return nil
        case .optional: return try IdempotencyKey.read(from: request.headers)
        case .required:
            guard let key = try IdempotencyKey.read(from: request.headers) else { throw .idempotencyKeyRequired }
            return key
        }
    }

    /// A body without a declared type is taken for JSON; one that is declared as something else is not.
    private var hasJSONBody: Bool {
        guard let type = request.headers.first(name: "content-type") else { return true }
        let essence = type.prefix { $0 != ";" && $0 != " " }.lowercased()
        return essence == "application/json" || (essence.hasPrefix("application/") && essence.hasSuffix("+json"))
    }

    private func block(_ operation: APIOperation, _ read: @escaping @Sendable () throws -> Answer) {
        gateway.engine.readers.run {
            do {
                respond(try read())
            } catch {
                fail(operation, error)
            }
        }
    }

    private func answerLater(
        _ operation: APIOperation, _ work: @escaping @Sendable (@escaping Reply.Completion) -> Void
    ) {
        let once = AnswerOnce()
        work { result in
            guard once.isFirst() else { return }
            do {
                respond(try result.get())
            } catch {
                fail(operation, error)
            }
        }
    }

    private func writeLater(
        _ operation: APIOperation,
        _ work: @escaping @Sendable (@escaping @Sendable (Result<Submission, any Error>) -> Void) -> Void,
        to ledger: RealmLedger
    ) {
        let once = AnswerOnce()
        work { result in
            guard once.isFirst() else { return }
            do {
                ledger.submit(try result.get()) { finish(operation, $0) }
            } catch {
                fail(operation, error)
            }
        }
    }

    private func stream(_ operation: APIOperation, _ open: @escaping @Sendable () throws -> any StreamSource) {
        guard let key else { return refuse(.internalError, in: operation.dialect) }
        let place: UInt64
        do throws(Refusal) {
            place = try gateway.streams.enter(key: key.key.id, scope: operation.scope)
        } catch {
            return refuse(error, in: operation.dialect)
        }
        gateway.engine.readers.run {
            do {
                let source = try open()
                let head = response(status: 200, .eventStream, lines: "Cache-Control: no-store\r\n")
                gateway.metrics.inFlight.decrement()
                slot.stream(head, from: GatewayStream(source, of: self, place: place, status: head.status))
            } catch {
                gateway.streams.leave(place)
                fail(operation, error)
            }
        }
    }

    /// A refusal, or something that only the log may know.
    private func fail(_ operation: APIOperation, _ error: any Error) {
        if case .unavailable(let detail, _)? = error as? StoreError {
            gateway.logger.warning("the database is not available", metadata: ["detail": "\(detail)"])
        } else if !(error is Refusal) {
            gateway.logger.error(
                "a request failed",
                metadata: ["request_id": "\(requestID)", "operation": "\(self.operation)", "error": "\(error)"])
        }
        refuse(Refusal(ofFailure: error), in: operation.dialect)
    }

    private func finish(_ operation: APIOperation, _ result: SubmissionResult) {
        switch result {
        case .decided(let answer): respond(opened: answer, in: operation)
        case .replayed(let answer): respond(opened: answer, in: operation, isReplay: true)
        case .keyReused: refuse(.idempotencyKeyReused, in: operation.dialect)
        case .busy: refuse(.busy, in: operation.dialect)
        case .storageFull: refuse(.storageFull, in: operation.dialect)
        case .unavailable(let isOutcomeUnknown):
            refuse(isOutcomeUnknown ? .outcomeUnknown : .databaseUnavailable, in: operation.dialect)
        }
    }

    func answer(_ route: OpenRoute, _ path: [(name: String, value: String)]) {
        respond(route.answer(path.first?.value))
    }

    func refuse(_ refusal: Refusal, in dialect: ErrorDialect) {
        let answer = dialect.render(refusal, String(request.path), requestID)
        respond(answer, refusal: refusal)
    }

    /// A write's answer, which is stored encrypted when it shows a secret.
    private func respond(opened answer: Answer, in operation: APIOperation, isReplay: Bool = false) {
        guard answer.contentKind == ContentKind.sealedJSON.rawValue else { return respond(answer, isReplay: isReplay) }
        guard let realm = key?.key.realm.id, let opened = answer.opened(by: gateway.webhooks.vault, realm: realm) else {
            gateway.logger.error("a stored answer can't be decrypted", metadata: ["request_id": "\(requestID)"])
            return refuse(.internalError, in: operation.dialect)
        }
        respond(opened, isReplay: isReplay)
    }

    private func respond(_ answer: Answer, isReplay: Bool = false, refusal: Refusal? = nil) {
        var response = response(
            status: Int(answer.status), ContentKind(rawValue: answer.contentKind) ?? .json,
            lines: isReplay ? "Idempotent-Replayed: true\r\n" : "")
        response.body = answer.body
        if let refusal { ResponseHeaders.append(refusal, to: &response.headerBlock) }
        gateway.metrics.inFlight.decrement()
        record(status: response.status, bytesOut: response.body.count)
        slot.send(response)
    }

    /// Passes on what another server has answered.
    func relay(_ response: OutgoingResponse) {
        gateway.metrics.inFlight.decrement()
        record(status: response.status, bytesOut: response.body.count)
        slot.send(response)
    }

    /// A response without a body yet, with the headers that every one has and these lines.
    private func response(status: Int, _ contentKind: ContentKind, lines: StaticString) -> OutgoingResponse {
        var response = OutgoingResponse(status: status, contentKind: contentKind)
        response.headerBlock.reserveCapacity(384)
        ResponseHeaders.append(requestID: requestID, to: &response.headerBlock)
        if let budget {
            budget.appendHeaders(to: &response.headerBlock)
        } else {
            gateway.anonymous.observe(at: RequestClock.monotonic()).appendHeaders(to: &response.headerBlock)
        }
        ResponseHeaders.append(lines, to: &response.headerBlock)
        return response
    }

    /// The request is done: for the metrics and the access log.
    func record(status: Int, bytesOut: Int) {
        let nanoseconds = RequestClock.monotonic() &- request.startedAt
        metrics.record(status: status, nanoseconds: nanoseconds)
        guard gateway.accessLog.isOn else { return }
        gateway.accessLog.record(
            AccessLogEntry(
                requestID: requestID, method: request.method.rawValue, path: String(request.path), operation: operation,
                status: status, nanoseconds: nanoseconds, bytesIn: request.body.count, bytesOut: bytesOut,
                key: key?.key.id, realm: key?.key.realm, peer: request.peer,
                userAgent: request.headers.first(name: "user-agent")))
    }
}

extension Refusal {
    /// What a client is told of something that failed: that it may try again where the database is away, and no more
    /// than that it failed where only the log may know.
    init(ofFailure error: any Error) {
        if let refusal = error as? Refusal {
            self = refusal
        } else if case .unavailable? = error as? StoreError {
            self = .databaseUnavailable
        } else {
            self = .internalError
        }
    }
}

/// Lets the first answer through and no other.
private final class AnswerOnce: Sendable {
    private let isAnswered = Atomic<Bool>(false)

    func isFirst() -> Bool { !isAnswered.exchange(true, ordering: .relaxed) }
}

/// Header lines that the gateway adds.
enum ResponseHeaders {
    static func append(requestID: String, to block: inout [UInt8]) {
        append("X-Request-Id: ", to: &block)
        block.append(contentsOf: requestID.utf8)
        append("\r\n", to: &block)
    }

    static func append(_ line: StaticString, to block: inout [UInt8]) {
        line.withUTF8Buffer { block.append(contentsOf: $0) }
    }

    static func append(_ refusal: Refusal, to block: inout [UInt8]) {
        if let seconds = refusal.retryAfter {
            append("Retry-After: ", to: &block)
            block.append(contentsOf: String(seconds).utf8)
            append("\r\n", to: &block)
        }
        if let allow = refusal.allow {
            append("Allow: ", to: &block)
            block.append(contentsOf: allow.utf8)
            append("\r\n", to: &block)
        }
        if refusal.status == 401 { append("WWW-Authenticate: Bearer\r\n", to: &block) }
    }
}
