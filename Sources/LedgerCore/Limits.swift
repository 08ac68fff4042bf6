/// The ranges that the ledger promises, in one place. A command outside them is refused, never clamped.
public enum Limits {
    /// Largest magnitude of a quantity in a request, in base units (contracts, *All four*).
    public static let quantity: Int64 = 1_000_000_000_000
    /// Largest magnitude of what is on hand, in base units: the integers that a JSON reader with doubles keeps exactly.
    public static let onHand: Int64 = 9_007_199_254_740_991
    /// Largest unit cost or price, in micro-units: 10¹² of the currency.
    public static let money: Int64 = 1_000_000_000_000_000_000
    /// Most decimals that an item's unit may have.
    public static let scale: UInt8 = 6
    /// Most webhook endpoints that a realm may have at a time.
    public static let webhooks = 1_000
    /// Most secrets that sign for an endpoint at a time, the present one included.
    public static let webhookSecrets = 4
}
