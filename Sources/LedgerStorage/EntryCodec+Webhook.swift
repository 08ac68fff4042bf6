public import LedgerCore

/// Layout of an endpoint: number · id · url · count, patterns · flags · [description] · status · count, secrets (each
/// sealed bytes · 0, or 1 and expires_at − created_at) · created_at · updated_at − created_at · created seq ·
/// changed seq − created seq · [deleted seq − created seq].
///
/// Layout of a replay: endpoint · first seq · last seq − first seq · flags · [count, patterns].
extension EntryCodec {
    private enum WebhookFlag {
        static let description: UInt8 = 1
        static let deleted: UInt8 = 2
        static let all: UInt8 = 3
    }

    private enum ReplayFlag {
        static let events: UInt8 = 1
        static let deadOnly: UInt8 = 2
        static let all: UInt8 = 3
    }

    /// An endpoint's row of the projection: the same bytes as in the journal.
    public static func row(of webhook: WebhookEndpoint) -> [UInt8] {
        var bytes: [UInt8] = []
        encode(webhook, into: &bytes)
        return bytes
    }

    /// An endpoint from its row.
    /// - Throws: `StoreError.corrupt` for anything that `row(of:)` does not make.
    public static func webhook(row bytes: [UInt8]) throws(StoreError) -> WebhookEndpoint {
        do {
            return try bytes.withUnsafeBytes { bytes in
                var cursor = ByteCursor(bytes)
                let webhook = try webhook(&cursor)
                try cursor.expectEnd()
                return webhook
            }
        } catch {
            throw .corrupt(seq: nil, detail: "the row of a webhook endpoint can't be decoded")
        }
    }

    static func encode(_ webhook: WebhookEndpoint, into bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(webhook.number.rawValue))
        bytes.appendID(webhook.id)
        bytes.appendText(webhook.url)
        encode(webhook.events, into: &bytes)
        var flags: UInt8 = 0
        if webhook.description != nil { flags |= WebhookFlag.description }
        if webhook.deletedSeq != nil { flags |= WebhookFlag.deleted }
        bytes.append(flags)
        if let description = webhook.description { bytes.appendText(description) }
        switch webhook.status {
        case .enabled: bytes.append(0)
        case .disabled(let reason): bytes.append(reason.rawValue)
        }
        bytes.appendVarint(UInt64(webhook.secrets.count))
        for secret in webhook.secrets {
            bytes.appendBlob(secret.sealed)
            bytes.append(secret.expiresAt == nil ? 0 : 1)
            if let expiresAt = secret.expiresAt {
                bytes.appendSigned(expiresAt.milliseconds &- webhook.createdAt.milliseconds)
            }
        }
        bytes.appendSigned(webhook.createdAt.milliseconds)
        bytes.appendSigned(webhook.updatedAt.milliseconds &- webhook.createdAt.milliseconds)
        bytes.appendVarint(webhook.createdSeq)
        bytes.appendVarint(webhook.changedSeq &- webhook.createdSeq)
        if let deletedSeq = webhook.deletedSeq { bytes.appendVarint(deletedSeq &- webhook.createdSeq) }
    }

    static func webhook(_ cursor: inout ByteCursor) throws(Malformed) -> WebhookEndpoint {
        let number = WebhookNumber(rawValue: try cursor.number())
        let id = try cursor.id()
        let url = try cursor.text()
        let events = try texts(&cursor)
        let flags = try cursor.byte()
        guard flags & ~WebhookFlag.all == 0 else { throw cursor.malformed(.flags) }
        let description = flags & WebhookFlag.description == 0 ? nil : try cursor.text()
        let state = try cursor.byte()
        var status = WebhookStatus.enabled
        if state != 0 {
            guard let reason = WebhookDisabling(rawValue: state) else { throw cursor.malformed(.tag) }
            status = .disabled(reason)
        }
        // Expiries are stored as distances from a moment that stands behind them.
        var secrets: [(sealed: [UInt8], expiry: Int64?)] = []
        for _ in 0..<(try cursor.varint()) {
            let sealed = try cursor.blob()
            let flag = try cursor.byte()
            guard flag <= 1 else { throw cursor.malformed(.flags) }
            secrets.append((sealed, flag == 0 ? nil : try cursor.signed()))
        }
        let created = try cursor.signed()
        let updated = created &+ (try cursor.signed())
        let createdSeq = try cursor.varint()
        let changedSeq = createdSeq &+ (try cursor.varint())
        let deletedSeq = flags & WebhookFlag.deleted == 0 ? nil : createdSeq &+ (try cursor.varint())
        return WebhookEndpoint(
            number: number, id: id, url: url, events: events, description: description,
            secrets: secrets.map { secret in
                WebhookSecretRecord(
                    sealed: secret.sealed,
                    expiresAt: secret.expiry.map { Instant(milliseconds: created &+ $0) })
            },
            status: status, createdAt: Instant(milliseconds: created), updatedAt: Instant(milliseconds: updated),
            createdSeq: createdSeq, changedSeq: changedSeq, deletedSeq: deletedSeq)
    }

    static func webhookChange(_ cursor: inout ByteCursor) throws(Malformed) -> WebhookChange {
        guard let change = WebhookChange(rawValue: try cursor.byte()) else { throw cursor.malformed(.tag) }
        return change
    }

    static func encode(_ replay: ReplayRequest, into bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(replay.webhook.rawValue))
        bytes.appendVarint(replay.firstSeq)
        bytes.appendVarint(replay.lastSeq &- replay.firstSeq)
        var flags: UInt8 = 0
        if replay.events != nil { flags |= ReplayFlag.events }
        if replay.deadOnly { flags |= ReplayFlag.deadOnly }
        bytes.append(flags)
        if let events = replay.events { encode(events, into: &bytes) }
    }

    static func replay(_ cursor: inout ByteCursor) throws(Malformed) -> ReplayRequest {
        let webhook = WebhookNumber(rawValue: try cursor.number())
        let first = try cursor.varint()
        let last = first &+ (try cursor.varint())
        let flags = try cursor.byte()
        guard flags & ~ReplayFlag.all == 0 else { throw cursor.malformed(.flags) }
        return ReplayRequest(
            webhook: webhook, firstSeq: first, lastSeq: last,
            events: flags & ReplayFlag.events == 0 ? nil : try texts(&cursor),
            deadOnly: flags & ReplayFlag.deadOnly != 0)
    }

    private static func encode(_ texts: [String], into bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(texts.count))
        for text in texts { bytes.appendText(text) }
    }

    private static func texts(_ cursor: inout ByteCursor) throws(Malformed) -> [String] {
        var texts: [String] = []
        // Each takes a byte at least, so that a false count ends with the bytes.
        for _ in 0..<(try cursor.varint()) { texts.append(try cursor.text()) }
        return texts
    }
}
