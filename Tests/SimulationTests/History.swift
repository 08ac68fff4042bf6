import LedgerStorage

/// What clients have asked and been told, in the order in which it happened, and what was found to be wrong.
///
/// @unchecked Sendable: one thread uses it.
final class History: @unchecked Sendable {
    /// A request with its key, however often it was sent.
    ///
    /// @unchecked Sendable: one thread uses it.
    final class Record: @unchecked Sendable {
        let client: Int
        let realm: Int
        let request: WireRequest
        let subject: Subject
        /// Places in the order of all events: when it was first sent, and when an answer first arrived.
        let invoked: Int
        fileprivate(set) var completed: Int?
        fileprivate(set) var answer: WireAnswer?
        /// The answer's, parsed once.
        fileprivate(set) var document: Document?
        fileprivate var hasOriginal = false

        init(client: Int, realm: Int, request: WireRequest, subject: Subject, invoked: Int) {
            self.client = client
            self.realm = realm
            self.request = request
            self.subject = subject
            self.invoked = invoked
        }
    }

    enum Subject: Sendable {
        case write(Write)
        case batch([Write], atomic: Bool)
        case target(Target, reference: String)
        case item(sku: String)
        case other
    }

    /// A read, and what it may have seen: what was there at some moment between its beginning and its end.
    struct Read {
        enum Subject {
            case balance(item: Int, place: Int)
            /// Ids of all movements, newest first.
            case walk([String])
        }

        var realm: Int
        var invoked: Int
        var completed: Int
        var subject: Subject
        var answer: WireAnswer
    }

    private(set) var records: [Record] = []
    private(set) var reads: [Read] = []
    /// What each client has seen of the journal: its events, in order.
    private(set) var polled: [Int: (realm: Int, events: [Document])] = [:]
    private(set) var violations: [Violation] = []
    /// For a planted bug: when the events of a page were.
    var timestamps: [Substring: String] = [:]
    var trace = Trace()
    private var order = 0
    private var idsByRealm: [Int: [String]] = [:]

    func tick() -> Int {
        order += 1
        return order
    }

    func begin(client: Int, realm: Int, request: WireRequest, subject: Subject) -> Record {
        let record = Record(client: client, realm: realm, request: request, subject: subject, invoked: tick())
        records.append(record)
        return record
    }

    /// An answer has arrived, the first or another one: they must be the same.
    func note(_ answer: WireAnswer, to record: Record) {
        trace.note("\(record.client) \(answer.status) \(answer.text)")
        if let first = record.answer {
            if first.status != answer.status || first.body != answer.body {
                violate(
                    "replays are not identical: \(record.request.target) \(record.request.body) was answered with "
                        + "\(first.status) \(first.text) and with \(answer.status) \(answer.text)")
            }
        } else {
            record.answer = answer
            record.completed = tick()
            let document = answer.document
            record.document = document
            if let id = document["id"].string { idsByRealm[record.realm, default: []].append(id) }
        }
        if !answer.isReplay {
            if record.hasOriginal { violate("a request was decided twice: \(record.request.body)") }
            record.hasOriginal = true
        }
    }

    func note(_ read: Read) {
        trace.note("read \(read.answer.status) \(read.answer.text)")
        reads.append(read)
    }

    func note(_ events: [Document], polledBy client: Int, realm: Int) {
        polled[client, default: (realm, [])].events += events
    }

    func ids(ofOtherRealmsThan realm: Int) -> [String] {
        idsByRealm.filter { $0.key != realm }.flatMap(\.value)
    }

    func violate(_ what: String) {
        trace.note("violation: \(what)")
        violations.append(Violation(what: what))
    }
}

/// Something that Bincard promises not to do.
struct Violation: CustomStringConvertible, Sendable {
    var what: String

    var description: String { what }
    /// What kind it is: the words before the first colon.
    var kind: Substring { what.prefix { $0 != ":" } }
}

/// Everything that could be seen from outside, as one number: the same seed gives the same.
struct Trace {
    private(set) var digest = Digest256.zero
    private(set) var count = 0
    /// The last lines, for whoever looks into a failure.
    private(set) var lines: [String] = []
    static let kept = 4_000

    mutating func note(_ line: String) {
        digest = Digest256(hashing: digest.bytes + Array(line.utf8))
        count += 1
        lines.append(line)
        if lines.count > 2 * Trace.kept { lines.removeFirst(Trace.kept) }
    }
}
