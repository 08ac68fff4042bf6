import BlockingWork
import LedgerCore
import LedgerEngine
import LedgerStorage
import MemoryStorage
import SampleLedger
import Synchronization
import Testing

/// A clock that stands still until a test moves it.
final class SteadyClock: Sendable {
    private let milliseconds: Mutex<Int64>

    init(_ milliseconds: Int64 = 1_780_000_000_000) { self.milliseconds = Mutex(milliseconds) }

    var now: Instant { Instant(milliseconds: milliseconds.withLock { $0 }) }

    func advance(milliseconds step: Int64) { milliseconds.withLock { $0 += step } }

    static let hour: Int64 = 3_600_000
}

/// A realm's ledger over a store that a test can stop, fail and look into; opened again as often as it likes.
final class LedgerUnderTest: Sendable {
    let realm: Realm
    let store: GatedStore
    let clock: SteadyClock
    let limits: EngineLimits
    private let random: Mutex<SeededGenerator>
    private let fatal = Mutex<[StoreError]>([])
    private let batches = Mutex<[Int]>([])
    private let threads = BlockingThreads(name: "test-writer", maximum: 4)
    private let readers = BlockingThreads(name: "test-reader", maximum: 4)
    private let opened: Mutex<RealmLedger?>

    init(
        store base: any RealmStore = MemoryRealmStore(), limits: EngineLimits = EngineLimits(),
        clock: SteadyClock = SteadyClock(), seed: UInt64 = 1
    ) throws {
        realm = Realm(id: ULID(high: 0x0190, low: 7), tenant: "acme", mode: .test)
        store = GatedStore(base)
        self.clock = clock
        self.limits = limits
        random = Mutex(SeededGenerator(seed: seed))
        opened = Mutex(nil)
        try reopen()
    }

    deinit {
        threads.stop()
        readers.stop()
    }

    var ledger: RealmLedger {
        guard let ledger = opened.withLock({ $0 }) else { preconditionFailure("opened by init") }
        return ledger
    }

    /// What `failStop` was called with.
    var fatalErrors: [StoreError] { fatal.withLock { $0 } }

    /// Commands of each commit.
    var batchSizes: [Int] { batches.withLock { $0 } }

    var environment: EngineEnvironment {
        EngineEnvironment(
            now: { [clock] in clock.now },
            random: { [self] in
                random.withLock {
                    (UInt16.random(in: 0...0x7FFF, using: &$0), UInt64.random(in: 0...(.max), using: &$0))
                }
            },
            failStop: { [self] _, error in fatal.withLock { $0.append(error) } },
            observer: EngineObserver(committed: { [self] commands, _ in batches.withLock { $0.append(commands) } }),
            limits: limits)
    }

    /// Opens the store as a new process would. What the ledger before this one had only in memory is forgotten.
    func reopen() throws {
        let ledger = try RealmLedger(
            realm: realm, store: store, environment: environment, writers: threads, readers: readers)
        opened.withLock { $0 = ledger }
    }

    // MARK: Writes

    func submit(_ submission: Submission) async -> SubmissionResult {
        await withCheckedContinuation { continuation in
            ledger.submit(submission) { continuation.resume(returning: $0) }
        }
    }

    @discardableResult
    func write(_ command: Command, _ identity: RequestIdentity? = nil) async -> SubmissionResult {
        await submit(.single(command, identity))
    }

    @discardableResult
    func write(
        group commands: [SubmittedCommand], atomic: Bool = false, _ identity: RequestIdentity? = nil
    ) async -> SubmissionResult {
        await submit(.group(commands, atomic: atomic, identity))
    }

    /// Items `SKU-1` … and locations `WH-1` …, and perhaps that much of each item at the first location.
    func stock(items: Int = 1, locations: Int = 1, quantity: Int64 = 0) async throws {
        for number in 1...locations { await write(.createLocation(LocationDraft(code: "WH-\(number)", name: "W"))) }
        for number in 1...items { await write(.createItem(ItemDraft(sku: "SKU-\(number)", name: "I"))) }
        guard quantity > 0 else { return }
        for number in 1...items { await write(.receive(quantity, item: number)) }
    }

    // MARK: What came of it

    /// Returns when a commit waits at the shut gate: whatever is submitted now gathers behind it.
    func commitAtGate(after commits: Int) async { await until { self.store.commits > commits } }

    func queue(holds count: Int) async { await until { self.ledger.queueDepth >= count } }

