internal import NIOCore
internal import NIOHTTP1

/// Collects one answer within its bounds. A value: parts in, what they come to out.
struct AnswerAssembly {
    /// What is known after a part.
    enum Progress: Hashable {
        case unfinished
        case complete
        case failed(DeliveryFailure)
    }

    /// Interim answers are for the protocol, not for us; who sends more than a few has something else in mind.
    private static let maximumInterim = 16

    private let bodyBytes: Int
    private var head: HTTPResponseHead?
    private var interim = 0
    private var body: [UInt8] = []
    private var isTruncated = false

    init(bodyBytes: Int) {
        self.bodyBytes = bodyBytes
    }

    var hasHead: Bool { head != nil }

    /// Whether the connection can take another request once this answer is complete.
    var keepsAlive: Bool { !isTruncated && (head?.isKeepAlive ?? false) }

    mutating func take(_ part: HTTPClientResponsePart) -> Progress {
        switch part {
        case .head(let head): take(head)
        case .body(let bytes): take(bytes)
        case .end: head == nil ? .unfinished : .complete
        }
    }

    private mutating func take(_ head: HTTPResponseHead) -> Progress {
        let status = Int(head.status.code)
        switch status {
        case 200...999: self.head = head
        case 101: return .failed(.invalidAnswer(reason: "it switches to another protocol"))
        case 100..<200:
            interim += 1
            if interim > Self.maximumInterim { return .failed(.invalidAnswer(reason: "too many interim answers")) }
        default: return .failed(.invalidAnswer(reason: "the status \(status) does not exist"))
        }
        return .unfinished
    }

    private mutating func take(_ bytes: ByteBuffer) -> Progress {
        let room = bodyBytes - body.count
        bytes.withUnsafeReadableBytes { body.append(contentsOf: $0.prefix(room)) }
        return bytes.readableBytes > room ? cut() : .unfinished
    }

    /// Ends the answer where it is: what has come is kept, the rest is left.
    mutating func cut() -> Progress {
        guard hasHead else { return .failed(.invalidAnswer(reason: "it does not begin")) }
        isTruncated = true
        return .complete
    }

    /// The answer; nil before its head has come.
    ///
    /// - Parameters:
    ///   - nanoseconds: how long it took.
    ///   - now: seconds since 1970.
    func answer(nanoseconds: UInt64, now: () -> Int64) -> DeliveryAnswer? {
        guard let head else { return nil }
        let retryAfter = head.headers.first(name: "retry-after").flatMap { RetryAfter.seconds($0, now: now()) }
        return DeliveryAnswer(
            status: Int(head.status.code), headers: head.headers.map { (name: $0.name, value: $0.value) }, body: body,
            isTruncated: isTruncated, retryAfter: retryAfter, nanoseconds: nanoseconds)
    }
}
