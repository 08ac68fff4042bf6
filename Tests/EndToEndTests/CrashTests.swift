import Foundation
import Testing

extension EndToEnd {
    /// Goal: nothing that a crash does to the process makes an answer that was given untrue.
    ///
    /// Method: threads write single movements and batches as fast as they get answers, the server is killed at a moment
    /// that a seed decides, and started again. `LedgerAudit` then compares what the clients were told with the journal,
    /// sends every write again, and checks the journal a second time. Some starts are killed too.
    @Suite("crashes", .serialized)
    struct CrashTests {
        private static let cycles = 15
        private static let skus = ["A", "B", "C", "D", "E"]
        private static let warehouses = ["W", "X"]

        @Test("kill −9 under load, again and again: what was acknowledged is there once, the rest once or not at all")
        func killed() async throws {
            let seed = UInt64.random(in: .min ... .max)
            do {
                try await Installation.with { try await killed($0, SeededNumbers(seed: seed), seed) }
            } catch {
                Issue.record("seed \(seed): \(error)")
            }
        }

        private func killed(_ installation: Installation, _ numbers: SeededNumbers, _ seed: UInt64) async throws {
            var numbers = numbers
            let key = try await installation.makeKey()
            var server = try await installation.serve()
            try server.caller(key).makeItems(Self.skus, locations: Self.warehouses)
            var audit = LedgerAudit()
            var acknowledged = 0
            var unknown = 0
            for cycle in 1...Self.cycles {
                let load = WriteLoad(
                    port: server.port, apiKey: key, prefix: "c\(cycle)", skus: Self.skus, warehouses: Self.warehouses,
                    seed: numbers.next())
                try await eventually("nothing is acknowledged") { load.acknowledged > 20 }
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...250, using: &numbers)))
                try await server.kill()
                let tally = try await load.finish(stopping: false)
                acknowledged += tally.acknowledged.count
                unknown += tally.unknown.count
                if cycle % 4 == 0 { try await killAStart(installation, &numbers) }
                server = try await installation.serve()
                try audit.check(tally, try server.caller(key))
            }
            try audit.finish(try server.caller(key))
            let head = try server.caller(key).head()
            #expect(head.seq == Int64(audit.entries.count))
            print(
                "\(acknowledged) requests acknowledged, \(unknown) unknown, \(head.seq) entries, \(Self.cycles) kills.")
            #expect(unknown > 0, "no kill hit a request: the test shows nothing")
            let verified = try await installation.bincard("verify", "--data", installation.data, "--format", "json")
            #expect(verified.status == 0, "seed \(seed): \(verified.output)")
            #expect(try await server.stop() == 0)
        }

        /// Begins to start a server and kills it somewhere on the way.
        private func killAStart(_ installation: Installation, _ numbers: inout SeededNumbers) async throws {
            let child = try installation.start(Bincard.path, ["serve", "--data", installation.data, "--port", "0"])
            try await Task.sleep(for: .milliseconds(Int.random(in: 5...80, using: &numbers)))
            child.send(SIGKILL)
            _ = try await child.ended()
        }

        @Test(
            "every commit is synced before it is answered",
            .enabled(if: SystemCalls.isPermitted, "needs strace, and the permission to trace"))
        func syncs() async throws {
            try await Installation.with { installation in
                let key = try await installation.makeKey()
                let trace = installation.folder + "/trace"
                let server = try await installation.serve(under: [
                    try #require(SystemCalls.strace), "-f", "-y", "-e", "trace=fsync,fdatasync,sendto,write,writev",
                    "-o", trace,
                ])
                let caller = try server.caller(key)
                try caller.makeItems(["A"], locations: ["W"])
                for number in 1...60 { #expect(try caller.move("A", at: "W", 1, key: "m\(number)").status == 200) }
                #expect(try await server.stop() == 0)
                let ledgers = try DatabaseFile.ledgers(in: installation.data)
                let commits = try #require(try ledgers.first?.integers("SELECT count(*) FROM block").first)
                #expect(commits == 62)
                let lines = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
                // A call that others interrupt is shown in two lines, of which the second has no path.
                let syncs = lines.indices.filter { place in
                    lines[place].contains("= 0")
                        && (lines[place].contains(".db-wal>)") || lines[place].contains("sync resumed>"))
                }
                #expect(syncs.count >= commits, "\(syncs.count) syncs of the log for \(commits) commits")
                // Between two answers there is a sync: none is sent before its own commit is on disk.
                let answers = lines.indices.filter {
                    lines[$0].contains("\"HTTP/1.1 20") && lines[$0].contains("socket")
                }
                #expect(answers.count > 60)
                for (first, second) in zip(answers, answers.dropFirst()) where lines[second].contains("HTTP/1.1 200") {
                    guard second > (answers.dropFirst(3).first ?? 0) else { continue }
                    #expect(syncs.contains { $0 > first && $0 < second }, "\(lines[first])\n\(lines[second])")
                }
            }
        }
    }
}

/// strace, where it is there and may be used.
enum SystemCalls {
    static let strace = program("strace")

    static let isPermitted: Bool = {
        guard let strace else { return false }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: strace)
        process.arguments = ["-f", "-o", "/dev/null", "/bin/true"]
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        let began = ContinuousClock.now
        while process.isRunning {
            guard ContinuousClock.now - began < .seconds(10) else {
                process.terminate()
                return false
            }
            usleep(1_000)
        }
        return process.terminationStatus == 0
    }()
}
