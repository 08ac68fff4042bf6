package import NIOCore

/// The course of one request, from the first look for a connection to the answer: a value that is told what has
/// happened and says what to do next. Every course ends with exactly one `finish`.
///
///     fresh ──idle connection──► exchanging(reused) ──lost before a byte──► resolving ─┐ once
///       └────none────► resolving ──► dialling ──► exchanging(fresh) ──► over           │
///                          ▲───────────────────────────────────────────────────────────┘
package struct RequestCourse {
    /// What to do.
    package enum Step {
        /// Find addresses for the URL's host and vet them.
        case resolve
        /// Connect to the address, within that time.
        case dial(IPAddress, within: TimeAmount)
        /// Send the request on the connection at hand.
        case send
        case finish(Result<DeliveryAnswer, DeliveryFailure>)
        /// Wait for what happens next; of what has come too late there is nothing to keep.
        case nothing
    }

    /// Why a connection did not come about.
    package enum DialFault: Hashable, Sendable {
        case refused
        case unreachable
        case timedOut
        case failed(String)
    }

    private enum State {
        case fresh
        case resolving
        case dialling(rest: ArraySlice<IPAddress>)
        case exchanging(isReused: Bool)
        case over
    }

    /// Addresses that are dialled at most; all are vetted.
    private static let maximumAddresses = 8

    private var state = State.fresh
    private let deadline: NIODeadline
    private let patience: TimeAmount
    package private(set) var isResent = false

    /// - Parameters:
    ///   - deadline: when the course ends in any case.
    ///   - patience: how long one address may take while there are others.
    package init(deadline: NIODeadline, patience: TimeAmount) {
        self.deadline = deadline
        self.patience = patience
    }

    /// Whether it has ended.
    package var isOver: Bool {
        if case .over = state { return true }
        return false
    }

    /// The first step.
    package mutating func begin(hasIdleConnection: Bool) -> Step {
        guard case .fresh = state else { return .nothing }
        state = hasIdleConnection ? .exchanging(isReused: true) : .resolving
        return hasIdleConnection ? .send : .resolve
    }

    /// Vetted addresses, or why there are none.
    package mutating func resolved(_ result: Result<[IPAddress], DeliveryFailure>, at now: NIODeadline) -> Step {
        guard case .resolving = state else { return .nothing }
        switch result {
        case .success(let addresses):
            return dial(addresses.prefix(Self.maximumAddresses), at: now, otherwise: .resolve(.notFound))
        case .failure(let failure): return finish(.failure(failure))
        }
    }

    /// The address could not be connected to: there may be others.
    package mutating func dialFailed(_ fault: DialFault, at now: NIODeadline) -> Step {
        guard case .dialling(let rest) = state else { return .nothing }
        return dial(rest, at: now, otherwise: fault.failure)
    }

    /// A fresh connection is there.
    package mutating func connected() -> Step {
        guard case .dialling = state else { return .nothing }
        state = .exchanging(isReused: false)
        return .send
    }

    /// The answer is there, whole or cut at its bound.
    package mutating func answered(_ answer: DeliveryAnswer) -> Step {
        guard case .exchanging = state else { return .nothing }
        return finish(.success(answer))
    }

    /// The exchange has failed. A connection that was idle may have been closed by the server at the very moment at
    /// which it was used: then, and only before any byte of an answer, the request is sent once more.
    package mutating func exchangeFailed(_ failure: DeliveryFailure, sawAnswer: Bool) -> Step {
        guard case .exchanging(let isReused) = state else { return .nothing }
        guard isReused, !sawAnswer, failure == .closed, !isResent else { return finish(.failure(failure)) }
        isResent = true
        state = .resolving
        return .resolve
    }

    /// The deadline has passed.
    ///
    /// - Parameter exchangePhase: how far the exchange has come, if there is one.
    package mutating func timedOut(exchangePhase: DeliveryFailure.Phase) -> Step {
        switch state {
        case .fresh, .resolving: finish(.failure(.timeout(.resolve)))
        case .dialling: finish(.failure(.timeout(.connect)))
        case .exchanging: finish(.failure(.timeout(exchangePhase)))
        case .over: .nothing
        }
    }

    /// Whoever asked has no more interest, or can't be served.
    package mutating func abandon(_ failure: DeliveryFailure) -> Step {
        if case .over = state { return .nothing }
        return finish(.failure(failure))
    }

    private mutating func dial(
        _ addresses: ArraySlice<IPAddress>, at now: NIODeadline, otherwise failure: DeliveryFailure
    ) -> Step {
        guard let next = addresses.first else { return finish(.failure(failure)) }
        let remaining = deadline - now
        guard remaining > .zero else { return finish(.failure(.timeout(.connect))) }
        state = .dialling(rest: addresses.dropFirst())
        let share = TimeAmount.nanoseconds(remaining.nanoseconds / Int64(addresses.count))
        return .dial(next, within: addresses.count == 1 ? remaining : min(share, patience))
    }

    private mutating func finish(_ result: Result<DeliveryAnswer, DeliveryFailure>) -> Step {
        state = .over
        return .finish(result)
    }
}

extension RequestCourse.DialFault {
    fileprivate var failure: DeliveryFailure {
        switch self {
        case .refused: .connect(reason: "the host refuses it: nothing listens at that port")
        case .unreachable: .connect(reason: "the host can't be reached")
        case .timedOut: .timeout(.connect)
        case .failed(let reason): .connect(reason: reason)
        }
    }
}
