extension PostgresMigrations {
    /// How a step is carried out beside servers that go on writing. Those of the version before run until they are
    /// replaced: whatever a step changes, their statements and functions must still work after it.
    package enum Work: Hashable, Sendable {
        /// In one transaction with the steps around it, which waits for no lock longer than
        /// `MigrationPatience.lockTimeout` and begins anew when it had to: what queues behind it, and with it every
        /// write of that table, never waits longer. It holds its locks to its end, so it must be over in a moment: new
        /// tables, columns without a default that has to be computed, functions, constraints that are NOT VALID.
        /// Nothing in it reads or writes a table whole.
        case transaction

        /// `sql` is one `CREATE INDEX CONCURRENTLY`, which runs outside of any transaction and stops no write; the
        /// index has this name, in the schema `bincard`. One that was begun and left invalid, by an error or a kill, is
        /// removed first.
        case index(named: String)

        /// `sql` is one statement that fills some rows, run again and again, ledger by ledger, each time in a short
        /// transaction that is sealed for the ledger: the owner is fenced too. `$1` is the realm, `$2` a `text` that
        /// says where to go on (`from` at first), `$3` how many rows to look at, a `bigint`. It gives one row with the
        /// next `$2`, NULL when the ledger is through.
        ///
        /// Killed, it begins anew, so it leaves what is filled as it is. A step before it must see to it that whatever
        /// is written from then on, also by servers of the version before and to ledgers that are made meanwhile, is
        /// filled already: by a trigger or a constant default. Rows of ledgers that were removed are not visited.
        ///
        /// It goes by ranges of the primary key, so that the planner, which has no statistics, has no choice:
        ///
        ///     WITH batch AS (
        ///         SELECT max(key) AS last FROM (
        ///             SELECT key FROM bincard.stock_level WHERE realm = $1 AND key > $2::text::bigint
        ///             ORDER BY key LIMIT $3) AS k
        ///     ), filled AS (
        ///         UPDATE bincard.stock_level SET extra = … WHERE realm = $1 AND extra IS NULL
        ///             AND key > $2::text::bigint AND key <= (SELECT last FROM batch)
        ///     )
        ///     SELECT last::text FROM batch
        case backfill(from: String)
    }
}

/// How long a migration waits, and makes others wait.
package struct MigrationPatience: Sendable {
    /// Milliseconds that a transaction waits for a lock before it gives way to those behind it.
    package var lockTimeout = 100
    /// Milliseconds between two tries, at first; twice as many each time, up to two seconds.
    package var pause = 200
    /// Seconds after which a migration that gets no lock gives up.
    package var giveUp = 300
    /// Seconds that it waits for another migration to end.
    package var turn = 300
    /// Milliseconds that one transaction of a backfill should take.
    package var batch = 30

    package init() {}
}
