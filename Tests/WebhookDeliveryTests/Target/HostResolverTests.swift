import Synchronization
import Testing
import WebhookDelivery

@Suite("Looking up names")
struct HostResolverTests {
    private static func resolve(
        _ name: String, _ resolver: SystemResolver
    ) async -> Result<[IPAddress], ResolveFault> {
        await withCheckedContinuation { continuation in
            resolver.resolve(name) { continuation.resume(returning: $0) }
        }
    }

    @Test("the system knows this machine")
    func localhost() async throws {
        let resolver = SystemResolver(maximumThreads: 2)
        let addresses = try await Self.resolve("localhost", resolver).get()
        #expect(!addresses.isEmpty)
        #expect(addresses.allSatisfy { RefusedRange.of($0)?.meaning.contains("loopback") == true })
        #expect(Set(addresses).count == addresses.count)
        resolver.stop()
    }

    @Test("old forms of addresses that the system takes for names lead nowhere unvetted")
    func oldForms() async throws {
        let resolver = SystemResolver(maximumThreads: 2)
        // Such a host never gets past the URL; if it did, this is what the policy would see.
        let addresses = try await Self.resolve("127.1", resolver).get()
        #expect(throws: RefusedAddress.self) { try AddressPolicy.publicOnly.vet(addresses, port: 443) }
        resolver.stop()
    }

    @Test("a name that is none is not found, or the name service does not answer")
    func unknown() async {
        let resolver = SystemResolver(maximumThreads: 2)
        let result = await Self.resolve("no..host", resolver)
        #expect(result == .failure(.notFound) || result == .failure(.unavailable))
        resolver.stop()
    }

    @Test("beyond its bound it is busy, and answers all the same, each once")
    func bound() async {
        let resolver = SystemResolver(maximumThreads: 1, maximumWaiting: 4)
        let counts = Mutex((answered: 0, busy: 0))
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            for _ in 0..<200 {
                resolver.resolve("localhost") { result in
                    let isLast = counts.withLock { counts in
                        if result == .failure(.busy) { counts.busy += 1 } else { counts.answered += 1 }
                        return counts.busy + counts.answered == 200
                    }
                    if isLast { continuation.resume() }
                }
            }
        }
        #expect(counts.withLock { $0.answered } >= 4)
        #expect(counts.withLock { $0.answered + $0.busy } == 200)
        resolver.stop()
        #expect(await Self.resolve("localhost", resolver) == .failure(.unavailable))
    }
}
