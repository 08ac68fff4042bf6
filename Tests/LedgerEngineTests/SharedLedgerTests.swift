import LedgerCore
import LedgerEngine
import LedgerStorage
import PostgresServer
import SampleLedger
import Synchronization
import Testing

@Suite("A ledger on several servers", .serialized, .timeLimit(.minutes(2)))
struct SharedLedgerTests {
    /// Small enough that within a short test passes are written, segments filled and levels forgotten.
    private var smallLimits: EngineLimits {
        var limits = EngineLimits()
        limits.entriesBetweenPasses = 60
        limits.levelsPerCommit = 4
        limits.levelsInMemory = 8
        limits.entriesPerReferenceSegment = 64
        limits.commandsPerCommit = 8
        return limits
    }

    @Test("what one server has acknowledged, a read that begins afterwards on another shows")
    func freshReads() async throws {
        let shared = try SharedServers()
        let servers = [try shared.server(), try shared.server(), try shared.server()]
        await servers[0].write(.createLocation(LocationDraft(code: "WH-1", name: "W")))
        await servers[1].write(.createItem(ItemDraft(sku: "SKU-1", name: "I")))
        for round in 1...30 {
            let writer = servers[round % 3]
            #expect(await writer.write(.receive(1)).decided?.status == 201)
            for server in servers { #expect(try await server.onHand() == Int64(round)) }
        }
        #expect(try shared.journal().problem == nil)
    }

    @Test("a refusal is never due to what another server had put right before")
    func freshRefusals() async throws {
        let shared = try SharedServers()
        let (first, second) = (try shared.server(), try shared.server())
        await first.write(.createLocation(LocationDraft(code: "WH-1", name: "W")))
        await first.write(.createItem(ItemDraft(sku: "SKU-1", name: "I")))
        for _ in 0..<20 {
            // Without a key: nothing is written when it is refused, so that no commit shows that memory is old.
            #expect(await second.write(.pick(1)).decided?.status == 422)
            await first.write(.receive(1))
            #expect(await second.write(.pick(1)).decided?.status == 201)
        }
        #expect(try await first.onHand() == 0)
    }

    @Test("three servers write at once: seqs without a gap, every answer once, memory and rows agree everywhere")
    func load() async throws {
        let shared = try SharedServers(limits: smallLimits)
        let servers = [try shared.server(), try shared.server(), try shared.server()]
        let (items, locations) = (6, 3)
        for number in 1...locations {
            await servers[0].write(.createLocation(LocationDraft(code: "WH-\(number)", name: "W")))
        }
        for number in 1...items { await servers[1].write(.createItem(ItemDraft(sku: "SKU-\(number)", name: "I"))) }
        let start = UInt64(items + locations)
        let seqs = Collected<UInt64>()
        await withTaskGroup(of: Void.self) { group in
            for (index, server) in servers.enumerated() {
                for worker in 0..<6 {
                    group.addTask {
                        var random = SeededGenerator(seed: UInt64(index * 100 + worker))
                        for number in 0..<40 {
                            let item = Int.random(in: 1...items, using: &random)
                            let location = Int.random(in: 1...locations, using: &random)
                            let command: Command =
                                number % 5 == 4
                                ? .move(.transfer, 1, item: item, location: location, to: location % locations + 1)
                                : number % 3 == 0
                                    ? .pick(1, item: item, location: location)
                                    : .receive(2, item: item, location: location, reference: "PO-\(number)")
                            let key = RequestIdentity.key(UInt64(index * 10_000 + worker * 100 + number))
                            if let seq = await server.write(command, key).decided?.seq { seqs.append(seq) }
                        }
                    }
                }
            }
        }
        let (entries, problem) = try shared.journal()
        #expect(problem == nil)
        #expect(entries.map(\.seq) == Array(1...UInt64(entries.count)))
        #expect(Set(seqs.values).count == seqs.values.count)
        #expect(Set(seqs.values).isSubset(of: Set(entries.map(\.seq).filter { $0 > start })))
        var sums: [LevelKey: Int64] = [:]
        for entry in entries {
            guard case .movementRecorded(let movement) = entry.change else { continue }
            sums[LevelKey(item: movement.item, location: movement.location), default: 0] += movement.quantity
            if let target = movement.target {
                sums[LevelKey(item: movement.item, location: target.location), default: 0] -= movement.quantity
            }
        }
        for server in servers {
            #expect(server.fatalErrors == [])
            #expect(await server.current() == nil)
            #expect(server.ledger.head.head.seq == UInt64(entries.count))
            for (key, sum) in sums { #expect(try server.ledger.levels([key])[0].pool.onHand == sum, "\(key)") }
            let found = try server.ledger.references(to: "PO-1", before: .max, limit: 1_000)
            #expect(Set(found) == references(to: "PO-1", in: entries), "each server finds all references")
            let stocked = server.ledger.withCommitted { $0.stockedLevelsByLocation }
            #expect(
                stocked
                    == (1...locations).map { location in
                        sums.count { $0.key.location.rawValue == UInt32(location) && $0.value != 0 }
                    })
        }
        for server in servers { server.ledger.close() }
        #expect(try shared.journal().problem == nil, "also what is written when a server stops")
        let late = try shared.server()
        for (key, sum) in sums { #expect(try late.ledger.levels([key])[0].pool.onHand == sum, "\(key)") }
    }

    private func references(to reference: String, in entries: [Entry]) -> Set<UInt64> {
        Set(
            entries.compactMap { entry in
                guard case .movementRecorded(let movement) = entry.change else { return nil }
                return movement.reference == reference ? entry.seq : nil
            })
    }

    @Test("a server that was away while others wrote a thousand blocks and their segments comes back and writes on")
    func away() async throws {
        let shared = try SharedServers(limits: smallLimits)
        let (busy, idle) = (try shared.server(), try shared.server())
        await busy.write(.createLocation(LocationDraft(code: "WH-1", name: "W")))
        await busy.write(.createItem(ItemDraft(sku: "SKU-1", name: "I")))
        // More than comes in one answer, so that the first tells of segments over what only the later ones bring.
        for _ in 0..<1_100 { await busy.write(.receive(1, reference: "PO-1")) }
        for _ in 0..<100 { #expect(await idle.write(.receive(1, reference: "PO-1")).decided?.status == 201) }
        #expect(busy.fatalErrors == [] && idle.fatalErrors == [])
        for server in [busy, idle] {
            #expect(try await server.onHand() == 1_200)
            #expect(try server.ledger.references(to: "PO-1", before: .max, limit: 2_000).count == 1_200)
        }
        #expect(try shared.journal().problem == nil)
    }

    @Test("a ledger that is followed takes in what others write though nobody reads or writes it here")
    func following() async throws {
        let shared = try SharedServers()
        let (writer, follower) = (try shared.server(), try shared.server())
        await writer.write(.createLocation(LocationDraft(code: "WH-1", name: "W")))
        let seqs = Collected<UInt64>()
        let observation = follower.ledger.observeHead(isUrgent: { false }) { seqs.append($0) }
        #expect(follower.ledger.headObservers == 1 && !follower.ledger.isFollowedClosely)
        let other = follower.ledger.observeHead { _ in }
        #expect(follower.ledger.isFollowedClosely)
        other.cancel()
        #expect(!follower.ledger.isFollowedClosely)
        follower.ledger.follow()
        for _ in 0..<500 where seqs.values.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        #expect(seqs.values == [1])
        observation.cancel()
    }

    @Test("twins of a key that meet on two servers have one effect and one answer")
    func twins() async throws {
        let shared = try SharedServers()
        let servers = [try shared.server(), try shared.server(), try shared.server()]
        await servers[0].write(.createLocation(LocationDraft(code: "WH-1", name: "W")))
        await servers[0].write(.createItem(ItemDraft(sku: "SKU-1", name: "I")))
        for round in 0..<60 {
            let key = RequestIdentity.key(UInt64(round))
            let results = await withTaskGroup(of: SubmissionResult.self) { group in
                for server in servers {
                    for _ in 0..<2 { group.addTask { await server.write(.receive(1), key) } }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.compactMap(\.decided).count == 1, "round \(round)")
            let answers = Set(results.compactMap { $0.decided ?? $0.replayed })
            #expect(answers.count == 1 && results.allSatisfy { $0.decided != nil || $0.replayed != nil })
        }
        #expect(try await servers[2].onHand() == 60)
        let other = RequestIdentity(key: RequestIdentity.key(1).key, fingerprint: Digest128(high: 1, low: 9))
        for server in servers { #expect(await server.write(.receive(1), other).isReused) }
    }

    @Test("connections that are cut off make writes unknown, never wrong: the same key settles each to once")
    func cutOff() async throws {
        let shared = try SharedServers(limits: smallLimits)
        let servers = [try shared.server(), try shared.server()]
        await servers[0].write(.createLocation(LocationDraft(code: "WH-1", name: "W")))
        await servers[0].write(.createItem(ItemDraft(sku: "SKU-1", name: "I")))
        let unknown = Counter()
        let settled = Collected<UInt64>()
        let isOver = Flag()
        await withTaskGroup(of: Void.self) { group in
            for (index, server) in servers.enumerated() {
                for worker in 0..<4 {
                    group.addTask {
                        for number in 0..<60 {
                            let key = RequestIdentity.key(UInt64(index * 1_000 + worker * 100 + number))
                            while !Task.isCancelled {
                                let result = await server.write(.receive(1), key)
                                if let answer = result.decided ?? result.replayed {
                                    if let seq = answer.seq { settled.append(seq) }
                                    break
                                }
                                if case .unavailable(isOutcomeUnknown: true) = result { unknown.add() }
                            }
                        }
                        if settled.values.count == 480 { isOver.set() }
                    }
                }
            }
            group.addTask {
                while !isOver.isSet, !Task.isCancelled {
                    _ = try? shared.testDatabase.server.psql(
                        """
                        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                        WHERE datname = '\(shared.testDatabase.name)' AND pid <> pg_backend_pid()
                        """)
                    try? await Task.sleep(for: .milliseconds(20))
                }
            }
        }
        #expect(Set(settled.values).count == 480 && settled.values.count == 480)
        #expect(try await servers[0].onHand() == 480)
        #expect(try await servers[1].onHand() == 480)
        #expect(servers.allSatisfy { $0.fatalErrors == [] })
        #expect(try shared.journal().problem == nil)
    }
}
