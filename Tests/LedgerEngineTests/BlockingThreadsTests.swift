import Foundation
import LedgerEngine
import Synchronization
import Testing

@Suite("Blocking threads", .timeLimit(.minutes(1)))
struct BlockingThreadsTests {
    /// Holds a thread until it is opened.
    private final class Gate: Sendable {
        private let isOpen = Atomic<Bool>(false)
        let waiting = Atomic<Int>(0)

        func open() { isOpen.store(true, ordering: .releasing) }

        func wait() {
            waiting.add(1, ordering: .relaxed)
            while !isOpen.load(ordering: .acquiring) { sched_yield() }
            waiting.subtract(1, ordering: .relaxed)
        }
    }

    @Test("jobs start in the order in which they came")
    func order() async {
        let threads = BlockingThreads(name: "t", maximum: 1)
        defer { threads.stop() }
        let started = Mutex<[Int]>([])
        for number in 0..<1_000 { threads.run { started.withLock { $0.append(number) } } }
        await until { started.withLock { $0.count } == 1_000 }
        #expect(started.withLock { $0 } == Array(0..<1_000))
    }

    @Test("there are never more threads than allowed, and as many as there is work for")
    func growth() async {
        let threads = BlockingThreads(name: "t", maximum: 3)
        defer { threads.stop() }
        let gate = Gate()
        for _ in 0..<10 { threads.run { gate.wait() } }
        await until { gate.waiting.load(ordering: .relaxed) == 3 }
        try? await Task.sleep(for: .milliseconds(20))
        #expect(gate.waiting.load(ordering: .relaxed) == 3)
        #expect(threads.isContended)
        gate.open()
        await until { gate.waiting.load(ordering: .relaxed) == 0 && !threads.isContended }
    }

    @Test("a job never waits behind a slow one while another thread may be started", arguments: 0..<50)
    func noneStuck(round: Int) async {
        let threads = BlockingThreads(name: "t", maximum: 4)
        defer { threads.stop() }
        // One thread, asleep.
        await withCheckedContinuation { continuation in threads.run { continuation.resume() } }
        try? await Task.sleep(for: .microseconds(round * 20))
        let gate = Gate()
        defer { gate.open() }
        // Both come before the sleeper is awake: only one of them is for it.
        threads.run { gate.wait() }
        await withCheckedContinuation { continuation in threads.run { continuation.resume() } }
    }

    @Test("it is contended only while more jobs wait than threads are free")
    func contention() async {
        let threads = BlockingThreads(name: "t", maximum: 1)
        defer { threads.stop() }
        let gate = Gate()
        threads.run { gate.wait() }
        await until { gate.waiting.load(ordering: .relaxed) == 1 }
        #expect(!threads.isContended)
        let isDone = Atomic<Bool>(false)
        threads.run { isDone.store(true, ordering: .relaxed) }
        #expect(threads.isContended)
        gate.open()
        await until { isDone.load(ordering: .relaxed) }
        #expect(!threads.isContended)
    }

    @Test("stopping lets the jobs that wait finish, and takes no more")
    func stop() async throws {
        let threads = BlockingThreads(name: "t", maximum: 2)
        let gate = Gate()
        let done = Atomic<Int>(0)
        for _ in 0..<2 { threads.run { gate.wait() } }
        for _ in 0..<20 { threads.run { done.add(1, ordering: .relaxed) } }
        threads.stop()
        let isTaken = threads.run { done.add(1_000, ordering: .relaxed) }
        #expect(!isTaken)
        gate.open()
        await until { done.load(ordering: .relaxed) == 20 }
        await #expect(throws: CancellationError.self) { try await threads.run { 1 } }
    }

    @Test("a job that was run is let go, with everything that it held")
    func release() async {
        final class Held: Sendable {}
        let threads = BlockingThreads(name: "t", maximum: 1)
        defer { threads.stop() }
        weak var held: Held?
        do {
            let object = Held()
            held = object
            for _ in 0..<3 { threads.run { _ = object } }
        }
        await until { held == nil }
    }

    @Test("a value or an error comes back to the caller that waits for it")
    func values() async throws {
        let threads = BlockingThreads(name: "t", maximum: 2)
        defer { threads.stop() }
        struct Broken: Error {}
        #expect(try await threads.run { 42 } == 42)
        await #expect(throws: Broken.self) { try await threads.run { throw Broken() } }
    }
}
