import Foundation
import ImportClient
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@Suite("The load generator")
struct LoadGeneratorTests {
    private func options(_ url: String) -> LoadGenerator.Options {
        var options = LoadGenerator.Options(url: url)
        options.connections = 8
        options.duration = .seconds(20)
        return options
    }

    @Test("sends exactly as many requests as asked for, each with its own key, over connections that stay open")
    func uniqueRequests() async throws {
        let seen = Mutex<(keys: Set<String>, bodies: Int, wrong: Int)>(([], 0, 0))
        let server = try await StubServer { request in
            seen.withLock { seen in
                seen.keys.insert(request.headers.first(name: "Idempotency-Key") ?? "")
                let body = String(buffer: request.body)
                let shape =
                    #/\{"sku":"BENCH-\d\d","warehouse":"BENCH-1","delta":-[1-9],"reason":"\w+","reference":"ord_\d+"\}/#
                let isRight = body.wholeMatch(of: shape)
                if isRight == nil { seen.wrong += 1 }
                seen.bodies += 1
            }
            return .json(200, "{}")
        }
        var options = options(server.url)
        options.requests = 500
        options.threads = 2
        let generator = try LoadGenerator(options)
        let template = try BenchScenario.ledgerWrite.template(
            authority: generator.authority, apiKey: "k", realm: BenchRealm(items: 40))
        let result = try await generator.run(template)
        #expect(result.requests == 500)
        #expect(result.statuses == [200: 500])
        #expect(result.errors == 0)
        #expect(result.refused == 0)
        #expect(result.requestsPerSecond > 0)
        #expect(result.latencies.quantile(0.5) > 0)
        #expect(result.latencies.quantile(0.5) <= result.latencies.maximum)
        seen.withLock { seen in
            #expect(seen.keys.count == 500)
            #expect(seen.bodies == 500)
            #expect(seen.wrong == 0)
        }
        await server.stop()
    }

    @Test("large requests and large answers come through whole")
    func large() async throws {
        let wrong = Atomic(0)
        let body = ByteBuffer(string: "{" + String(repeating: "x", count: 700_000) + "}")
        let server = try await StubServer { request in
            if request.body.readableBytes < 100_000
                || request.body.getString(at: request.body.writerIndex - 2, length: 2) != "]}"
            {
                wrong.wrappingAdd(1, ordering: .relaxed)
            }
            return .answer(200, body: body)
        }
        var options = options(server.url)
        options.requests = 40
        let generator = try LoadGenerator(options)
        let template = try BenchScenario.batch(movements: 1_000).template(
            authority: generator.authority, apiKey: "k", realm: BenchRealm())
        let result = try await generator.run(template)
        #expect(result.statuses == [200: 40])
        #expect(result.errors == 0)
        #expect(result.bytesReceived > 40 * 700_000)
        #expect(wrong.load(ordering: .relaxed) == 0)
        await server.stop()
    }

    @Test("refusals are counted by status, broken connections are replaced and counted")
    func misbehaving() async throws {
        let server = try await StubServer { request in
            switch request.number % 10 {
            case 3: .hangUp
            case 5: .breakOff
            case 7: .json(429, "{}")
            default: .json(201, "{}", headers: request.number % 10 == 9 ? [("Connection", "close")] : [])
            }
        }
        var options = options(server.url)
        options.requests = 200
        let generator = try LoadGenerator(options)
        let result = try await generator.run(
            try BenchScenario.hello(path: "/").template(
                authority: generator.authority, apiKey: "k", realm: BenchRealm()))
        #expect(result.errors == 40)
        #expect(result.statuses == [201: 140, 429: 20])
        #expect(result.refused == 20)
        await server.stop()
    }

