import Foundation
import GRDB
import LedgerCore
import LedgerStorage
import SQLiteStorage
import Testing

@Suite("the file of deliveries", .serialized)
struct DeliveryFileTests {
    private let webhook = WebhookNumber(rawValue: 1)

    private func open(_ place: TemporaryRealm, _ access: SQLiteRealmStore.Access? = nil) throws -> SQLiteDeliveryStore {
        if let access { return try SQLiteDeliveryStore(path: place.path, access: access) }
        return try SQLiteDeliveryStore(path: place.path)
    }

    private func attempt(_ number: Int, body: Int = 12) -> DeliveryAttempt {
        DeliveryAttempt(
            startedAt: Instant(milliseconds: Int64(number)), microseconds: 900, url: "https://example.com",
            eventName: "stock.low", signature: "v1,\(number)", headSeq: UInt64(number) + 5,
            outcome: .answered(
                ReceivedAnswer(
                    status: 200, contentType: nil, body: [UInt8](repeating: UInt8(number % 251), count: body),
                    isTruncated: false)))
    }

    /// A unit as a dispatcher writes them, by number from 1.
    private func unit(_ number: Int, body: Int = 12) -> DeliveryUnit {
        let seq = UInt64(number)
        let id = DeliveryID(webhook: webhook, seq: seq)
        return DeliveryUnit(
            controlSeq: seq, lanes: [DeliveryLane(id: LaneID(webhook: webhook, origin: 0), nextSeq: seq + 1)],
            deliveries: [
                ExceptionalDelivery(
                    id: id, status: DeliveryStatus.allCases[number % 3], attempts: 1, lastOrdinal: 1,
                    nextAttemptAt: nil, updatedAt: Instant(milliseconds: Int64(number)), eventName: "stock.low")
            ],
            attempts: [NumberedAttempt(delivery: id, ordinal: 1, attempt: attempt(number))],
            pages: [
                DeliveryPage(
                    webhook: webhook, recordedAt: Instant(milliseconds: Int64(number)),
                    deliveries: [FirstDelivery(seq: seq, attempt: attempt(number, body: body))])
            ],
            health: [EndpointHealth(webhook: webhook, delivered: seq)])
    }

    private func expect(_ store: SQLiteDeliveryStore, holds count: Int) throws {
        let opened = try store.open()
        #expect(opened.controlSeq == UInt64(count) && opened.lanes.first?.nextSeq == UInt64(count) + 1)
        #expect(opened.health.first?.delivered == UInt64(count))
        #expect(opened.pending.count == (1...count).count { $0 % 3 == 0 })
        #expect(try store.deliveries(DeliveryQuery(limit: .max)).count == count)
        #expect(try store.attempts(of: DeliveryID(webhook: webhook, seq: UInt64(count))) == [attempt(count)])
        let (found, from) = try store.firstDeliveries(to: webhook, in: 1...UInt64(count), limit: .max)
        #expect(found.map(\.seq) == (1...UInt64(count)).reversed() && from == 1)
    }

    @Test("a commit goes to the log and syncs nothing, as SQLite says back")
    func settings() throws {
        let place = try TemporaryRealm()
        let store = try open(place)
        defer { store.close() }
        let said = try store.withWriter { db in
            try ["journal_mode", "synchronous", "page_size", "wal_autocheckpoint"].map {
                try String.fetchOne(db, sql: "PRAGMA \($0)") ?? ""
            }
        }
        #expect(said == ["wal", "1", "4096", "0"])
        #expect(SQLiteRealmStore.Checkpointing.deliveries.delay == 1_000)
    }

    @Test(
        "commits ask the kernel for no sync; copying the log does", .enabled(if: SystemCallTrace.isAvailable),
        .timeLimit(.minutes(1)))
    func syncs() throws {
        let place = try TemporaryRealm()
        let store = try open(place, .write(.init(background: 100_000, finish: 100_000)))
        defer { store.close() }
        for number in 1...5 { try store.commit(unit(number)) }
        guard let trace = try SystemCallTrace(file: place.directory + "/trace") else {
            // Not permitted here, as in many containers: the settings above are then all that is checked.
            return
        }
        for number in 6...60 { try store.commit(unit(number)) }
        let calls = try trace.stop()
        let folder = "\(place.directory.split(separator: "/").last ?? "")/"
        #expect(calls.count { $0.contains("sync(") && $0.contains(folder) } == 0)
    }

