package import LedgerStorage

extension PostgresDatabase {
    /// Runs one statement on a connection of the pool, in a transaction of its own, as something would run that was
    /// smuggled into a statement of a store: what such a thing can leave behind is tested with it. Blocks.
    ///
    /// - Returns: the first column of the first row, which must be text; nil for no row or NULL.
    @discardableResult
    package func run(alone text: String) throws(StoreError) -> String? {
        do throws(PostgresFailure) {
            return try pool.once { (connection) throws(PostgresFailure) in
                guard let row = try connection.run(SQL(text)).first, !row.isNull(0) else { return nil }
                return row.text(0)
            }
        } catch {
            throw error.storeError("run a statement")
        }
    }
}
