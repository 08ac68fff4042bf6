package import HTTPInterface

/// The Seller API: `/api/inventory` (contracts, *Seller*).
package enum SellerAPI {
    /// Where its paths begin.
    package static let base = "/api/inventory"

    /// Its operations as values, in the order of its document.
    package static let operations: [APIOperation] = []
}
