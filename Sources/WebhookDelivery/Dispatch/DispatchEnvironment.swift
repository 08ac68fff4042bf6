package import LedgerCore
package import Logging
package import NIOCore

/// What dispatchers need from outside: leaf effects as closures.
package struct DispatchEnvironment: Sendable {
    /// What the calendar says.
    package var now: @Sendable () -> Instant
    /// Nanoseconds of a clock that only goes forward.
    package var steady: @Sendable () -> UInt64
    /// The seed of the chance that spreads retries.
    package var seed: @Sendable () -> UInt64
    package var vault: SecretVault
    package var policy: AddressPolicy
    package var resolver: HostResolver
    package var client: DeliveryClientConfiguration
    package var limits = DeliveryMachine.Limits()
    /// When a store of deliveries that has failed is opened again.
    package var reopening = Reopening.Pauses()
    /// How long one attempt may take, from the look-up of the name to the end of the answer.
    package var timeout = TimeAmount.seconds(15)
    /// Attempts under way in this process; beyond it they wait in order.
    package var attemptsUnderWay = 1_024
    /// How long a stop waits for what is under way.
    package var stopGrace = TimeAmount.seconds(5)
    package var observer = DeliveryObserver()
    package var logger: Logger
    /// What sends, made on the event loop that it belongs to: the HTTP client. A simulation has a network of its own.
    package var makeSender: @Sendable (any EventLoop, DispatchEnvironment) -> any DeliverySender = {
        DeliveryClient(
            eventLoop: $0, resolver: $1.resolver, policy: $1.policy, configuration: $1.client, logger: $1.logger)
    }

    package init(
        now: @escaping @Sendable () -> Instant, steady: @escaping @Sendable () -> UInt64,
        seed: @escaping @Sendable () -> UInt64, vault: SecretVault, policy: AddressPolicy,
        resolver: @escaping HostResolver, client: DeliveryClientConfiguration, logger: Logger
    ) {
        self.now = now
        self.steady = steady
        self.seed = seed
        self.vault = vault
        self.policy = policy
        self.resolver = resolver
        self.client = client
        self.logger = logger
    }
}

/// Where dispatchers report what they measure. Called on delivery threads; must return at once.
package struct DeliveryObserver: Sendable {
    /// An attempt is over: whether it succeeded, how long it took, and for a first attempt how long after the entry was
    /// recorded it began; in nanoseconds.
    package var attempted: @Sendable (_ isSuccess: Bool, _ nanoseconds: UInt64, _ sinceRecorded: UInt64?) -> Void
    /// A delivery is a dead letter.
    package var died: @Sendable () -> Void

    package init(
        attempted: @escaping @Sendable (Bool, UInt64, UInt64?) -> Void = { _, _, _ in },
        died: @escaping @Sendable () -> Void = {}
    ) {
        self.attempted = attempted
        self.died = died
    }
}
