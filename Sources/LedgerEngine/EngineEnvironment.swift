package import LedgerCore
package import LedgerStorage

/// How a command is decided on a state. Pure.
package typealias DecideCommand = @Sendable (Command, LedgerState, Moment) throws(Rejection) -> Decision

/// What the engine needs from outside: leaf effects as closures, and its limits. Tests inject their own clock and
/// chance.
package struct EngineEnvironment: Sendable {
    /// What the clock says. May jump; the ledger labels never go back.
    package var now: @Sendable () -> Instant
    /// Nanoseconds of a clock that only goes forward.
    package var steady: @Sendable () -> UInt64
    /// 80 random bits.
    package var random: @Sendable () -> (UInt16, UInt64)
    /// Called once when a commit's outcome is unknown or the store is corrupt: the process must end. Nothing of the
    /// batch, and nothing after it, is acknowledged.
    package var failStop: @Sendable (Realm, StoreError) -> Void
    package var observer: EngineObserver
    package var limits: EngineLimits
    /// The rules by which commands are decided: the core's. What tests the tests puts wrong ones here.
    package var decide: DecideCommand = { (command, state, moment) throws(Rejection) in
        try LedgerCore.decide(command, given: state, at: moment)
    }

    package init(
        now: @escaping @Sendable () -> Instant, steady: @escaping @Sendable () -> UInt64 = EngineEnvironment.uptime,
        random: @escaping @Sendable () -> (UInt16, UInt64),
        failStop: @escaping @Sendable (Realm, StoreError) -> Void, observer: EngineObserver = EngineObserver(),
        limits: EngineLimits = EngineLimits()
    ) {
        self.now = now
        self.steady = steady
        self.random = random
        self.failStop = failStop
        self.observer = observer
        self.limits = limits
    }

    /// The system's steady clock.
    package static let uptime: @Sendable () -> UInt64 = {
        let elapsed = beginning.duration(to: .now).components
        return UInt64(clamping: elapsed.seconds) &* 1_000_000_000
            &+ UInt64(clamping: elapsed.attoseconds / 1_000_000_000)
    }

    private static let beginning = ContinuousClock.now
}

/// Bounds of the engine's memory and of one commit.
package struct EngineLimits: Sendable {
    /// Commands that may wait in a realm's queue; beyond it a submission is `busy`.
    package var queuedCommands = 16_384
    /// Commands in one commit. A group is never divided, so that one may exceed it.
    package var commandsPerCommit = 2_048
    /// Stock levels kept in memory for each realm; the least recently written go first.
    package var levelsInMemory = 500_000
    /// Entries after which the projections are written behind the journal: what a crash makes the next start replay.
    package var entriesBetweenPasses: UInt64 = 50_000
    /// Rows of the projections written beside one commit.
    package var levelsPerCommit = 256
    /// Entries that one segment of the reference index covers.
    package var entriesPerReferenceSegment: UInt64 = 65_536

    package init() {}
}

/// Where the engine reports what it measures. Called on writer threads; must return at once.
package struct EngineObserver: Sendable {
    /// A batch was committed: how many commands it had, and how long the store's commit took, in nanoseconds.
    package var committed: @Sendable (_ commands: Int, _ nanoseconds: UInt64) -> Void
    /// A realm was opened; before anybody may use it. Called on a reader thread.
    package var opened: @Sendable (RealmLedger) -> Void

    package init(
        committed: @escaping @Sendable (Int, UInt64) -> Void = { _, _ in },
        opened: @escaping @Sendable (RealmLedger) -> Void = { _ in }
    ) {
        self.committed = committed
        self.opened = opened
    }
}
