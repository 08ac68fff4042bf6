import LedgerCore
import LedgerStorage
import MemoryStorage
import Testing
import WebhookDelivery

@Suite("The delivery machine")
struct DeliveryMachineTests {
    private func types(_ count: Int) -> [EventType] { Array(repeating: .movementRecorded, count: count) }

    @Test("every event reaches the endpoint once, and the cursor follows")
    func once() throws {
        var world = DeliverySimulation(seed: 1)
        try world.begin()
        let endpoint = world.addEndpoint()
        world.append(types(1_000))
        try world.run(for: 60_000)
        #expect(world.taken(endpoint).sorted() == world.wanted(endpoint))
        let opened = try world.store.open()
        #expect(opened.lanes.map(\.nextSeq) == [UInt64(world.journal.count) + 1])
        #expect(opened.pending.isEmpty)
        let pages = try world.store.firstDeliveries(to: endpoint, in: 0...10_000, limit: 10_000)
        #expect(pages.deliveries.map(\.seq) == world.wanted(endpoint).reversed())
    }

    @Test("an endpoint is sent what comes after its creation, under the names that it asked for")
    func namesAndStart() throws {
        var world = DeliverySimulation(seed: 2)
        try world.begin()
        world.append([.movementRecorded, .stockLow])
        let endpoint = world.addEndpoint(["inventory.updated", "stock.*"])
        world.append([.movementRecorded, .itemCreated, .stockOut])
        try world.run(for: 5_000)
        let names = world.received.filter { $0.id.webhook == endpoint }.sorted { $0.id.seq < $1.id.seq }.map(\.name)
        #expect(names == ["inventory.updated", "stock.out"])
    }

    @Test("a delivery that fails is tried again at 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h, then it is dead")
    func schedule() throws {
        var world = DeliverySimulation(seed: 3)
        world.limits.patience = .max
        try world.begin()
        let endpoint = world.addEndpoint()
        world.reactions[endpoint] = { _, _, _ in .answer(500, after: 1) }
        world.append(types(1))
        try world.run(for: 100 * 3_600_000)
        let times = world.received.map(\.at)
        #expect(times.count == 10)
        let hours: [Double] = [5.0 / 3_600, 5.0 / 60, 0.5, 2, 5, 10, 14, 20, 24]
        for (gap, hours) in zip(zip(times, times.dropFirst()).map({ $1 - $0 }), hours) {
            let least = Int64(hours * 3_600_000)
            #expect(gap >= least && gap <= least + least / 10 + 70_000, "\(gap) ms after \(least)")
        }
        #expect(try world.store.counts(of: endpoint) == (pending: 0, dead: 1))
        let id = DeliveryID(webhook: endpoint, seq: 2)
        #expect(try world.store.attempts(of: id).count == 10)
        #expect(try world.store.delivery(id)?.status == .dead)
    }

    @Test("what arrived is kept for seven days, a dead letter for ninety")
    func retention() throws {
        var world = DeliverySimulation(seed: 4)
        world.limits.retryDelays = [1_000]
        try world.begin()
        let endpoint = world.addEndpoint()
        world.reactions[endpoint] = { seq, _, _ in .answer(seq == 2 ? 500 : 200, after: 1) }
        world.append(types(2))
        try world.run(for: 10_000)
        let day: Int64 = 24 * 3_600_000
        func arrived() throws -> Bool {
            try !world.store.firstDeliveries(to: endpoint, in: 3...3, limit: 1).deliveries.isEmpty
        }
        // Whatever is written next takes away what has become old.
        var kept: [Int64: (arrived: Bool, dead: Int)] = [:]
        var days: Int64 = 0
        for stop: Int64 in [6, 8, 89, 91] {
            try world.run(for: (stop - days) * day)
            days = stop
            world.append(types(1))
            try world.run(for: 10_000)
            kept[stop] = (try arrived(), try world.store.counts(of: endpoint).dead)
        }
        #expect(kept[6]?.arrived == true && kept[8]?.arrived == false)
        #expect(kept[8]?.dead == 1 && kept[89]?.dead == 1 && kept[91]?.dead == 0)
    }

