internal import Synchronization

/// What writes a response bit by bit. It is told when to begin, when to go on, and when nobody listens any more.
/// Nothing here may block: most of it is called on event loops.
package protocol StreamSource: AnyObject, Sendable {
    /// Sent when nothing else has been for `ConnectionLimits.streamHeartbeat`; nothing where it is empty. Tells both
    /// sides, and whoever stands between them, that the other is still there.
    var heartbeat: [UInt8] { get }

    /// From now on the stream takes bytes. Called once, before anything else; not at all when only the head was asked
    /// for.
    func begin(_ stream: ResponseStream)

    /// There is room again, after a time without. Called once for each time that the source was told so.
    func resume()

    /// The response is over, whoever has ended it. Called exactly once for every source that was handed to a slot, and
    /// last.
    /// - Parameter bytes: how much of the body went to the connection.
    func end(bytes: Int)
}

/// Where a source writes to. From any thread; by one at a time, or the pieces come in any order. Nothing here blocks.
///
/// The bytes that wait are bounded: `ResponseStream.limit`, and the piece that went beyond it.
package struct ResponseStream: Sendable {
    /// Whether a stream takes a piece.
    package enum Room: Sendable {
        case available
        /// The connection has not taken what was written before; `resume` is called once it has.
        case none
        /// The response is over.
        case closed
    }

    /// Bytes that may wait for the connection before there is no room.
    package static let limit = 32 * 1024

    let body: StreamingBody
    let pending: PendingResponse

    /// Whether the next piece will be taken.
    package var room: Room { body.askForRoom() }

    /// Hands over a piece, which is taken whole when there was room, and not at all when there was none. It goes out
    /// once the connection comes to it.
    package func write(_ piece: [UInt8]) -> Room {
        let (room, announces) = body.write(piece)
        if announces { pending.announce() }
        return room
    }

    /// Nothing more follows: what was written goes out, and then the end of the response.
    package func finish() {
        if body.finish() { pending.announce() }
    }
}

/// A response's body on its way from the source to the event loop that sends it.
final class StreamingBody: Sendable {
    private let state: Mutex<StreamBuffer>
    let heartbeat: [UInt8]

    init(source: any StreamSource) {
        heartbeat = source.heartbeat
        state = Mutex(StreamBuffer(source: source))
    }

    func askForRoom() -> ResponseStream.Room { state.withLock { $0.askForRoom() } }

    func write(_ piece: [UInt8]) -> (room: ResponseStream.Room, announces: Bool) {
        state.withLock { $0.write(piece) }
    }

    func finish() -> Bool { state.withLock { $0.finish() } }

    /// What waits. The source that waited for room goes on.
    func take() -> (pieces: [[UInt8]], isOver: Bool) {
        let taken = state.withLock { $0.take() }
        taken.resumes?.resume()
        return (taken.pieces, taken.isOver)
    }

    /// A heartbeat goes out.
    func countHeartbeat() { state.withLock { $0.count(heartbeat.count) } }

    /// The response is over; only the first call does anything.
    func end() {
        guard let (source, bytes) = state.withLock({ $0.end() }) else { return }
        source.end(bytes: bytes)
    }
}

/// What a stream does next, as a value: `StreamingBody` holds the lock, and does what these calls return.
struct StreamBuffer {
    private enum Phase {
        /// Takes pieces.
        case open
        /// Takes none any more; those that wait go out.
        case finished
        /// The response is over, what waited is dropped.
        case ended
    }

    private var phase = Phase.open
    private var pieces: [[UInt8]] = []
    /// Of `pieces`.
    private var waiting = 0
    /// Bytes that went to the connection.
    private var sent = 0
    /// The source found no room and waits.
    private var isRoomWanted = false
    /// The event loop knows already that there is something to take. From the start: that there is a response at all is
    /// told once the source has begun.
    private var isAnnounced = true
    /// Let go of at the end: the two hold each other.
    private var source: (any StreamSource)?

    init(source: any StreamSource) {
        self.source = source
    }

    mutating func askForRoom() -> ResponseStream.Room {
        guard phase == .open else { return .closed }
        guard waiting < ResponseStream.limit else {
            isRoomWanted = true
            return .none
        }
        return .available
    }

    mutating func write(_ piece: [UInt8]) -> (room: ResponseStream.Room, announces: Bool) {
        let room = askForRoom()
        guard room == .available, !piece.isEmpty else { return (room, false) }
        pieces.append(piece)
        waiting += piece.count
        return (room, announce())
    }

    /// Whether the event loop must be told.
    mutating func finish() -> Bool {
        guard phase == .open else { return false }
        phase = .finished
        isRoomWanted = false
        return announce()
    }

    private mutating func announce() -> Bool {
        if isAnnounced { return false }
        isAnnounced = true
        return true
    }

    /// - Returns: what waits, whether that is the rest, and the source if it waits for the room that there is now.
    mutating func take() -> (pieces: [[UInt8]], isOver: Bool, resumes: (any StreamSource)?) {
        isAnnounced = false
        let taken = pieces
        pieces = []
        sent += waiting
        waiting = 0
        let resumes = isRoomWanted ? source : nil
        isRoomWanted = false
        return (taken, phase != .open, resumes)
    }

    mutating func count(_ bytes: Int) { sent += bytes }

    /// nil when it was over already.
    mutating func end() -> (source: any StreamSource, bytes: Int)? {
        guard let source else { return nil }
        phase = .ended
        pieces = []
        waiting = 0
        isRoomWanted = false
        self.source = nil
        return (source, sent)
    }
}
