import BlockingWork
package import LedgerEngine

extension Call {
    /// A write whose command depends on what must be read first; `prepare` runs on a thread that may block, once memory
    /// has everything that any server had acknowledged before the call.
    package func writeAfterReading(_ prepare: @escaping @Sendable () throws -> Submission) -> Reply {
        .deferredWrite { [ledger] complete in
            ledger.whenCurrent { error in
                if let error { return complete(.failure(error)) }
                let isRunning = ledger.readers.run { complete(Result { try prepare() }) }
                if !isRunning { complete(.failure(Refusal.busy)) }
            }
        }
    }
}