    @Test("Retry-After puts an attempt off, and brings none forward", arguments: [(600, 600_000), (1, 5_000)])
    func retryAfter(asked: Int64, least: Int64) throws {
        var world = DeliverySimulation(seed: 4)
        try world.begin()
        let endpoint = world.addEndpoint()
        world.reactions[endpoint] = { _, earlier, _ in
            earlier == 0 ? .answer(503, after: 1, retryAfter: asked) : .answer(200, after: 1)
        }
        world.append(types(1))
        try world.run(for: 3_600_000)
        let times = world.received.map(\.at)
        #expect(times.count == 2)
        #expect(times[1] - times[0] >= least)
        #expect(times[1] - times[0] <= least + least / 10 + 61_000)
    }

    @Test(
        "a clock that is set back puts no attempt off, whether the process lives through it or not",
        arguments: [false, true])
    func clockSetBack(restarts: Bool) throws {
        var world = DeliverySimulation(seed: 31)
        try world.begin()
        let endpoint = world.addEndpoint()
        world.reactions[endpoint] = { _, earlier, _ in .answer(earlier < 2 ? 500 : 200, after: 1) }
        world.append(types(1))
        try world.run(for: 2_000)
        world.wallShift = -25 * 3_600_000
        if restarts {
            world.crash()
            try world.begin()
        }
        try world.run(for: 10_000)
        #expect(world.received.count == 2)
        world.wallShift -= 3_600_000
        try world.run(for: 400_000)
        let times = world.received.map(\.at)
        #expect(times.count == 3)
        #expect(world.received.last?.status == 200)
    }

    @Test("what fails does not hold back what comes after it")
    func poison() throws {
        var world = DeliverySimulation(seed: 5)
        try world.begin()
        let endpoint = world.addEndpoint()
        world.reactions[endpoint] = { seq, _, _ in seq == 5 ? .answer(500, after: 1) : .answer(200, after: 1) }
        world.append(types(500))
        try world.run(for: 2_000)
        #expect(Set(world.taken(endpoint)) == Set(world.wanted(endpoint)).subtracting([5]))
        #expect(world.progress(endpoint)?.lanes[0].nextSeq == UInt64(world.journal.count) + 1)
    }

    @Test("an answer that is long in coming does not hold the cursor back")
    func slow() throws {
        var world = DeliverySimulation(seed: 6)
        world.limits.settledAhead = 50
        try world.begin()
        let endpoint = world.addEndpoint()
        world.reactions[endpoint] = { seq, _, _ in .answer(200, after: seq == 3 ? 14_000 : 1) }
        world.append(types(400))
        try world.run(for: 10_000)
        #expect(Set(world.taken(endpoint)).count == 400)
        #expect(try world.store.open().lanes[0].nextSeq == UInt64(world.journal.count) + 1)
        #expect(try world.store.open().pending.map(\.id.seq) == [3])
        try world.run(for: 10_000)
        #expect(try world.store.delivery(DeliveryID(webhook: endpoint, seq: 3))?.status == .delivered)
        #expect(world.sent[DeliveryID(webhook: endpoint, seq: 3)] == 1)
    }

    @Test("an endpoint that hangs is left with one connection and does not touch the others")
    func hanging() throws {
        var world = DeliverySimulation(seed: 7)
        try world.begin()
        let hanging = world.addEndpoint()
        let good = world.addEndpoint()
        world.reactions[hanging] = { _, _, _ in .hang }
        for _ in 0..<120 {
            world.append(types(5))
            try world.run(for: 1_000)
        }
        #expect(world.taken(good).sorted() == world.wanted(good))
        let delays = world.received.filter { $0.id.webhook == good }.count
        #expect(delays == world.wanted(good).count)
        #expect((world.progress(hanging)?.concurrency ?? 99) == 1)
        // What was not tried yet waits at its place in the journal and has no row.
        #expect(try world.store.counts(of: hanging).pending < 40)
    }

    @Test("an endpoint that is down is spared: its outage fills no table, and when it is back everything arrives")
    func outage() throws {
        var world = DeliverySimulation(seed: 8)
        try world.begin()
        let endpoint = world.addEndpoint()
        let back: Int64 = 6 * 3_600_000
        world.reactions[endpoint] = { _, _, at in at < back ? .answer(502, after: 1) : .answer(200, after: 1) }
        for _ in 0..<360 {
            world.append(types(100))
            try world.run(for: 60_000)
        }
        #expect(try world.store.counts(of: endpoint).pending < 200)
        try world.run(for: 60 * 3_600_000)
        #expect(Set(world.taken(endpoint)) == Set(world.wanted(endpoint)))
        #expect(try world.store.counts(of: endpoint) == (pending: 0, dead: 0))
    }

