package import LedgerCore

/// Now, by both clocks.
package struct DeliveryTime: Hashable, Sendable {
    /// What the calendar says: for everything that outlives the process. It may jump.
    package var wall: Instant
    /// Milliseconds of a clock that only goes forward, from an arbitrary beginning: for everything else.
    package var steady: Int64

    package init(wall: Instant, steady: Int64) {
        self.wall = wall
        self.steady = steady
    }
}
