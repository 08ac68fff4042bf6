import Foundation
import ImportClient
import Synchronization
import Testing

@Suite("Importing through HTTP")
struct ImportJobTests {
    /// Pauses that take no time, and are remembered.
    final class Pauses: Sendable {
        private let list = Mutex<[Duration]>([])
        var all: [Duration] { list.withLock { $0 } }

        func policy(tries: Int = 10) -> RetryPolicy {
            RetryPolicy(tries: tries) { pause in self.list.withLock { $0.append(pause) } }
        }
    }

    /// A file of the preset with one item, `sales` lines of one unit.
    private func year(_ sales: Int) -> String {
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
            + (0..<sales).map { "\($0),10001,MUG,1,2011-01-01T10:00:00,2.50,,United Kingdom\n" }.joined()
    }

    private func options(_ file: String, _ server: StubServer, _ pauses: Pauses = Pauses()) -> ImportOptions {
        var options = ImportOptions(file: file, url: server.url, apiKey: "sk_test_1", preset: OnlineRetailPreset.name)
        options.progress = .silent
        options.batchLines = 10
        options.retryPolicy = pauses.policy()
        return options
    }

    @Test("running it again replays everything and changes nothing")
    func again() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("in.csv", year(95))
        let ledger = LedgerDouble()
        let server = try await StubServer { ledger.answer($0) }
        let first = try await ImportJob.run(options(file, server))
        #expect((first.recorded, first.replayed, first.refused) == (96, 0, 0))
        #expect(first.batches == 10)
        let before = ledger.movements
        let second = try await ImportJob.run(options(file, server))
        #expect((second.recorded, second.replayed, second.refused) == (0, 96, 0))
        #expect(second.reconciles)
        #expect(ledger.movements == before)
        await server.stop()
    }

    @Test("the keys follow from the content: packed or not, from a file or another, they are the same")
    func sameContent() async throws {
        let folder = try TemporaryFolder()
        let plain = try folder.file("in.csv", year(20))
        let packed = try folder.file("copy.gz", GzipBytesTests.compressed(Array(year(20).utf8)))
        let ledger = LedgerDouble()
        let server = try await StubServer { ledger.answer($0) }
        _ = try await ImportJob.run(options(plain, server))
        let second = try await ImportJob.run(options(packed, server))
        #expect((second.recorded, second.replayed) == (0, 21))
        #expect(ledger.movements.allSatisfy { $0.key.count <= 255 })
        #expect(Set(ledger.movements.map(\.key)).count == 21)
        await server.stop()
    }

    @Test("a run that was stopped goes on where it was, and sends no more than it must")
    func resume() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("in.csv", year(200))
        let ledger = LedgerDouble()
        let isBroken = Atomic(true)
        let server = try await StubServer { request in
            if isBroken.load(ordering: .relaxed), ledger.batches.count >= 7 { return .json(500, "{}") }
            return ledger.answer(request)
        }
        await #expect(throws: ImportError.refused(status: 500, problem: "{}")) {
            try await ImportJob.run(options(file, server))
        }
        isBroken.store(false, ordering: .relaxed)
        let sent = ledger.batches.count
        var again = options(file, server)
        again.isResume = true
        let summary = try await ImportJob.run(again)
        #expect(summary.isResumed)
        #expect(summary.postings == 201)
        #expect(summary.recorded + summary.replayed == 201)
        #expect(summary.reconciles)
        // The batch that was in flight may come twice, nothing before it.
        #expect(ledger.batches.count - sent <= 201 / 10 + 2 - sent)
        #expect(ledger.onHand("10001", "UK-1") == 0)
        #expect(ledger.movements.count == 201)

        let nothingLeft = try await ImportJob.run(again)
        #expect(nothingLeft.reconciles)
        #expect(nothingLeft.recorded == summary.recorded)
        #expect(nothingLeft.movementsPerSecond == 0)
        await server.stop()
    }

    @Test("a run that is killed between an answer and its note still counts nothing twice")
    func killed() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("in.csv", year(100))
        let ledger = LedgerDouble()
        let server = try await StubServer { ledger.answer($0) }
        _ = try await ImportJob.run(options(file, server))
        // As if killed before the last hundred milliseconds were noted down.
        let name = "in.csv.import-state.json"
        let state = try #require(folder.text(name))
        let before = #"{"count":1,"quantity":100},{"count":100,"quantity":-100}"#
        let after = #"{"count":1,"quantity":100},{"count":30,"quantity":-30}"#
        let older =
            state
            .replacing(/"lastLine":\d+/, with: "\"lastLine\":31")
            .replacing("\"isComplete\":true", with: "\"isComplete\":false")
            .replacing(/"recorded":\d+/, with: "\"recorded\":31")
            .replacing(before, with: after)
        #expect(older != state)
        _ = try folder.file(name, older)
        var again = options(file, server)
        again.isResume = true
        let summary = try await ImportJob.run(again)
        #expect((summary.recorded, summary.replayed, summary.refused) == (31, 70, 0))
        #expect(summary.reconciles)
        #expect(ledger.movements.count == 101)
        await server.stop()
    }

    @Test("a state of another server, key or content is not used")
    func foreignState() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("in.csv", year(30))
        let ledger = LedgerDouble()
        let server = try await StubServer { ledger.answer($0) }
        _ = try await ImportJob.run(options(file, server))
        var other = options(file, server)
        other.apiKey = "sk_test_2"
        other.isResume = true
        let summary = try await ImportJob.run(other)
        #expect(!summary.isResumed)
        #expect(summary.replayed == 31)
        #expect(summary.warnings.contains { $0.contains("nothing to resume") })
        #expect(try #require(folder.text("in.csv.import-state.json")).contains("sk_test") == false)
        await server.stop()
    }

    @Test("what was imported before the server forgot its keys is not sent again without being asked")
    func tooLate() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("in.csv", year(30))
        let ledger = LedgerDouble()
        let server = try await StubServer { ledger.answer($0) }
        _ = try await ImportJob.run(options(file, server))
        let name = "in.csv.import-state.json"
        let state = try #require(folder.text(name))
        _ = try folder.file(name, state.replacing(/"savedAt":[0-9.]+/, with: "\"savedAt\":1000"))
        let sent = ledger.batches.count
        do {
            _ = try await ImportJob.run(options(file, server))
            Issue.record("it was sent again")
        } catch let error as ImportError {
            #expect(error.exitCode == .usage)
        }
        #expect(ledger.batches.count == sent)
        await server.stop()
    }

    @Test("lost connections, 429 and 503 are tried again, with the pause that the server asks for")
    func retries() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("in.csv", year(60))
        let ledger = LedgerDouble()
        let server = try await StubServer { request in
            guard request.path.hasSuffix("batch") else { return ledger.answer(request) }
            switch request.number {
            case 5: return .hangUp
            case 6:
                // Recorded, but the answer is lost on its way.
                _ = ledger.answer(request)
                return .breakOff
            case 7: return .json(429, #"{"code":"rate_limited","detail":"slow down"}"#, headers: [("Retry-After", "3")])
            case 8: return .json(503, "{}", headers: [("Retry-After", "7200")])
            case 9: return .json(503, "")
            default: return ledger.answer(request)
            }
        }
        let pauses = Pauses()
        let summary = try await ImportJob.run(options(file, server, pauses))
        #expect(summary.reconciles)
        #expect(summary.refused == 0)
        #expect(summary.retries == 5)
        #expect(summary.replayed == 10)
        #expect(ledger.movements.count == 61)
        #expect(pauses.all.count == 5)
        #expect(pauses.all.dropFirst(2).first == .seconds(3))
        #expect(pauses.all.dropFirst(3).first == .seconds(30))
        await server.stop()
    }

    @Test("tries are bounded, and what was done by then is kept")
    func givesUp() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("in.csv", year(60))
        let ledger = LedgerDouble()
        let server = try await StubServer { request in
            ledger.batches.count >= 3 ? .json(503, "{}") : ledger.answer(request)
        }
        let pauses = Pauses()
        do {
            _ = try await ImportJob.run(options(file, server, pauses))
            Issue.record("it did not give up")
        } catch let error as ImportError {
            #expect(error == .unreachable(tries: 10, problem: "503 {}"))
            #expect(error.exitCode == .tryAgain)
        }
        #expect(pauses.all.count == 9)
        #expect(pauses.all == pauses.all.sorted())
        #expect(try folder.names().contains("in.csv.import-state.json"))
        await server.stop()
    }

    @Test("nobody at the address is exit code 75")
    func nobodyThere() async throws {
        let folder = try TemporaryFolder()
        let server = try await StubServer { _ in .hangUp }
        await server.stop()
        do {
            _ = try await ImportJob.run(options(try folder.file("in.csv", year(5)), server))
            Issue.record("it did not fail")
        } catch let error as ImportError {
            #expect(error.exitCode == .tryAgain)
        }
    }

    @Test("401 and 403 are exit code 4, and are not tried again", arguments: [401, 403])
    func notAuthorised(status: Int) async throws {
        let folder = try TemporaryFolder()
        let requests = Atomic(0)
        let server = try await StubServer { _ in
            requests.wrappingAdd(1, ordering: .relaxed)
            return .json(status, #"{"code":"unauthorized","detail":"no such key"}"#)
        }
        await #expect(throws: ImportError.notAuthorised(status: status, problem: "no such key")) {
            try await ImportJob.run(options(try folder.file("in.csv", year(5)), server))
        }
        #expect(ImportError.notAuthorised(status: status, problem: "").exitCode == .notAuthorised)
        #expect(requests.load(ordering: .relaxed) == 1)
        await server.stop()
    }

    @Test("any other 4xx stops the import and is not tried again", arguments: [404, 409, 410])
    func refusedRequest(status: Int) async throws {
        let folder = try TemporaryFolder()
        let ledger = LedgerDouble()
        let server = try await StubServer { request in
            request.path.hasSuffix("batch") ? .json(status, #"{"detail":"no"}"#) : ledger.answer(request)
        }
        let pauses = Pauses()
        await #expect(throws: ImportError.refused(status: status, problem: "no")) {
            try await ImportJob.run(options(try folder.file("in.csv", year(5)), server, pauses))
        }
        #expect(pauses.all.isEmpty)
        await server.stop()
    }

    @Test("an answer with fewer results than movements is not believed")
    func shortAnswer() async throws {
        let folder = try TemporaryFolder()
        let ledger = LedgerDouble()
        let server = try await StubServer { request in
            guard request.path.hasSuffix("batch") else { return ledger.answer(request) }
            return .json(200, #"{"recorded":5,"replayed":0,"refused":0,"results":[]}"#)
        }
        await #expect(throws: ImportError.self) {
            try await ImportJob.run(options(try folder.file("in.csv", year(20)), server))
        }
        await server.stop()
    }

    @Test("a movement that is answered with a temporary error is sent again, not given up")
    func temporaryResult() async throws {
        let folder = try TemporaryFolder()
        let ledger = LedgerDouble()
        let isFirst = Atomic(true)
        let server = try await StubServer { request in
            if request.path.hasSuffix("batch"), isFirst.exchange(false, ordering: .relaxed) {
                let results = (0..<6).map {
                    #"{"index":\#($0),"status":503,"replayed":false,"problem":{"detail":"full"}}"#
                }
                return .json(
                    200,
                    #"{"recorded":0,"replayed":0,"refused":6,"results":[\#(results.joined(separator: ","))]}"#)
            }
            return ledger.answer(request)
        }
        let summary = try await ImportJob.run(options(try folder.file("in.csv", year(5)), server))
        #expect((summary.recorded, summary.refused, summary.retries) == (6, 0, 1))
        await server.stop()
    }

    @Test("a truncated file sends nothing", arguments: [true, false])
    func truncated(packed: Bool) async throws {
        let folder = try TemporaryFolder()
        var bytes = Array(year(500).utf8)
        if packed { bytes = GzipBytesTests.compressed(bytes) }
        let file = try folder.file("in.csv", Array(bytes.dropLast(30)))
        let requests = Atomic(0)
        let server = try await StubServer { _ in
            requests.wrappingAdd(1, ordering: .relaxed)
            return .json(500, "{}")
        }
        do {
            _ = try await ImportJob.run(options(file, server))
            Issue.record("it was accepted")
        } catch ImportError.malformed(let line, _) {
            #expect(packed ? line > 1 : line == 501)
        }
        #expect(requests.load(ordering: .relaxed) == 0)
        #expect(try folder.names() == ["in.csv"])
        await server.stop()
    }

    @Test("a dry run sends nothing and writes nothing")
    func dryRun() async throws {
        let folder = try TemporaryFolder()
        let requests = Atomic(0)
        let server = try await StubServer { _ in
            requests.wrappingAdd(1, ordering: .relaxed)
            return .json(500, "{}")
        }
        var dry = options(try folder.file("in.csv", year(5)), server)
        dry.isDryRun = true
        let summary = try await ImportJob.run(dry)
        #expect(summary.isDryRun)
        #expect(summary.postings == 6)
        #expect(summary.reconciles)
        #expect(summary.description.contains("Would import"))
        #expect(requests.load(ordering: .relaxed) == 0)
        #expect(try folder.names() == ["in.csv"])
        await server.stop()
    }

    @Test("wrong commands are exit code 2")
    func usage() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.file("in.csv", year(5))
        let server = try await StubServer { _ in .hangUp }
        let wrong: [(inout ImportOptions) -> Void] = [
            { $0.preset = "nope" }, { $0.batchLines = 0 }, { $0.batchLines = 1_001 }, { $0.url = "ftp://x" },
            { $0.url = "http://" }, { $0.apiKey = "" }, { $0.apiKey = "a\r\nb" },
        ]
        for change in wrong {
            var options = options(file, server)
            change(&options)
            do {
                _ = try await ImportJob.run(options)
                Issue.record("\(options) was accepted")
            } catch let error as ImportError {
                #expect(error.exitCode == .usage)
            }
        }
        do {
            _ = try await ImportJob.run(options(folder.path + "/none.csv", server))
            Issue.record("a file that is not there was accepted")
        } catch let error as ImportError {
            #expect(error.exitCode == .failed)
        }
        await server.stop()
    }
}
