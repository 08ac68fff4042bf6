import LedgerCore

/// The blobs of a delivery store, the same on every engine that keeps bytes. The first byte is the version of the
/// layout; a changed layout takes a new one and the old one stays readable.
///
///     attempt   version (1) · record
///     page      version (1) · count · n × (seq − the seq before · record)
///     seqs      version (1) · n × (seq − the seq before, the first one − what they are counted from)
///     patterns  version (1) · count · texts
///
///     record    flags · started_at − the one before · microseconds · url · event name · signature · head seq − seq
///               answered: status · [content type] · body          failed: code · detail
///
/// Texts other than the signature, and bodies, mostly come again within a page: each is written where it stands first
/// (0 · its bytes), and from then on as its number among those before (1, 2, …). Equal values have equal bytes, and
/// bytes that no encoder writes don't decode.
public enum DeliveryCodec {
    private static let version: UInt8 = 1

    /// An attempt of an exceptional delivery.
    public static func encode(_ attempt: DeliveryAttempt) -> [UInt8] {
        var bytes = [version]
        var written = WrittenValues()
        append(attempt, of: 0, after: 0, &written, to: &bytes)
        return bytes
    }

    /// - Throws: `StoreError.corrupt` for anything that `encode` does not write.
    public static func attempt(_ bytes: UnsafeRawBufferPointer) throws(StoreError) -> DeliveryAttempt {
        try decoding("a delivery attempt", bytes) { (cursor) throws(Malformed) in
            var read = ReadValues()
            return try record(&cursor, of: 0, after: 0, &read)
        }
    }

    /// The deliveries of a page, ascending by seq.
    public static func encode(_ deliveries: [FirstDelivery]) -> [UInt8] {
        var bytes = [version]
        bytes.reserveCapacity(16 + 80 * deliveries.count)
        bytes.appendVarint(UInt64(deliveries.count))
        var written = WrittenValues()
        var seq: UInt64 = 0
        var startedAt: Int64 = 0
        for delivery in deliveries {
            bytes.appendVarint(delivery.seq &- seq)
            append(delivery.attempt, of: delivery.seq, after: startedAt, &written, to: &bytes)
            seq = delivery.seq
            startedAt = delivery.attempt.startedAt.milliseconds
        }
        return bytes
    }

    /// - Throws: `StoreError.corrupt` for anything that `encode` does not write.
    public static func deliveries(_ bytes: UnsafeRawBufferPointer) throws(StoreError) -> [FirstDelivery] {
        try decoding("a page of deliveries", bytes) { (cursor) throws(Malformed) in
            var read = ReadValues()
            var deliveries: [FirstDelivery] = []
            var seq: UInt64 = 0
            var startedAt: Int64 = 0
            // Each takes a few bytes at least, so that a false count ends with the bytes.
            for _ in 0..<(try cursor.varint()) {
                let next = seq.addingReportingOverflow(try cursor.varint())
                guard !next.overflow else { throw cursor.malformed(.range) }
                seq = next.partialValue
                let attempt = try record(&cursor, of: seq, after: startedAt, &read)
                startedAt = attempt.startedAt.milliseconds
                deliveries.append(FirstDelivery(seq: seq, attempt: attempt))
            }
            return deliveries
        }
    }

    /// Seqs that ascend from `first` on, such as what a lane has settled ahead.
    public static func encode(seqs: [UInt64], from first: UInt64) -> [UInt8] {
        var bytes = [version]
        var previous = first
        for seq in seqs {
            bytes.appendVarint(seq &- previous)
            previous = seq
        }
        return bytes
    }

    /// - Throws: `StoreError.corrupt` for anything that `encode` does not write.
    public static func seqs(_ bytes: UnsafeRawBufferPointer, from first: UInt64) throws(StoreError) -> [UInt64] {
        try decoding("a lane's settled seqs", bytes) { (cursor) throws(Malformed) in
            var seqs: [UInt64] = []
            var previous = first
            while cursor.position < bytes.count {
                previous = previous &+ (try cursor.varint())
                seqs.append(previous)
            }
            return seqs
        }
    }

    /// Patterns by which a replay chooses.
    public static func encode(patterns: [String]) -> [UInt8] {
        var bytes = [version]
        bytes.appendVarint(UInt64(patterns.count))
        for pattern in patterns { bytes.appendText(pattern) }
        return bytes
    }

    /// - Throws: `StoreError.corrupt` for anything that `encode` does not write.
    public static func patterns(_ bytes: UnsafeRawBufferPointer) throws(StoreError) -> [String] {
        try decoding("a replay's patterns", bytes) { (cursor) throws(Malformed) in
            var patterns: [String] = []
            for _ in 0..<(try cursor.varint()) { patterns.append(try cursor.text()) }
            return patterns
        }
    }

    // MARK: Records

    private enum Flag {
        static let answered: UInt8 = 1
        static let contentType: UInt8 = 2
        static let truncated: UInt8 = 4
        static let all: UInt8 = 7
    }

