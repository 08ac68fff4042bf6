import BlockingWork
import Foundation
import Synchronization
import Testing

@Suite("Blocking threads", .timeLimit(.minutes(1)))
struct BlockingThreadsTests {
    /// Holds a thread until it is opened.
    private final class Gate: Sendable {
        private let isOpen = Flag()
        let waiting = Counter()

        func open() { isOpen.set() }

        func wait() {
            waiting.add()
            while !isOpen.isSet { sched_yield() }
            waiting.add(-1)
        }
    }

    @Test("jobs start in the order in which they came")
    func order() async {
        let threads = BlockingThreads(name: "t", maximum: 1)
        defer { threads.stop() }
        let started = Collected<Int>()
        for number in 0..<1_000 { threads.run { started.append(number) } }
        await until { started.values.count == 1_000 }
        #expect(started.values == Array(0..<1_000))
    }

    @Test("there are never more threads than allowed, and as many as there is work for")
    func growth() async {
        let threads = BlockingThreads(name: "t", maximum: 3)
        defer { threads.stop() }
        let gate = Gate()
        for _ in 0..<10 { threads.run { gate.wait() } }
        await until { gate.waiting.value == 3 }
        try? await Task.sleep(for: .milliseconds(20))
        #expect(gate.waiting.value == 3)
        #expect(threads.isContended)
        gate.open()
        await until { gate.waiting.value == 0 && !threads.isContended }
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
        let isDone = Flag()
        threads.run { isDone.set() }
        await until { isDone.isSet }
    }

    @Test("it is contended only while more jobs wait than threads are free")
    func contention() async {
        let threads = BlockingThreads(name: "t", maximum: 1)
        defer { threads.stop() }
        let gate = Gate()
        threads.run { gate.wait() }
        await until { gate.waiting.value == 1 }
        #expect(!threads.isContended)
        let isDone = Flag()
        threads.run { isDone.set() }
        #expect(threads.isContended)
        gate.open()
        await until { isDone.isSet }
        #expect(!threads.isContended)
    }

    @Test("stopping lets the jobs that wait finish, and takes no more")
    func stop() async {
        let threads = BlockingThreads(name: "t", maximum: 2)
        let gate = Gate()
        let done = Counter()
        for _ in 0..<2 { threads.run { gate.wait() } }
        for _ in 0..<20 { threads.run { done.add() } }
        threads.stop()
        let isTaken = threads.run { done.add(1_000) }
        #expect(!isTaken)
        gate.open()
        await until { done.value == 20 }
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
        do {
            let object = Held()
            held = object
            threads.run { _ = object }
        }
        // Also while others are still in the queue behind it.
        let gate = Gate()
        defer { gate.open() }
        for _ in 0..<3 { threads.run { gate.wait() } }
        await until { gate.waiting.value == 1 }
        #expect(held == nil)
    }
}
