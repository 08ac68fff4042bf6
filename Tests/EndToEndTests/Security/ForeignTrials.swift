import Foundation
import Testing

/// Requests that name what is another's, each beside one that names what is nobody's.
struct ForeignTrials {
    private let names: [ForeignName]
    /// By name: always the same, since what makes something new makes it of both or of none.
    private let twins: [String: String]
    /// The idempotency key with which the owner has called each operation.
    private let keys: [String: String]
    private var usedAsKeys: Set<String> = []
    private(set) var requests = 0
    private(set) var places = 0
    var kinds: Int { Set(names.map(\.kind)).count }
    var summary: String { "\(requests) requests, \(kinds) kinds of names at \(places) places" }

    /// With BINCARD_SECURITY=all every name is tried at every place; else one of each kind where something is named,
    /// and a few by turns where a text is only kept.
    private static let isThorough = ProcessInfo.processInfo.environment["BINCARD_SECURITY"] == "all"
    static let ofEachKind = isThorough ? Int.max : 1
    private static let whereKept = 3

    /// Whether also what is only kept is looked at.
    private let triesKept: Bool

    init(names: [ForeignName], keys: [String: String], triesKept: Bool) {
        self.names = names
        self.triesKept = triesKept || Self.isThorough
        self.keys = keys
        twins = Dictionary(names.map { ($0.text, $0.twin) }) { first, _ in first }
    }

    /// Reads before writes, what makes new things last.
    static func place(_ operation: PublishedOperation) -> Int { operation.creates ? 2 : operation.writes ? 1 : 0 }

    /// Tries every name at every place of the operation, then what the realm's user owns, which must be found.
    ///
    /// - Parameters:
    ///   - traces: what no answer may show.
    ///   - fresh: makes the user further belongings.
    mutating func run(
        _ operation: PublishedOperation, _ own: RealmBelongings, traces: Set<String>,
        fresh: () async throws -> RealmBelongings
    ) async throws {
        for (number, example) in try RealmBelongings.examples(of: operation).enumerated() {
            var foreign: [TextSlot: [ComparableAnswer]] = [:]
            // What is no part of the body is tried with one of them.
            for slot in operation.textSlots(body: example)
            where (number == 0 || slot.isInBody) && (triesKept || slot.isReference || slot.isIdempotencyKey) {
                places += 1
                for name in names(for: slot, operation) {
                    let trial = Trial(operation: operation, slot: slot, example: example)
                    // Both requests are let in: what the first has done must not be in the way of the second.
                    let both = slot.isIdempotencyKey ? (try await fresh(), try await fresh()) : (own, own)
                    foreign[slot, default: []].append(try compare(trial, both, name, traces))
                }
            }
            if operation.writes { try own.makeDefault() }
            try checkOwn(operation, own, example, against: foreign)
        }
    }

    /// A request with one place in it for a name.
    private struct Trial {
        var operation: PublishedOperation
        var slot: TextSlot
        var example: JSON?
    }

    /// An idempotency key names a request of the user's own from then on: each is tried once, and with each operation
    /// the one with which the owner has called it.
    private mutating func names(for slot: TextSlot, _ operation: PublishedOperation) -> [ForeignName] {
        guard slot.isIdempotencyKey else {
            if Self.isThorough || slot.name == "cursor" { return names }
            // A cursor is no name: one of them is enough where names go.
            let oneCursor = names.first { $0.kind.hasPrefix("cursor") }
            if slot.isReference { return names.filter { !$0.kind.hasPrefix("cursor") || $0 == oneCursor } }
            return (0..<Self.whereKept).map { names[(places * Self.whereKept + $0) % names.count] }
        }
        let owners = keys[operation.id].map { ForeignName(kind: "idempotency key of this operation", text: $0) }
        return (names + [owners].compactMap(\.self)).filter { usedAsKeys.insert($0.text).inserted }
    }

