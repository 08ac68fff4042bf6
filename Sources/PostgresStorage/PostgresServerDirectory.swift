public import LedgerCore
public import LedgerStorage

/// The servers that run over the database, as they say themselves.
public struct PostgresServerDirectory: ServerDirectory {
    private let pool: ConnectionPool
    private let context: RealmContext
    private let key: RealmSealKey

    private static let announce = SQL(
        "announce_server", "SELECT found, place FROM bincard.announce_server($1, $2, $3, $4)")

    private static let leave = SQL("leave_server", "DELETE FROM bincard.server WHERE realm = $1 AND id = $2")

    init(pool: ConnectionPool, context: RealmContext, key: RealmSealKey) {
        self.pool = pool
        self.context = context
        self.key = key
    }

    public func proof(of server: ULID) -> String { key.proof(of: server) }

    public func announce(_ server: AnnouncedServer) throws(StoreError) -> [AnnouncedServer] {
        var parameters = context.sealedParameters
        parameters.add(server.id)
        parameters.add(server.address)
        let rows = try pool.write("tell other servers of this one", [Statement(Self.announce, parameters)])[0]
        var servers: [AnnouncedServer] = []
        for row in rows.rows { servers.append(AnnouncedServer(id: try row.id(0), address: row.text(1))) }
        return servers
    }

    public func leave(_ server: ULID) throws(StoreError) {
        var parameters = context.parameters
        parameters.add(server)
        _ = try pool.write(
            "tell other servers of the end of this one",
            [
                Statement(CommitStatements.begin), context.entering, Statement(Self.leave, parameters),
                Statement(CommitStatements.commit),
            ])
    }
}
