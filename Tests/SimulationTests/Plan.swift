import SampleLedger

/// What a simulated run consists of. A seed makes it; shrinking leaves parts of it out.
struct Plan: Sendable {
    /// Of the schedule, the latencies and the ids.
    var seed: UInt64
    /// Servers over one database; else one server over its own files.
    var servers: Int
    /// What each client does, one thing after another. Even clients work in the first realm, odd ones in the second.
    var clients: [[Action]]
    var faults: [Fault]
    /// Bounds so small that what seldom happens happens all the time.
    var limits: Limits

    var isShared: Bool { servers > 1 }
    /// What shrinking wants less of.
    var size: Int { clients.reduce(0) { $0 + $1.count } + faults.count }

    struct Limits: Sendable {
        var commandsPerCommit = 2_048
        var levelsInMemory = 500_000
        var entriesBetweenPasses: UInt64 = 50_000
        var levelsPerCommit = 256
        var entriesPerReferenceSegment: UInt64 = 65_536
    }
}

/// One thing that a client does.
enum Action: Sendable {
    case pause(milliseconds: Int)
    case write(Write)
    /// The same request at the same time, twice, perhaps to two servers.
    case writeTwice(Write)
    /// The network holds a copy of the request back, and brings it long after.
    case writeLate(Write, milliseconds: Int)
    case batch([Write], atomic: Bool, isKeyedByLine: Bool)
    /// What shall be on hand, whatever is.
    case set(Target)
    /// An earlier request of this client's once more, with its key.
    case again(Int)
    case createItem(Int)
    case balance(item: Int, place: Int)
    /// The journal from where this client left it.
    case poll
    /// All movements through a cursor.
    case walk
    /// What another realm has, and what nobody has.
    case foreign
}

/// A movement as a client asks for it.
struct Write: Sendable {
    enum Kind: String, Sendable {
        case receipt, pick, sale, adjustment, transfer
    }

    var kind: Kind
    var item: Int
    var place: Int
    /// A transfer's.
    var target: Int
    /// Signed: what it does to the place.
    var quantity: Int64
    /// Micro-units; nil when the ledger chooses.
    var unitCost: Int64?
    /// Skutrail's form of it, where there is one.
    var isSkutrail: Bool
}

/// A quantity as the Seller API takes it.
struct Target: Sendable {
    var item: Int
    var place: Int
    var quantity: Int64
}

/// Something that goes wrong, and before which step.
struct Fault: Sendable {
    enum Kind: Sendable {
        /// The process ends where it stands; what it has written stays.
        case kill(server: Int, downMilliseconds: Int)
        /// What was not synced is gone as well.
        case powerCut(server: Int, downMilliseconds: Int)
        case stall(server: Int, milliseconds: Int)
        case clockJump(milliseconds: Int64)
        case commitFull(server: Int)
        case commitLost(server: Int)
        case commitUnsynced(server: Int)
        case commitUnheard(server: Int)
        case deliveriesFull(server: Int)
        case deliveriesLost(server: Int)
        case deliveriesUnheard(server: Int)
        /// To the database, after some more calls.
        case connectionLost(server: Int, calls: Int)
        /// To a client.
        case answersLost(count: Int)
        case receiverFails(Int, milliseconds: Int)
        case receiverHangs(Int, milliseconds: Int)
        case receiverIsLate(Int, milliseconds: Int)
    }

    var step: Int
    var kind: Kind
}

extension Plan {
    static let items = 5
    static let places = 3
    /// Endpoints of each realm.
    static let receivers = 2

    /// The plan of a seed.
    init(seed: UInt64, isShared: Bool? = nil) {
        var maker = PlanMaker(seed: seed)
        let servers = maker.servers()
        self.seed = seed
        switch isShared {
        case nil: self.servers = servers
        case true?: self.servers = max(2, servers)
        case false?: self.servers = 1
        }
        clients = maker.clients()
        let actions = clients.reduce(0) { $0 + $1.count }
        faults = maker.faults(servers: self.servers, steps: 400 + 13 * actions)
        limits = maker.limits()
    }
}

