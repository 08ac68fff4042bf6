import SampleLedger

/// Everything that happens in a simulated world, one step after another on one thread, in an order that a seed chooses.
///
/// Work belongs to a process; what belongs to a strand (an event loop) happens in order, anything else in any. Work
/// that waits for something runs other steps meanwhile: what a thread does beside another, this does within it.
///
/// @unchecked Sendable: one thread uses it.
final class Schedule: @unchecked Sendable {
    typealias Work = @Sendable () -> Void

    /// What runs the work in a real process.
    enum Kind {
        case eventLoop(Int)
        case writer
        case reader
        /// Of the world outside of the processes, or of another pool.
        case other
    }

    private struct Ready {
        var process: Int
        var kind: Kind
        var work: Work

        func isSameStrand(as other: Ready) -> Bool {
            guard process == other.process, case .eventLoop(let own) = kind, case .eventLoop(let others) = other.kind
            else { return false }
            return own == others
        }
    }

    private struct Timer {
        var time: UInt64
        var id: UInt64
        var ready: Ready
    }

    /// The process of what belongs to none.
    static let world = 0
    private static let deepest = 3
    private static let millisecond: UInt64 = 1_000_000

    private var generator: SeededGenerator
    private var ready: [Ready] = []
    private var timers: [Timer] = []
    private var lastTimer: UInt64 = 0
    /// What runs just now, each within the one before.
    private var stack: [Ready] = []
    private var stalled: [Int: UInt64] = [:]
    /// Nanoseconds of a clock that only goes forward.
    private(set) var now: UInt64 = millisecond
    private(set) var steps = 0
    /// Called before each step.
    var onStep: () -> Void = {}

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    // MARK: Work

    func add(_ process: Int, _ kind: Kind, _ work: @escaping Work) {
        ready.append(Ready(process: process, kind: kind, work: work))
    }

    @discardableResult
    func add(
        _ process: Int, _ kind: Kind, after nanoseconds: UInt64, _ work: @escaping Work
    ) -> UInt64 {
        lastTimer += 1
        let timer = Timer(
            time: now &+ nanoseconds, id: lastTimer, ready: Ready(process: process, kind: kind, work: work))
        let place = timers.firstIndex { $0.time > timer.time } ?? timers.count
        timers.insert(timer, at: place)
        return timer.id
    }

    /// The same in the world outside.
    func add(afterMilliseconds milliseconds: Int, _ work: @escaping Work) {
        add(Schedule.world, .other, after: UInt64(milliseconds) * Schedule.millisecond, work)
    }

    func cancel(_ timer: UInt64) { timers.removeAll { $0.id == timer } }

    /// The process is gone with everything that it was about to do.
    func end(_ process: Int) {
        ready.removeAll { $0.process == process }
        timers.removeAll { $0.ready.process == process }
    }

    /// The process stands still for a while.
    func stall(_ process: Int, milliseconds: Int) {
        stalled[process] = now &+ UInt64(milliseconds) * Schedule.millisecond
        // Time goes on until then, whatever else there is to do.
        add(afterMilliseconds: milliseconds) {}
    }

    /// Forgets everything, and with it the world that the work holds.
    func clear() {
        ready = []
        timers = []
        onStep = {}
    }

    // MARK: Time

    /// Takes one step.
    ///
    /// - Returns: false when nothing is left to do before the time, nor anything that may be done now.
    @discardableResult
    func step(before end: UInt64 = .max) -> Bool {
        let choices = ready.indices.filter { mayRun($0) }
        // Now and then time passes although there is work: threads are slow at times.
        if choices.isEmpty || chance(1, in: 40) {
            if let timer = timers.first, timer.time <= end {
                timers.removeFirst()
                now = max(now, timer.time)
                ready.append(timer.ready)
                return true
            }
            if choices.isEmpty { return false }
        }
        steps += 1
        onStep()
        // What was to happen may have killed whom it was chosen for.
        let still = ready.indices.filter { mayRun($0) }
        guard !still.isEmpty else { return true }
        let chosen = ready.remove(at: still[number(below: still.count)])
        stack.append(chosen)
        chosen.work()
        stack.removeLast()
        return true
    }

    private func mayRun(_ index: Int) -> Bool {
        let candidate = ready[index]
        if let until = stalled[candidate.process], until > now { return false }
        for running in stack {
            if running.isSameStrand(as: candidate) { return false }
            // A reader may wait for a writer, which may be what it would run within.
            if running.process == candidate.process, case .reader = candidate.kind { return false }
        }
        if case .eventLoop = candidate.kind {
            return !ready[..<index].contains { $0.isSameStrand(as: candidate) }
        }
        return true
    }

    /// A thread waits for the disk or for another machine: others run.
    func wait() {
        guard stack.count < Schedule.deepest, chance(1, in: 3) else { return }
        for _ in 0...number(below: 3) { step(before: now &+ Schedule.millisecond * 20) }
    }

    /// A thread waits until something is so.
    func wait(until condition: () -> Bool) {
        while !condition(), step() {}
    }

    /// What there is to do, for whoever looks into a run that does not end.
    var description: String {
        let ready = ready.map { "\($0.process) \($0.kind)" }
        let stack = stack.map { "\($0.process) \($0.kind)" }
        return "running \(stack), ready \(ready), \(timers.count) timers, stalled \(stalled), now \(now)"
    }

    // MARK: Chance

    func number(below bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }

    func chance(_ part: Int, in whole: Int) -> Bool { number(below: whole) < part }
}
