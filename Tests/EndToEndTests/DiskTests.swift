import Foundation
import Testing

extension EndToEnd {
    @Suite("a disk that fails", .serialized)
    struct DiskTests {
        @Test(
            "a full disk refuses writes with 503 and nothing else; with room again it goes on",
            .enabled(if: SmallDisk.isPermitted, "needs the permission to mount"))
        func full() async throws {
            try await Installation.with { installation in
                try await SmallDisk.with(megabytes: 16, at: installation.folder + "/disk") { disk in
                    try await fill(disk, installation)
                }
            }
        }

        private func fill(_ disk: SmallDisk, _ installation: Installation) async throws {
            let data = disk.path + "/data"
            let key = try await installation.makeKey(data: data)
            let server = try await installation.serve(data: data)
            let caller = try server.caller(key)
            try caller.makeItems(["A"], locations: ["W"])
            #expect(try caller.move("A", at: "W", 5, key: "before").status == 200)
            let room = try disk.fill(leaving: 64 << 10)
            var acknowledged: [(key: String, body: [UInt8])] = []
            var refused: (key: String, answer: Answer)?
            for number in 1...20_000 where refused == nil {
                let answer = try caller.move("A", at: "W", 1, key: "m\(number)")
                if answer.status == 200 {
                    acknowledged.append(("m\(number)", answer.body))
                } else {
                    refused = ("m\(number)", answer)
                }
            }
            let first = try #require(refused, "the disk never became full")
            #expect(first.answer.status == 503, "\(first.answer.text)")
            #expect(try first.answer.json()["code"]?.text == "storage_full")
            #expect(first.answer.headers["retry-after"] != nil)
            #expect(!acknowledged.isEmpty)
            #expect(server.isRunning)
            // Reads go on, and what was acknowledged is there.
            let balance = Int64(5 + acknowledged.count)
            #expect(try caller.onHand("A", at: "W") == balance)
            #expect(try caller.get("/inventory/v1/items/A/stock").status == 200)
            #expect(try caller.get("/livez").status == 200)
            for number in 1...5 { #expect(try caller.move("A", at: "W", 1, key: "full\(number)").status == 503) }
            #expect(try caller.onHand("A", at: "W") == balance)

            try FileManager.default.removeItem(atPath: room)
            let again = try caller.move("A", at: "W", 1, key: first.key)
            #expect(again.status == 200 && !again.isReplay, "the refusal left the key free: \(again.text)")
            for write in acknowledged.suffix(50) {
                let replay = try caller.move("A", at: "W", 1, key: write.key)
                #expect(replay.isReplay && replay.body == write.body)
            }
            try await expectWhole(installation, data, server, key, balance + 1)
        }

        @Test(
            "a server that is stopped, and one that is started, on a full disk lose nothing",
            .enabled(if: SmallDisk.isPermitted, "needs the permission to mount"))
        func fullAtTheEnds() async throws {
            try await Installation.with { installation in
                try await SmallDisk.with(megabytes: 24, at: installation.folder + "/disk") { disk in
                    let data = disk.path + "/data"
                    let key = try await installation.makeKey(data: data)
                    let server = try await installation.serve(data: data)
                    try server.caller(key).makeItems(["A", "B"], locations: ["W"])
                    let load = WriteLoad(
                        port: server.port, apiKey: key, prefix: "load", skus: ["A", "B"], warehouses: ["W"], seed: 5)
                    try await eventually("nothing is acknowledged") { load.acknowledged > 300 }
                    let tally = try await load.finish(stopping: true)
                    let room = try disk.fill(leaving: 0)
                    // The projections can't be written: they are behind, and are caught up from the journal.
                    #expect(try await server.stop() == 0)
                    do {
                        let cramped = try await installation.serve(data: data)
                        #expect(try cramped.caller(key).onHand("A", at: "W") >= 0)
                        #expect(try await cramped.stop() == 0)
                    } catch let failure as StartFailed {
                        #expect(failure.status == 75)
                        #expect(failure.errors.contains("the disk is full"), "\(failure.errors)")
                    }
                    try FileManager.default.removeItem(atPath: room)
                    let again = try await installation.serve(data: data)
                    var audit = LedgerAudit()
                    try audit.check(tally, try again.caller(key))
                    try audit.finish(try again.caller(key))
                    #expect(try await again.stop() == 0)
                    let verified = try await installation.bincard("verify", "--data", data)
                    #expect(verified.status == 0, "\(verified.output)")
                }
            }
        }

        @Test(
            "a data directory on a disk that is read-only is named with the reason",
            .enabled(if: SmallDisk.isPermitted, "needs the permission to mount"))
        func readOnly() async throws {
            try await Installation.with { installation in
                try await SmallDisk.with(megabytes: 4, at: installation.folder + "/disk") { disk in
                    let data = disk.path + "/data"
                    let server = try await installation.serve(data: data)
                    #expect(try await server.stop() == 0)
                    try disk.makeReadOnly()
                    for place in [data, disk.path + "/new"] {
                        let result = try await installation.bincard("serve", "--data", place, "--port", "0")
                        #expect(result.status == 1)
                        #expect(result.errors.hasPrefix("bincard: \(place)"), "\(result.errors)")
                        #expect(result.errors.contains("can't be written: Read-only file system. "), "\(result.errors)")
                    }
                }
            }
        }

        /// Kills the server, and looks at what the disk has.
        private func expectWhole(
            _ installation: Installation, _ data: String, _ server: RunningServer, _ key: String, _ balance: Int64
        ) async throws {
            try await server.kill()
            let next = try await installation.serve(data: data)
            let caller = try next.caller(key)
            #expect(try caller.onHand("A", at: "W") == balance)
            #expect(try balances(of: caller.entries()) == ["A at W": balance])
            #expect(try await next.stop() == 0)
            let verified = try await installation.bincard("verify", "--data", data)
            #expect(verified.status == 0, "\(verified.output)")
        }

        @Test(
            "when a sync fails the write is not acknowledged and the server ends; what was acknowledged is there",
            .enabled(if: SystemCalls.isPermitted, "needs strace, and the permission to trace"), arguments: [12, 31])
        func failedSync(after syncs: Int) async throws {
            try await Installation.with { installation in
                let key = try await installation.makeKey()
                let plain = try await installation.serve()
                try plain.caller(key).makeItems(["A"], locations: ["W"])
                #expect(try await plain.stop() == 0)
                let server = try await installation.serve(under: [
                    try #require(SystemCalls.strace), "-f", "-o", installation.folder + "/trace", "-e",
                    "trace=fsync,fdatasync",
                    "-e", "inject=fsync,fdatasync:error=EIO:when=\(syncs)+",
                ])
                let caller = try server.caller(key)
                var acknowledged = 0
                var failure: Answer?
                do {
                    while acknowledged < 500, failure == nil {
                        let answer = try caller.move("A", at: "W", 1, key: "m\(acknowledged)")
                        if answer.status == 200 { acknowledged += 1 } else { failure = answer }
                    }
                } catch is ConnectionLost {}
                #expect(failure == nil, "\(failure?.text ?? "")")
                #expect(acknowledged > 0 && acknowledged < 500)
                let status = try await server.ended()
                #expect(status == 1)
                #expect(server.errors.contains("a ledger can't be written; stopping"), "\(server.errors)")

                let next = try await installation.serve()
                let entries = try next.caller(key).entries().filter(\.isMovement)
                let references = entries.compactMap(\.data.reference)
                // The one that failed may have reached the file all the same: its key settles it.
                #expect(references.count == acknowledged || references.count == acknowledged + 1)
                #expect(references == (0..<references.count).map { "m\($0)" })
                let again = try next.caller(key).move("A", at: "W", 1, key: "m\(acknowledged)")
                #expect(again.status == 200 && again.isReplay == (references.count == acknowledged + 1))
                #expect(try next.caller(key).onHand("A", at: "W") == Int64(acknowledged + 1))
                #expect(try await next.stop() == 0)
                #expect(try await installation.bincard("verify", "--data", installation.data).status == 0)
            }
        }
    }
}

/// A file system in memory with little room.
struct SmallDisk: Sendable {
    let path: String

    static let isPermitted: Bool = {
        let path = FileManager.default.temporaryDirectory.path + "/bincard-mount-\(UUID().uuidString)"
        defer { rmdir(path) }
        guard mkdir(path, 0o700) == 0, mount("tmpfs", path, "tmpfs", 0, "size=64k") == 0 else { return false }
        return umount2(path, Int32(MNT_DETACH)) == 0
    }()

    static func with(
        megabytes: Int, at path: String, _ body: @Sendable (SmallDisk) async throws -> Void
    ) async throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try #require(mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m") == 0)
        // Also when a server still has files there: it goes when that ends.
        defer { umount2(path, Int32(MNT_DETACH)) }
        try await body(SmallDisk(path: path))
    }

    func makeReadOnly() throws {
        try #require(mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0)
    }

    /// Fills the disk with a file but for so many bytes, and gives its path.
    func fill(leaving bytes: Int) throws -> String {
        let file = path + "/room"
        var status = statvfs()
        try #require(statvfs(path, &status) == 0)
        let free = Int(status.f_bavail) * Int(status.f_bsize)
        try Data(count: max(0, free - bytes)).write(to: URL(fileURLWithPath: file))
        return file
    }
}