    @Test("ends with the time, and the warm-up is not measured")
    func time() async throws {
        let server = try await StubServer { _ in .json(200, "{}") }
        var options = options(server.url)
        options.duration = .milliseconds(200)
        options.warmUp = .milliseconds(200)
        let generator = try LoadGenerator(options)
        let template = try BenchScenario.balanceRead.template(
            authority: generator.authority, apiKey: "k", realm: BenchRealm())
        let result = try await generator.run(template)
        #expect(result.seconds > 0.1 && result.seconds <= 0.2)
        #expect(result.requests > 0)
        #expect(result.answered > result.requests)
        #expect(result.errors == 0)
        await server.stop()
    }

    @Test("another machine is not a target unless that is said")
    func remote() throws {
        for url in [
            "http://192.0.2.1:80", "http://[2001:db8::1]:80", "https://127.0.0.1", "http://", "http://127.0.0.1:x",
            "http://127.0.0.1/path",
        ] {
            #expect(throws: ImportError.self, "\(url)") { try LoadGenerator(.init(url: url)) }
        }
        var options = LoadGenerator.Options(url: "http://192.0.2.1:80")
        options.allowsRemote = true
        _ = try LoadGenerator(options)
        #expect(try LoadGenerator(.init(url: "http://127.0.0.1:8080/")).authority == "127.0.0.1:8080")
    }

    @Test("nobody there is told at once")
    func nobody() async throws {
        let server = try await StubServer { _ in .hangUp }
        await server.stop()
        let generator = try LoadGenerator(options(server.url))
        let template = try BenchScenario.hello(path: "/").template(
            authority: generator.authority, apiKey: "k", realm: BenchRealm())
        await #expect(throws: ImportError.self) { try await generator.run(template) }
    }

    @Test("a realm for the bench is made and can be made again")
    func realm() async throws {
        let ledger = LedgerDouble()
        let server = try await StubServer { ledger.answer($0) }
        let connection = try LedgerConnection(url: server.url, apiKey: "k", connections: 8)
        let realm = BenchRealm(items: 1_200)
        for _ in 0..<2 { try await realm.prepare(on: connection) }
        await connection.close()
        #expect(ledger.items.count == 1_200)
        #expect(ledger.movements.count == 1_200)
        #expect(ledger.onHand("BENCH-0000", "BENCH-1") == realm.stock)
        #expect(ledger.onHand("BENCH-1199", "BENCH-1") == realm.stock)
        await server.stop()
    }

    @Test("an unknown placeholder is refused", arguments: ["{{uniqe}}", "{{pick:0}}", "{{pick:x}}", "{{unique"])
    func placeholder(text: String) {
        #expect(throws: ImportError.self) { try RequestTemplate(method: "GET", path: "/\(text)", host: "x") }
    }
}

@Suite("The latency histogram")
struct LatencyHistogramTests {
    @Test("quantiles are at most 1.6 % above the exact ones, and never below")
    func quantiles() {
        let seed = UInt64.random(in: 0 ... .max)
        var chance = SeededGenerator(seed: seed)
        var histogram = LatencyHistogram()
        var values: [UInt64] = []
        for _ in 0..<20_000 {
            let value = UInt64.random(in: 0...(1 << UInt64.random(in: 0...40, using: &chance)), using: &chance)
            values.append(value)
            histogram.record(value)
        }
        values.sort()
        for share in [0.0001, 0.01, 0.5, 0.9, 0.99, 0.999, 1] {
            let exact = values[max(0, Int((Double(values.count) * share).rounded(.up)) - 1)]
            let found = histogram.quantile(share)
            #expect(found >= exact, "seed \(seed), \(share)")
            #expect(Double(found) <= Double(exact) * 1.016 + 1, "seed \(seed), \(share)")
        }
        #expect(histogram.maximum == values.last)
    }

    @Test("the largest number is counted, and nothing is 0")
    func edges() {
        var histogram = LatencyHistogram()
        #expect(histogram.quantile(0.5) == 0)
        histogram.record(.max)
        histogram.record(0)
        #expect(histogram.quantile(0.5) == 0)
        #expect(histogram.quantile(1) == .max)
        var both = LatencyHistogram()
        both.merge(histogram)
        both.merge(histogram)
        #expect(both.count == 4)
    }
}
