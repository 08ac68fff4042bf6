import Foundation
import Testing

extension EndToEnd {
    @Suite("backup and restore", .serialized)
    struct BackupTests {
        @Test("a backup taken under load, restored, is a ledger up to a moment in between: proven, whole and usable")
        func underLoad() async throws {
            try await Installation.with { installation in
                let small = try await installation.makeSmallLedger()
                let server = try await installation.serve()
                let load = WriteLoad(
                    port: server.port, apiKey: small.key, prefix: "load", skus: ["A", "B"], warehouses: ["W", "X"],
                    seed: 11)
                try await eventually("nothing is written") { load.acknowledged > 500 }
                let before = try server.caller(small.key).head()
                let copy = installation.folder + "/copy"
                let backup = try await installation.bincard(
                    "backup", copy, "--data", installation.data, "--format", "json")
                #expect(backup.status == 0, "\(backup.errors)")
                let after = try server.caller(small.key).head()
                let acknowledged = load.acknowledged
                try await eventually("writes stopped with the backup") { load.acknowledged > acknowledged }
                let tally = try await load.finish(stopping: true)
                #expect(tally.unknown.isEmpty)
                #expect(try await server.stop() == 0)

                let realm = try #require(try backup.json()["realms"]?.elements.first { $0["tenant"]?.text == "small" })
                let head = try JournalHead(realm)
                #expect((before.seq...after.seq).contains(head.seq))
                try await expectRestored(installation, from: copy, head, tally, key: small.key)
            }
        }

        private func expectRestored(
            _ installation: Installation, from copy: String, _ head: JournalHead, _ tally: WriteLoad.Tally, key: String
        ) async throws {
            let restored = installation.folder + "/restored"
            let restore = try await installation.bincard("restore", copy, "--data", restored, "--format", "json")
            #expect(restore.status == 0, "\(restore.errors)")
            let realm = try #require(try restore.json()["realms"]?.elements.first { $0["tenant"]?.text == "small" })
            #expect(try JournalHead(realm) == head)
            let verified = try await installation.verifySmallLedger(data: restored)
            #expect(verified.status == 0, "\(verified.text)")
            #expect(try JournalHead(verified.realm) == head)

            let server = try await installation.serve(data: restored)
            let caller = try server.caller(key)
            #expect(try caller.head() == head, "the key works there, and the head is the manifest's")
            for (level, sum) in try balances(of: try caller.entries()) {
                let names = level.components(separatedBy: " at ")
                #expect(try caller.onHand(names[0], at: names[1]) == sum)
            }
            // What was answered before the backup is still answered in the same way.
            let first = try #require(tally.acknowledged.first)
            let again = try caller.post(first.write.path, first.write.body, idempotencyKey: first.write.key)
            #expect(again.isReplay && again.body == first.answer.body)
            #expect(try caller.move("A", at: "W", 5, key: "after the restore".replacing(" ", with: "-")).status == 200)
            #expect(try await server.stop() == 0)
        }

        @Test("neither goes into a folder that holds something, and nothing there is touched")
        func notEmpty() async throws {
            try await Installation.with { installation in
                _ = try await installation.makeSmallLedger(movements: 5)
                let copy = installation.folder + "/copy"
                #expect(try await installation.bincard("backup", copy, "--data", installation.data).status == 0)
                try FileManager.default.createDirectory(
                    atPath: installation.folder + "/full", withIntermediateDirectories: true)
                let file = try installation.file("full/mine.txt", "mine")
                let full = installation.folder + "/full"
                for command in [["backup", full, "--data", installation.data], ["restore", copy, "--data", full]] {
                    let result = try await installation.run(Bincard.path, command)
                    #expect(result.status == 1)
                    #expect(result.errors.contains("it is not an empty directory"), "\(result.errors)")
                    #expect(try FileManager.default.contentsOfDirectory(atPath: full) == ["mine.txt"])
                    #expect(FileManager.default.contents(atPath: file) == Data("mine".utf8))
                }
                let over = try await installation.bincard("restore", copy, "--data", installation.data)
                #expect(over.status == 1)
                #expect(try await installation.verifySmallLedger().status == 0)
            }
        }

        @Test("a folder that is no backup, or one that was never finished, is refused")
        func noManifest() async throws {
            try await Installation.with { installation in
                _ = try await installation.makeSmallLedger(movements: 5)
                let copy = installation.folder + "/copy"
                #expect(try await installation.bincard("backup", copy, "--data", installation.data).status == 0)
                try FileManager.default.removeItem(atPath: copy + "/manifest.json")
                let restored = installation.folder + "/restored"
                let result = try await installation.bincard("restore", copy, "--data", restored)
                #expect(result.status == 1)
                #expect(result.errors.contains("manifest.json"), "\(result.errors)")
                #expect(!FileManager.default.fileExists(atPath: restored))
                let nothing = try await installation.bincard(
                    "backup", copy + "2", "--data", installation.folder + "/none")
                #expect(nothing.status == 1, "\(nothing.output)")
                #expect(!FileManager.default.fileExists(atPath: copy + "2"))
            }
        }

        enum Damage: String, CaseIterable, Sendable {
            case flippedBit, missingBlock, alteredLevel, missingFile, cutFile, otherManifest
        }

        @Test("a damaged backup is refused, and nothing is left of the attempt", arguments: Damage.allCases)
        func damaged(damage: Damage) async throws {
            try await Installation.with { installation in
                _ = try await installation.makeSmallLedger(movements: 60)
                let copy = installation.folder + "/copy"
                #expect(try await installation.bincard("backup", copy, "--data", installation.data).status == 0)
                try inflict(damage, on: copy)
                let restored = installation.folder + "/restored"
                let result = try await installation.bincard("restore", copy, "--data", restored)
                #expect(result.status == 1, "\(result.output)")
                #expect(result.errors.contains("\nbincard: "), "\(result.errors)")
                let left = try FileManager.default.contentsOfDirectory(atPath: installation.folder)
                #expect(left.allSatisfy { !$0.hasPrefix("restored") }, "\(left)")
            }
        }

        private func inflict(_ damage: Damage, on copy: String) throws {
            let file = try #require(try DatabaseFile.ledgers(in: copy).first)
            switch damage {
            case .flippedBit: try file.flipBit(ofBlock: 30, fromEnd: 6)
            case .missingBlock: try file.forge("DELETE FROM block WHERE first_seq >= 30")
            case .alteredLevel: try file.execute("UPDATE stock_level SET on_hand = on_hand + 1")
            case .missingFile: try FileManager.default.removeItem(atPath: file.path)
            case .cutFile:
                let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file.path))
                try handle.truncate(atOffset: try handle.seekToEnd() / 2)
                try handle.close()
            case .otherManifest:
                let path = copy + "/manifest.json"
                let text = try String(contentsOfFile: path, encoding: .utf8)
                let hash = try #require(text.firstMatch(of: #/"headHash" : "([0-9a-f]{64})"/#).map { String($0.1) })
                try text.replacing(hash, with: String(hash.reversed())).write(
                    toFile: path, atomically: true, encoding: .utf8)
            }
        }
    }
}
