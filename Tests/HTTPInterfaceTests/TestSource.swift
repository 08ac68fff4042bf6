import HTTPInterface
import Synchronization

/// A source of a stream that the test writes through, or that by itself writes numbered lines for as long as there is
/// room.
final class TestSource: StreamSource {
    private struct State {
        var stream: ResponseStream?
        var begins = 0
        var resumes = 0
        var ends: [Int] = []
        var lines = 0
        var written = 0
    }

    /// Bytes of a numbered line.
    static let lineLength = 100

    private let state = Mutex(State())
    private let floods: Bool
    let heartbeat = Array(": still here\n".utf8)

    init(floods: Bool) {
        self.floods = floods
    }

    var isBegun: Bool { state.withLock { $0.begins > 0 } }
    var begins: Int { state.withLock { $0.begins } }
    var resumes: Int { state.withLock { $0.resumes } }
    /// The bytes that each call of `end` has told.
    var ends: [Int] { state.withLock { $0.ends } }
    /// Bytes that the stream has taken.
    var written: Int { state.withLock { $0.written } }

    func begin(_ stream: ResponseStream) {
        state.withLock { state in
            state.begins += 1
            state.stream = stream
        }
        if floods { flood() }
    }

    func resume() {
        state.withLock { $0.resumes += 1 }
        if floods { flood() }
    }

    func end(bytes: Int) {
        state.withLock { state in
            state.ends.append(bytes)
            state.stream = nil
        }
    }

    @discardableResult
    func write(_ text: String) -> ResponseStream.Room {
        guard let stream = state.withLock({ $0.stream }) else { return .closed }
        let room = stream.write(Array(text.utf8))
        if case .available = room { state.withLock { $0.written += text.utf8.count } }
        return room
    }

    func finish() { state.withLock { $0.stream }?.finish() }

    /// Waits for the end, 5 s at most.
    func waitForEnd() -> Bool { waitUntil { !ends.isEmpty } }

    /// `000000000000001 ……`, 100 bytes with the line end.
    static func line(_ number: Int) -> String {
        let digits = String(number)
        let start = String(repeating: "0", count: 15 - digits.count) + digits + " "
        return start + String(repeating: "x", count: lineLength - start.utf8.count - 1) + "\n"
    }

    private func flood() {
        while true {
            let first = state.withLock { $0.lines }
            let piece = (first..<(first + 80)).map { TestSource.line($0) }.joined()
            guard case .available = write(piece) else { return }
            state.withLock { $0.lines = first + 80 }
        }
    }
}
