import Foundation
import LedgerCore
import LedgerStorage
import SQLiteStorage
import SampleLedger
import Testing

@Suite("deliveries in the data directory", .serialized)
struct DeliveryBackupTests {
    private let now = Instant(milliseconds: 1_780_000_000_000)
    private let webhook = WebhookNumber(rawValue: 1)

    /// An installation with one realm that has endpoints and one that has none, in a directory that goes away.
    private final class Place {
        let directory: DataDirectory
        let lock: DirectoryLock
        let live: Realm
        let test: Realm
        let base = NSTemporaryDirectory() + "/bincard-\(UUID().uuidString)"
        private(set) var ledger = SampleLedger(seed: 101, items: 6, locations: 3, blocks: 40)

        init(at now: Instant) throws {
            directory = DataDirectory(path: base + "/data")
            try directory.create()
            lock = try directory.lock()
            let control = try directory.openControl()
            defer { control.close() }
            live = try control.realm(tenant: "acme", mode: .live, at: now) { ULID(high: 5, low: 1) }
            test = try control.realm(tenant: "acme", mode: .test, at: now) { ULID(high: 5, low: 2) }
            for realm in [live, test] {
                let store = try directory.openRealm(realm, holding: lock)
                try ledger.write(to: store)
                store.close()
            }
        }

        deinit {
            lock.release()
            try? FileManager.default.removeItem(atPath: base)
        }

        var backup: String { base + "/backup" }
        var restored: DataDirectory { DataDirectory(path: base + "/restored") }

        func backupFile(_ realm: Realm) -> String { "\(backup)/realms/\(realm.id.text).deliveries.db" }
    }

    private func unit(upTo seq: UInt64) -> DeliveryUnit {
        DeliveryUnit(
            controlSeq: seq, lanes: [DeliveryLane(id: LaneID(webhook: webhook, origin: 0), nextSeq: seq + 1)],
            health: [EndpointHealth(webhook: webhook, delivered: seq)])
    }

    private func write(_ unit: DeliveryUnit, _ place: Place) throws {
        let store = try place.directory.openDeliveries(place.live, holding: place.lock)
        defer { store.close() }
        try store.commit(unit)
    }

    @Test("a realm has no file of deliveries before it is opened for them, and whoever opens it holds the lock")
    func files() throws {
        let place = try Place(at: now)
        #expect(!place.directory.hasDeliveries(place.live))
        #expect(throws: StoreError.self) { try place.directory.openDeliveriesForReading(place.live) }
        #expect(!place.directory.hasDeliveries(place.live))
        try write(unit(upTo: 7), place)
        #expect(place.directory.hasDeliveries(place.live) && !place.directory.hasDeliveries(place.test))
        let reader = try place.directory.openDeliveriesForReading(place.live)
        #expect(try reader.open().controlSeq == 7)
        reader.close()
        place.lock.release()
        #expect(throws: StoreError.self) { try place.directory.openDeliveries(place.live, holding: place.lock) }
    }