    private static func append(
        _ attempt: DeliveryAttempt, of seq: UInt64, after startedAt: Int64, _ written: inout WrittenValues,
        to bytes: inout [UInt8]
    ) {
        var flags: UInt8 = 0
        if case .answered(let answer) = attempt.outcome {
            flags |= Flag.answered
            if answer.contentType != nil { flags |= Flag.contentType }
            if answer.isTruncated { flags |= Flag.truncated }
        }
        bytes.append(flags)
        bytes.appendSigned(attempt.startedAt.milliseconds &- startedAt)
        bytes.appendSigned(attempt.microseconds)
        written.append(attempt.url, to: &bytes)
        written.append(attempt.eventName, to: &bytes)
        bytes.appendText(attempt.signature)
        bytes.appendVarint(attempt.headSeq &- seq)
        switch attempt.outcome {
        case .answered(let answer):
            bytes.appendSigned(Int64(answer.status))
            if let contentType = answer.contentType { written.append(contentType, to: &bytes) }
            written.append(answer.body, to: &bytes)
        case .failed(let code, let detail):
            written.append(code, to: &bytes)
            written.append(detail, to: &bytes)
        }
    }

    private static func record(
        _ cursor: inout ByteCursor, of seq: UInt64, after startedAt: Int64, _ read: inout ReadValues
    ) throws(Malformed) -> DeliveryAttempt {
        let flags = try cursor.byte()
        let isAnswered = flags & Flag.answered != 0
        guard flags & ~Flag.all == 0, isAnswered || flags == 0 else { throw cursor.malformed(.flags) }
        let moment = Instant(milliseconds: startedAt &+ (try cursor.signed()))
        let microseconds = try cursor.signed()
        let url = try read.text(&cursor)
        let eventName = try read.text(&cursor)
        let signature = try cursor.text()
        let headSeq = seq &+ (try cursor.varint())
        let outcome: AttemptOutcome
        if isAnswered {
            outcome = .answered(
                ReceivedAnswer(
                    status: Int(try cursor.signed()),
                    contentType: flags & Flag.contentType == 0 ? nil : try read.text(&cursor),
                    body: try read.body(&cursor), isTruncated: flags & Flag.truncated != 0))
        } else {
            outcome = .failed(code: try read.text(&cursor), detail: try read.text(&cursor))
        }
        return DeliveryAttempt(
            startedAt: moment, microseconds: microseconds, url: url, eventName: eventName, signature: signature,
            headSeq: headSeq, outcome: outcome)
    }

    private static func decoding<Value>(
        _ what: String, _ bytes: UnsafeRawBufferPointer, _ body: (inout ByteCursor) throws(Malformed) -> Value
    ) throws(StoreError) -> Value {
        var cursor = ByteCursor(bytes)
        do throws(Malformed) {
            guard try cursor.byte() == version else { throw cursor.malformed(.tag) }
            let value = try body(&cursor)
            try cursor.expectEnd()
            return value
        } catch {
            throw .corrupt(
                seq: nil, detail: "\(what) can't be decoded: \(error.reason.rawValue), at byte \(error.position)")
        }
    }
}

/// What a blob under way has so far, by the number under which it comes again. Keys are bytes: texts that read the same
/// may differ in them.
private struct WrittenValues {
    private var texts: [[UInt8]: UInt64] = [:]
    private var bodies: [[UInt8]: UInt64] = [:]

    mutating func append(_ text: String, to bytes: inout [UInt8]) {
        Self.append(Array(text.utf8), &texts, to: &bytes)
    }

    mutating func append(_ body: [UInt8], to bytes: inout [UInt8]) {
        Self.append(body, &bodies, to: &bytes)
    }

    private static func append(_ value: [UInt8], _ numbers: inout [[UInt8]: UInt64], to bytes: inout [UInt8]) {
        if let number = numbers[value] {
            bytes.appendVarint(number)
        } else {
            bytes.append(0)
            bytes.appendBlob(value)
            numbers[value] = UInt64(numbers.count + 1)
        }
    }
}

/// The same from the other side.
private struct ReadValues {
    private var texts: [String] = []
    private var knownTexts: Set<[UInt8]> = []
    private var bodies: [[UInt8]] = []
    private var knownBodies: Set<[UInt8]> = []

    mutating func text(_ cursor: inout ByteCursor) throws(Malformed) -> String {
        if let index = try index(&cursor, below: texts.count) { return texts[index] }
        let text = try cursor.text()
        // An encoder would have written its number.
        guard knownTexts.insert(Array(text.utf8)).inserted else { throw cursor.malformed(.overlong) }
        texts.append(text)
        return text
    }

    mutating func body(_ cursor: inout ByteCursor) throws(Malformed) -> [UInt8] {
        if let index = try index(&cursor, below: bodies.count) { return bodies[index] }
        let body = try cursor.blob()
        guard knownBodies.insert(body).inserted else { throw cursor.malformed(.overlong) }
        bodies.append(body)
        return body
    }

    /// nil for a value that follows.
    private func index(_ cursor: inout ByteCursor, below count: Int) throws(Malformed) -> Int? {
        let number = try cursor.varint()
        guard number <= UInt64(count) else { throw cursor.malformed(.range) }
        return number == 0 ? nil : Int(number) - 1
    }
}
