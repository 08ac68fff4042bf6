internal import Logging
internal import NIOCore
internal import Synchronization

/// Finds the addresses of a URL's host and vets them. A name is asked for once, however many wait for it. Lives on its
/// event loop alone.
final class AddressFinder {
    typealias Completion = (Result<[IPAddress], DeliveryFailure>) -> Void

    private let loop: any EventLoop
    private let returns: ReturnPath
    private let resolver: HostResolver
    private let policy: AddressPolicy
    private let logger: Logger
    private var book: AddressBook
    private var waiting: [AddressBook.Place: [Completion]] = [:]
    /// Names asked for so far.
    private(set) var lookUps = 0

    init(
        loop: any EventLoop, resolver: @escaping HostResolver, policy: AddressPolicy, lifetime: TimeAmount,
        logger: Logger
    ) {
        self.loop = loop
        returns = ReturnPath(loop)
        self.resolver = resolver
        self.policy = policy
        self.logger = logger
        book = AddressBook(lifetime: lifetime)
    }

    /// Brings addresses that may all be dialled, in the order in which to try them; at least one.
    func find(_ url: WebhookURL, completion: @escaping Completion) {
        switch url.host {
        case .address(let address): completion(vetted([address], host: url.authority, port: url.port))
        case .name(let name):
            let place = AddressBook.Place(name: name, port: url.port)
            if let addresses = book.addresses(of: place, at: .now()) { return completion(.success(addresses)) }
            waiting[place, default: []].append(completion)
            if waiting[place]?.count == 1 { ask(for: place) }
        }
    }

    /// None of the host's addresses could be reached.
    func forget(_ url: WebhookURL) {
        if case .name(let name) = url.host { book.forget(AddressBook.Place(name: name, port: url.port)) }
    }

    /// Takes no answers any more, whenever they come. Those who wait are not told.
    func close() {
        returns.close()
        waiting = [:]
    }

    private func ask(for place: AddressBook.Place) {
        lookUps += 1
        let bound = NIOLoopBound(self, eventLoop: loop)
        resolver(place.name) { [returns] result in
            returns.execute { bound.value.arrived(result, for: place) }
        }
    }

    private func arrived(_ result: Result<[IPAddress], ResolveFault>, for place: AddressBook.Place) {
        let outcome: Result<[IPAddress], DeliveryFailure>
        switch result {
        case .success(let addresses) where addresses.isEmpty: outcome = .failure(.resolve(.notFound))
        case .success(let addresses): outcome = vetted(addresses, host: place.name, port: place.port)
        case .failure(let fault): outcome = .failure(.resolve(fault))
        }
        if case .success(let addresses) = outcome { book.remember(addresses, of: place, at: .now()) }
        for completion in waiting.removeValue(forKey: place) ?? [] { completion(outcome) }
    }

    private func vetted(_ addresses: [IPAddress], host: String, port: Int) -> Result<[IPAddress], DeliveryFailure> {
        do throws(RefusedAddress) {
            try policy.vet(addresses, port: port)
            return .success(addresses)
        } catch {
            // The operator may know what the endpoint's owner may not: where the name leads.
            logger.info(
                "a webhook was not sent: \(error)", metadata: ["host": "\(host)", "port": "\(port)"])
            return .failure(.refusedTarget(reason: error.range.refusal))
        }
    }
}

/// The way back to the event loop from any thread, for as long as the loop is known to run.
private final class ReturnPath: Sendable {
    private let loop: Mutex<(any EventLoop)?>

    init(_ loop: any EventLoop) {
        self.loop = Mutex(loop)
    }

    func execute(_ body: @escaping @Sendable () -> Void) {
        loop.withLock { $0?.execute(body) }
    }

    func close() {
        loop.withLock { $0 = nil }
    }
}
