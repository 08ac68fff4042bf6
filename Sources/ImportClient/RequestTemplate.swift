/// An HTTP/1.1 request as bytes, of which a few are different each time. Placeholders in path, headers and body have a
/// fixed width, so that the length never changes:
///
/// - `{{unique}}`: 20 hex digits that no other request, connection or run has;
/// - `{{pick:N}}`: a random number from 0 to N − 1, as many digits as N − 1 has, with leading zeros;
/// - `{{digit}}`: a random digit from 1 to 9;
/// - `{{of:A|B|…}}`: one of these, all of one length, by chance.
package struct RequestTemplate: Sendable {
    /// Characters of a `{{unique}}`.
    package static let uniqueWidth = 20

    enum Slot: Sendable {
        case unique(at: Int)
        case pick(at: Int, width: Int, below: UInt64)
        case digit(at: Int)
        case choice(at: Int, [[UInt8]])
    }

    let bytes: [UInt8]
    let slots: [Slot]

    /// `headers` are added to Host, Content-Length and, with a body, Content-Type. Throws `ImportError.usage` on a
    /// placeholder that is none of these.
    package init(
        method: String, path: String, host: String, headers: [(String, String)] = [], body: String? = nil
    ) throws(ImportError) {
        var slots: [Slot] = []
        var content: [UInt8] = []
        // The body's slots are found first, since its length stands in the head; their places are moved afterwards.
        if let body { try Self.expand(body, into: &content, &slots) }
        var head = "\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\n"
        if body != nil { head += "Content-Type: application/json\r\nContent-Length: \(content.count)\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        head += "\r\n"
        var headSlots: [Slot] = []
        var bytes: [UInt8] = []
        try Self.expand(head, into: &bytes, &headSlots)
        self.slots = headSlots + slots.map { $0.moved(by: bytes.count) }
        self.bytes = bytes + content
    }

    private static func expand(_ text: String, into bytes: inout [UInt8], _ slots: inout [Slot]) throws(ImportError) {
        var rest = text[...]
        while let open = rest.firstRange(of: "{{") {
            bytes.append(contentsOf: rest[..<open.lowerBound].utf8)
            guard let close = rest[open.upperBound...].firstRange(of: "}}") else {
                throw .usage("a placeholder is opened and not closed")
            }
            let name = rest[open.upperBound..<close.lowerBound]
            let width: Int
            if name == "unique" {
                slots.append(.unique(at: bytes.count))
                width = uniqueWidth
            } else if name == "digit" {
                slots.append(.digit(at: bytes.count))
                width = 1
            } else if name.hasPrefix("pick:"), let below = UInt64(name.dropFirst(5)), below > 0 {
                width = String(below - 1).count
                slots.append(.pick(at: bytes.count, width: width, below: below))
            } else if name.hasPrefix("of:") {
                let choices = name.dropFirst(3).split(separator: "|").map { Array($0.utf8) }
                guard let first = choices.first, choices.allSatisfy({ $0.count == first.count }) else {
                    throw .usage("choices must be of one length")
                }
                width = first.count
                slots.append(.choice(at: bytes.count, choices))
            } else {
                throw .usage("unknown placeholder {{\(name)}}")
            }
            bytes.append(contentsOf: repeatElement(0x30, count: width))
            rest = rest[close.upperBound...]
        }
        bytes.append(contentsOf: rest.utf8)
    }
}

extension RequestTemplate.Slot {
    fileprivate func moved(by offset: Int) -> Self {
        switch self {
        case .unique(let at): .unique(at: at + offset)
        case .pick(let at, let width, let below): .pick(at: at + offset, width: width, below: below)
        case .digit(let at): .digit(at: at + offset)
        case .choice(let at, let choices): .choice(at: at + offset, choices)
        }
    }
}

/// What fills the placeholders: chance that costs a few cycles, and numbers that never come twice.
struct RequestFilling {
    /// Distinguishes this run and this worker from all others.
    private let nonce: UInt32
    private var counter: UInt64
    private var state: UInt64

    /// `worker`: below 256, different for each worker of a run.
    init(nonce: UInt32, worker: Int, seed: UInt64) {
        self.nonce = nonce
        counter = UInt64(worker & 0xFF) << 40
        state = seed &+ UInt64(worker) &* 0xD134_2543_DE82_EF95
    }

    /// Fills `request`, a copy of the template's bytes.
    mutating func fill(_ slots: [RequestTemplate.Slot], in request: UnsafeMutablePointer<UInt8>) {
        for slot in slots {
            switch slot {
            case .unique(let at):
                counter &+= 1
                Self.write(hex: UInt64(nonce), digits: 8, to: request + at)
                Self.write(hex: counter, digits: 12, to: request + at + 8)
            case .pick(let at, let width, let below):
                var number = random(below: below)
                for index in stride(from: at + width - 1, through: at, by: -1) {
                    request[index] = 0x30 + UInt8(truncatingIfNeeded: number % 10)
                    number /= 10
                }
            case .digit(let at):
                request[at] = 0x31 + UInt8(truncatingIfNeeded: random(below: 9))
            case .choice(let at, let choices):
                let choice = choices[Int(random(below: UInt64(choices.count)))]
                for (index, byte) in choice.enumerated() { request[at + index] = byte }
            }
        }
    }

    /// SplitMix64, scaled by multiplication: even enough for a load, and without a division.
    private mutating func random(below limit: UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return (z ^ (z >> 31)).multipliedFullWidth(by: limit).high
    }

    private static func write(hex value: UInt64, digits: Int, to place: UnsafeMutablePointer<UInt8>) {
        var rest = value
        for index in stride(from: digits - 1, through: 0, by: -1) {
            let digit = UInt8(truncatingIfNeeded: rest & 15)
            place[index] = digit < 10 ? 0x30 + digit : 0x57 + digit
            rest >>= 4
        }
    }
}
