import Foundation
import GRDB
import LedgerCore
import LedgerStorage
import SQLiteStorage
import SampleLedger
import Testing

@Suite("a disk without room", .serialized)
struct DiskFullTests {
    /// Commits until the store says that the disk is full; the unit that it refused comes back.
    private func fill(_ store: SQLiteRealmStore, _ ledger: inout SampleLedger) throws -> CommitUnit {
        for _ in 0..<1_000 {
            let before = ledger
            for _ in 0..<500 { ledger.addMovement() }
            let unit = ledger.seal()
            do throws(StoreError) {
                try store.commit(unit)
            } catch {
                guard case .full(let detail) = error else { throw error }
                #expect(detail.contains("the disk is full"))
                ledger = before
                return unit
            }
        }
        throw StoreError.failed(operation: "fill the disk", detail: "it has too much room")
    }

    /// What holds once there is room again: nothing that was committed is lost, and what was refused goes in.
    private func expectGoesOn(_ store: SQLiteRealmStore, _ ledger: SampleLedger, refused: CommitUnit) throws {
        #expect(try store.open().head == ledger.sealed)
        try store.commit(refused)
        #expect(try store.open().head == refused.block?.sealedHead)
        store.close()
    }

    @Test("a commit that finds no page is refused whole, and goes in once there is room")
    func pages() throws {
        let realm = try TemporaryRealm()
        let store = try realm.open()
        var ledger = SampleLedger(seed: 73, items: 6, locations: 3, blocks: 5)
        try ledger.write(to: store)
        try store.withWriter { try $0.execute(sql: "PRAGMA max_page_count = 100") }
        let refused = try fill(store, &ledger)
        #expect(throws: StoreError.self) { try store.commit(refused) }
        #expect(try store.open().head == ledger.sealed)
        try store.withWriter { try $0.execute(sql: "PRAGMA max_page_count = 100000") }
        try expectGoesOn(store, ledger, refused: refused)
        #expect(try realm.verify().problem == nil)
    }

    @Test("a file system that runs full loses nothing, reads go on, and so do writes once there is room")
    func fileSystem() throws {
        let realm = try TemporaryRealm()
        // Only root may mount one; elsewhere the limit on pages above stands for it.
        guard mount("tmpfs", realm.directory, "tmpfs", 0, "size=6m") == 0 else { return }
        defer { umount2(realm.directory, Int32(MNT_DETACH)) }
        let ballast = realm.directory + "/ballast"
        try Data(repeating: 1, count: 2 << 20).write(to: URL(fileURLWithPath: ballast))
        // The log is copied early, so that the copy meets the full disk too, which is no error.
        let store = try SQLiteRealmStore(path: realm.path, access: .write(.init(background: 20, finish: 60)))
        var ledger = SampleLedger(seed: 74, items: 6, locations: 3, blocks: 5)
        try ledger.write(to: store)
        let refused = try fill(store, &ledger)
        for block in ledger.blocks { #expect(try store.block(containing: block.firstSeq) == block) }
        #expect(throws: StoreError.self) { try store.commit(refused) }
        try FileManager.default.removeItem(atPath: ballast)
        try expectGoesOn(store, ledger, refused: refused)
        #expect(try realm.verify().problem == nil)
    }
}
