import GRDB
public import LedgerCore
public import LedgerStorage

extension SQLiteDeliveryStore {
    public func open() throws(StoreError) -> OpenedDeliveries {
        try read("open the deliveries") { db in
            OpenedDeliveries(
                controlSeq: try DeliveryLaneStatements.controlSeq(db), lanes: try DeliveryLaneStatements.lanes(db),
                health: try DeliveryLaneStatements.health(db), pending: try DeliveryStatements.pending(db))
        }
    }

    public func deliveries(_ query: DeliveryQuery) throws(StoreError) -> [ExceptionalDelivery] {
        try read("list deliveries") { try DeliveryStatements.deliveries(query, $0) }
    }

    public func delivery(_ id: DeliveryID) throws(StoreError) -> ExceptionalDelivery? {
        try read("read a delivery") { try DeliveryStatements.delivery(id, $0) }
    }

    public func attempts(of id: DeliveryID) throws(StoreError) -> [DeliveryAttempt] {
        try read("read attempts") { try DeliveryStatements.attempts(of: id, $0) }
    }

    public func deadSeqs(
        of webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int
    ) throws(StoreError) -> [UInt64] {
        try read("list dead letters") { try DeliveryStatements.deadSeqs(of: webhook, in: seqs, limit: limit, $0) }
    }

    public func counts(of webhook: WebhookNumber) throws(StoreError) -> (pending: Int, dead: Int) {
        try read("count deliveries") { db in
            (
                try DeliveryStatements.count(of: webhook, .pending, db),
                try DeliveryStatements.count(of: webhook, .dead, db)
            )
        }
    }

    public func firstDeliveries(
        to webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int
    ) throws(StoreError) -> (deliveries: [FirstDelivery], searchedFrom: UInt64) {
        try read("read delivered events") {
            try DeliveryPageStatements.deliveries(to: webhook, in: seqs, limit: limit, $0)
        }
    }

    public func pages(
        after number: Int64, limit: Int
    ) throws(StoreError) -> [(number: Int64, page: DeliveryPage)] {
        try read("read pages of deliveries") { try DeliveryPageStatements.pages(after: number, limit: limit, $0) }
    }

    /// A read in one transaction: everything in it belongs to the same moment.
    private func read<Value>(
        _ operation: @autoclosure () -> String, _ body: (Database) throws -> Value
    ) throws(StoreError) -> Value {
        try SQLiteFailure.translating(operation()) { try reader.read(body) }
    }
}
