/// The events that can be brought about, by their names.
package enum TriggerRecipe: String, CaseIterable, Sendable {
    case itemCreated = "item.created"
    case itemUpdated = "item.updated"
    case itemArchived = "item.archived"
    case locationCreated = "location.created"
    case locationUpdated = "location.updated"
    case locationArchived = "location.archived"
    case movementRecorded = "movement.recorded"
    case stockLow = "stock.low"
    case stockOut = "stock.out"
    case webhookCreated = "webhook.created"
    case webhookUpdated = "webhook.updated"
    case webhookDisabled = "webhook.disabled"
    case webhookEnabled = "webhook.enabled"
    case webhookDeleted = "webhook.deleted"
    case webhookSecretRotated = "webhook.secret_rotated"
    case webhookReplayRequested = "webhook.replay_requested"
}
