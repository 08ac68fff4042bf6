package import LedgerCore
import LedgerEngine
package import LedgerStorage
import NIOCore
import NIOHTTP1
import Synchronization
import WireSchema

/// Hands writes on to the server that owns their ledger, among servers of one database that are asked to write to the
/// same ledger at the same time. Decided by one server they share a commit; decided by several, those take turns.
package final class HandingOn: Sendable {
    private struct Place: Hashable {
        var eventLoop: ObjectIdentifier
        var server: ULID
    }

    private struct State {
        var owners = LedgerOwners()
        var links: [Place: NIOLoopBound<ServerLinks>] = [:]
    }

    /// This server, as the others know it.
    package let own: ULID
    private let state = Mutex(State())

    private let proof: @Sendable (ULID) -> String

    /// - Parameter proof: what only a server of this database can say of the one with this id.
    package init(own: ULID, proof: @escaping @Sendable (ULID) -> String) {
        self.own = own
        self.proof = proof
    }

    /// Says that this is the server that is asked for, if it is. Needs no key.
    package func openRoute() -> OpenRoute {
        let (own, said) = (own.text, Array("\(proof(own))\n".utf8))
        return OpenRoute(name: "server", path: "\(OpenRoute.serverPath)/{name}") { name in
            let isMeant = name == own
            return Answer(
                status: isMeant ? 200 : 404, contentKind: ContentKind.text.rawValue,
                body: isMeant ? said : Array("This is another server.\n".utf8))
        }
    }

    /// Takes in which servers there are now. Any thread.
    package func update(_ servers: [AnnouncedServer]) {
        let owners = LedgerOwners(servers)
        state.withLock { $0.owners = owners }
    }

    /// Whether the links to the server are still of use; if not, they are forgotten, and are to be closed.
    private func keeps(_ place: Place) -> Bool {
        state.withLock { state in
            if state.owners.contains(place.server) { return true }
            state.links[place] = nil
            return false
        }
    }

    /// The way to the server that shall write to the realm, as far as it is another one that can be reached now.
    ///
    /// - Parameter eventLoop: the one that this is called on.
    func links(for realm: ULID, on eventLoop: any EventLoop) -> ServerLinks? {
        let links: NIOLoopBound<ServerLinks>? = state.withLock { state in
            guard let owner = state.owners.owner(of: realm), owner.id != own else { return nil }
            let place = Place(eventLoop: ObjectIdentifier(eventLoop), server: owner.id)
            if let links = state.links[place] { return links }
            guard let address = ServerAddress(owner.address) else { return nil }
            let links = NIOLoopBound(
                ServerLinks(
                    to: owner.id.text, at: address, proof: proof(owner.id), on: eventLoop
                ) { [weak self] in
                    self?.keeps(place) ?? false
                }, eventLoop: eventLoop)
            state.links[place] = links
            return links
        }
        guard let links, links.value.isReachable else { return nil }
        return links.value
    }
}

extension Gateway {
    /// Hands the request on, if that is of use and can be done: a write to a ledger that other servers write to as
    /// well, which one of them owns. Whatever comes of it, the request is answered: when nothing is heard of the other
    /// server, it is decided here under its idempotency key, which settles what the other may have done.
    ///
    /// - Parameter admit: decides the request here.
    /// - Returns: false when the request is not handed on.
    func handOn(
        _ exchange: GatewayExchange, _ key: ActiveKey, _ operation: APIOperation,
        otherwise admit: @escaping @Sendable (GatewayExchange) -> Void
    ) -> Bool {
        guard let handingOn, !exchange.isHandedOn, operation.description.idempotency != .none,
            operation.scope != .webhooksManage, let ledger = engine.openRealm(key.key.realm.id), ledger.isContended,
            let links = handingOn.links(for: key.key.realm.id, on: exchange.slot.eventLoop)
        else { return false }
        var exchange = exchange
        switch (exchange.request.headers["idempotency-key"].count, operation.description.idempotency) {
        case (1, _): break
        // A key of our own, so that it is done once, whoever does it.
        case (0, .optional): exchange.request.headers.add(name: "idempotency-key", value: RequestID.fresh())
        default: return false
        }
        exchange.key = key
        let handed = exchange
        links.hand(handed.request, requestID: handed.requestID) { [metrics] response in
            // A server that does not know the key yet, or has lost the database, is not the last word.
            if let response, response.status != 401, response.status != 503 {
                metrics.handedOn.increment()
                return handed.relay(response)
            }
            links.failed()
            metrics.takenBack.increment()
            admit(handed)
        }
        return true
    }
}
