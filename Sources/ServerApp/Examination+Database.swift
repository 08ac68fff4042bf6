import Foundation
import LedgerCore
import LedgerStorage
import PostgresStorage
import SQLiteStorage

/// What `bincard doctor` says of a PostgreSQL.
extension Administration {
    func examine(_ conninfo: String) -> [Finding] {
        var findings = keyFile
        let database: PostgresDatabase
        do throws(StoreError) {
            database = try PostgresDatabase(
                conninfo: conninfo, sealKey: try DatabaseKey.load(directory), connections: 4)
        } catch {
            return findings + [Finding(severity: .problem, what: error.explanation)]
        }
        defer { database.close() }
        do throws(StoreError) {
            let health = try database.examine { Administration.now }
            findings += Administration.findings(health)
            findings += try ledgers(of: database)
        } catch {
            findings.append(Finding(severity: .problem, what: error.explanation))
        }
        return findings
    }

    private var keyFile: [Finding] {
        if ProcessInfo.processInfo.environment[DatabaseKey.variable] != nil {
            return [Finding(severity: .fine, what: "the key to the database is in \(DatabaseKey.variable)")]
        }
        let path = DatabaseKey.path(directory)
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return [] }
        let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
        guard mode & 0o077 == 0 else {
            return [
                Finding(
                    severity: .warning, what: "\(path) can be read by others (mode \(String(mode, radix: 8)))",
                    advice: "chmod 600 \(path): with it and the server's password all tenants can be read.")
            ]
        }
        return [Finding(severity: .fine, what: "the key to the database is in \(path), for this user alone")]
    }

    private static func findings(_ health: DatabaseHealth) -> [Finding] {
        let version = health.serverVersion
        var findings = [
            Finding(
                severity: .fine,
                what:
                    """
                    PostgreSQL \(version / 10_000).\(version % 10_000), schema step \(health.schemaStep), \
                    \(health.size >> 20) MiB; the key fits
                    """),
            Finding(
                severity: .fine,
                what: "the role \(health.role) owns nothing and can't lead around row-level security"),
            health.unfencedTables == 0
                ? Finding(severity: .fine, what: "row-level security is forced on every table of the schema")
                : Finding(
                    severity: .problem, what: "\(health.unfencedTables) tables lack forced row-level security",
                    advice: "Run `bincard db migrate` as the owner; find out who has changed them."),
        ]
        findings += [durability(health), connections(health), nodes(health), deadRows(health)].compactMap(\.self)
        findings.append(
            health.longestTransaction > 300
                ? Finding(
                    severity: .warning,
                    what: "a transaction of \(health.role) has been open for \(health.longestTransaction) s",
                    advice: "A copy or backup takes its time; anything else: look at pg_stat_activity.")
                : Finding(severity: .fine, what: "no transaction of \(health.role) is open for long"))
        let ahead = health.clockAhead
        findings.append(
            abs(ahead) > 500
                ? Finding(
                    severity: .warning,
                    what:
                        "the database's clock is \(abs(ahead)) ms \(ahead > 0 ? "ahead of" : "behind") this machine's",
                    advice: "Let NTP set both: entries bear the server's time, and never go back.")
                : Finding(severity: .fine, what: "the clocks agree within \(abs(ahead)) ms"))
        return findings
    }

    /// nil where a Citus has the tables: what is counted here are the empty ones of its coordinator.
    private static func deadRows(_ health: DatabaseHealth) -> Finding? {
        guard health.shards == nil else { return nil }
        let what = "\(health.deadHeads) dead rows beside \(health.liveHeads) heads of ledgers"
        return health.deadHeads > 10_000 && health.deadHeads > 20 * max(1, health.liveHeads)
            ? Finding(
                severity: .warning, what: what,
                advice: "Autovacuum does not keep up, or a long transaction holds it back: VACUUM bincard.head.")
            : Finding(severity: .fine, what: what)
    }

    /// Where the tables are, when they are not here.
    private static func nodes(_ health: DatabaseHealth) -> Finding? {
        guard let shards = health.shards else { return nil }
        return Finding(
            severity: .fine,
            what: "a Citus divides the tables into \(shards) shards; what is said of size and replicas is its "
                + "coordinator's",
            advice: "Look at each node's disk, replicas and autovacuum too. `bincard db migrate --citus` checks the "
                + "settings of all nodes, and lets servers in on one that was added.")
    }

    private static func durability(_ health: DatabaseHealth) -> Finding {
        let standby = health.standbyNames
        if standby.isEmpty {
            return Finding(
                severity: .fine,
                what:
                    """
                    commits are on the primary's disk when they are acknowledged (synchronous_commit = \
                    \(health.synchronousCommit)); \(health.walSenders) replicas follow, none is waited for
                    """,
                advice: health.walSenders == 0
                    ? nil
                    : "With a replica in synchronous_standby_names no acknowledged write is lost with the primary.")
        }
        guard health.walSenders > 0 else {
            return Finding(
                severity: .warning, what: "synchronous_standby_names is \(standby), and no replica is connected",
                advice: "Writes wait until one is: start it, or empty the setting.")
        }
        return Finding(
            severity: .fine,
            what: "commits wait for replicas too (\(standby); synchronous_commit = \(health.synchronousCommit))")
    }

    private static func connections(_ health: DatabaseHealth) -> Finding {
        let limit = health.roleLimit < 0 ? "" : ", the role may have \(health.roleLimit)"
        let what = "\(health.connections) of \(health.maxConnections) connections are used\(limit)"
        let isTight =
            health.connections * 10 > health.maxConnections * 8
            || health.roleLimit >= 0 && health.roleConnections * 10 > health.roleLimit * 8
        return isTight
            ? Finding(
                severity: .warning, what: what,
                advice: "Raise max_connections, lower database-connections, or put pgbouncer before it.")
            : Finding(severity: .fine, what: what)
    }

    private func ledgers(of database: PostgresDatabase) throws(StoreError) -> [Finding] {
        var ledgers = LedgerFindings()
        try database.glance(at: try database.openControl().realms()) { glance in
            var problems = [examineSecrets(of: glance.webhooks, in: glance.realm)].compactMap(\.self)
            if let entries = glance.entries, entries != glance.journalEnd {
                problems.append(
                    Finding(
                        severity: .problem,
                        what:
                            """
                            \(glance.realm.tenant) \(glance.realm.mode.rawValue): the head says \(entries), the \
                            journal ends at \(glance.journalEnd)
                            """,
                        advice: "`bincard verify` says more; restore a backup."))
            }
            ledgers.add(glance.realm, entries: glance.entries, appliedSeq: glance.appliedSeq, problems)
        }
        return ledgers.all
    }
}
