package import LedgerCore
package import LedgerStorage

/// What an idempotency key stands for: the key, and the request that it was first sent with.
package struct RequestIdentity: Hashable, Sendable {
    package var key: Digest128
    /// Over method, path and the JSON value of the body (contracts, *All four*).
    package var fingerprint: Digest128

    package init(key: Digest128, fingerprint: Digest128) {
        self.key = key
        self.fingerprint = fingerprint
    }
}

/// A command with its key, and how its outcome becomes an answer.
package struct SubmittedCommand: Sendable {
    package var command: Command
    package var identity: RequestIdentity?

    package init(_ command: Command, identity: RequestIdentity? = nil) {
        self.command = command
        self.identity = identity
    }
}

/// What became of one command of a group.
package struct CommandResult: Sendable {
    /// How it ended.
    package enum Kind: Sendable {
        case recorded
        case refused
        case replayed
        case keyReused
        /// Not tried, or undone, because another command of an atomic group was refused.
        case notApplied
    }

    package var kind: Kind
    /// Rendered now or stored earlier; nil for `keyReused` and `notApplied`.
    package var answer: Answer?

    package init(kind: Kind, answer: Answer? = nil) {
        self.kind = kind
        self.answer = answer
    }
}

/// Renders the outcome of a command, on the realm's writer thread, given the state just after it. Pure.
package typealias RenderOutcome =
    @Sendable (_ outcome: Result<Decision, Rejection>, _ index: Int, _ state: LedgerState) -> Answer

/// One request's writes: a command, or a group of them, each perhaps with a key of its own.
package struct Submission: Sendable {
    package var commands: [SubmittedCommand]
    /// All or nothing: a refused command undoes the group's others.
    package var atomic: Bool
    /// The key of the whole request, where a group has one beside its commands' keys.
    package var identity: RequestIdentity?
    /// Id of the API key, recorded with each entry.
    package var actor: ULID?
    package var render: RenderOutcome
    /// Puts a group's results together; nil for a single command, whose own answer is the response.
    package var compose: (@Sendable ([CommandResult]) -> Answer)?

    /// A single command, answered by its own rendering.
    package init(
        _ command: Command, identity: RequestIdentity?, actor: ULID?, render: @escaping RenderOutcome
    ) {
        self.commands = [SubmittedCommand(command, identity: identity)]
        self.atomic = false
        self.identity = nil
        self.actor = actor
        self.render = render
        self.compose = nil
    }

    /// A group of commands, decided in order, each seeing the ones before it.
    package init(
        group commands: [SubmittedCommand], atomic: Bool, identity: RequestIdentity?, actor: ULID?,
        render: @escaping RenderOutcome, compose: @escaping @Sendable ([CommandResult]) -> Answer
    ) {
        self.commands = commands
        self.atomic = atomic
        self.identity = identity
        self.actor = actor
        self.render = render
        self.compose = compose
    }
}