private struct PlanMaker {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed &* 0x2545_F491_4F6C_DD1D) }

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    private mutating func chance(_ part: Int, in whole: Int) -> Bool { number(1...whole) <= part }

    mutating func servers() -> Int { chance(1, in: 2) ? 1 : number(2...3) }

    mutating func limits() -> Plan.Limits {
        var limits = Plan.Limits()
        if chance(1, in: 2) { limits.commandsPerCommit = number(1...6) }
        if chance(1, in: 2) { limits.levelsInMemory = number(1...6) }
        if chance(2, in: 3) { limits.entriesBetweenPasses = UInt64(number(1...40)) }
        if chance(1, in: 2) { limits.levelsPerCommit = number(1...4) }
        if chance(1, in: 2) { limits.entriesPerReferenceSegment = UInt64(number(2...32)) }
        return limits
    }

    mutating func clients() -> [[Action]] {
        (0..<number(3...6)).map { _ in
            let count = number(5...25)
            return (0..<count).map { action($0) }
        }
    }

    private mutating func action(_ index: Int) -> Action {
        switch number(1...40) {
        case 1...11: .write(write())
        case 12...14:
            .set(
                Target(
                    item: number(0...Plan.items - 2), place: number(0...Plan.places - 1),
                    quantity: Int64(number(0...40))))
        case 15...17: .writeTwice(write())
        case 18...19: .writeLate(write(), milliseconds: number(500...60_000))
        case 20...23:
            .batch(
                (0..<number(1...5)).map { _ in write() }, atomic: chance(1, in: 2), isKeyedByLine: chance(1, in: 2))
        case 24...27: .again(number(0...1_000))
        case 28: .createItem(number(0...7))
        case 29...31: .balance(item: number(0...Plan.items - 1), place: number(0...Plan.places - 1))
        case 32...34: .poll
        case 35: .walk
        case 36: .foreign
        default: .pause(milliseconds: chance(1, in: 8) ? number(1_000...20_000) : number(1...200))
        }
    }

    private mutating func write() -> Write {
        let kinds: [Write.Kind] = [.receipt, .receipt, .receipt, .pick, .sale, .adjustment, .adjustment, .transfer]
        let kind = kinds[number(0...kinds.count - 1)]
        let item = number(0...Plan.items - 1)
        let place = number(0...Plan.places - 1)
        // The last item is a dear one in large numbers: what a binary floating point number can't hold.
        let isLarge = item == Plan.items - 1
        var quantity = Int64(isLarge ? number(100_003...299_993) : number(1...30))
        if kind == .pick || kind == .sale { quantity = -max(1, quantity / 2) }
        if kind == .adjustment, chance(1, in: 2) { quantity = -max(1, quantity / 3) }
        var cost: Int64?
        if kind == .receipt, chance(3, in: 4) {
            cost = isLarge ? Int64(number(99_123_456_789...123_456_789_013)) : Int64(number(1...9_999_999))
        }
        return Write(
            kind: kind, item: item, place: place, target: (place + number(1...Plan.places - 1)) % Plan.places,
            quantity: quantity, unitCost: cost,
            isSkutrail: kind != .transfer && kind != .receipt && kind != .adjustment && chance(1, in: 2))
    }

    mutating func faults(servers: Int, steps: Int) -> [Fault] {
        let count = chance(1, in: 6) ? 0 : number(1...16)
        return (0..<count).map { _ in Fault(step: number(1...steps), kind: fault(servers: servers)) }
            .sorted { $0.step < $1.step }
    }

    private mutating func fault(servers: Int) -> Fault.Kind {
        let server = number(0...servers - 1)
        let receiver = number(0...2 * Plan.receivers - 1)
        if servers > 1, chance(1, in: 4) { return .connectionLost(server: server, calls: number(0...6)) }
        switch number(1...24) {
        case 1...4: return .kill(server: server, downMilliseconds: number(1...5_000))
        case 5...7: return .powerCut(server: server, downMilliseconds: number(1...5_000))
        case 8: return .stall(server: server, milliseconds: number(10...30_000))
        case 9...10: return .clockJump(milliseconds: Int64(number(-10_000_000...10_000_000)))
        case 11: return .commitFull(server: server)
        case 12: return .commitLost(server: server)
        case 13: return .commitUnsynced(server: server)
        case 14: return .commitUnheard(server: server)
        case 15: return .deliveriesFull(server: server)
        case 16: return .deliveriesLost(server: server)
        case 17: return .deliveriesUnheard(server: server)
        case 18...20: return .answersLost(count: number(1...4))
        case 21: return .receiverFails(receiver, milliseconds: number(100...600_000))
        case 22...23: return .receiverHangs(receiver, milliseconds: number(100...600_000))
        default: return .receiverIsLate(receiver, milliseconds: number(100...600_000))
        }
    }
}
