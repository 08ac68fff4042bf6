import BlockingWork
import Foundation
import LedgerCore
import LedgerStorage
import PostgresServer
import PostgresStorage
import SampleLedger
import Testing

/// Ledgers that commit while another transaction is under way share the next one.
@Suite("commits of several ledgers at the same time")
struct CommitGroupTests {
    /// What became of one commit.
    private typealias Outcome = Result<CommitOutcome, StoreError>

    /// Ledgers of one server that has one transaction under way at a time, and another server beside it.
    private final class Ledgers: Sendable {
        let fixture: Fixture
        let server: PostgresDatabase
        let other: PostgresDatabase
        let realms: [Realm]
        let stores: [PostgresRealmStore]
        /// The next commit of each.
        let units: [CommitUnit]
        let threads = BlockingThreads(name: "commits", maximum: 40)

        init(_ count: Int) throws {
            fixture = try Fixture()
            server = try PostgresDatabase(
                conninfo: fixture.testDatabase.url, sealKey: Fixture.sealKey, commits: 1)
            other = try fixture.otherServer()
            var stores: [PostgresRealmStore] = []
            var units: [CommitUnit] = []
            realms = (0..<count).map { [fixture] _ in fixture.freshRealm() }
            for (number, realm) in realms.enumerated() {
                let store = server.openRealm(realm)
                _ = try store.open()
                store.finishOpening()
                var ledger = SampleLedger(seed: UInt64(number), items: 3, locations: 2, blocks: 3)
                try ledger.write(to: store)
                ledger.addMovement()
                stores.append(store)
                units.append(ledger.seal())
            }
            self.stores = stores
            self.units = units
        }

        deinit {
            threads.stop()
            for store in stores { store.close() }
            other.close()
            server.close()
        }

        /// Keeps everybody else from committing to the ledger, as a server does that takes turns with others.
        func lock(_ number: Int) throws -> PostgresRealmStore {
            let store = other.openRealm(realms[number])
            _ = try store.open()
            store.finishOpening()
            _ = try store.news(locking: true)
            return store
        }

        func begin(_ number: Int) -> BlockingResult<Outcome> {
            let result = BlockingResult<Outcome>()
            threads.run { [store = stores[number], unit = units[number]] in
                do throws(StoreError) {
                    result.set(.success(try store.commit(unit)))
                } catch {
                    result.set(.failure(error))
                }
            }
            return result
        }

        /// Commits of all but the first, which come in while that of the first is held up, and so make one group.
        func commitTogether(meanwhile: () throws -> Void = {}) throws -> [Outcome] {
            let holder = try lock(0)
            let first = begin(0)
            try CommitGroupTests.wait("the first to be held up") { try waitingForLocks() == 1 }
            let others = (1..<stores.count).map { begin($0) }
            // They have nothing to do but to hand themselves in.
            usleep(300_000)
            try meanwhile()
            holder.close()
            _ = first.wait()
            return others.map { $0.wait() }
        }

        func waitingForLocks() throws -> Int {
            try fixture.numbers(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'
                """)[0]
        }

        /// In how many transactions the last blocks of all but the first were written.
        func transactions() throws -> Int {
            let ids = realms.dropFirst().map { "'\(Fixture.hex($0))'" }.joined(separator: ", ")
            return try fixture.numbers(
                """
                SELECT count(DISTINCT xmin::text) FROM (
                    SELECT DISTINCT ON (realm) xmin FROM bincard.block WHERE realm IN (\(ids))
                    ORDER BY realm, first_seq DESC
                ) AS newest
                """)[0]
        }
    }

    fileprivate static func wait(_ what: String, until isSo: () throws -> Bool) throws {
        for _ in 0..<500 {
            if try isSo() { return }
            usleep(20_000)
        }
        Issue.record("waited in vain for \(what)")
    }

    private static func isDurable(_ outcome: Outcome) -> Bool {
        if case .success(.durable) = outcome { return true }
        return false
    }

    @Test("ledgers that are ready at the same time share a transaction, and each has its own version")
    func shared() throws {
        let ledgers = try Ledgers(9)
        let before = try ledgers.stores.map { try $0.currentVersion() }
        let outcomes = try ledgers.commitTogether()
        #expect(outcomes == before.dropFirst().map { .success(.durable(version: $0 + 1)) })
        #expect(try ledgers.transactions() == 1)
        for (store, unit) in zip(ledgers.stores, ledgers.units) {
            #expect(try store.open().head == unit.block?.sealedHead)
        }
    }

    @Test("thirty-three that are ready take two transactions: one has thirty-two at most")
    func bounded() throws {
        let ledgers = try Ledgers(34)
        #expect(try ledgers.commitTogether().allSatisfy(Self.isDurable))
        #expect(try ledgers.transactions() == 2)
    }

    @Test("one that another server has overtaken writes nothing, and the others are written with it")
    func overtaken() throws {
        let ledgers = try Ledgers(5)
        let outcomes = try ledgers.commitTogether {
            let faster = ledgers.other.openRealm(ledgers.realms[3])
            _ = try faster.open()
            faster.finishOpening()
            #expect(Self.isDurable(.success(try faster.commit(ledgers.units[3]))))
            faster.close()
        }
        #expect(outcomes.map { $0 == .success(.overtaken) } == [false, false, true, false])
        #expect(outcomes.filter(Self.isDurable).count == 3)
        #expect(try ledgers.stores[3].open().head == ledgers.units[3].block?.sealedHead)
    }

    @Test(
        "one whose statement fails, or whose commit does, fails alone",
        arguments: [false, true])
    func failing(atCommit: Bool) throws {
        let ledgers = try Ledgers(5)
        try ledgers.fixture.failCommits(
            of: ledgers.realms[2], "RAISE EXCEPTION 'no room' USING ERRCODE = '53100';", atCommit: atCommit)
        let outcomes = try ledgers.commitTogether()
        guard case .failure(.full) = outcomes[1] else {
            Issue.record("\(outcomes[1])")
            return
        }
        #expect(outcomes.map(Self.isDurable) == [true, false, true, true])
        #expect(try ledgers.stores[2].open().head != ledgers.units[2].block?.sealedHead)
    }

    @Test("one whose head somebody else has locked is waited for by no other")
    func locked() throws {
        let ledgers = try Ledgers(5)
        let holder = try ledgers.lock(3)
        let first = try ledgers.lock(0)
        let outcomes = (0..<5).map { number in
            defer { usleep(number == 0 ? 300_000 : 0) }
            return ledgers.begin(number)
        }
        usleep(300_000)
        first.close()
        for number in [0, 1, 2, 4] { #expect(Self.isDurable(outcomes[number].wait())) }
        #expect(!outcomes[3].isSet)
        holder.close()
        #expect(Self.isDurable(outcomes[3].wait()))
    }

    @Test("a session that ends at the commit leaves an outcome that nobody of the group knows")
    func ended() throws {
        let ledgers = try Ledgers(4)
        try ledgers.fixture.failCommits(of: ledgers.realms[2], "PERFORM pg_terminate_backend(pg_backend_pid());")
        for outcome in try ledgers.commitTogether() {
            guard case .failure(.unavailable(_, isOutcomeUnknown: true)) = outcome else {
                Issue.record("\(outcome)")
                continue
            }
        }
        try ledgers.fixture.failCommitsNoMore()
        for number in 1..<4 { #expect(Self.isDurable(ledgers.begin(number).wait())) }
    }
}