    @Test("410 disables the endpoint; enabled again it goes on where it was")
    func gone() throws {
        var world = DeliverySimulation(seed: 9)
        try world.begin()
        let endpoint = world.addEndpoint(["movement.recorded"])
        world.reactions[endpoint] = { seq, _, at in at < 10_000 ? .answer(410, after: 1) : .answer(200, after: 1) }
        world.append(types(20))
        try world.run(for: 8_000)
        #expect(world.disabled.map(\.1) == [.gone])
        let attempts = world.received.count
        world.append(types(20))
        try world.run(for: 60_000)
        #expect(world.received.count == attempts)
        world.change(endpoint) { $0.status = .enabled }
        try world.run(for: 5_000)
        #expect(Set(world.taken(endpoint)) == Set(world.wanted(endpoint)))
    }

    @Test("an endpoint that nothing reaches for 5 days is disabled and says so once")
    func failingForDays() throws {
        var world = DeliverySimulation(seed: 10)
        try world.begin()
        let endpoint = world.addEndpoint(["movement.recorded"])
        world.reactions[endpoint] = { _, _, _ in .hang }
        world.append(types(3))
        for _ in 0..<(6 * 24) {
            world.append(types(1))
            try world.run(for: 3_600_000)
        }
        #expect(world.disabled.map(\.1) == [.failing])
        let days = Double(world.disabled.first?.at ?? 0) / 86_400_000
        #expect((5.0...5.1).contains(days), "\(days) days")
    }

    @Test("a replay sends the same events again, and only what the endpoint takes")
    func replay() throws {
        var world = DeliverySimulation(seed: 11)
        try world.begin()
        let endpoint = world.addEndpoint(["movement.recorded", "stock.out"])
        world.append(types(50) + [.stockOut, .itemCreated, .stockOut])
        try world.run(for: 2_000)
        let before = world.received.count
        world.replay(ReplayRequest(webhook: endpoint, firstSeq: 10, lastSeq: 54, events: ["stock.*"], deadOnly: false))
        world.replay(ReplayRequest(webhook: endpoint, firstSeq: 2, lastSeq: 4, events: nil, deadOnly: false))
        try world.run(for: 2_000)
        #expect(world.received.dropFirst(before).map(\.id.seq).sorted() == [2, 3, 4, 52, 54])
        #expect(world.progress(endpoint)?.lanes.count == 1)
        #expect(try world.store.open().lanes.count == 1)
    }

    @Test("replays that overlap all end, whichever of them has sent an event")
    func overlappingReplays() throws {
        var world = DeliverySimulation(seed: 12)
        try world.begin()
        let endpoint = world.addEndpoint()
        world.append(types(30))
        try world.run(for: 5_000)
        let last = UInt64(world.journal.count)
        world.reactions[endpoint] = { _, _, _ in .answer(200, after: 50) }
        for _ in 0..<8 {
            world.replay(ReplayRequest(webhook: endpoint, firstSeq: 2, lastSeq: last, events: nil, deadOnly: false))
        }
        try world.run(for: 60_000)
        #expect(world.progress(endpoint)?.lanes.count == 1, "the live one")
        #expect(try world.store.open().lanes.count == 1)
    }

    @Test("a replay of dead letters sends those alone and begins their schedule anew")
    func deadLetters() throws {
        var world = DeliverySimulation(seed: 12)
        world.limits.patience = .max
        try world.begin()
        let endpoint = world.addEndpoint(["movement.recorded"])
        world.reactions[endpoint] = { seq, _, at in
            seq % 10 == 0 && at < 200 * 3_600_000 ? .answer(400, after: 1) : .answer(200, after: 1)
        }
        world.append(types(60))
        try world.run(for: 201 * 3_600_000)
        #expect(try world.store.deadSeqs(of: endpoint, in: 0...1_000, limit: 100) == [10, 20, 30, 40, 50, 60])
        let before = world.received.count
        world.replay(ReplayRequest(webhook: endpoint, firstSeq: 15, lastSeq: 45, events: nil, deadOnly: true))
        try world.run(for: 5_000)
        #expect(world.received.dropFirst(before).map(\.id.seq).sorted() == [20, 30, 40])
        #expect(try world.store.counts(of: endpoint) == (pending: 0, dead: 3))
        #expect(try world.store.attempts(of: DeliveryID(webhook: endpoint, seq: 20)).count == 11)
    }

