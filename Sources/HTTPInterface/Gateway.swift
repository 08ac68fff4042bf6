import BlockingWork
import LedgerCore
package import LedgerEngine
import LedgerStorage
package import Logging
package import NIOCore
package import NIOHTTP1
import WireSchema

/// Lets requests in: finds the operation, the key, its budget, scope and realm, hands the request to the operation, and
/// writes the response with the headers that every response has.
///
/// Everything here runs on the connection's event loop and blocks nothing; what needs the store goes to the engine's
/// threads and comes back through the response slot.
package final class Gateway: RequestHandler {
    let engine: LedgerEngine
    let keys: KeyRing
    let anonymous: RateLimiter
    let metrics: ServerMetrics
    let accessLog: AccessLog
    let cursors: CursorSeal
    let streams: OpenStreams
    let tails: LiveTails
    let webhooks: WebhookAccess
    /// nil where no other server writes.
    let handingOn: HandingOn?
    let logger: Logger
    private let router: Router<Route>
    /// How what no operation took is refused, by where its path begins; else with problem details.
    private let dialects: [(base: String, dialect: ErrorDialect)]
    /// Counts requests that no operation took.
    private let unrouted: OperationMetrics

    /// Where a request goes.
    enum Target: Sendable {
        case operation(APIOperation)
        case open(OpenRoute)
        /// Requests that another server was asked.
        case handedOn
    }

    struct Route: Sendable {
        var name: String
        var target: Target
        var metrics: OperationMetrics
        var parameterNames: [String]
    }

    package init(
        operations: [APIOperation], openRoutes: [OpenRoute], engine: LedgerEngine, keys: KeyRing,
        metrics: ServerMetrics, accessLog: AccessLog, cursors: CursorSeal, webhooks: WebhookAccess,
        handingOn: HandingOn? = nil, streamLimits: StreamLimits = StreamLimits(),
        dialects: [(base: String, dialect: ErrorDialect)] = [], logger: Logger
    ) {
        self.handingOn = handingOn
        self.dialects = dialects
        self.engine = engine
        self.keys = keys
        self.metrics = metrics
        self.accessLog = accessLog
        self.cursors = cursors
        self.webhooks = webhooks
        self.logger = logger
        streams = OpenStreams(limits: streamLimits)
        tails = LiveTails(logger: logger)
        anonymous = RateLimiter(limit: nil)
        unrouted = metrics.operation("none")
        var router = Router<Route>()
        for operation in operations {
            let description = operation.description
            router.add(
                description.method.rawValue.uppercased(), description.path.description,
                Route(
                    name: description.id, target: .operation(operation), metrics: metrics.operation(description.id),
                    parameterNames: description.path.parameterNames))
        }
        for route in openRoutes {
            router.add(
                "GET", route.path,
                Route(
                    name: route.name, target: .open(route), metrics: metrics.operation(route.name),
                    parameterNames: route.path.contains("{") ? ["name"] : []))
        }
        if handingOn != nil {
            router.add(
                "POST", "\(OpenRoute.serverPath)/{name}\(OpenRoute.handedOnPath)",
                Route(
                    name: "handedOn", target: .handedOn, metrics: metrics.operation("handedOn"),
                    parameterNames: ["name"]))
        }
        self.router = router
        keys.afterEachRefresh { [streams, weak keys] in
            guard let keys else { return }
            streams.endUnless { keys.isLive($0, with: $1) }
        }
    }

    package func handle(_ request: IncomingRequest, respond slot: any ResponseSlot) {
        handle(request, respond: slot, isHandedOn: false)
    }

    /// - Parameter isHandedOn: another server was asked; only writes are taken from it.
    func handle(_ request: IncomingRequest, respond slot: any ResponseSlot, isHandedOn: Bool) {
        metrics.inFlight.increment()
        let requestID = RequestID.of(request.headers)
        var exchange = GatewayExchange(
            gateway: self, request: request, slot: slot, requestID: requestID, metrics: unrouted)
        exchange.isHandedOn = isHandedOn
        switch router.match(request.method.rawValue, request.path) {
        case .none: exchange.refuse(.routeNotFound(request.path), in: dialect(of: request.path))
        case .otherMethods(let allow):
            exchange.refuse(
                .methodNotAllowed(request.method.rawValue, allow: allow), in: dialect(of: request.path))
        case .found(let route, let values):
            exchange.metrics = route.metrics
            exchange.operation = route.name
            guard let path = Gateway.decode(values, route.parameterNames) else {
                return exchange.refuse(.routeNotFound(request.path), in: dialect(of: request.path))
            }
            switch route.target {
            case .operation(let operation) where !isHandedOn || operation.description.idempotency != .none:
                authenticate(exchange, operation, path)
            case _ where isHandedOn: exchange.refuse(.routeNotFound(request.path), in: dialect(of: request.path))
            case .open(let open): exchange.answer(open, path)
            case .handedOn: takeOver(exchange, for: path.first?.value ?? "")
            case .operation(let operation): authenticate(exchange, operation, path)
            }
        }
    }

    package func refuse(_ failure: RequestFailure, target: String, peer: String) -> OutgoingResponse {
        let requestID = RequestID.fresh()
        let refusal = Refusal(failure)
        let path = target.isEmpty ? "" : RequestTarget(target).path.prefix(512)
        let answer = dialect(of: path).render(refusal, String(path), requestID)
        var response = OutgoingResponse(
            status: Int(answer.status), contentKind: ContentKind(rawValue: answer.contentKind) ?? .problem,
            body: answer.body, closes: true)
        ResponseHeaders.append(requestID: requestID, to: &response.headerBlock)
        ResponseHeaders.append(refusal, to: &response.headerBlock)
        anonymous.observe(at: RequestClock.monotonic()).appendHeaders(to: &response.headerBlock)
        unrouted.record(status: response.status, nanoseconds: 0)
        return response
    }

    package func examine(
        _ headers: HTTPHeaders, on eventLoop: any EventLoop, then: @escaping @Sendable (Bool) -> Void
    ) {
        let authorization = headers.first(name: "authorization")
        switch keys.authenticate(authorization, counts: false) {
        case .key: then(true)
        case .absent, .malformed, .unknown: then(false)
        case .unseen(let id):
            engine.readers.run { [keys] in
                let isKey = keys.lookUp(id, authorization: authorization) != nil
                eventLoop.execute { then(isKey) }
            }
        }
    }

    private func dialect(of path: some StringProtocol) -> ErrorDialect {
        dialects.first { path == $0.base || path.hasPrefix("\($0.base)/") }?.dialect ?? .problem
    }

    private static func decode(_ values: [Substring], _ names: [String]) -> [(name: String, value: String)]? {
        if values.isEmpty { return [] }
        var path: [(name: String, value: String)] = []
        for (name, value) in zip(names, values) {
            guard let text = QueryString.pathSegment(value) else { return nil }
            path.append((name, text))
        }
        return path
    }

    // MARK: The key

    private func authenticate(
        _ exchange: GatewayExchange, _ operation: APIOperation, _ path: [(name: String, value: String)]
    ) {
        switch keys.authenticate(exchange.request.headers.first(name: "authorization")) {
        case .key(let key): admit(exchange, key, operation, path)
        case .absent, .malformed, .unknown: exchange.refuse(.unauthorized, in: operation.dialect)
        case .unseen(let id):
            // Not in memory: a key that was just made, or a guess. One bounded look-up beside the event loop tells.
            engine.readers.run { [self] in
                let found = keys.lookUp(id, authorization: exchange.request.headers.first(name: "authorization"))
                exchange.slot.eventLoop.execute { [self] in
                    guard let found else { return exchange.refuse(.unauthorized, in: operation.dialect) }
                    admit(exchange, found, operation, path)
                }
            }
        }
    }

    private func admit(
        _ exchange: GatewayExchange, _ key: ActiveKey, _ operation: APIOperation,
        _ path: [(name: String, value: String)]
    ) {
        let isHandedOn = handOn(exchange, key, operation) { [self] in admitHere($0, key, operation, path) }
        if !isHandedOn { admitHere(exchange, key, operation, path) }
    }

    private func admitHere(
        _ exchange: GatewayExchange, _ key: ActiveKey, _ operation: APIOperation,
        _ path: [(name: String, value: String)]
    ) {
        var exchange = exchange
        let budget = key.limiter.take(at: RequestClock.monotonic())
        exchange.key = key
        exchange.budget = budget
        guard budget.isAllowed else {
            return exchange.refuse(.rateLimited(retryAfter: budget.retryAfterSeconds), in: operation.dialect)
        }
        guard key.key.scopes.contains(operation.scope) else {
            return exchange.refuse(.insufficientScope(operation.scope.rawValue), in: operation.dialect)
        }
        if let ledger = engine.openRealm(key.key.realm.id) { return exchange.run(operation, path, ledger) }
        let admitted = exchange
        engine.open(key.key.realm) { [logger] result in
            admitted.slot.eventLoop.execute {
                switch result {
                case .success(let ledger): admitted.run(operation, path, ledger)
                case .failure(let error):
                    logger.error(
                        "a ledger can't be opened",
                        metadata: ["realm": "\(key.key.realm.id.text)", "error": "\(error)"])
                    admitted.refuse(Refusal(ofFailure: error), in: operation.dialect)
                }
            }
        }
    }
}

/// A route that needs no key: probes, metrics, documents.
package struct OpenRoute: Sendable {
    /// Below it, by its id, a server says that it is there: `GET /servers/{id}`.
    package static let serverPath = "/servers"

    /// Behind that: where a server takes what others hand on to it.
    package static let handedOnPath = "/requests"

    package var name: String
    package var path: String
    /// `value` is the path's parameter, where it has one. Called on an event loop; must not block.
    package var answer: @Sendable (_ value: String?) -> Answer

    package init(name: String, path: String, answer: @escaping @Sendable (String?) -> Answer) {
        self.name = name
        self.path = path
        self.answer = answer
    }
}
