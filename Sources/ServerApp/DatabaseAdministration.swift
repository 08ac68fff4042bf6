import Foundation
package import LedgerStorage
import PostgresStorage
import SQLiteStorage

/// What the owner of a PostgreSQL does to it for Bincard.
package struct DatabaseAdministration: Sendable {
    private let conninfo: String
    private let directory: DataDirectory

    /// - Parameters:
    ///   - conninfo: of a role that may create schemas.
    ///   - data: the data directory, where the key to the database is kept.
    package init(conninfo: String, data: String) {
        self.conninfo = conninfo
        directory = DataDirectory(path: data)
    }

    /// What a migration has done.
    package struct Migration: Sendable {
        package var from: Int
        package var to: Int
        package var serverRole: String
        package var madeRole: Bool
        /// Where the key is that servers need.
        package var keyPath: String
        /// Into how many shards a Citus has divided the tables; nil when none has.
        package var shards: Int?
    }

    /// Brings the schema up to date, lets the server's role in, and keeps the key. Blocks.
    ///
    /// - Parameters:
    ///   - password: of the server's role when it is made now.
    ///   - citus: whether the tables are to be spread over the nodes of a Citus, where they are not yet.
    ///   - shards: into how many parts; nil for what is there, or 32.
    ///   - replacesKey: whether another key that the database knows gives way to the directory's, or to a new one.
    ///   - progress: told how far a step is that takes its time.
    /// - Throws: `StoreError` with what to do.
    package func migrate(
        serverRole: String, password: String?, replacesKey: Bool = false, citus: Bool = false, shards: Int? = nil,
        progress: @escaping (_ step: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
    ) throws(StoreError) -> Migration {
        let known = try DatabaseKey.find(directory)
        let fresh = known == nil ? try DatabaseKey.make() : nil
        guard let key = known ?? fresh?.key else { throw .failed(operation: "make a key", detail: "there is none") }
        let report: PostgresAdministration.Report
        do throws(StoreError) {
            report = try PostgresAdministration(conninfo: conninfo).migrate(
                serverRole: serverRole, password: password, sealKey: key, replacesKey: replacesKey,
                distribution: citus ? .citus(shards: shards) : .asItIs,
                keep: { () throws(StoreError) in
                    if let fresh { try DatabaseKey.keep(fresh.text, in: directory) }
                }, progress: progress)
        } catch {
            // Another process has made and kept the directory's key while this one waited for its turn.
            guard known == nil, !replacesKey, try DatabaseKey.find(directory) != nil else { throw error }
            return try migrate(
                serverRole: serverRole, password: password, citus: citus, shards: shards, progress: progress)
        }
        return Migration(
            from: report.from, to: report.to, serverRole: report.serverRole, madeRole: report.madeRole,
            keyPath: DatabaseKey.path(directory), shards: report.shards)
    }
}
