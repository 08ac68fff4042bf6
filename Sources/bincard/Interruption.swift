import Foundation

/// Work that goes on until somebody presses Ctrl-C.
enum Interruption {
    /// Runs the work until it ends by itself. On SIGINT or SIGTERM it is cancelled, and nil is returned once it has
    /// ended; a second signal ends the process at once.
    static func cancels<Result: Sendable>(
        _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        let task = Task { try await work() }
        let sources = [SIGINT, SIGTERM].map { number in
            // The source sees the signal only when it does not end the process first.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                signal(number, SIG_DFL)
                task.cancel()
            }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        do {
            return try await task.value
        } catch  where task.isCancelled {
            return nil
        }
    }
}