    @Test("what is committed without closing is there for whoever opens the file next")
    func noClose() throws {
        let place = try TemporaryRealm()
        // Nothing is copied from the log meanwhile.
        let store = try open(place, .write(.init(background: 100_000, finish: 100_000)))
        defer { store.close() }
        for count in [1, 2, 30] {
            for number in try store.open().controlSeq + 1...UInt64(count) { try store.commit(unit(Int(number))) }
            // As after kill −9: file and log as they are on disk at this moment.
            let copy = try TemporaryRealm()
            for suffix in ["", "-wal"] {
                try FileManager.default.copyItem(atPath: place.path + suffix, toPath: copy.path + suffix)
            }
            let reader = try open(copy, .read)
            try expect(reader, holds: count)
            reader.close()
            let writer = try open(copy)
            try expect(writer, holds: count)
            try writer.commit(unit(count + 1))
            try expect(writer, holds: count + 1)
            writer.close()
            #expect(!FileManager.default.fileExists(atPath: copy.path + "-wal"), "a clean stop leaves no log")
        }
    }

    @Test("a commit is copied from the log soon, although no other follows it", .timeLimit(.minutes(1)))
    func delay() async throws {
        let place = try TemporaryRealm()
        let store = try open(place, .write(.init(background: 100_000, finish: 100_000, delay: 50)))
        defer { store.close() }
        for number in 1...3 {
            try store.commit(unit(number))
            // The file alone, as a power cut may leave it at worst once the log was synced and copied.
            var seen: UInt64 = 0
            while seen < UInt64(number), !Task.isCancelled {
                try await Task.sleep(for: .milliseconds(5))
                let copy = try TemporaryRealm()
                try FileManager.default.copyItem(atPath: place.path, toPath: copy.path)
                let reader = try open(copy, .read)
                seen = try reader.open().controlSeq
                reader.close()
            }
            #expect(seen == UInt64(number))
        }
    }

    @Test("a store that is closed while a copy is on its way closes, and loses nothing")
    func closing() throws {
        let place = try TemporaryRealm()
        for number in 1...30 {
            let store = try open(place, .write(.init(background: 1, finish: 100_000, delay: number % 3)))
            try store.commit(unit(number))
            store.close()
        }
        // Copies that come too late find nothing to do.
        usleep(20_000)
        let store = try open(place)
        try expect(store, holds: 30)
        store.close()
    }

    @Test("the log stays short however much is written, and beside readers")
    func boundedLog() throws {
        let place = try TemporaryRealm()
        let store = try open(place, .write(.init(background: 100, finish: 400, delay: 20)))
        defer { store.close() }
        var longest = 0
        for number in 1...4_000 {
            try store.commit(unit(number, body: 6_000))
            _ = try store.counts(of: webhook)
            let size = try FileManager.default.attributesOfItem(atPath: place.path + "-wal")[.size] as? Int
            longest = max(longest, size ?? 0)
        }
        let file = try FileManager.default.attributesOfItem(atPath: place.path)[.size] as? Int ?? 0
        #expect(file > 16 << 20)
        // 400 pages of 4 KiB, and what a copy that runs in the background lets pass, more on a busy machine.
        #expect(longest < 8 << 20)
    }

    @Test("looking things up, and deleting, never scans a table or sorts")
    func plans() throws {
        let place = try TemporaryRealm()
        let store = try open(place)
        defer { store.close() }
        for number in 1...50 { try store.commit(unit(number)) }
        for sql in SQLiteDeliveryStore.lookUps {
            let plan = try store.withWriter { db in
                // A parameter that has a LIMIT or a key in its place does not change a plan.
                let sql = "EXPLAIN QUERY PLAN " + sql.replacingOccurrences(of: "?", with: "1")
                return try String.fetchAll(db, sql: sql, adapter: SuffixRowAdapter(fromIndex: 3))
            }
            #expect(!plan.isEmpty, "\(sql)")
            for step in plan { #expect(step.hasPrefix("SEARCH"), "\(sql): \(step)") }
        }
    }

    @Test("bounds on a list are part of its search", arguments: ["delivery_of_all", "page_of_webhook"])
    func bounds(index: String) throws {
        let place = try TemporaryRealm()
        let store = try open(place)
        defer { store.close() }
        let sql = try #require(
            SQLiteDeliveryStore.lookUps.first { $0.contains("BY \(index)\n") && $0.contains("DESC") })
        let plan = try store.withWriter { db in
            try String.fetchAll(
                db, sql: "EXPLAIN QUERY PLAN " + sql.replacingOccurrences(of: "?", with: "1"),
                adapter: SuffixRowAdapter(fromIndex: 3))
        }
        #expect(plan.count == 1 && plan[0].contains(">") && plan[0].contains("<"), "\(plan)")
    }

