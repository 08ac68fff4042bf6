public import LedgerCore

/// Copies what says who may use a realm: its name, its keys, and the secret of the installation. A realm that is not
/// registered can't be used, so this comes last, when its ledger is there.
public struct ControlCopy {
    private let source: any ControlStore
    private let target: any ControlStore

    public init(from source: any ControlStore, to target: any ControlStore) {
        self.source = source
        self.target = target
    }

    /// Before anything is copied.
    /// - Throws: `CopyFailure.nameTaken` when the target has another ledger under the realm's name.
    public func check(_ realm: Realm) throws(CopyFailure) {
        let realms = try writing { () throws(StoreError) in try target.realms() }
        for other in realms where other != realm {
            if other.tenant == realm.tenant, other.mode == realm.mode {
                throw .nameTaken(
                    detail: "the target has a ledger of its own for \(realm.tenant) \(realm.mode.rawValue)")
            }
            if other.id == realm.id {
                throw .nameTaken(
                    detail: "in the target, the ledger of \(realm.tenant) \(realm.mode.rawValue) is that of "
                        + "\(other.tenant) \(other.mode.rawValue)")
            }
        }
    }

    /// The secret that seals cursors, so that those which clients hold stay valid.
    /// - Returns: false when the target has one of its own, which it keeps.
    public func copySecret(make: () -> [UInt8]) throws(CopyFailure) -> Bool {
        let secret = try reading { () throws(StoreError) in try source.installationSecret(make: make) }
        let kept = try writing { () throws(StoreError) in try target.installationSecret { secret } }
        return ConstantTime.areEqual(kept, secret)
    }

    /// The realm under its id, and its keys as they are now, also those that have ended.
    /// - Returns: how many keys were new.
    public func register(_ realm: Realm, at now: Instant) throws(CopyFailure) -> Int {
        let registered = try writing { () throws(StoreError) in
            try target.realm(tenant: realm.tenant, mode: realm.mode, at: now) { realm.id }
        }
        if registered != realm { try check(realm) }
        let keys = try reading { () throws(StoreError) in try source.keys(tenant: realm.tenant) }
        var added = 0
        for key in keys where key.realm == realm {
            let known = try writing { () throws(StoreError) in try target.key(key.id) }
            guard let known else {
                try writing { () throws(StoreError) in try target.insert(key) }
                added += 1
                continue
            }
            guard ConstantTime.areEqual(known.secretHash, key.secretHash), known.realm == realm else {
                throw .nameTaken(detail: "key_\(key.id.text) is another key in the target")
            }
            if let end = key.expiresAt, known.expiresAt != end {
                _ = try writing { () throws(StoreError) in try target.setExpiry(of: key.id, to: end) }
            }
        }
        return added
    }
}
