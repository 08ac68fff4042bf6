extension DeliveryUnit {
    /// Checks what a store relies on, before anything is written.
    ///
    /// - Throws: `StoreError.corrupt` for a page without deliveries, out of order or too wide: a mistake of the caller,
    ///   after which the store stays usable.
    public func checkPages() throws(StoreError) {
        for page in pages {
            guard let first = page.deliveries.first?.seq, let last = page.deliveries.last?.seq else {
                throw .corrupt(seq: nil, detail: "a page without deliveries")
            }
            guard zip(page.deliveries, page.deliveries.dropFirst()).allSatisfy({ $0.seq <= $1.seq }),
                last - first < DeliveryPage.maximumSpan
            else { throw .corrupt(seq: first, detail: "a page of deliveries from \(first) to \(last)") }
        }
    }
}
