import LedgerCore

/// Endpoints by plain lists and whole copies: nothing is shared with the real one but the command itself.
extension NaiveLedger {
    struct Hook: Equatable {
        var id: ULID
        var url: String
        var events: [String]
        var description: String?
        var secrets: [(bytes: [UInt8], until: Int64?)]
        var disabled: WebhookDisabling?
        var createdSeq: UInt64
        var changedSeq: UInt64
        var deletedSeq: UInt64?

        static func == (lhs: Hook, rhs: Hook) -> Bool {
            lhs.id == rhs.id && lhs.url == rhs.url && lhs.events == rhs.events && lhs.description == rhs.description
                && lhs.secrets.map(\.bytes) == rhs.secrets.map(\.bytes)
                && lhs.secrets.map(\.until) == rhs.secrets.map(\.until)
                && lhs.disabled == rhs.disabled && lhs.createdSeq == rhs.createdSeq
                && lhs.changedSeq == rhs.changedSeq && lhs.deletedSeq == rhs.deletedSeq
        }
    }

    static let eventNames: Set<String> = [
        "item.created", "item.updated", "item.archived", "location.created", "location.updated", "location.archived",
        "movement.recorded", "movement.created", "inventory.updated", "stock.low", "stock.out", "webhook.created",
        "webhook.updated", "webhook.disabled", "webhook.enabled", "webhook.deleted", "webhook.secret_rotated",
        "webhook.replay_requested", "shipment.created", "grn.completed", "dayend.closed", "lot.expiring",
        "stock_settings.updated",
    ]

    static let families = Set(eventNames.map { "\($0.split(separator: ".")[0]).*" })

    static func patternFault(_ patterns: [String]) -> Rejection? {
        if patterns.isEmpty { return .eventTypesRequired }
        let unknown = patterns.first { !eventNames.contains($0) && !families.contains($0) && $0 != "*" }
        return unknown.map { .unknownEventType($0) }
    }

    /// - Parameters:
    ///   - now: the moment of the command, in milliseconds.
    ///   - head: seq of the last entry before it.
    mutating func perform(_ command: WebhookCommand, now: Int64, head: UInt64) -> Result<Done, Rejection> {
        let seq = head + 1
        if case .create(let draft) = command {
            if let fault = Self.patternFault(draft.events) { return .failure(fault) }
            if hooks.count(where: { $0.deletedSeq == nil }) >= 1_000 { return .failure(.webhookLimit) }
            hooks.append(
                Hook(
                    id: .zero, url: draft.url, events: draft.events, description: draft.description,
                    secrets: [(draft.secret, nil)], disabled: nil, createdSeq: seq, changedSeq: seq))
            return .success(Done())
        }
        let id = Self.target(of: command)
        guard let index = hooks.firstIndex(where: { $0.id == id }), hooks[index].deletedSeq == nil else {
            return .failure(.webhookNotFound(id))
        }
        var hook = hooks[index]
        if let fault = Self.fault(of: command, hook, head: head) { return .failure(fault) }
        switch command {
        case .create: break
        case .replay: return .success(Done())
        case .update(_, let changes):
            if let url = changes.url { hook.url = url }
            if let events = changes.events { hook.events = events }
            switch changes.description {
            case .keep: break
            case .clear: hook.description = nil
            case .set(let text): hook.description = text
            }
        case .enable: hook.disabled = nil
        case .disable(_, let reason, _): hook.disabled = reason
        case .delete: hook.deletedSeq = seq
        case .rotateSecret(_, let new, let end):
            var secrets: [(bytes: [UInt8], until: Int64?)] = [(new, nil)]
            for old in hook.secrets {
                let until = min(old.until ?? .max, end.milliseconds)
                if until > now, secrets.count < 4 { secrets.append((old.bytes, until)) }
            }
            hook.secrets = secrets
        }
        hook.changedSeq = seq
        hooks[index] = hook
        return .success(Done())
    }

    private static func fault(of command: WebhookCommand, _ hook: Hook, head: UInt64) -> Rejection? {
        switch command {
        case .disable(_, _, let known?) where known != hook.changedSeq: return .webhookChanged(hook.id)
        case .update(_, let changes): return changes.events.flatMap { patternFault($0) }
        case .replay(_, let first, let last, let events, _):
            if hook.disabled != nil { return .webhookDisabled(hook.id) }
            if let events, let fault = patternFault(events) { return fault }
            let end = last.map { min($0, head) } ?? head
            return first == 0 || first > end ? .replayRangeEmpty : nil
        default: return nil
        }
    }

    private static func target(of command: WebhookCommand) -> ULID {
        switch command {
        case .create: .zero
        case .update(let id, _), .enable(let id), .disable(let id, _, _), .delete(let id), .rotateSecret(let id, _, _),
            .replay(let id, _, _, _, _):
            id
        }
    }
}

extension NaiveLedger.Hook {
    /// What the real one has, in the same words.
    init(_ webhook: WebhookEndpoint) {
        self.init(
            id: webhook.id, url: webhook.url, events: webhook.events, description: webhook.description,
            secrets: webhook.secrets.map { ($0.sealed, $0.expiresAt?.milliseconds) }, disabled: nil,
            createdSeq: webhook.createdSeq, changedSeq: webhook.changedSeq, deletedSeq: webhook.deletedSeq)
        if case .disabled(let reason) = webhook.status { disabled = reason }
    }
}
