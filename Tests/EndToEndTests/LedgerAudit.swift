import Foundation
import Testing

/// The oracle of the tests that kill a server or take its disk away: what a client was told, against what is in the
/// journal afterwards.
///
/// - What was acknowledged is there exactly once, with the change that was asked for, and answers a repetition with the
///   bytes that it answered first.
/// - What was refused by the ledger is not there.
/// - What nobody knows is there once or not at all, all of it or nothing; its key settles which.
/// - Nothing else is there, and no seq is missing.
struct LedgerAudit {
    private(set) var entries: [JournalEntry] = []
    private var expected: [String: Int64] = [:]

    /// Audits what a load has done since the last audit.
    mutating func check(_ tally: WriteLoad.Tally, _ caller: Caller) throws {
        var fresh = try found(caller)
        for (write, answer) in tally.acknowledged {
            try #require([200, 201, 422].contains(answer.status), "\(write.key): \(answer.text)")
            let isRecorded = answer.status != 422
            for (reference, change) in write.changes {
                let deltas = fresh.removeValue(forKey: reference) ?? []
                try #require(deltas == (isRecorded ? [change] : []), "\(reference), acknowledged with \(answer.status)")
                if isRecorded { expected[reference] = change }
            }
        }
        var present: [String: Bool] = [:]
        for write in tally.unknown {
            let deltas = write.changes.map { reference, change in
                (found: fresh.removeValue(forKey: reference) ?? [], change: change)
            }
            present[write.key] = deltas.contains { !$0.found.isEmpty }
            let isWhole = deltas.allSatisfy { $0.found == [$0.change] } || deltas.allSatisfy { $0.found.isEmpty }
            try #require(isWhole, "\(write.key), of which nothing was known: \(deltas)")
        }
        try #require(fresh.isEmpty, "nobody asked for \(fresh)")
        try replay(tally, caller)
        try settle(tally.unknown, present, caller)
    }

    /// The changes of movements that have come since the last look, by reference.
    private mutating func found(_ caller: Caller) throws -> [String: [Int64]] {
        let fresh = try caller.entries(after: entries.last?.seq ?? 0)
        entries += fresh
        var found: [String: [Int64]] = [:]
        for entry in fresh where entry.isMovement {
            found[entry.data.reference ?? "", default: []].append(try #require(entry.data.delta))
        }
        return found
    }

    private func replay(_ tally: WriteLoad.Tally, _ caller: Caller) throws {
        for (write, first) in tally.acknowledged {
            let again = try caller.post(write.path, write.body, idempotencyKey: write.key)
            try #require(again.isReplay, "\(write.key) was written anew: \(again.text)")
            try #require(again.status == first.status && again.body == first.body, "\(write.key): \(again.text)")
        }
    }

    private mutating func settle(_ unknown: [SentWrite], _ present: [String: Bool], _ caller: Caller) throws {
        var answers: [String: Answer] = [:]
        for write in unknown {
            let answer = try caller.post(write.path, write.body, idempotencyKey: write.key)
            try #require([200, 201, 422].contains(answer.status), "\(write.key): \(answer.text)")
            if present[write.key] == true { try #require(answer.isReplay, "\(write.key) was there: \(answer.text)") }
            answers[write.key] = answer
        }
        let fresh = try found(caller)
        for write in unknown {
            let isRecorded = answers[write.key]?.status != 422
            let wasThere = present[write.key] == true
            for (reference, change) in write.changes {
                let deltas = fresh[reference] ?? []
                try #require(deltas == (isRecorded && !wasThere ? [change] : []), "\(reference), sent again")
                if isRecorded { expected[reference] = change }
            }
        }
    }

    /// Audits all that was written since the beginning: each movement once, each level the sum of its changes.
    func finish(_ caller: Caller) throws {
        let all = try caller.entries()
        try #require(all.count == entries.count)
        var references: Set<String> = []
        for entry in all where entry.isMovement {
            let reference = try #require(entry.data.reference)
            try #require(references.insert(reference).inserted, "\(reference) is there twice")
            try #require(entry.data.delta == expected[reference], "\(reference)")
        }
        try #require(references.count == expected.count)
        for (level, sum) in try balances(of: all) {
            let names = level.components(separatedBy: " at ")
            #expect(try caller.onHand(names[0], at: names[1]) == sum, "\(level)")
        }
    }
}
