package import HTTPInterface

/// The Linkit API: `/api/v1` (contracts, *Linkit*).
package enum LinkitAPI {
    /// Where its paths begin.
    package static let base = "/api/v1"

    /// Its operations as values, in the order of its document.
    package static let operations: [APIOperation] = []
}
