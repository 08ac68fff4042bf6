import HTTPInterface
import LedgerCore
import LedgerStorage
import NIOCore
import NIOHTTP1
import Testing

@Suite("Writes that another server decides")
struct HandingOnTests {
    private static let servers = (1...5).map {
        AnnouncedServer(id: ULID(high: UInt64($0) << 16, low: 7), address: "http://10.0.0.\($0):8080")
    }

    @Test("each server finds the same owner, in whatever order it learns of the others")
    func agreement() throws {
        var numbers = SeededNumbers(seed: 3)
        for _ in 0..<200 {
            let realm = ULID(high: numbers.next(), low: numbers.next())
            let owner = try #require(LedgerOwners(Self.servers).owner(of: realm))
            #expect(LedgerOwners(Self.servers.shuffled(using: &numbers)).owner(of: realm) == owner)
        }
        #expect(LedgerOwners().owner(of: .zero) == nil)
    }

    @Test("ledgers are spread evenly, and when a server goes, only those that it owned get another owner")
    func spread() throws {
        var numbers = SeededNumbers(seed: 4)
        let before = LedgerOwners(Self.servers)
        let gone = Self.servers[2]
        let after = LedgerOwners(Self.servers.filter { $0 != gone })
        var owned: [ULID: Int] = [:]
        for _ in 0..<5_000 {
            let realm = ULID(high: numbers.next(), low: numbers.next())
            let owner = try #require(before.owner(of: realm))
            owned[owner.id, default: 0] += 1
            if owner != gone { #expect(after.owner(of: realm) == owner) }
        }
        #expect(owned.count == 5 && owned.values.allSatisfy { (850...1_150).contains($0) }, "\(owned)")
        #expect(before.contains(gone.id) && !after.contains(gone.id))
    }

    @Test(
        "an address is a URL with a host and at most a port",
        arguments: [
            ("http://10.0.0.5:8080", "10.0.0.5", 8080), ("http://stock-1.internal", "stock-1.internal", 80),
            ("http://[fd00::5]:8080", "fd00::5", 8080), ("http://[::1]", "::1", 80),
        ])
    func address(url: String, host: String, port: Int) throws {
        let address = try #require(ServerAddress(url))
        #expect(address.host == host && address.port == port)
        #expect(ServerAddress("\(address)") == address)
    }

    @Test(
        "anything else is no address",
        arguments: [
            "", "http://", "https://10.0.0.5:8080", "10.0.0.5:8080", "http://a:0", "http://a:65536", "http://a:+80",
            "http://a:", "http://a/b", "http://a?b", "http://u@a", "http://a b", "http://[]:80", "http://[::1",
            "http://a#b",
            "http://:80",
        ])
    func noAddress(url: String) {
        #expect(ServerAddress(url) == nil)
    }

    private func request(_ numbers: inout SeededNumbers) -> IncomingRequest {
        func text(_ most: Int) -> String {
            String(
                (0..<Int.random(in: 0...most, using: &numbers)).map { _ in
                    "aÄ/%?=&Z9 ".randomElement(using: &numbers) ?? "x"
                })
        }
        var headers = HTTPHeaders()
        for name in ["Authorization", "content-type", "IDEMPOTENCY-KEY", "user-agent"]
        where Bool.random(using: &numbers) {
            headers.add(name: name, value: text(40))
        }
        headers.add(name: "Cookie", value: "stays here")
        let target = "/" + text(30)
        return IncomingRequest(
            method: [.POST, .PUT, .PATCH, .DELETE].randomElement(using: &numbers) ?? .POST, target: target,
            path: "", query: "", headers: headers,
            body: (0..<Int.random(in: 0...300, using: &numbers)).map { _ in UInt8.random(in: 0...255, using: &numbers)
            },
            startedAt: 1, peer: "10.0.0.9")
    }

    @Test("requests come out of a frame as they went in, with what a write is decided by and no other header")
    func requests() throws {
        var numbers = SeededNumbers(seed: 5)
        for round in 0..<100 {
            let sent = (0..<(round % HandedOnFrame.most + 1)).map { _ in request(&numbers) }
            var frame = ByteBuffer()
            HandedOnFrame.begin(sent.count, in: &frame)
            for (number, request) in sent.enumerated() {
                HandedOnFrame.append(request, requestID: "req_\(number)", to: &frame)
            }
            let bytes = Array(buffer: frame)
            let got = try #require(HandedOnFrame.requests(bytes, startedAt: 77, peer: "10.0.0.1"))
            try #require(got.count == sent.count)
            for (number, pair) in zip(sent, got).enumerated() {
                #expect(pair.0.method == pair.1.method && pair.0.target == pair.1.target && pair.0.body == pair.1.body)
                #expect(pair.1.target.hasPrefix(pair.1.path) && pair.1.startedAt == 77 && pair.1.peer == "10.0.0.1")
                for name in ["authorization", "content-type", "idempotency-key", "user-agent"] {
                    #expect(pair.0.headers[name] == pair.1.headers[name])
                }
                #expect(pair.1.headers["x-request-id"] == ["req_\(number)"] && pair.1.headers["cookie"].isEmpty)
            }
            // Cut off anywhere, or with something behind it, it is no frame.
            let cut = Int.random(in: 0..<bytes.count, using: &numbers)
            #expect(HandedOnFrame.requests(Array(bytes[..<cut]), startedAt: 0, peer: "") == nil)
            #expect(HandedOnFrame.requests(bytes + [0], startedAt: 0, peer: "") == nil)
        }
    }

    @Test("answers come out of a frame as they went in, and only as many as were asked for")
    func responses() throws {
        var numbers = SeededNumbers(seed: 6)
        let kinds: [ContentKind] = [.none, .json, .problem, .text]
        for count in 1...HandedOnFrame.most {
            let sent = (0..<count).map { number in
                OutgoingResponse(
                    status: [200, 201, 404, 409, 422, 500].randomElement(using: &numbers) ?? 200,
                    contentKind: kinds[number % kinds.count], headerBlock: Array("X-Number: \(number)\r\n".utf8),
                    body: Array(repeating: UInt8(number), count: number * 11))
            }
            var frame = ByteBuffer()
            HandedOnFrame.begin(count, in: &frame)
            for response in sent { HandedOnFrame.append(response, to: &frame) }
            let got = try #require(HandedOnFrame.responses(frame, to: count))
            for (before, after) in zip(sent, got) {
                #expect(before.status == after.status && before.contentKind == after.contentKind)
                #expect(before.headerBlock == after.headerBlock && before.body == after.body && !after.closes)
            }
            #expect(got.count == count && HandedOnFrame.responses(frame, to: count + 1) == nil)
            let cut = Int.random(in: 0..<frame.readableBytes, using: &numbers)
            #expect(HandedOnFrame.responses(frame.getSlice(at: 0, length: cut) ?? ByteBuffer(), to: count) == nil)
        }
    }

    @Test("bytes that are no frame are refused, whatever they are")
    func noise() {
        var numbers = SeededNumbers(seed: 7)
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0...60, using: &numbers)).map { _ in
                UInt8.random(in: 0...255, using: &numbers)
            }
            if bytes.count > 2, Bool.random(using: &numbers) { bytes.replaceSubrange(0..<3, with: [1, 0, 1]) }
            let requests = HandedOnFrame.requests(bytes, startedAt: 0, peer: "")
            #expect(requests == nil || requests?.count == 1)
            _ = HandedOnFrame.responses(ByteBuffer(bytes: bytes), to: 1)
        }
    }
}
