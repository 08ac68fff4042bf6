import LedgerStorage

/// The pages of stored answers that were written or read last: a client that retries, or an import that is run again,
/// asks for neighbours. Used by the realm's writer thread alone.
struct PageCache {
    private static let capacity = 16
    private var pages: [IdempotencyPage] = []

    mutating func keep(_ page: IdempotencyPage) {
        if pages.count == PageCache.capacity { pages.removeFirst() }
        pages.append(page)
    }

    mutating func page(_ number: UInt64, from store: any RealmStore) throws(StoreError) -> IdempotencyPage? {
        if let page = pages.last(where: { $0.number == number }) { return page }
        guard let page = try store.idempotencyPage(number) else { return nil }
        keep(page)
        return page
    }
}
