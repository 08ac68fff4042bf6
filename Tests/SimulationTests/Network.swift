import LedgerCore
import NIOCore
import WebhookDelivery

/// What carries requests and answers, and the receivers of webhooks at its far end.
///
/// @unchecked Sendable: one thread uses it.
final class Network: @unchecked Sendable {
    private unowned let world: World
    private var receivers: [Receiver] = []
    /// Requests that a process has and has not answered, by number.
    private var open: [Int: [UInt64: @Sendable (Reply) -> Void]] = [:]
    private var lastRequest: UInt64 = 0
    private var answersToLose = 0

    init(_ world: World) {
        self.world = world
        receivers = (0..<2 * Plan.receivers).map { Receiver($0, world) }
    }

    // MARK: Clients

    /// Brings a request to a server and its answer back, or that both are lost. `completion` is called once.
    func send(
        _ request: WireRequest, realm: Int, server place: Int, heldBackMilliseconds: Int = 0,
        _ completion: @escaping @Sendable (Reply) -> Void
    ) {
        let latency = heldBackMilliseconds + world.schedule.number(below: 5)
        world.schedule.add(afterMilliseconds: latency) { [unowned self] in
            guard let server = world.server(place) else { return completion(.lost) }
            lastRequest += 1
            let number = lastRequest
            let process = server.process
            open[process, default: [:]][number] = completion
            world.schedule.add(process, .eventLoop(1)) { [unowned self] in
                server.handle(request, realm: realm) { [unowned self] answer in
                    // Whoever has ended answers nobody.
                    guard let completion = open[process]?.removeValue(forKey: number) else { return }
                    let isLost = answersToLose > 0
                    if isLost { answersToLose -= 1 }
                    world.schedule.add(afterMilliseconds: world.schedule.number(below: 5)) {
                        completion(isLost ? .lost : .answer(answer))
                    }
                }
            }
        }
    }

    /// The process has ended: its connections break.
    func cut(_ process: Int) {
        let broken = (open.removeValue(forKey: process) ?? [:]).sorted { $0.key < $1.key }
        for (_, completion) in broken {
            world.schedule.add(afterMilliseconds: world.schedule.number(below: 5)) { completion(.lost) }
        }
    }

    func loseAnswers(_ count: Int) { answersToLose += count }

    // MARK: Webhooks

    func receiver(_ number: Int) -> Receiver { receivers[number % receivers.count] }

    func receiver(at host: String) -> Receiver? { receivers.first { $0.host == host } }

    func heal() {
        answersToLose = 0
        for receiver in receivers { receiver.heal() }
    }
}

/// Whoever gets an endpoint's events.
///
/// @unchecked Sendable: one thread uses it.
final class Receiver: @unchecked Sendable {
    struct Delivery {
        var id: String
        var timestamp: String
        var signature: String
        var body: [UInt8]
    }

    enum Behaviour {
        case takes, fails, hangs
        case isLate
    }

    let number: Int
    let host: String
    var url: String { "https://\(host)/hook" }
    let secret: String
    private(set) var deliveries: [Delivery] = []
    private unowned let world: World
    private var behaviour = Behaviour.takes
    private var until: UInt64 = 0

    init(_ number: Int, _ world: World) {
        self.number = number
        self.world = world
        host = "receiver-\(number).example.com"
        let letters = String(repeating: ["A", "B", "C", "D"][number % 4], count: 42)
        secret = "whsec_\(letters)A="
    }

    var realm: Int { number % 2 }

    private func behave(_ behaviour: Behaviour, milliseconds: Int) {
        self.behaviour = behaviour
        until = world.schedule.now + UInt64(milliseconds) * 1_000_000
    }

    func fail(milliseconds: Int) { behave(.fails, milliseconds: milliseconds) }
    func hang(milliseconds: Int) { behave(.hangs, milliseconds: milliseconds) }
    func beLate(milliseconds: Int) { behave(.isLate, milliseconds: milliseconds) }
    func heal() { until = 0 }

