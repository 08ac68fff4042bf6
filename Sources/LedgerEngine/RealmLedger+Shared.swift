import BlockingWork
import LedgerCore
package import LedgerStorage
import Synchronization

/// Told when memory is no older than what any process had acknowledged before; or why that can't be known.
package typealias FreshnessCompletion = @Sendable (StoreError?) -> Void

/// How much other processes write to the realm, and what a batch does about it before it is decided.
///
/// A batch is decided on what memory has and committed on the condition that nobody was faster. Where others have
/// written lately, a look for what they have committed comes first, which costs less than deciding in vain. Where
/// somebody is faster all the same, servers are busy at the same ledger at the same time: for a while each batch is
/// decided under the lock of the head, so that they take turns.
struct Sharing {
    /// What comes before a batch is decided.
    enum Care {
        case nothing
        /// A look for what others have committed.
        case look
        /// The same, and nobody else commits until the batch has.
        case lock
    }

    /// Batches after a look, from the last one on that found something.
    private static let looksInVain = 8
    /// Batches under the lock after one that was overtaken in spite of a look: twice as many each time that the first
    /// one without it is overtaken as well.
    private static let turns = 32...256
    private var looks = 0
    private var locks = 0
    private var nextLocks = Sharing.turns.lowerBound
    private var isLocked = false
    /// Of the steady clock; nil before the first look.
    private var lastLook: UInt64?

    /// Whether others may have done much since the last look.
    func hasBeenAway(at now: UInt64) -> Bool { lastLook.map { now &- $0 > 1_000_000_000 } ?? true }

    /// Memory is up to date.
    mutating func looked(at now: UInt64) { lastLook = now }

    var care: Care { locks > 0 ? .lock : looks > 0 ? .look : .nothing }

    /// A look came before a batch.
    mutating func didLook(hasFound: Bool) {
        isLocked = false
        looks = hasFound ? Sharing.looksInVain : max(0, looks - 1)
    }

    /// The batch is about to be decided under the lock.
    mutating func didLock() {
        isLocked = true
        locks = max(0, locks - 1)
    }

    /// Nobody was faster than the batch.
    mutating func didCommit() {
        if !isLocked { nextLocks = Sharing.turns.lowerBound }
        isLocked = false
    }

    /// Another process has committed before the batch did. Returns what comes before it is decided again.
    mutating func wasOvertaken() -> Care {
        defer { looks = Sharing.looksInVain }
        guard care != .nothing else { return .look }
        locks = nextLocks
        nextLocks = min(nextLocks * 2, Sharing.turns.upperBound)
        return .lock
    }
}

/// Reads that found memory behind what has been committed.
struct Refreshes {
    /// The version that memory must reach for them.
    var version: UInt64 = 0
    var completions: [FreshnessCompletion] = []
    /// Nobody waits, but what others have committed is wanted.
    var follows = false

    var isEmpty: Bool { completions.isEmpty && !follows }
}

/// Reads that wait until memory is known to be fresh: those that wait together are answered by one look.
struct Freshness {
    var waiting: [FreshnessCompletion] = []
    var isLooking = false
}

/// A ledger that other processes write to as well: their commits come in as news.
extension RealmLedger {
    /// How long a ledger counts as contended after a batch has met another process's.
    private static let contention: UInt64 = 60_000_000_000

    /// Whether batches of this process have lately met those of others: each then costs more than if one process
    /// decided them all. Any thread.
    package var isContended: Bool {
        let until = contendedUntil.load(ordering: .relaxed)
        return until > 0 && until > environment.steady()
    }

    private func hasMetOthers() {
        contendedUntil.store(environment.steady() &+ RealmLedger.contention, ordering: .relaxed)
    }

    static let stopping = StoreError.failed(operation: "read", detail: "the ledger is closed")

    /// Whether other processes may write to it.
    package var isShared: Bool { store.isShared }

    // MARK: Reads

    /// Calls back once memory has everything that any process had acknowledged before this call; at once where no other
    /// process writes. Any thread, and it may be a thread on which `completion` must not block for long.
    package func whenCurrent(_ completion: @escaping FreshnessCompletion) {
        guard store.isShared else { return completion(nil) }
        let isFirst = freshness.withLock { freshness in
            freshness.waiting.append(completion)
            defer { freshness.isLooking = true }
            return !freshness.isLooking
        }
        if isFirst { readers.run { self.lookWhetherCurrent() } }
    }

    /// Looks once for all that wait, until nobody does.
    private func lookWhetherCurrent() {
        while true {
            let waiting: [FreshnessCompletion] = freshness.withLock { freshness in
                defer { freshness.waiting = [] }
                if freshness.waiting.isEmpty { freshness.isLooking = false }
                return freshness.waiting
            }
            if waiting.isEmpty { return }
            do throws(StoreError) {
                let found = try store.currentVersion()
                let known = publishing.withLock { _ in version }
                if found <= known {
                    for completion in waiting { completion(nil) }
                } else {
                    // It may be this process's own commit, about to be published: what others have shown already must
                    // not be missing here.
                    requestRefresh(to: found) { error in
                        for completion in waiting { completion(error) }
                    }
                }
            } catch {
                for completion in waiting { completion(error) }
            }
        }
    }

