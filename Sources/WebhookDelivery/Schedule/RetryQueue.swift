import LedgerCore
import LedgerStorage

/// An endpoint's pending deliveries, the one that is due first in front.
struct RetryQueue {
    private(set) var bySeq: [UInt64: ExceptionalDelivery] = [:]
    /// A heap. An element that is no longer what `bySeq` says is passed over when it comes up.
    private var heap: [Due] = []

    fileprivate struct Due {
        var at: Instant
        var seq: UInt64
    }

    var count: Int { bySeq.count }

    /// Puts the delivery in, or puts it off.
    mutating func insert(_ delivery: ExceptionalDelivery) {
        guard let at = delivery.nextAttemptAt else { return }
        bySeq[delivery.id.seq] = delivery
        push(Due(at: at, seq: delivery.id.seq))
    }

    @discardableResult
    mutating func remove(_ seq: UInt64) -> ExceptionalDelivery? { bySeq.removeValue(forKey: seq) }

    /// When the first is due.
    mutating func nextDue() -> Instant? {
        tidy()
        return heap.first?.at
    }

    /// Takes out the first that is due.
    mutating func popDue(at now: Instant) -> ExceptionalDelivery? {
        tidy()
        guard let first = heap.first, first.at <= now else { return nil }
        pop()
        return bySeq.removeValue(forKey: first.seq)
    }

    /// Brings everything forward by so many milliseconds.
    mutating func bringForward(by milliseconds: Int64) {
        heap = []
        for (seq, delivery) in bySeq {
            guard let at = delivery.nextAttemptAt else { continue }
            let earlier = Instant(milliseconds: at.milliseconds - milliseconds)
            bySeq[seq]?.nextAttemptAt = earlier
            push(Due(at: earlier, seq: seq))
        }
    }

    private mutating func tidy() {
        while let first = heap.first, bySeq[first.seq]?.nextAttemptAt != first.at { pop() }
    }

    private mutating func push(_ due: Due) {
        heap.append(due)
        var index = heap.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].precedes(heap[parent]) else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    private mutating func pop() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count {
                if heap[child].precedes(heap[least]) { least = child }
            }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}

extension RetryQueue.Due {
    fileprivate func precedes(_ other: RetryQueue.Due) -> Bool { (at, seq) < (other.at, other.seq) }
}