    private mutating func compare(
        _ trial: Trial, _ both: (RealmBelongings, RealmBelongings), _ name: ForeignName, _ traces: Set<String>
    ) throws -> ComparableAnswer {
        let (operation, user) = (trial.operation, both.0.user)
        let head = try user.head()
        let twin = twins[name.text] ?? name.twin
        let theirs = try user.send(try request(trial, both.0, name.text))
        let nobodys = try user.send(try request(trial, both.1, twin))
        requests += 2
        let place = "\(operation.id) \(trial.slot) with the owner's \(name.kind) \(name.text)"
        let isExact = (theirs.status >= 400 || !operation.writes) && both.0.sku == both.1.sku
        let (left, right) = (
            ComparableAnswer(theirs, to: name.text, isExact: isExact),
            ComparableAnswer(nobodys, to: twin, isExact: isExact)
        )
        #expect(left == right, "\(place) is answered otherwise than \(twin)")
        let shown = RealmNames.traces(in: theirs.text).intersection(traces)
            .subtracting(RealmNames.traces(in: name.text))
        #expect(shown.isEmpty, "\(place) shows \(shown): \(theirs.text)")
        #expect(!theirs.isReplay, "\(place) is answered with what somebody else was answered")
        if theirs.status >= 400, nobodys.status >= 400 {
            #expect(try user.head() == head, "\(place) is refused and changes something")
        }
        return left
    }

    private func request(_ trial: Trial, _ own: RealmBelongings, _ text: String) throws -> TrialRequest {
        let (operation, slot) = (trial.operation, trial.slot)
        var request = try own.request(of: operation, example: trial.example)
        switch slot.place {
        case .path:
            var values = try own.path(of: operation)
            values[slot.name] = text
            request.target =
                operation.request(path: values, query: own.query(of: operation)).target
        case .query:
            let others = own.query(of: operation).filter { $0.name != slot.name }
            request.target =
                operation.request(path: try own.path(of: operation), query: others + [(slot.name, text)]).target
        case .header where slot.isIdempotencyKey: request.idempotencyKey = text
        case .header: request.headers.append((slot.name, text))
        case .body(let path):
            request.body = trial.example.map { own.own($0, of: operation).with(.string(text), at: path).rendered }
        }
        return request
    }

    /// The user's own names in the same places are found: what was refused was refused for the name.
    private func checkOwn(
        _ operation: PublishedOperation, _ own: RealmBelongings, _ example: JSON?,
        against foreign: [TextSlot: [ComparableAnswer]]
    ) throws {
        let request = try own.request(of: operation, example: example)
        let plain = try own.user.send(request)
        #expect(
            RealmBelongings.isFine(plain, of: operation),
            "\(operation.id) refuses what is the user's own, \(request.body ?? "no body"): \(plain.text)")
        for (slot, answers) in foreign where slot.isReference {
            guard slot.name != "cursor" else {
                #expect(answers.allSatisfy { $0.status == 400 }, "\(operation.id) takes a cursor of another realm")
                continue
            }
            guard let text = own.own(slot, in: operation) else {
                Issue.record("\(operation.id): nobody has said what \(slot) names: RealmBelongings.own")
                continue
            }
            var found = plain
            if case .query = slot.place {
                let trial = Trial(operation: operation, slot: slot, example: example)
                found = try own.user.send(try self.request(trial, own, text))
                #expect(found.status < 300, "\(operation.id) \(slot) refuses the user's own \(text): \(found.text)")
            }
            let answer = ComparableAnswer(found, to: text, isExact: !operation.writes)
            #expect(!answers.contains(answer), "\(operation.id) does not look at \(slot): \(found.text)")
        }
    }
}

extension TextSlot {
    var isInBody: Bool { if case .body = place { true } else { false } }
    var isIdempotencyKey: Bool { name.lowercased().replacing("-", with: "_") == "idempotency_key" }
}
