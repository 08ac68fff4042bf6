public import LedgerCore

/// An entry's canonical bytes: what a block stores and what the hash chain covers. They are frozen: an entry that was
/// written once is the same bytes for ever, so a changed layout takes a new tag and the old one stays readable.
///
/// Layout: tag (bit 7: an actor follows) · seq · id · recorded_at − the id's milliseconds · [actor] · the change.
/// Equal entries have equal bytes, and bytes that no encoder writes don't decode.
public enum EntryCodec {
    /// Appends the entry's canonical bytes, about 90 for a sale.
    ///
    /// History links must point below the entry's seq, as the fold makes them: they are stored as distances.
    public static func encode(_ entry: Entry, into bytes: inout [UInt8]) {
        let tag = Tag(of: entry.change).rawValue
        bytes.append(entry.actor == nil ? tag : tag | actorFollows)
        bytes.appendVarint(entry.seq)
        bytes.appendID(entry.id)
        bytes.appendSigned(entry.recordedAt.milliseconds &- entry.id.instant.milliseconds)
        if let actor = entry.actor { bytes.appendID(actor) }
        switch entry.change {
        case .itemCreated(let item), .itemUpdated(let item), .itemArchived(let item):
            encode(item, into: &bytes)
        case .locationCreated(let location), .locationUpdated(let location), .locationArchived(let location):
            encode(location, into: &bytes)
        case .movementRecorded(let movement):
            encode(movement, of: entry, into: &bytes)
        case .stockLow(let alert), .stockOut(let alert):
            encode(alert, of: entry, into: &bytes)
        case .stockSettingsChanged(let change):
            encode(change, into: &bytes)
        case .webhookChanged(let change, let webhook):
            bytes.append(change.rawValue)
            encode(webhook, into: &bytes)
        case .replayRequested(let replay):
            encode(replay, into: &bytes)
        }
    }

    /// Reads one entry from exactly its canonical bytes.
    ///
    /// - Parameter expectedSeq: named in the error, and compared with the seq in the bytes.
    /// - Throws: `StoreError.corrupt` for anything that `encode` does not write.
    public static func decode(_ bytes: UnsafeRawBufferPointer, expectedSeq: UInt64) throws(StoreError) -> Entry {
        var cursor = ByteCursor(bytes)
        let entry: Entry
        do throws(Malformed) {
            entry = try decode(&cursor)
            try cursor.expectEnd()
        } catch {
            throw .corrupt(
                seq: expectedSeq, detail: "entry can't be decoded: \(error.reason.rawValue), at byte \(error.position)")
        }
        guard entry.seq == expectedSeq else {
            throw .corrupt(seq: expectedSeq, detail: "the entry stored as \(expectedSeq) says that it is \(entry.seq)")
        }
        return entry
    }

    private static let actorFollows: UInt8 = 0x80

    /// What an entry begins with. A value is never used again for anything else.
    private enum Tag: UInt8 {
        case itemCreated = 1
        case itemUpdated = 2
        case itemArchived = 3
        case locationCreated = 4
        case locationUpdated = 5
        case locationArchived = 6
        case movementRecorded = 7
        case stockLow = 8
        case stockOut = 9
        case webhookChanged = 10
        case replayRequested = 11
        case stockSettingsChanged = 12

        init(of change: Change) {
            switch change {
            case .itemCreated: self = .itemCreated
            case .itemUpdated: self = .itemUpdated
            case .itemArchived: self = .itemArchived
            case .locationCreated: self = .locationCreated
            case .locationUpdated: self = .locationUpdated
            case .locationArchived: self = .locationArchived
            case .movementRecorded: self = .movementRecorded
            case .stockLow: self = .stockLow
            case .stockOut: self = .stockOut
            case .webhookChanged: self = .webhookChanged
            case .replayRequested: self = .replayRequested
            case .stockSettingsChanged: self = .stockSettingsChanged
            }
        }
    }

    private static func decode(_ cursor: inout ByteCursor) throws(Malformed) -> Entry {
        let first = try cursor.byte()
        guard let tag = Tag(rawValue: first & ~actorFollows) else { throw cursor.malformed(.tag) }
        let seq = try cursor.varint()
        let id = try cursor.id()
        let recordedAt = Instant(milliseconds: id.instant.milliseconds &+ (try cursor.signed()))
        let actor = first & actorFollows == 0 ? nil : try cursor.id()
        let change: Change =
            switch tag {
            case .itemCreated: .itemCreated(try item(&cursor))
            case .itemUpdated: .itemUpdated(try item(&cursor))
            case .itemArchived: .itemArchived(try item(&cursor))
            case .locationCreated: .locationCreated(try location(&cursor))
            case .locationUpdated: .locationUpdated(try location(&cursor))
            case .locationArchived: .locationArchived(try location(&cursor))
            case .movementRecorded: .movementRecorded(try movement(&cursor, seq: seq, recordedAt: recordedAt))
            case .stockLow: .stockLow(try alert(&cursor, seq: seq))
            case .stockOut: .stockOut(try alert(&cursor, seq: seq))
            case .webhookChanged: .webhookChanged(try webhookChange(&cursor), try webhook(&cursor))
            case .replayRequested: .replayRequested(try replay(&cursor))
            case .stockSettingsChanged: .stockSettingsChanged(try stockSettingsChange(&cursor))
            }
        return Entry(seq: seq, id: id, recordedAt: recordedAt, actor: actor, change: change)
    }
}
