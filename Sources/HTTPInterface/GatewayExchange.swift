import LedgerCore
import LedgerEngine
import LedgerStorage
import Logging
import NIOCore
import NIOHTTP1
import WireSchema

/// One request on its way through the gateway, and how its response is written. A value: each step hands on what it
/// has found out.
struct GatewayExchange: Sendable {
    let gateway: Gateway
    let request: IncomingRequest
    let slot: any ResponseSlot
    let requestID: String
    var metrics: OperationMetrics
    var operation = "none"
    var key: ActiveKey?
    var budget: RateDecision?

    init(
        gateway: Gateway, request: IncomingRequest, slot: any ResponseSlot, requestID: String, metrics: OperationMetrics
    ) {
        self.gateway = gateway
        self.request = request
        self.slot = slot
        self.requestID = requestID
        self.metrics = metrics
    }

    /// Runs the operation for a request that was let in.
    func run(_ operation: APIOperation, _ path: [(name: String, value: String)], _ ledger: RealmLedger) {
        guard let key else { return refuse(.internalError, in: operation.dialect) }
        do throws(Refusal) {
            let call = Call(
                request: request, path: path, ledger: ledger, actor: key.key.id, requestID: requestID,
                idempotencyKey: try idempotencyKey(for: operation), now: gateway.engine.now, cursors: gateway.cursors)
            // A parameter that an operation does not know is refused, never ignored.
            if !request.query.isEmpty, operation.description.parameters.parameters.isEmpty {
                _ = try call.parameters(NoParameters.self)
            }
            switch try operation.handle(call) {
            case .answer(let answer): respond(answer)
            case .blocking(let read): block(operation, read)
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
            } catch let refusal as Refusal {
                refuse(refusal, in: operation.dialect)
            } catch {
                gateway.logger.error(
                    "a read failed",
                    metadata: ["request_id": "\(requestID)", "operation": "\(self.operation)", "error": "\(error)"])
                refuse(.internalError, in: operation.dialect)
            }
        }
    }

    private func finish(_ operation: APIOperation, _ result: SubmissionResult) {
        switch result {
        case .decided(let answer): respond(answer)
        case .replayed(let answer): respond(answer, isReplay: true)
        case .keyReused: refuse(.idempotencyKeyReused, in: operation.dialect)
        case .busy: refuse(.busy, in: operation.dialect)
        case .storageFull: refuse(.storageFull, in: operation.dialect)
        }
    }

    func answer(_ route: OpenRoute, _ path: [(name: String, value: String)]) {
        respond(route.answer(path.first?.value))
    }

    func refuse(_ refusal: Refusal, in dialect: ErrorDialect) {
        let answer = dialect.render(refusal, String(request.path), requestID)
        respond(answer, refusal: refusal)
    }

    private func respond(_ answer: Answer, isReplay: Bool = false, refusal: Refusal? = nil) {
        var response = OutgoingResponse(
            status: Int(answer.status), contentKind: ContentKind(rawValue: answer.contentKind) ?? .json,
            body: answer.body)
        response.headerBlock.reserveCapacity(384)
        ResponseHeaders.append(requestID: requestID, to: &response.headerBlock)
        if let budget {
            budget.appendHeaders(to: &response.headerBlock)
        } else {
            gateway.anonymous.observe(at: RequestClock.monotonic()).appendHeaders(to: &response.headerBlock)
        }
        if isReplay { ResponseHeaders.append("Idempotent-Replayed: true\r\n", to: &response.headerBlock) }
        if let refusal { ResponseHeaders.append(refusal, to: &response.headerBlock) }
        let nanoseconds = RequestClock.monotonic() &- request.startedAt
        metrics.record(status: response.status, nanoseconds: nanoseconds)
        gateway.metrics.inFlight.decrement()
        if gateway.accessLog.isOn { log(response, nanoseconds) }
        slot.send(response)
    }

    private func log(_ response: OutgoingResponse, _ nanoseconds: UInt64) {
        gateway.accessLog.record(
            AccessLogEntry(
                requestID: requestID, method: request.method.rawValue, path: String(request.path), operation: operation,
                status: response.status, nanoseconds: nanoseconds, bytesIn: request.body.count,
                bytesOut: response.body.count, key: key?.key.id, realm: key?.key.realm, peer: request.peer,
                userAgent: request.headers.first(name: "user-agent")))
    }
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
