import Foundation
import HTTPInterface
import LedgerCore
import LedgerStorage
import SQLiteStorage

/// Something that `bincard doctor` looked at.
package struct Finding: Sendable {
    /// Whether somebody has to do something.
    package enum Severity: String, Sendable {
        case fine
        case warning
        case problem
    }

    package var severity: Severity
    package var what: String
    /// What to do about it.
    package var advice: String?
}

extension Administration {
    /// Looks at the directory, the disk, the databases and the limits of the process. Blocks.
    package func examine() -> [Finding] {
        if case .database(let conninfo, _) = place { return [descriptors, server] + examine(conninfo) }
        guard directory.exists else {
            return [
                Finding(
                    severity: .warning, what: "there is no installation in \(path) yet",
                    advice: "`bincard serve` makes one.")
            ]
        }
        var findings: [Finding] = []
        findings.append(rights)
        findings.append(contentsOf: disk)
        findings.append(descriptors)
        findings.append(server)
        findings.append(contentsOf: databases)
        return findings
    }

    private var rights: Finding {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue ?? 0
        guard access(path, W_OK | X_OK) == 0 else {
            return Finding(
                severity: .problem, what: "\(path) can't be written", advice: "Give it to the user that serves.")
        }
        guard mode & 0o077 == 0 else {
            return Finding(
                severity: .warning, what: "\(path) can be read by others (mode \(String(mode, radix: 8)))",
                advice: "chmod 700 \(path): it holds the hashes of keys and the tenants' stock.")
        }
        return Finding(severity: .fine, what: "\(path) belongs to this user alone")
    }

    private var disk: [Finding] {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: path)
        let free = (attributes?[.systemFreeSize] as? NSNumber)?.int64Value ?? 0
        let space =
            free < 1 << 30
            ? Finding(
                severity: .warning, what: "\(free >> 20) MiB are free on the disk", advice: "Keep 1 GiB or more free.")
            : Finding(severity: .fine, what: "\(free >> 30) GiB are free on the disk")
        guard let time = syncTime else {
            return [
                space, Finding(severity: .problem, what: "a file in \(path) can't be written and synced", advice: nil),
            ]
        }
        let milliseconds = String(format: "%.2f", Double(time) / 1_000_000)
        let speed =
            time > 20_000_000
            ? Finding(
                severity: .warning, what: "an fsync takes \(milliseconds) ms",
                advice: "Every write waits for one. A disk with a power-safe cache is faster.")
            : Finding(severity: .fine, what: "an fsync takes \(milliseconds) ms")
        return [space, speed]
    }

    /// Median time of a small write and its fsync in the data directory, in nanoseconds; nil when it fails.
    package var syncTime: UInt64? {
        let file = path + "/.sync-probe"
        let descriptor = open(file, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        defer {
            close(descriptor)
            unlink(file)
        }
        let page = [UInt8](repeating: 1, count: 4_096)
        var times: [UInt64] = []
        for _ in 0..<51 {
            let start = RequestClock.monotonic()
            guard write(descriptor, page, page.count) == page.count, fsync(descriptor) == 0 else { return nil }
            times.append(RequestClock.monotonic() &- start)
        }
        return times.sorted()[times.count / 2]
    }

    private var descriptors: Finding {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return limit.rlim_cur < 4_096
            ? Finding(
                severity: .warning, what: "the process may open \(limit.rlim_cur) files",
                advice: "ulimit -n 65536: each connection and each ledger needs some.")
            : Finding(severity: .fine, what: "the process may open \(limit.rlim_cur) files")
    }

    private var server: Finding {
        if let note = runningServer {
            return Finding(severity: .fine, what: "a server (pid \(note.pid)) listens on \(note.url)")
        }
        return Finding(severity: .fine, what: "no server runs on this data")
    }

    private var databases: [Finding] {
        var ledgers = LedgerFindings()
        do throws(StoreError) {
            for realm in try realms() { examine(realm, &ledgers) }
        } catch {
            return [Finding(severity: .problem, what: error.explanation, advice: Self.damage)]
        }
        return ledgers.all
    }

    private static let damage = "`bincard verify` says more; restore a backup if it must be."

    private func examine(_ realm: Realm, _ ledgers: inout LedgerFindings) {
        do throws(StoreError) {
            let store = try directory.openRealmForReading(realm)
            defer { store.close() }
            let opened = try store.open()
            ledgers.add(
                realm, entries: opened.head.head.seq, appliedSeq: opened.appliedSeq,
                [examineSecrets(of: opened.webhooks, in: realm)].compactMap(\.self))
        } catch .notFound {
            ledgers.add(realm, entries: nil, appliedSeq: 0, [])
        } catch {
            ledgers.add(
                realm, entries: nil, appliedSeq: 0,
                [Finding(severity: .problem, what: error.explanation, advice: Self.damage)])
        }
    }
}