    /// The whole journal, as the store has it.
    func journal() throws -> [Entry] {
        var entries: [Entry] = []
        for block in try store.blocks(from: 1, maximumBytes: .max) { entries += try BlockReader(block).entries() }
        return entries
    }

    func onHand(item: UInt32 = 1, location: UInt32 = 1) throws -> Int64 {
        try ledger.levels([LevelKey(item, location)])[0].pool.onHand
    }

    func verify() throws -> VerificationReport.Problem? { try LedgerVerifier(store: store).run().problem }
}

/// Waits without holding one of the few threads on which tests run.
func until(_ condition: () throws -> Bool) async rethrows {
    // A test that has run out of time is cancelled, and a cancelled sleep returns at once.
    while try !condition(), !Task.isCancelled { try? await Task.sleep(for: .microseconds(200)) }
}

extension LevelKey {
    init(_ item: UInt32, _ location: UInt32) {
        self.init(item: ItemNumber(rawValue: item), location: LocationNumber(rawValue: location))
    }
}

extension Command {
    static func move(
        _ kind: MovementKind, _ quantity: Int64, item: Int = 1, location: Int = 1, to target: Int? = nil,
        reference: String? = nil, reason: String = "test"
    ) -> Command {
        var draft = MovementDraft(
            kind: kind, item: .sku("SKU-\(item)"), location: .code("WH-\(location)"), quantity: quantity, reason: reason
        )
        draft.target = target.map { .code("WH-\($0)") }
        draft.reference = reference
        if kind == .receipt { draft.unitCost = 2_000_000 }
        return .recordMovement(draft)
    }

    static func receive(_ quantity: Int64, item: Int = 1, location: Int = 1, reference: String? = nil) -> Command {
        move(.receipt, quantity, item: item, location: location, reference: reference)
    }

    static func pick(_ quantity: Int64, item: Int = 1, location: Int = 1, reference: String? = nil) -> Command {
        move(.pick, -quantity, item: item, location: location, reference: reference)
    }
}

extension RequestIdentity {
    /// A key by number, and the request that it was sent with.
    static func key(_ key: UInt64, request: UInt64 = 1) -> RequestIdentity {
        var mixed = SeededGenerator(seed: key)
        return RequestIdentity(
            key: Digest128(high: mixed.next(), low: mixed.next()), fingerprint: Digest128(high: 7, low: request))
    }
}

extension Submission {
    static func single(_ command: Command, _ identity: RequestIdentity?) -> Submission {
        Submission(command, identity: identity, actor: ULID(high: 1, low: 2), render: TestAnswer.render)
    }

    static func group(_ commands: [SubmittedCommand], atomic: Bool, _ identity: RequestIdentity?) -> Submission {
        Submission(
            group: commands, atomic: atomic, identity: identity, actor: nil, render: TestAnswer.render,
            compose: TestAnswer.compose)
    }
}

/// Answers that tell what the ledger did: the entry, and what was on hand just after it.
enum TestAnswer {
    static let render: RenderOutcome = { outcome, index, state in
        switch outcome {
        case .success(let decision):
            var text = "seq \(decision.first.seq) id \(decision.first.id.text)"
            if case .movementRecorded(let movement) = decision.first.change {
                let level = state.level(LevelKey(item: movement.item, location: movement.location))
                text += " on hand \(level?.pool.onHand ?? .min)"
            }
            return Answer(status: 201, contentKind: 3, body: Array(text.utf8))
        case .failure(let rejection):
            return Answer(status: 422, contentKind: 4, body: Array("\(index): \(rejection)".utf8))
        }
    }

    static let compose: @Sendable ([CommandResult]) -> Answer = { results in
        let lines = results.map { result in "\(result.kind) \(result.answer?.text ?? "-")" }
        return Answer(status: 200, contentKind: 3, body: Array(lines.joined(separator: "\n").utf8))
    }
}

extension Answer {
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The seq that a written answer names.
    var seq: UInt64? {
        let words = text.split(separator: " ")
        return words.first == "seq" ? UInt64(words[1]) : nil
    }

    var lines: [Substring] { text.split(separator: "\n") }

    /// What became of each command of a group.
    var kinds: [Substring] { lines.map { $0.prefix { $0 != " " } } }
}

extension SubmissionResult {
    var decided: Answer? { if case .decided(let answer) = self { answer } else { nil } }

    var replayed: Answer? { if case .replayed(let answer) = self { answer } else { nil } }

    var isReused: Bool { if case .keyReused = self { true } else { false } }

    var isBusy: Bool { if case .busy = self { true } else { false } }

    var isStorageFull: Bool { if case .storageFull = self { true } else { false } }
}
