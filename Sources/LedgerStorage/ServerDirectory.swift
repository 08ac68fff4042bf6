public import LedgerCore

/// A server that runs over a database that others run over too.
public struct AnnouncedServer: Hashable, Sendable {
    /// Made anew each time that it starts.
    public var id: ULID
    /// Where the others reach it: `http://host:port`.
    public var address: String

    public init(id: ULID, address: String) {
        self.id = id
        self.address = address
    }
}

/// Which servers run over a database.
public protocol ServerDirectory: Sendable {
    /// Says that the server is there, which is to be said again every second, and gives all that said so within the
    /// last five by the database's clock, this one too, in the order of their ids. Blocks.
    func announce(_ server: AnnouncedServer) throws(StoreError) -> [AnnouncedServer]

    /// What only a server of this database can say of the one with this id: how one tells another from a stranger at
    /// its address.
    func proof(of server: ULID) -> String

    /// Says that it is there no more. Blocks.
    func leave(_ server: ULID) throws(StoreError)
}
