package import LedgerStorage

/// Why ledgers were not copied to their end, for a person.
package struct TransferFailure: Error, CustomStringConvertible {
    package var failure: CopyFailure
    var realm: Realm?
    var source: String
    var target: String

    package var description: String {
        let name = realm.map { "\($0.tenant) \($0.mode.rawValue): " } ?? ""
        return name + reason
    }

    private var reason: String {
        switch failure {
        case .source(let error): "\(source): \(error.explanation)"
        case .target(let error): "\(target): \(error.explanation)"
        case .otherHistory(let targetHead, let sourceHead):
            """
            \(target) holds another ledger (\(targetHead) entries) than \(source) (\(sourceHead) entries). Nothing was \
            changed; copy into an empty place
            """
        case .targetIsAhead(let targetHead, let sourceHead):
            """
            \(target) has gone on: it has \(targetHead) entries, \(source) only the first \(sourceHead) of them. \
            Nothing was changed; to go back, copy the other way round
            """
        case .targetInUse:
            """
            somebody else writes to \(target). Stop its servers and run the same command again: it goes on from here
            """
        case .nameTaken(let detail): "\(detail). Nothing was changed; copy into another place"
        case .damaged(let problem):
            """
            the copy is not a right ledger\(problem.seq.map { " at entry \($0)" } ?? ""): \(problem.what.rawValue): \
            \(problem.detail). `bincard verify` on the source says whether it is damaged; its keys were not let in
            """
        case .differs(let detail):
            """
            the copy is not what the source is: \(detail). Stop the servers of both and run the same command again
            """
        }
    }
}

extension StoreError {
    /// What is wrong and what to do, in a sentence.
    package var explanation: String {
        switch self {
        case .failed(let operation, let detail): "\(operation) failed: \(detail)"
        case .full(let detail): "the disk is full: \(detail). Free some room and try again"
        case .corrupt(let seq, let detail):
            """
            the data is damaged\(seq.map { " at entry \($0)" } ?? ""): \(detail). Restore a backup; `bincard \
            verify` says more
            """
        case .inUse(let path, let holder): "\(path) is in use by \(holder). Stop that server, or use another --data"
        case .notWritable(let path, let detail):
            "\(path) can't be written: \(detail). Check owner and rights, or use another --data"
        case .schemaTooNew(let found, let known):
            "the data has schema \(found), this version knows up to \(known). Use the newer bincard that wrote it"
        case .notDurable(let detail): "the database does not promise durable commits: \(detail)"
        case .notFound(let what): "there is no \(what)"
        case .unavailable(let detail, _): "the database is not available: \(detail)"
        }
    }
}
