import HTTPInterface
import LedgerCore
import LedgerStorage
import Logging
import Synchronization

/// What this server has to do with the others of its database: it says that it is there, and learns who else is, so
/// that writes to a ledger can be handed on to the one that owns it.
final class FellowServers: Sendable {
    let handingOn: HandingOn
    private let directory: any ServerDirectory
    private let logger: Logger
    private let announcing = Mutex<PeriodicThread?>(nil)

    init(_ directory: any ServerDirectory, logger: Logger) {
        self.directory = directory
        self.logger = logger
        handingOn = HandingOn(own: Administration.freshID()) { directory.proof(of: $0) }
    }

    /// Begins to announce the server, once it listens.
    ///
    /// - Parameters:
    ///   - advertise: the setting: `auto`, or the URL at which the others reach it.
    ///   - host: where it listens. Where that is every address, nobody can be told one.
    func start(advertise: String, host: String, port: Int) {
        let wildcards = ["0.0.0.0", "::", "*", ""]
        guard advertise != "auto" || !wildcards.contains(host) else {
            logger.notice(
                "other servers of the database can't be told where this one is, so that each decides its own writes",
                metadata: ["set": "advertise, such as http://10.0.0.5:\(port)"])
            return
        }
        let address = advertise == "auto" ? "\(ServerAddress(host: host, port: port))" : advertise
        let server = AnnouncedServer(id: handingOn.own, address: address)
        announcing.withLock { announcing in
            guard announcing == nil else { return }
            announcing = PeriodicThread(everyMilliseconds: 1_000) { [weak self] in self?.announce(server) }
        }
        announcing.withLock { $0 }?.wake()
    }

    private func announce(_ server: AnnouncedServer) {
        do {
            handingOn.update(try directory.announce(server))
        } catch {
            // Who was there last still counts; whether they can be reached shows when they are.
            logger.debug("other servers can't be asked for", metadata: ["error": "\(error)"])
        }
    }

    /// Says that the server is going. Blocks.
    func stop() {
        let thread = announcing.withLock { announcing in
            defer { announcing = nil }
            return announcing
        }
        guard let thread else { return }
        thread.stop()
        try? directory.leave(handingOn.own)
    }
}
