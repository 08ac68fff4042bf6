internal import Foundation
import LedgerStorage
import Synchronization

/// Says that this process alone writes to the realms of a data directory. The kernel gives it back when the process
/// ends, however it ends.
public final class DirectoryLock: Sendable {
    /// -1 once it is released.
    private let descriptor: Atomic<Int32>

    /// - Throws: `StoreError.inUse` with who holds it, `StoreError.notWritable`.
    init(path: String) throws(StoreError) {
        let file = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .notWritable(path: path, detail: String(cString: strerror(errno))) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            let holder = Self.holder(file)
            Foundation.close(file)
            guard reason == EWOULDBLOCK else {
                throw .notWritable(path: path, detail: String(cString: strerror(reason)))
            }
            throw .inUse(path: path, holder: holder)
        }
        let holder = "pid \(getpid()) on \(ProcessInfo.processInfo.hostName)\n"
        // What the file says is for people; that it is locked is what counts.
        _ = ftruncate(file, 0)
        _ = holder.withCString { pwrite(file, $0, strlen($0), 0) }
        descriptor = Atomic(file)
    }

    deinit { release() }

    /// Lets another process in. A second call does nothing.
    public func release() {
        let file = descriptor.exchange(-1, ordering: .sequentiallyConsistent)
        if file >= 0 { Foundation.close(file) }
    }

    var isHeld: Bool { descriptor.load(ordering: .sequentiallyConsistent) >= 0 }

    private static func holder(_ file: Int32) -> String {
        var text = [UInt8](repeating: 0, count: 256)
        let count = pread(file, &text, text.count, 0)
        let line = String(decoding: text.prefix(max(0, count)), as: UTF8.self)
        let holder = line.trimmingCharacters(in: .whitespacesAndNewlines)
        return holder.isEmpty ? "another process" : holder
    }
}
