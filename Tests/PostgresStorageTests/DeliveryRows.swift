import LedgerCore
import LedgerStorage

/// Rows of a store of deliveries, as plain as they may be.
enum DeliveryRows {
    static func webhook(_ number: Int) -> WebhookNumber { WebhookNumber(rawValue: UInt32(number)) }

    static func id(_ seq: Int, _ number: Int = 1) -> DeliveryID {
        DeliveryID(webhook: webhook(number), seq: UInt64(seq))
    }

    static func attempt(body: Int = 2) -> DeliveryAttempt {
        DeliveryAttempt(
            startedAt: Instant(milliseconds: 7), microseconds: 900, url: "https://example.com",
            eventName: "stock.low", signature: "v1,AA==", headSeq: 9,
            outcome: .answered(
                ReceivedAnswer(
                    status: 500, contentType: nil, body: [UInt8](repeating: 0x61, count: body), isTruncated: false)))
    }

    static func delivery(_ id: DeliveryID, _ status: DeliveryStatus, at moment: Int) -> ExceptionalDelivery {
        ExceptionalDelivery(
            id: id, status: status, attempts: 1, lastOrdinal: 2,
            nextAttemptAt: status == .pending ? Instant(milliseconds: Int64(moment)) : nil,
            updatedAt: Instant(milliseconds: Int64(moment)), eventName: "stock.low")
    }

    static func page(_ seqs: ClosedRange<Int>, _ number: Int = 1, at moment: Int = 0, body: Int = 2) -> DeliveryPage {
        DeliveryPage(
            webhook: webhook(number), recordedAt: Instant(milliseconds: Int64(moment)),
            // Bodies that differ, so that each is kept.
            deliveries: seqs.map { FirstDelivery(seq: UInt64($0), attempt: attempt(body: body + $0 % 2)) })
    }

    /// Something of everything about one endpoint: `count` deliveries with two attempts each, a third of them pending,
    /// dead and delivered, as many pages of three deliveries, a tenth as many lanes.
    static func unit(of number: Int, count: Int) -> DeliveryUnit {
        var unit = DeliveryUnit(controlSeq: UInt64(count))
        unit.lanes = (0...count / 10).map {
            DeliveryLane(id: LaneID(webhook: webhook(number), origin: UInt64($0)), nextSeq: 1)
        }
        unit.health = [EndpointHealth(webhook: webhook(number))]
        for seq in 1...count {
            let status: DeliveryStatus = [.pending, .dead, .delivered][seq % 3]
            unit.deliveries.append(delivery(id(seq, number), status, at: seq))
            for ordinal in 1...2 {
                unit.attempts.append(
                    NumberedAttempt(delivery: id(seq, number), ordinal: ordinal, attempt: attempt()))
            }
            unit.pages.append(page(3 * seq...3 * seq + 2, number, at: seq))
        }
        return unit
    }
}
