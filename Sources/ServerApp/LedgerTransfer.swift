import Foundation
import LedgerCore
package import LedgerStorage

/// Copies ledgers, with their tenants and keys, from one place to another.
package struct LedgerTransfer: Sendable {
    private let from: LedgerPlace
    private let to: LedgerPlace

    package init(from: LedgerPlace, to: LedgerPlace) {
        self.from = from
        self.to = to
    }

    /// A realm that was copied.
    package struct CopiedRealm: Sendable {
        package var realm: Realm
        /// nil when nothing was ever written to it.
        package var report: RealmCopyReport?
        /// Keys that were new in the target.
        package var keys: Int
    }

    /// What was copied, and what somebody should know about it.
    package struct Result: Sendable {
        package var realms: [CopiedRealm] = []
        package var notes: [String] = []
    }

    /// Copies what the target does not have yet, proves it, and lets its keys in. Blocks.
    ///
    /// - Parameters:
    ///   - tenant: only this one's; nil for all.
    ///   - heads: where journals must end, by realm, before anything is copied; a backup's manifest says it.
    package func run(
        tenant: String? = nil, heads: [Realm: SealedHead] = [:],
        progress: @escaping (Realm, CopyStep, _ done: UInt64, _ total: UInt64) -> Void
    ) throws(TransferFailure) -> Result {
        let source = try opening(.source) { () throws(StoreError) in try from.open(.existing) }
        defer { source.close() }
        let target = try opening(.target) { () throws(StoreError) in try to.open(.writing) }
        defer { target.close() }
        let all = try opening(.source) { () throws(StoreError) in try source.control.realms() }
        let realms = all.filter { (tenant ?? $0.tenant) == $0.tenant }
        if let tenant, realms.isEmpty { throw failure(.source(.notFound("tenant \(tenant)")), nil) }
        let control = ControlCopy(from: source.control, to: target.control)
        var result = Result()
        do throws(CopyFailure) {
            for realm in realms { try control.check(realm) }
            let isSame = try control.copySecret { (0..<32).map { _ in UInt8.random(in: .min ... .max) } }
            if !isSame {
                result.notes.append(
                    "The target had a secret of its own: cursors (next pages) that the source gave out are not valid "
                        + "there. Clients begin such a list anew.")
            }
        } catch {
            throw failure(error, nil)
        }
        for realm in realms {
            do throws(CopyFailure) {
                result.realms.append(
                    try copy(realm, source, target, control, head: heads[realm]) { progress(realm, $0, $1, $2) })
            } catch {
                throw failure(error, realm)
            }
        }
        note(source, realms, &result)
        return result
    }

    private func copy(
        _ realm: Realm, _ source: any OpenedPlace, _ target: any OpenedPlace, _ control: ControlCopy,
        head: SealedHead?, _ progress: @escaping (CopyStep, UInt64, UInt64) -> Void
    ) throws(CopyFailure) -> CopiedRealm {
        var copied = CopiedRealm(realm: realm, report: nil, keys: 0)
        guard let store = try Self.reading({ () throws(StoreError) in try source.read(realm) }) else {
            if let head { throw .source(.corrupt(seq: head.head.seq, detail: "the ledger's file is missing")) }
            copied.keys = try control.register(realm, at: Administration.now)
            return copied
        }
        defer { store.close() }
        if let head { try Self.check(store, head) }
        let isKnown = try Self.writing { () throws(StoreError) in try target.control.realms() }.contains(realm)
        let copy = try Self.writing { () throws(StoreError) in try target.write(realm) }
        defer { copy.close() }
        let sent = try Self.reading { () throws(StoreError) in try source.readDeliveries(realm) }
        defer { sent?.close() }
        var deliveries: DeliveryCopy?
        var written: (any DeliveryStore)?
        defer { written?.close() }
        if let sent {
            let store = try Self.writing { () throws(StoreError) in try target.writeDeliveries(realm) }
            written = store
            try Self.writing { () throws(StoreError) in try Self.take(store) }
            deliveries = DeliveryCopy(from: sent, to: store)
        }
        copied.report = try RealmCopy(
            from: store, to: copy, deliveries: deliveries, isUnserved: !isKnown, progress: progress
        ).run()
        copied.keys = try control.register(realm, at: Administration.now)
        return copied
    }

    /// Seconds after which a lease that nobody renews has run out for certain.
    private static let leaseEnds = 12

    /// Takes the right to write the target's deliveries, before much is copied. A copy or a server that was killed has
    /// left it taken: then it runs out by itself. Whoever lives renews it, and its end moves.
    private static func take(_ store: any DeliveryStore) throws(StoreError) {
        let began = ContinuousClock.now
        var former: String?
        while true {
            do throws(StoreError) {
                _ = try store.open()
                return
            } catch {
                guard case .inUse(_, let holder) = error, former ?? holder == holder,
                    ContinuousClock.now - began < .seconds(leaseEnds)
                else { throw error }
                former = holder
            }
            usleep(100_000)
        }
    }

    private static func check(_ store: any RealmStore, _ head: SealedHead) throws(CopyFailure) {
        let found = try reading { () throws(StoreError) in try store.open() }.head
        guard found == head else {
            throw .source(
                .corrupt(
                    seq: head.head.seq,
                    detail: "the manifest says \(head.head.seq) \(head.hash.hex), the file \(found.head.seq) "
                        + found.hash.hex))
        }
    }

    /// Secrets of webhooks are encrypted by a key that lies beside the ledgers and not in them.
    private func note(_ source: any OpenedPlace, _ realms: [Realm], _ result: inout Result) {
        guard result.realms.contains(where: { $0.report?.deliveries != nil }) else { return }
        result.notes.append(
            "Webhook secrets are encrypted: copy secret.key of the source's data directory into that of each server "
                + "of the target, or set BINCARD_SECRET_KEY there.")
    }

    private enum Side { case source, target }

    private func opening<Value>(
        _ side: Side, _ body: () throws(StoreError) -> Value
    ) throws(TransferFailure) -> Value {
        do throws(StoreError) {
            return try body()
        } catch {
            throw failure(side == .source ? .source(error) : .target(error), nil)
        }
    }

    private func failure(_ failure: CopyFailure, _ realm: Realm?) -> TransferFailure {
        TransferFailure(failure: failure, realm: realm, source: from.shown, target: to.shown)
    }

    private static func reading<Value>(_ body: () throws(StoreError) -> Value) throws(CopyFailure) -> Value {
        do throws(StoreError) { return try body() } catch { throw .source(error) }
    }

    private static func writing<Value>(_ body: () throws(StoreError) -> Value) throws(CopyFailure) -> Value {
        do throws(StoreError) { return try body() } catch { throw .target(error) }
    }
}