    @Test("large pages are deleted a few at a time")
    func bytes() throws {
        let place = try TemporaryRealm()
        let store = try open(place)
        defer { store.close() }
        for number in 1...10 {
            let first = UInt64(number * 100)
            let deliveries = (0..<10).map { FirstDelivery(seq: first + UInt64($0), attempt: attempt($0, body: 60_000)) }
            try store.commit(
                DeliveryUnit(pages: [
                    DeliveryPage(webhook: webhook, recordedAt: Instant(milliseconds: 0), deliveries: deliveries)
                ]))
        }
        var commits = 1
        while try store.commit(DeliveryUnit(dropBefore: Instant(milliseconds: 1))), commits < 100 { commits += 1 }
        #expect(commits == 10)
        #expect(try store.firstDeliveries(to: webhook, in: 0...(.max), limit: 1).deliveries.isEmpty)
    }

    // MARK: errors

    @Test("a unit that finds no page is refused whole, and goes in once there is room")
    func full() throws {
        let place = try TemporaryRealm()
        let store = try open(place)
        for number in 1...20 { try store.commit(unit(number)) }
        try store.withWriter { db in
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            try db.execute(sql: "PRAGMA max_page_count = \(pages)")
        }
        for _ in 0..<2 {
            let error = #expect(throws: StoreError.self) { try store.commit(unit(21, body: 65_536)) }
            guard case .full(let detail)? = error else {
                Issue.record("\(error as Any)")
                continue
            }
            #expect(detail.contains("the disk is full"))
            try expect(store, holds: 20)
        }
        try store.withWriter { try $0.execute(sql: "PRAGMA max_page_count = 100000") }
        try store.commit(unit(21, body: 65_536))
        try expect(store, holds: 21)
        store.close()
        let again = try open(place)
        try expect(again, holds: 21)
        again.close()
    }

    @Test("a file system that runs full loses nothing, reads go on, and so do writes once there is room")
    func fileSystem() throws {
        let place = try TemporaryRealm()
        // Only root may mount one; elsewhere the limit on pages above stands for it.
        guard mount("tmpfs", place.directory, "tmpfs", 0, "size=4m") == 0 else { return }
        defer { umount2(place.directory, Int32(MNT_DETACH)) }
        let ballast = place.directory + "/ballast"
        try Data(repeating: 1, count: 1 << 20).write(to: URL(fileURLWithPath: ballast))
        // The log is copied early, so that the copy meets the full disk too, which is no error.
        let store = try open(place, .write(.init(background: 20, finish: 60, delay: 5)))
        var count = 0
        var error: StoreError?
        while error == nil, count < 1_000 {
            do throws(StoreError) {
                try store.commit(unit(count + 1, body: 30_000))
                count += 1
            } catch let refused {
                error = refused
            }
        }
        guard case .full? = error else {
            Issue.record("\(error as Any)")
            return
        }
        try expect(store, holds: count)
        try FileManager.default.removeItem(atPath: ballast)
        try store.commit(unit(count + 1, body: 30_000))
        try expect(store, holds: count + 1)
        store.close()
    }

    @Test("after an error that is not for want of room nothing more is written until the file is opened again")
    func poisoned() throws {
        let place = try TemporaryRealm()
        let store = try open(place)
        try store.commit(unit(1))
        try store.withWriter { try $0.execute(sql: "ALTER TABLE health RENAME TO hidden") }
        #expect(throws: StoreError.self) { try store.commit(unit(2)) }
        try store.withWriter { try $0.execute(sql: "ALTER TABLE hidden RENAME TO health") }
        #expect(throws: StoreError.self) { try store.commit(DeliveryUnit(controlSeq: 9)) }
        store.close()
        let again = try open(place)
        try expect(again, holds: 1)
        try again.commit(unit(2))
        try expect(again, holds: 2)
        again.close()
    }