    @Test("the deliveries of a removed realm go with it, those of the others stay")
    func orphans() throws {
        let place = try Place(at: now)
        let realms = place.directory.path + "/realms"
        for realm in [place.live, place.test] {
            try place.directory.openDeliveries(realm, holding: place.lock).close()
        }
        let gone = place.test.id.text
        for name in [
            "\(gone).deliveries.db-wal", "\(gone).deliveries.db-shm", "\(gone).deliveries.txt", "deliveries.db",
        ] {
            _ = FileManager.default.createFile(atPath: "\(realms)/\(name)", contents: nil)
        }
        let removed = try place.directory.removeOrphans(sparing: [place.live], holding: place.lock)
        #expect(removed == ["db", "deliveries.db", "deliveries.db-shm", "deliveries.db-wal"].map { "\(gone).\($0)" })
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: realms).sorted()
                == [
                    "\(place.live.id.text).db", "\(place.live.id.text).deliveries.db", "\(gone).deliveries.txt",
                    "deliveries.db",
                ])
    }

    @Test("the journal is read and proven without the file of deliveries, and beside one that is no database")
    func journalAlone() throws {
        let place = try Place(at: now)
        try write(unit(upTo: 7), place)
        let file = "\(place.directory.path)/realms/\(place.live.id.text).deliveries.db"
        for damage in [
            { try Data("a letter".utf8).write(to: URL(fileURLWithPath: file)) },
            {
                try FileManager.default.removeItem(atPath: file)
            },
        ] {
            try damage()
            let reader = try place.directory.openRealmForReading(place.live)
            let report = try LedgerVerifier(store: reader).run()
            reader.close()
            #expect(report.problem == nil && report.head == place.ledger.sealed)
            let store = try place.directory.openRealm(place.live, holding: place.lock)
            #expect(try store.open().head == place.ledger.sealed)
            store.close()
        }
    }

    @Test("an installation without deliveries is backed up and restored as ever, and its manifest names none")
    func withoutFiles() throws {
        let place = try Place(at: now)
        let manifest = try place.directory.backup(to: place.backup, at: now)
        #expect(manifest.realms.allSatisfy { !$0.hasDeliveries })
        let text = try String(contentsOfFile: place.backup + "/manifest.json", encoding: .utf8)
        #expect(!text.contains("deliveries"))
        _ = try place.restored.restore(from: place.backup)
        #expect(!place.restored.hasDeliveries(place.live))
    }

    @Test("beside a dispatcher at work, no endpoint in a backup is further than the journal there")
    func besideDispatcher() async throws {
        let place = try Place(at: now)
        let store = try place.directory.openRealm(place.live, holding: place.lock)
        let deliveries = try place.directory.openDeliveries(place.live, holding: place.lock)
        let ledger = place.ledger
        let webhook = webhook
        let writing = Task.detached {
            var more = ledger
            while !Task.isCancelled {
                for _ in 0..<20 { more.addMovement() }
                try store.commit(more.seal())
                let seq = more.sealed.head.seq
                try deliveries.commit(
                    DeliveryUnit(
                        controlSeq: seq,
                        lanes: [DeliveryLane(id: LaneID(webhook: webhook, origin: 0), nextSeq: seq + 1)]))
            }
        }
        for round in 0..<5 {
            let folder = "\(place.backup)-\(round)"
            let manifest = try place.directory.backup(to: folder, at: now)
            let entry = try #require(manifest.realms.first { $0.realm == place.live })
            let head = try #require(entry.head?.head.seq)
            #expect(entry.hasDeliveries && manifest.realms.count { $0.hasDeliveries } == 1)
            let copy = try DataDirectory(path: folder).openDeliveriesForReading(place.live)
            let opened = try copy.open()
            copy.close()
            #expect(opened.controlSeq <= head && opened.lanes.allSatisfy { $0.nextSeq <= head + 1 })
            let target = DataDirectory(path: "\(place.restored.path)-\(round)")
            _ = try target.restore(from: folder)
            let restored = try target.openDeliveriesForReading(place.live)
            #expect(try restored.open() == opened)
            restored.close()
        }
        writing.cancel()
        try await writing.value
        deliveries.close()
        store.close()
    }

    @Test("deliveries that are damaged, missing or ahead of the journal are not restored, and leave nothing behind")
    func damaged() throws {
        let place = try Place(at: now)
        let head = place.ledger.sealed.head.seq
        try write(unit(upTo: head), place)
        _ = try place.directory.backup(to: place.backup, at: now)
        let file = place.backupFile(place.live)
        let good = try Data(contentsOf: URL(fileURLWithPath: file))
        func refused(_ note: Comment) throws -> StoreError? {
            let error = #expect(throws: StoreError.self, note) { try place.restored.restore(from: place.backup) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: place.base).sorted() == ["backup", "data"])
            return error
        }
        func isCorrupt(_ error: StoreError?) -> Bool { if case .corrupt? = error { true } else { false } }

        var bytes = good
        for index in 4_096..<bytes.count where index % 7 == 0 { bytes[index] ^= 0x55 }
        try bytes.write(to: URL(fileURLWithPath: file))
        #expect(isCorrupt(try refused("damaged")))
        try good.prefix(good.count / 2 / 4_096 * 4_096).write(to: URL(fileURLWithPath: file))
        #expect(isCorrupt(try refused("cut")))
        try FileManager.default.removeItem(atPath: file)
        #expect(try refused("missing") == .notFound(file))

        let ahead = [
            DeliveryUnit(controlSeq: head + 1),
            DeliveryUnit(
                controlSeq: head, lanes: [DeliveryLane(id: LaneID(webhook: webhook, origin: 3), nextSeq: head + 2)]),
        ]
        for unit in ahead {
            try? FileManager.default.removeItem(atPath: file)
            let store = try SQLiteDeliveryStore(path: file)
            try store.commit(unit)
            store.close()
            let error = try refused("ahead")
            #expect(isCorrupt(error), "\(error as Any)")
        }
        try good.write(to: URL(fileURLWithPath: file))
        _ = try place.restored.restore(from: place.backup)
        let restored = try place.restored.openDeliveriesForReading(place.live)
        #expect(try restored.open().controlSeq == head)
        restored.close()
    }
}
