package import BlockingWork
import LedgerCore
package import LedgerStorage
import Synchronization

/// One realm's ledger at work: a bounded queue, one writer at a time that turns what has gathered into one commit, and
/// the committed state in memory for reads.
///
/// The batch that forms while a commit runs is the next one: no timer, no latency added when idle, one fsync for
/// hundreds of writes when busy. Realms do not wait for each other: each has its own queue and runs on a thread of its
/// own while it has work.
///
/// @unchecked Sendable: `committed`, `sealed`, `references`, `newestEvicted` and `version` are written by the writer
/// alone, under `publishing`; others read them under `publishing` only. Everything marked *writer* is touched by the
/// one thread that holds `Waiting.isRunning`.
package final class RealmLedger: @unchecked Sendable {
    package let realm: Realm
    package let store: any RealmStore
    let environment: EngineEnvironment
    let writers: BlockingThreads
    package let readers: BlockingThreads

    let waiting = Mutex(Waiting())
    let observers = HeadObservers()
    let publishing = Mutex(())
    /// Guarded: see the type's comment.
    let committed = CommittedLedger()
    var sealed: SealedHead
    var references: ReferenceTail
    /// Last seq of the newest level that ever left the memory.
    var newestEvicted: UInt64 = 0
    /// The realm's version that memory has, where other processes write to it too.
    var version: UInt64 = 0
    let freshness = Mutex(Freshness())
    let stock = Mutex(StockLists())

    // writer
    var index = IdempotencyIndex()
    var pages = PageCache()
    var lastPage: UInt64
    var behind: WriteBehind
    var lastMoment = Instant(milliseconds: 0)
    /// Whether some level may not be in memory: as long as none is missing, no batch needs to look for what it lacks.
    var hasColdLevels = false
    /// Levels in memory up to which looking for some to forget is no use, since none could go the last time.
    var evictionFloor = 0
    var sharing = Sharing()
    /// Of the steady clock: until when other processes count as writing to the ledger as well.
    let contendedUntil = Atomic<UInt64>(0)
    /// News that the store has brought and memory has not taken in.
    var leftover: RealmNews?

    /// What has arrived and not yet been taken into a batch.
    struct Waiting {
        enum Condition {
            case open
            /// Takes nothing more, finishes what waits.
            case closing
            case closed
            /// A commit failed: nothing is answered any more.
            case dead
        }

        var submissions: [Pending] = []
        var commands = 0
        /// Levels that a read missed and that the writer shall load.
        var loads: [LevelKey] = []
        /// Reads that found memory behind what other processes have committed.
        var refreshes = Refreshes()
        var isRunning = false
        var condition = Condition.open
        /// `close` was called.
        var isClosed = false
        /// Called when the last batch is done, after `closing`.
        var onIdle: (@Sendable () -> Void)?
    }

    struct Pending {
        var submission: Submission
        /// What it counts for in the queue.
        var commands: Int
        var complete: @Sendable (SubmissionResult) -> Void
    }

    /// Opens the realm: reads its catalogue, warms the levels, replays what the projections lack, and collects the keys
    /// of the last 24 hours. Blocks.
    ///
    /// - Throws: what the store throws; `corrupt` when the journal can't be folded.
    package init(
        realm: Realm, store: any RealmStore, environment: EngineEnvironment, writers: BlockingThreads,
        readers: BlockingThreads
    ) throws(StoreError) {
        self.realm = realm
        self.store = store
        self.environment = environment
        self.writers = writers
        self.readers = readers
        let opened = try store.open()
        sealed = opened.head
        lastPage = opened.lastIdempotencyPage
        behind = WriteBehind(appliedSeq: opened.appliedSeq)
        references = ReferenceTail(coveredSeq: opened.referencedSeq)
        lastMoment = opened.head.head.recordedAt
        version = store.openedVersion
        try recover(opened)
        store.finishOpening()
    }

    /// Hands the writes in. `complete` is called once, on a writer thread or at once on this one; it must not block.
    package func submit(_ submission: Submission, complete: @escaping @Sendable (SubmissionResult) -> Void) {
        // A group of nothing takes its place too.
        let count = max(1, submission.commands.count)
        let limit = environment.limits.queuedCommands
        enum Step { case start, wait, refuse }
        let step: Step = waiting.withLock { waiting in
            guard waiting.condition == .open, waiting.commands == 0 || waiting.commands + count <= limit else {
                return .refuse
            }
            waiting.submissions.append(Pending(submission: submission, commands: count, complete: complete))
            waiting.commands += count
            if waiting.isRunning { return .wait }
            waiting.isRunning = true
            return .start
        }
        switch step {
        case .start: writers.run { self.drain() }
        case .wait: break
        case .refuse: complete(.busy)
        }
    }

    /// Commands that wait: for the metrics.
    package var queueDepth: Int { waiting.withLock { $0.commands } }

    /// Asks the writer to bring levels into memory that a read had to fetch from the store.
    func requestLoad(_ keys: [LevelKey]) {
        let starts = waiting.withLock { waiting in
            guard waiting.condition == .open, waiting.loads.count < 4096 else { return false }
            waiting.loads.append(contentsOf: keys)
            if waiting.isRunning { return false }
            waiting.isRunning = true
            return true
        }
        if starts { writers.run { self.drain() } }
    }

    /// Finishes what waits, writes the projections and closes the store. Blocks. A second call does nothing.
    package func close() {
        enum Step { case finish, wait, release, nothing }
        let idle = BlockingSignal()
        let step: Step = waiting.withLock { waiting in
            guard !waiting.isClosed else { return .nothing }
            waiting.isClosed = true
            guard waiting.condition == .open else { return .release }
            waiting.condition = .closing
            guard waiting.isRunning else { return .finish }
            waiting.onIdle = { idle.signal() }
            return .wait
        }
        if step == .nothing { return }
        if step == .wait { idle.wait() }
        if waiting.withLock({ $0.condition == .closing }) { writeEverythingBehind() }
        waiting.withLock { if $0.condition == .closing { $0.condition = .closed } }
        store.close()
    }

    /// Asks the writer to bring memory up to what other processes have committed.
    func requestRefresh(to version: UInt64, _ completion: @escaping FreshnessCompletion) {
        enum Step { case start, wait, refuse }
        let step: Step = waiting.withLock { waiting in
            guard waiting.condition == .open else { return .refuse }
            waiting.refreshes.version = max(waiting.refreshes.version, version)
            waiting.refreshes.completions.append(completion)
            if waiting.isRunning { return .wait }
            waiting.isRunning = true
            return .start
        }
        switch step {
        case .start: writers.run { self.drain() }
        case .wait: break
        case .refuse: completion(RealmLedger.stopping)
        }
    }

    /// Takes in soon what other processes have committed, for those who observe the head.
    package func follow() {
        let starts = waiting.withLock { waiting in
            guard waiting.condition == .open, store.isShared else { return false }
            waiting.refreshes.follows = true
            if waiting.isRunning { return false }
            waiting.isRunning = true
            return true
        }
        if starts { writers.run { self.drain() } }
    }

    /// Runs on a writer thread until nothing waits, giving way to other realms where they wait for a thread.
    private func drain() {
        while true {
            if store.isShared, sharing.care != .nothing, waiting.withLock({ !$0.submissions.isEmpty }) {
                prepareForBatch()
            }
            guard let (batch, loads, refreshes) = takeBatch() else { return }
            if !refreshes.isEmpty { refresh(refreshes, beforeWriting: !batch.isEmpty) }
            if !loads.isEmpty { loadForReads(loads) }
            if !batch.isEmpty { write(batch) }
            if writers.isContended {
                writers.run { self.drain() }
                return
            }
        }
    }

    private func takeBatch() -> ([Pending], [LevelKey], Refreshes)? {
        let limit = environment.limits.commandsPerCommit
        var onIdle: (@Sendable () -> Void)?
        let taken: ([Pending], [LevelKey], Refreshes)? = waiting.withLock { waiting in
            guard waiting.condition != .dead,
                !waiting.submissions.isEmpty || !waiting.loads.isEmpty || !waiting.refreshes.isEmpty
            else {
                waiting.isRunning = false
                onIdle = waiting.onIdle
                waiting.onIdle = nil
                return nil
            }
            let loads = waiting.loads
            waiting.loads = []
            let refreshes = waiting.refreshes
            waiting.refreshes = Refreshes()
            if waiting.commands <= limit {
                let all = waiting.submissions
                waiting.submissions = []
                waiting.submissions.reserveCapacity(all.count)
                waiting.commands = 0
                return (all, loads, refreshes)
            }
            var commands = 0
            var count = 0
            for pending in waiting.submissions {
                let next = commands + pending.commands
                if count > 0, next > limit { break }
                commands = next
                count += 1
            }
            let batch = Array(waiting.submissions.prefix(count))
            waiting.submissions.removeFirst(count)
            waiting.commands -= commands
            return (batch, loads, refreshes)
        }
        onIdle?()
        return taken
    }

    /// The outcome of a commit is unknown, or the store is not what it should be: nothing is acknowledged any more.
    func die(_ error: StoreError) {
        waiting.withLock { waiting in
            waiting.condition = .dead
            waiting.submissions = []
            waiting.refreshes = Refreshes()
            waiting.loads = []
            waiting.commands = 0
        }
        environment.failStop(realm, error)
    }
}
