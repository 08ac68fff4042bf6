package import NIOCore

/// Who a connection leads to: connections to the same origin can stand in for each other.
package struct Origin: Hashable, Sendable {
    package var scheme: WebhookURL.Scheme
    package var host: WebhookURL.Host
    package var port: Int

    package init(_ url: WebhookURL) {
        scheme = url.scheme
        host = url.host
        port = url.port
    }
}

/// Connections that wait for a request, by origin. The one that has waited least is used first, so that the others
/// grow old and go.
package struct IdleConnections<Connection: AnyObject> {
    private struct Entry {
        var connection: Connection
        var until: NIODeadline
    }

    /// In each list the oldest first: they end in the order in which they came.
    private var entries: [Origin: [Entry]] = [:]
    package private(set) var count = 0
    private let maximum: Int
    private let idleTime: TimeAmount

    package init(maximum: Int, idleTime: TimeAmount) {
        self.maximum = maximum
        self.idleTime = idleTime
    }

    /// Keeps a connection.
    ///
    /// - Returns: the one that has to go for it, which may be itself.
    package mutating func put(_ connection: Connection, _ origin: Origin, at now: NIODeadline) -> Connection? {
        guard maximum > 0 else { return connection }
        entries[origin, default: []].append(Entry(connection: connection, until: now + idleTime))
        count += 1
        guard count > maximum else { return nil }
        let oldest = entries.min {
            ($0.value.first?.until ?? .distantFuture) < ($1.value.first?.until ?? .distantFuture)
        }
        guard let oldest, let entry = oldest.value.first else { return nil }
        remove(entry.connection, oldest.key)
        return entry.connection
    }

    /// A connection to that origin, no longer idle.
    package mutating func take(_ origin: Origin, at now: NIODeadline) -> Connection? {
        // The last one has the most time left; when it has none, no other one has.
        guard let last = entries[origin]?.last, last.until > now else { return nil }
        remove(last.connection, origin)
        return last.connection
    }

    /// Forgets a connection, if it is here.
    package mutating func remove(_ connection: Connection, _ origin: Origin) {
        guard let index = entries[origin]?.lastIndex(where: { $0.connection === connection }) else { return }
        entries[origin]?.remove(at: index)
        if entries[origin]?.isEmpty ?? false { entries[origin] = nil }
        count -= 1
    }

    /// Forgets those whose time is up.
    package mutating func removeExpired(at now: NIODeadline) -> [Connection] {
        var expired: [Connection] = []
        for (origin, list) in entries {
            let due = list.prefix { $0.until <= now }
            if due.isEmpty { continue }
            expired += due.map(\.connection)
            entries[origin] = due.count == list.count ? nil : Array(list.dropFirst(due.count))
        }
        count -= expired.count
        return expired
    }

    /// Forgets all of them.
    package mutating func removeAll() -> [Connection] {
        defer {
            entries = [:]
            count = 0
        }
        return entries.values.flatMap { $0.map(\.connection) }
    }

    /// When the next one's time is up; nil when there is none.
    package var nextExpiry: NIODeadline? { entries.values.compactMap { $0.first?.until }.min() }
}