    /// Something has arrived.
    ///
    /// - Returns: the status of the answer and after how many milliseconds it goes out; nil when it never does.
    func take(_ delivery: Delivery) -> (status: Int, milliseconds: Int)? {
        deliveries.append(delivery)
        world.history.trace.note("receiver \(number) gets \(delivery.id) \(delivery.signature)")
        switch world.schedule.now < until ? behaviour : .takes {
        case .takes: return (204, 0)
        case .fails: return (500, 0)
        case .hangs: return nil
        // About the time for which the sender waits.
        case .isLate: return (204, 14_900 + world.schedule.number(below: 200))
        }
    }
}

/// What sends a process's webhooks: over the simulated network, in place of the HTTP client.
///
/// @unchecked Sendable: one thread uses it.
final class SimulatedSender: DeliverySender, @unchecked Sendable {
    private unowned let world: World
    private let process: Int
    private let loop: any EventLoop
    private var resigned: Set<String> = []

    init(_ world: World, process: Int, loop: any EventLoop) {
        self.world = world
        self.process = process
        self.loop = loop
    }

    /// Answered once, whichever comes first: the answer, or the end of the time.
    private final class Once: @unchecked Sendable {
        /// @unchecked Sendable: one thread uses it.
        private var completion: DeliveryClient.Completion?

        init(_ completion: @escaping DeliveryClient.Completion) { self.completion = completion }

        func finish(_ result: Result<DeliveryAnswer, DeliveryFailure>) {
            let completion = completion
            self.completion = nil
            completion?(result)
        }
    }

    func send(_ request: DeliveryRequest, timeout: TimeAmount, completion: @escaping DeliveryClient.Completion) {
        let once = Once(completion)
        let world = world
        loop.scheduleTask(in: timeout) { once.finish(.failure(.timeout(.answer))) }
        var delivery = Receiver.Delivery(request)
        guard let receiver = world.network.receiver(at: request.url.authority) else {
            return loop.execute { once.finish(.failure(.resolve(.notFound))) }
        }
        spoil(&delivery, receiver)
        world.schedule.add(afterMilliseconds: world.schedule.number(below: 20)) { [delivery, loop] in
            guard let (status, milliseconds) = receiver.take(delivery) else { return }
            world.schedule.add(afterMilliseconds: milliseconds + world.schedule.number(below: 20)) {
                loop.execute {
                    once.finish(
                        .success(
                            DeliveryAnswer(
                                status: status, headers: [], body: [], isTruncated: false, retryAfter: nil,
                                nanoseconds: 1)))
                }
            }
        }
    }

    func shutdown(completion: @escaping () -> Void) { completion() }

    /// Planted bugs.
    private func spoil(_ delivery: inout Receiver.Delivery, _ receiver: Receiver) {
        switch world.bug {
        case .newEventIDOnRetry?:
            guard !resigned.insert("\(receiver.number) \(delivery.id)").inserted else { return }
            let (random, low) = world.random()
            delivery.id = "evt_\(ULID(at: world.now, random: (random, low)).text)"
            delivery.signature = sign(delivery, delivery.body, receiver)
        case .signatureOverReserialised?:
            delivery.signature = sign(delivery, Array(Document(parsing: delivery.body).canonical.utf8), receiver)
        default: break
        }
    }

    private func sign(_ delivery: Receiver.Delivery, _ body: [UInt8], _ receiver: Receiver) -> String {
        StandardSignature.sign(
            id: delivery.id, timestamp: Int64(delivery.timestamp) ?? 0, body: body,
            secrets: [WebhookSecret(stored: receiver.secret)])
    }
}

extension Receiver.Delivery {
    fileprivate init(_ request: DeliveryRequest) {
        func header(_ name: String) -> String { request.headers.first { $0.name == name }?.value ?? "" }
        self.init(
            id: header(StandardSignature.idHeader), timestamp: header(StandardSignature.timestampHeader),
            signature: header(StandardSignature.signatureHeader), body: request.body)
    }
}