    @Test("a deleted endpoint is sent nothing more and leaves nothing behind")
    func deletion() throws {
        var world = DeliverySimulation(seed: 13)
        try world.begin()
        let endpoint = world.addEndpoint()
        world.reactions[endpoint] = { seq, _, _ in .answer(seq % 3 == 0 ? 500 : 200, after: 5) }
        world.append(types(200))
        try world.run(for: 20)
        world.change(endpoint) { $0.deletedSeq = 999 }
        let attempts = world.received.count
        try world.run(for: 3_600_000)
        #expect(world.received.count == attempts)
        let opened = try world.store.open()
        #expect(opened.lanes.isEmpty && opened.pending.isEmpty && opened.health.isEmpty)
        #expect(try world.store.deliveries(DeliveryQuery(limit: 10)).isEmpty)
    }

    @Test("whatever fails and whenever the process dies, everything arrives, and little of it twice", arguments: 1...60)
    func chaos(seed: Int) throws {
        var world = DeliverySimulation(seed: UInt64(seed))
        world.limits.settledAhead = 20
        try world.begin()
        var dice = SplitMix64(state: UInt64(seed) &* 977)
        let endpoints = [world.addEndpoint(), world.addEndpoint(["movement.*"]), world.addEndpoint(["stock.*", "*"])]
        let calm: Int64 = 3_600_000
        for endpoint in endpoints {
            var chance = SplitMix64(state: dice.next())
            world.reactions[endpoint] = { _, _, at in
                if at > calm { return .answer(200, after: 1) }
                switch chance.next() % 12 {
                case 0: return .answer(500, after: Int64(chance.next() % 50))
                case 1: return .hang
                case 2: return .answer(429, after: 3, retryAfter: Int64(chance.next() % 20))
                default: return .answer(200, after: Int64(chance.next() % 30))
                }
            }
        }
        var crashes = 0
        var underWayAtCrash = 0
        for _ in 0..<60 {
            world.append((0..<Int(dice.next() % 20)).map { _ in dice.next() % 4 == 0 ? .stockLow : .movementRecorded })
            try world.run(for: Int64(dice.next() % 3_000))
            if dice.next() % 5 == 0 {
                crashes += 1
                underWayAtCrash += endpoints.reduce(0) { $0 + (world.progress($1)?.underWay ?? 0) }
                world.crash()
                try world.run(for: Int64(dice.next() % 200))
                try world.begin()
            }
        }
        try world.run(for: 80 * 3_600_000)
        for endpoint in endpoints {
            let taken = world.taken(endpoint)
            #expect(Set(taken) == Set(world.wanted(endpoint)), "seed \(seed)")
            // Twice is what was on its way when the process died, or had arrived in the instant before.
            #expect(taken.count - Set(taken).count <= underWayAtCrash + crashes * 12, "seed \(seed)")
        }
        #expect(try world.store.open().pending.isEmpty, "seed \(seed)")
    }

    @Test("a crash makes no more arrive twice than was sent and not recorded, however long recording takes")
    func bounded() throws {
        var world = DeliverySimulation(seed: 21)
        world.limits.concurrency = 8
        world.limits.unrecorded = 10
        world.limits.writeInterval = 50
        try world.begin()
        let endpoint = world.addEndpoint()
        let crashes = 40
        for _ in 0..<crashes {
            world.append(types(200))
            try world.run(for: 137)
            world.crash()
            try world.run(for: 5)
            try world.begin()
        }
        try world.run(for: 600_000)
        let taken = world.taken(endpoint)
        #expect(Set(taken) == Set(world.wanted(endpoint)))
        #expect(taken.count > Set(taken).count)
        #expect(taken.count - Set(taken).count <= crashes * world.limits.unrecorded)
    }
}
