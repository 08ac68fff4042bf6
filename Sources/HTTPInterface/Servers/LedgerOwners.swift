package import LedgerCore
package import LedgerStorage

/// Which server decides the writes of a ledger that several are asked to write to. Each server finds the same owner by
/// itself, and where they don't agree for a moment, or the owner is gone, nothing is lost but time: whoever writes, the
/// database puts all writes in one order.
package struct LedgerOwners: Sendable {
    /// In the order of their ids.
    private let servers: [AnnouncedServer]

    package init(_ servers: [AnnouncedServer] = []) {
        self.servers = servers.sorted { $0.id < $1.id }
    }

    /// The server with the highest rank for the realm (rendezvous hashing): when one comes or goes, only ledgers that
    /// it gets or had change their owner. nil without servers.
    package func owner(of realm: ULID) -> AnnouncedServer? {
        var best: (rank: UInt64, server: AnnouncedServer)?
        for server in servers {
            let rank = LedgerOwners.rank(server.id, realm)
            if rank >= best?.rank ?? 0 { best = (rank, server) }
        }
        return best?.server
    }

    /// Whether it is one of them.
    package func contains(_ server: ULID) -> Bool { servers.contains { $0.id == server } }

    private static func rank(_ server: ULID, _ realm: ULID) -> UInt64 {
        func mixed(_ rank: UInt64, _ part: UInt64) -> UInt64 { ((rank ^ part) &+ 0x9E37_79B9_7F4A_7C15).scrambled }
        return mixed(mixed(mixed(mixed(0, server.high), server.low), realm.high), realm.low)
    }
}

/// Where a server listens.
package struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `http://host:port` or `http://host`; nil for anything else. An IPv6 address stands in brackets.
    package init?(_ url: String) {
        guard url.hasPrefix("http://") else { return nil }
        let rest = url.dropFirst(7)
        let end = rest.first == "[" ? rest.firstIndex(of: "]").map(rest.index(after:)) : nil
        let colon = rest[(end ?? rest.startIndex)...].firstIndex(of: ":")
        let name = rest[..<(colon ?? rest.endIndex)]
        let number = colon.map { rest[rest.index(after: $0)...] } ?? "80"
        guard let port = Int(number), (1...65_535).contains(port), number.allSatisfy(\.isNumber), !name.isEmpty,
            name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x40 && $0 != 0x3F && $0 != 0x23 })
        else { return nil }
        host = end == nil ? String(name) : String(name.dropFirst().dropLast())
        if host.isEmpty { return nil }
        self.port = port
    }

    /// As it is announced.
    package var description: String { host.contains(":") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)" }
}
