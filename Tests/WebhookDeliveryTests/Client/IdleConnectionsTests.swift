import LedgerStorage
import NIOCore
import Testing
import WebhookDelivery

@Suite("Idle connections")
struct IdleConnectionsTests {
    private final class Connection {
        let number: Int

        init(_ number: Int) {
            self.number = number
        }
    }

    private static func origin(_ text: String) throws -> Origin {
        Origin(try WebhookURL(text, mode: .test, policy: .publicOnly))
    }

    private static func time(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

    @Test("scheme, host and port make an origin, path and case do not")
    func origins() throws {
        let base = try Self.origin("https://example.com/a")
        for same in ["https://example.com/b?c", "https://EXAMPLE.com", "https://example.com:443/"] {
            #expect(try Self.origin(same) == base)
        }
        for other in [
            "http://example.com/a", "https://example.com:444/", "https://a.example.com/", "http://example.com:443",
        ] {
            #expect(try Self.origin(other) != base)
        }
    }

    @Test("the one that has waited least is used first")
    func newestFirst() throws {
        let origin = try Self.origin("https://example.com/")
        var idle = IdleConnections<Connection>(maximum: 10, idleTime: .seconds(30))
        for number in 1...3 { #expect(idle.put(Connection(number), origin, at: Self.time(Int64(number))) == nil) }
        #expect((1...4).map { _ in idle.take(origin, at: Self.time(4))?.number } == [3, 2, 1, nil])
        #expect(idle.count == 0)
    }

    @Test("one whose time is up is not used, and is removed")
    func expiry() throws {
        let origin = try Self.origin("https://example.com/")
        var idle = IdleConnections<Connection>(maximum: 10, idleTime: .seconds(30))
        #expect(idle.nextExpiry == nil)
        for number in 1...3 { _ = idle.put(Connection(number), origin, at: Self.time(Int64(number))) }
        #expect(idle.nextExpiry == Self.time(31))
        #expect(idle.removeExpired(at: Self.time(30)).isEmpty)
        #expect(idle.removeExpired(at: Self.time(32)).map(\.number) == [1, 2])
        #expect(idle.nextExpiry == Self.time(33))
        #expect(idle.take(origin, at: Self.time(33)) == nil)
        #expect(idle.removeExpired(at: Self.time(33)).map(\.number) == [3])
        #expect(idle.count == 0)
        #expect(idle.nextExpiry == nil)
    }

    @Test("beyond the bound the oldest goes, of whatever origin")
    func bound() throws {
        let (one, two) = (try Self.origin("https://one.example/"), try Self.origin("https://two.example/"))
        var idle = IdleConnections<Connection>(maximum: 2, idleTime: .seconds(30))
        #expect(idle.put(Connection(1), one, at: Self.time(1)) == nil)
        #expect(idle.put(Connection(2), two, at: Self.time(2)) == nil)
        #expect(idle.put(Connection(3), two, at: Self.time(3))?.number == 1)
        #expect(idle.put(Connection(4), one, at: Self.time(4))?.number == 2)
        #expect(idle.count == 2)
        var none = IdleConnections<Connection>(maximum: 0, idleTime: .seconds(30))
        #expect(none.put(Connection(5), one, at: Self.time(1))?.number == 5)
        #expect(none.count == 0)
    }

    @Test("in whatever order, it holds what was put and not taken, removed or expired")
    func model() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var numbers = SeededNumbers(seed: seed)
        let origins = try (0..<3).map { try Self.origin("https://\($0).example/") }
        var idle = IdleConnections<Connection>(maximum: 20, idleTime: .seconds(30))
        var model: [(origin: Int, connection: Connection, until: Int64)] = []
        var clock: Int64 = 0
        for number in 0..<20_000 {
            clock += Int64.random(in: 0...2, using: &numbers)
            let origin = Int.random(in: 0..<3, using: &numbers)
            switch Int.random(in: 0..<10, using: &numbers) {
            case 0...5:
                let connection = Connection(number)
                let evicted = idle.put(connection, origins[origin], at: Self.time(clock))
                model.append((origin, connection, clock + 30))
                if let evicted { model.removeAll { $0.connection === evicted } }
            case 6, 7:
                let taken = idle.take(origins[origin], at: Self.time(clock))
                let expected = model.last { $0.origin == origin && $0.until > clock }
                #expect(taken === expected?.connection, "seed \(seed)")
                model.removeAll { $0.connection === taken }
            case 8:
                guard let entry = model.randomElement(using: &numbers) else { continue }
                idle.remove(entry.connection, origins[entry.origin])
                model.removeAll { $0.connection === entry.connection }
            default:
                let expired = Set(idle.removeExpired(at: Self.time(clock)).map(\.number))
                #expect(expired == Set(model.filter { $0.until <= clock }.map(\.connection.number)), "seed \(seed)")
                model.removeAll { $0.until <= clock }
            }
            #expect(idle.count == model.count, "seed \(seed)")
            #expect(idle.nextExpiry == model.map(\.until).min().map(Self.time), "seed \(seed)")
        }
        #expect(Set(idle.removeAll().map(\.number)) == Set(model.map(\.connection.number)), "seed \(seed)")
        #expect(idle.count == 0)
    }
}