    @Test(
        "rows that nobody wrote are an error that says so",
        arguments: [
            "UPDATE page SET data = x''", "UPDATE page SET data = x'02'", "UPDATE attempt SET data = x'0100'",
            "UPDATE lane SET settled = x''", "UPDATE lane SET events = x'0105'", "UPDATE delivery SET status = 9",
            "DELETE FROM dispatch_state",
        ])
    func damaged(sql: String) throws {
        let place = try TemporaryRealm()
        let store = try open(place)
        try store.commit(unit(3))
        store.close()
        try place.sql(sql)
        let again = try open(place)
        defer { again.close() }
        let webhook = webhook
        let reads: [() throws -> Void] = [
            { _ = try again.open() }, { _ = try again.deliveries(DeliveryQuery(limit: 1)) },
            { _ = try again.delivery(DeliveryID(webhook: webhook, seq: 3)) },
            { _ = try again.attempts(of: DeliveryID(webhook: webhook, seq: 3)) },
            { _ = try again.firstDeliveries(to: webhook, in: 0...9, limit: 1) },
        ]
        var errors: [StoreError] = []
        for read in reads {
            do { try read() } catch let error as StoreError { errors.append(error) }
        }
        #expect(errors.count == 1)
        #expect(errors.allSatisfy { if case .corrupt = $0 { true } else { false } }, "\(errors)")
    }

    @Test("a file of a newer version is left alone, and what is no file of ours is an error that says so")
    func strangers() throws {
        let place = try TemporaryRealm()
        #expect(throws: StoreError.notFound(place.path)) { try open(place, .read) }
        _ = FileManager.default.createFile(atPath: place.path, contents: nil)
        #expect(throws: StoreError.corrupt(seq: nil, detail: "the file is not a Bincard database")) {
            try open(place, .read)
        }
        let store = try open(place)
        try store.commit(unit(1))
        store.close()
        // What was migrated is not migrated again.
        let again = try open(place)
        try expect(again, holds: 1)
        again.close()
        try place.sql("INSERT INTO schema_migration (version, name) VALUES (99, 'from the future')")
        #expect(throws: StoreError.schemaTooNew(found: 99, known: 2)) { try open(place) }
        #expect(throws: StoreError.schemaTooNew(found: 99, known: 2)) { try open(place, .read) }
        try Data("this is a letter to the editor, and no database at all, really".utf8)
            .write(to: URL(fileURLWithPath: place.path))
        #expect(throws: StoreError.self) { try open(place) }
        #expect(throws: StoreError.self) { try open(place, .read) }
    }

    @Test(
        "a file of the first version is brought up to date with all that it holds; a reader alone says that it is old")
    func migration() throws {
        let place = try TemporaryRealm()
        let store = try open(place)
        for number in 1...30 { try store.commit(unit(number)) }
        store.close()
        try place.sql(
            """
            DROP INDEX delivery_age;
            CREATE INDEX delivery_ended ON delivery (updated_at) WHERE status <> 1;
            DELETE FROM schema_migration WHERE version = 2;
            """)
        let error = #expect(throws: StoreError.self) { try open(place, .read) }
        #expect("\(error as Any)".contains("older version"))
        let again = try open(place)
        defer { again.close() }
        try expect(again, holds: 30)
        let all = Instant(milliseconds: 100)
        #expect(try again.commit(DeliveryUnit(dropBefore: all, dropDeadBefore: all)) == false)
        let left = try again.deliveries(DeliveryQuery(limit: .max))
        #expect(left.count == 10 && left.allSatisfy { $0.status == .pending })
    }

    @Test("a reader beside the writer sees each commit, and can't write")
    func readOnly() throws {
        let place = try TemporaryRealm()
        let store = try open(place)
        defer { store.close() }
        let reader = try open(place, .read)
        defer { reader.close() }
        for number in 1...3 {
            try store.commit(unit(number))
            try expect(reader, holds: number)
        }
        #expect(throws: StoreError.self) { try reader.commit(unit(4)) }
        try expect(store, holds: 3)
    }
}
