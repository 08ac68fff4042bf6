import Foundation
import Synchronization

/// A write that a load has sent, with what is needed to send it again.
struct SentWrite: Sendable {
    var key: String
    var path: String
    var body: String
    /// Change of stock by reference. A batch has several, a single write one.
    var changes: [String: Int64]
}

/// Threads that write to one ledger as fast as they get answers, until they are stopped or the server is gone. It knows
/// what was acknowledged and of what the outcome is unknown.
final class WriteLoad: Sendable {
    struct Tally: Sendable {
        var acknowledged: [(write: SentWrite, answer: Answer)] = []
        /// Sent; no answer came.
        var unknown: [SentWrite] = []
    }

    private let tally = Mutex(Tally())
    private let isStopped = Atomic(false)
    private let running = Atomic(0)
    private let port: Int
    private let apiKey: String
    private let prefix: String
    private let skus: [String]
    private let warehouses: [String]

    /// - Parameters:
    ///   - prefix: of every idempotency key, so that loads don't share any.
    ///   - threads: the first writes batches, each other one single movements.
    ///   - pause: milliseconds between two writes of a thread.
    init(
        port: Int, apiKey: String, prefix: String, skus: [String], warehouses: [String], seed: UInt64, threads: Int = 6,
        pause: UInt32 = 0
    ) {
        self.port = port
        self.apiKey = apiKey
        self.prefix = prefix
        self.skus = skus
        self.warehouses = warehouses
        running.store(threads, ordering: .sequentiallyConsistent)
        for thread in 0..<threads {
            let name = "\(prefix)-t\(thread)"
            Thread {
                self.write(batches: thread == 0, name: name, pause: pause, SeededNumbers(seed: seed &+ UInt64(thread)))
                self.running.subtract(1, ordering: .sequentiallyConsistent)
            }.start()
        }
    }

    var acknowledged: Int { tally.withLock { $0.acknowledged.count } }

    /// Waits until the threads have ended: by themselves when the server is gone, else after what they write just now.
    func finish(stopping: Bool) async throws -> Tally {
        if stopping { isStopped.store(true, ordering: .sequentiallyConsistent) }
        try await eventually("the load does not end", within: 60) {
            running.load(ordering: .sequentiallyConsistent) == 0
        }
        return tally.withLock { $0 }
    }

    private func write(batches: Bool, name: String, pause: UInt32, _ numbers: SeededNumbers) {
        var numbers = numbers
        guard let caller = try? Caller(port: port, key: apiKey) else { return }
        var number = 0
        while !isStopped.load(ordering: .relaxed) {
            number += 1
            let write =
                batches
                ? batch("\(name)-\(number)", &numbers) : movement("\(name)-\(number)", &numbers)
            do {
                let answer = try caller.post(write.path, write.body, idempotencyKey: write.key)
                tally.withLock { $0.acknowledged.append((write, answer)) }
            } catch {
                tally.withLock { $0.unknown.append(write) }
                return
            }
            if pause > 0 { usleep(pause * 1_000) }
        }
    }

    private func movement(_ key: String, _ numbers: inout SeededNumbers) -> SentWrite {
        let delta = [-3, -2, -1, 1, 2, 3, 4].randomElement(using: &numbers) ?? 1
        let body = """
            {"sku":"\(skus.randomElement(using: &numbers) ?? "")",\
            "warehouse":"\(warehouses.randomElement(using: &numbers) ?? "")",\
            "delta":\(delta),"reason":"count","reference":"\(key)"}
            """
        return SentWrite(key: key, path: "/v1/inventory/ledger", body: body, changes: [key: Int64(delta)])
    }

    private func batch(_ key: String, _ numbers: inout SeededNumbers) -> SentWrite {
        var changes: [String: Int64] = [:]
        var lines: [String] = []
        for line in 0..<20 {
            let reference = "\(key)-l\(line)"
            let quantity = Int64.random(in: 1...9, using: &numbers)
            changes[reference] = quantity
            lines.append(
                """
                {"item_id":"\(skus.randomElement(using: &numbers) ?? "")",\
                "location_id":"\(warehouses.randomElement(using: &numbers) ?? "")",\
                "type":"receipt","qty":\(quantity),"unit_cost":"2.5","idempotency_key":"\(reference)",\
                "reference":"\(reference)"}
                """)
        }
        return SentWrite(
            key: key, path: "/inventory/v1/movements/batch", body: #"{"movements":[\#(lines.joined(separator: ","))]}"#,
            changes: changes)
    }
}

/// SplitMix64: a seed that is printed brings a failure back.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
