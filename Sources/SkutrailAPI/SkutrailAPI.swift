package import HTTPInterface

/// The Skutrail API: `/v1` (contracts, *Skutrail*), and the journal's own reads beside it.
package enum SkutrailAPI {
    /// Its operations as values, in the order of its document.
    package static let operations: [APIOperation] =
        ledgerOperations + balanceOperations + eventOperations + webhookOperations
}