    /// Waits until memory is fresh. Blocks.
    func waitUntilCurrent() throws(StoreError) {
        guard store.isShared else { return }
        let result = BlockingResult<StoreError?>()
        requestRefresh(to: .max) { result.set($0) }
        if let error = readers.wait(for: result) { throw error }
    }

    // MARK: The writer

    /// - Parameter beforeWriting: a batch is about to be written, which leaves memory up to date: who only follows need
    ///   not ask.
    func refresh(_ wanted: Refreshes, beforeWriting: Bool) {
        var failure: StoreError?
        do throws(StoreError) {
            if version < wanted.version || wanted.follows && !beforeWriting { try catchUp() }
        } catch .unavailable(let detail, let isOutcomeUnknown) {
            failure = .unavailable(detail: detail, isOutcomeUnknown: isOutcomeUnknown)
        } catch {
            die(error)
            failure = error
        }
        for completion in wanted.completions { completion(failure) }
    }

    /// Takes in what others have committed. Returns whether there was anything.
    @discardableResult
    func catchUp() throws(StoreError) -> Bool {
        var hasFound = leftover != nil
        try absorbLeftover()
        while true {
            let news = try store.news(locking: false)
            hasFound = hasFound || !news.blocks.isEmpty || !news.pages.isEmpty
            try absorb(news)
            if !news.hasMore { return hasFound }
        }
    }

    /// Before a batch is taken, so that what gathers while the database answers, or another server has its turn, is
    /// part of it.
    func prepareForBatch() {
        do throws(StoreError) {
            switch sharing.care {
            case .nothing: break
            case .look:
                let hasFound = try catchUp()
                if hasFound { hasMetOthers() }
                sharing.didLook(hasFound: hasFound)
            case .lock: try lock()
            }
        } catch .unavailable {
            // The batch finds out by itself.
            store.release()
        } catch {
            store.release()
            die(error)
        }
    }

    /// A batch was decided on something old.
    func overtake() throws(StoreError) {
        hasMetOthers()
        if sharing.wasOvertaken() == .lock { try lock() } else { try catchUp() }
    }

    /// Keeps others from committing and takes in what they have.
    private func lock() throws(StoreError) {
        try absorbLeftover()
        // Whoever has been away for long catches up before it makes others wait.
        if sharing.hasBeenAway(at: environment.steady()) { try catchUp() }
        sharing.didLock()
        while true {
            let news = try store.news(locking: true)
            try absorb(news)
            if !news.hasMore { return }
        }
    }

    /// A batch that writes nothing is right when nobody has written since memory was brought up to date.
    func confirm() throws(StoreError) -> BatchOutcome {
        guard store.isShared else { return .durable }
        store.release()
        let found = try store.currentVersion()
        return found == publishing.withLock({ _ in version }) ? .durable : .overtaken
    }

    /// Takes in what was fetched and could not be taken in, because the database was away when the levels that it
    /// changes were to be read: the store counts it as known. Before anything is decided or fetched.
    func absorbLeftover() throws(StoreError) {
        if let leftover { try absorb(leftover) }
    }

    private func absorb(_ news: RealmNews) throws(StoreError) {
        leftover = news
        var entries: [Entry] = []
        for block in news.blocks { entries += try BlockReader(block).entries() }
        try loadLevels(changedBy: entries)
        leftover = nil
        let postings = entries.compactMap { ReferencePosting(indexing: $0) }
        var displaced: [LocationNumber] = []
        publishing.withLock { _ in
            for entry in entries {
                let formerDefault = committed.defaultLocation
                committed.replay(entry, rowsAreCounted: false)
                if let formerDefault, committed.defaultLocation != formerDefault { displaced.append(formerDefault) }
            }
            // The segments that the last news told of may cover what only this one brings.
            for posting in postings where posting.seq > references.coveredSeq { references.note(posting) }
            references.othersWrote(upTo: news.referencedSeq)
            if let last = news.blocks.last { sealed = last.sealedHead }
            if !news.hasMore { version = news.version }
        }
        noteStock(replayed: entries)
        for entry in entries { behind.note(entry.change) }
        for location in displaced { behind.note(location) }
        for page in news.pages {
            for key in page.keys { index.insert(key, page: page.number, slice: page.slice) }
            lastMoment = max(lastMoment, page.recordedAt)
        }
        if let last = news.blocks.last { lastMoment = max(lastMoment, last.recordedAt) }
        if !news.hasMore {
            sharing.looked(at: environment.steady())
            lastPage = max(lastPage, news.lastPage)
            behind.othersWrote(upTo: news.appliedSeq) { committed.levels[$0]?.changedSeq }
        }
        if let last = news.blocks.last { observers.notify(last.lastSeq) }
        evictColdLevels()
    }
}
