// Webhook endpoints. Checks in order: `webhookNotFound`; `webhookChanged`; `webhookDisabled`; `eventTypesRequired`,
// `unknownEventType`; `replayRangeEmpty`; `webhookLimit`.

func decideWebhook(
    _ command: WebhookCommand, given state: LedgerState, at moment: Moment
) throws(Rejection) -> Decision {
    switch command {
    case .create(let draft): return try decideCreation(of: draft, given: state, at: moment)
    case .replay(let id, let first, let last, let events, let deadOnly):
        return try decideReplay(
            to: try existing(id, given: state), from: first, to: last, events: events, deadOnly: deadOnly,
            given: state, at: moment)
    case .update(let id, let changes):
        var webhook = try existing(id, given: state)
        if let events = changes.events { try checkEvents(events) }
        webhook.url = changes.url ?? webhook.url
        webhook.events = changes.events ?? webhook.events
        webhook.description = changes.description.applied(to: webhook.description)
        return record(.updated, webhook, given: state, at: moment)
    case .enable(let id):
        var webhook = try existing(id, given: state)
        webhook.status = .enabled
        return record(.enabled, webhook, given: state, at: moment)
    case .disable(let id, let reason, let changedSeq):
        var webhook = try existing(id, given: state)
        if let changedSeq, changedSeq != webhook.changedSeq { throw .webhookChanged(id) }
        webhook.status = .disabled(reason)
        return record(.disabled, webhook, given: state, at: moment)
    case .delete(let id):
        return record(.deleted, try existing(id, given: state), given: state, at: moment)
    case .rotateSecret(let id, let sealed, let oldExpiresAt):
        var webhook = try existing(id, given: state)
        webhook.secrets = rotated(webhook.secrets, to: sealed, oldExpiresAt: oldExpiresAt, at: moment.now)
        return record(.secretRotated, webhook, given: state, at: moment)
    }
}

private func decideCreation(
    of draft: WebhookDraft, given state: LedgerState, at moment: Moment
) throws(Rejection) -> Decision {
    try checkEvents(draft.events)
    guard state.liveWebhooks < Limits.webhooks, let number = state.nextWebhookNumber else { throw .webhookLimit }

    // Every check has passed: from here it must succeed.
    return Decision(
        first: state.head.next(at: moment) { stamp in
            .webhookChanged(
                .created,
                WebhookEndpoint(
                    number: number, id: stamp.id, url: draft.url, events: draft.events,
                    description: draft.description, secrets: [WebhookSecretRecord(sealed: draft.secret)],
                    createdAt: stamp.recordedAt, updatedAt: stamp.recordedAt, createdSeq: stamp.seq,
                    changedSeq: stamp.seq))
        })
}

private func decideReplay(
    to webhook: WebhookEndpoint, from first: UInt64, to last: UInt64?, events: [String]?, deadOnly: Bool,
    given state: LedgerState, at moment: Moment
) throws(Rejection) -> Decision {
    if webhook.status != .enabled { throw .webhookDisabled(webhook.id) }
    if let events { try checkEvents(events) }
    let last = min(last ?? .max, state.head.seq)
    guard first >= 1, first <= last else { throw .replayRangeEmpty }

    // Every check has passed: from here it must succeed.
    let request = ReplayRequest(
        webhook: webhook.number, firstSeq: first, lastSeq: last, events: events, deadOnly: deadOnly)
    return Decision(first: state.head.next(at: moment) { _ in .replayRequested(request) })
}

private func existing(_ id: ULID, given state: LedgerState) throws(Rejection) -> WebhookEndpoint {
    guard let webhook = state.webhook(id), !webhook.isDeleted else { throw .webhookNotFound(id) }
    return webhook
}

private func checkEvents(_ patterns: [String]) throws(Rejection) {
    if patterns.isEmpty { throw .eventTypesRequired }
    do throws(EventFilter.UnknownPattern) {
        _ = try EventFilter(patterns: patterns)
    } catch {
        throw .unknownEventType(error.pattern)
    }
}

/// Secrets that have expired are let go; the others sign no longer than they would have.
private func rotated(
    _ secrets: [WebhookSecretRecord], to sealed: [UInt8], oldExpiresAt: Instant, at now: Instant
) -> [WebhookSecretRecord] {
    let old = secrets.map { secret in
        WebhookSecretRecord(sealed: secret.sealed, expiresAt: min(secret.expiresAt ?? oldExpiresAt, oldExpiresAt))
    }
    // A receiver checks each signature of a header: a few are enough for any rotation.
    let signing = old.filter { $0.expiresAt.map { $0 > now } ?? true }.prefix(Limits.webhookSecrets - 1)
    return [WebhookSecretRecord(sealed: sealed)] + signing
}

private func record(
    _ change: WebhookChange, _ webhook: WebhookEndpoint, given state: LedgerState, at moment: Moment
) -> Decision {
    var webhook = webhook
    return Decision(
        first: state.head.next(at: moment) { stamp in
            webhook.updatedAt = stamp.recordedAt
            webhook.changedSeq = stamp.seq
            if change == .deleted { webhook.deletedSeq = stamp.seq }
            return .webhookChanged(change, webhook)
        })
}
