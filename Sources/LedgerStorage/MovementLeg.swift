public import LedgerCore

/// What a movement did at one level. A transfer has two legs, every other movement one.
public struct MovementLeg: Hashable, Sendable {
    public var level: LevelKey
    /// Base units that came (+) or went (−).
    public var quantity: Int64
    /// Micro-units that came (+) or went (−).
    public var valueChange: Int64
    /// See `Movement.variance`.
    public var variance: Int64
    /// The level's pool afterwards.
    public var after: CostPool
    /// Where the level's chain goes on.
    public var link: HistoryLink
}

extension Movement {
    /// The leg at `location`.
    public var sourceLeg: MovementLeg {
        MovementLeg(
            level: LevelKey(item: item, location: location), quantity: quantity, valueChange: valueChange,
            variance: variance, after: after, link: link)
    }

    /// The other leg of a transfer: it receives the magnitude of what the source gives.
    public var targetLeg: MovementLeg? {
        target.map {
            // The smallest Int64 has no negative; no ledger holds it, and the fold would expose it.
            MovementLeg(
                level: LevelKey(item: item, location: $0.location), quantity: 0 &- quantity,
                valueChange: $0.valueChange, variance: $0.variance, after: $0.after, link: $0.link)
        }
    }

    /// The leg at the level; nil when the movement did not touch it.
    public func leg(at level: LevelKey) -> MovementLeg? {
        guard level.item == item else { return nil }
        if level.location == location { return sourceLeg }
        return target?.location == level.location ? targetLeg : nil
    }
}
