/// Reads a text once, from front to back, and writes the tape.
///
/// It does not recurse: an open container's node holds the position of its parent until it closes. It works on raw
/// pointers because bounds and uniqueness checks on every byte and node would be most of its time; it lives only inside
/// ``JSONDocument``'s initialisers, which keep the memory alive and hand the finished tape over as an array.
struct TapeBuilder: ~Copyable {
    let bytes: UnsafePointer<UInt8>
    let end: Int
    let options: JSONDocument.Options
    private(set) var nodes: UnsafeMutablePointer<JSONNode>
    private(set) var count = 0
    private var capacity: Int
    private var isOnHeap = false
    /// The next byte to look at.
    var at = 0
    /// The innermost open container, or -1.
    private var open = -1
    private var depth = 0
    /// Whether the next thing in `open` is a value: then an error names that value's place, not the container's.
    private var expectsValue = true

    /// - Parameter scratch: memory for the first nodes, which outlives this builder; more is allocated when it is full.
    init(
        _ text: UnsafeBufferPointer<UInt8>, base: UnsafePointer<UInt8>, options: JSONDocument.Options,
        scratch: UnsafeMutableBufferPointer<JSONNode>, scratchBase: UnsafeMutablePointer<JSONNode>
    ) {
        self.bytes = base
        self.end = text.count
        self.options = options
        self.nodes = scratchBase
        self.capacity = scratch.count
    }

    deinit {
        if isOnHeap { nodes.deallocate() }
    }

    /// Reads exactly one value and whatever white space surrounds it.
    mutating func run() throws(JSONFailure) {
        try refuseByteOrderMark()
        while true {
            expectsValue = true
            guard try beginValue() else { continue }
            expectsValue = false
            if try endValue() { return }
        }
    }

    /// Reads a scalar or an empty container, or opens a container.
    /// - Returns: whether a value is complete.
    private mutating func beginValue() throws(JSONFailure) -> Bool {
        switch try significantByte() {
        case UInt8(ascii: "\""):
            try readString()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try readNumber()
        case UInt8(ascii: "{"):
            try openContainer(.object)
            expectsValue = false
            if try significantByte() == UInt8(ascii: "}") {
                try closeContainer()
                return true
            }
            try readName()
            return false
        case UInt8(ascii: "["):
            try openContainer(.array)
            if try significantByte() == UInt8(ascii: "]") {
                try closeContainer()
                return true
            }
            return false
        case UInt8(ascii: "t"): try readLiteral("true", .bool, .isTrue)
        case UInt8(ascii: "f"): try readLiteral("false", .bool, [])
        case UInt8(ascii: "n"): try readLiteral("null", .null, [])
        default: throw unexpected()
        }
        return true
    }

    /// After a complete value: a comma leads to the next, a bracket closes the container around it.
    /// - Returns: whether the whole text is read.
    private mutating func endValue() throws(JSONFailure) -> Bool {
        while open >= 0 {
            let byte = try significantByte()
            let isObject = nodes[open].kind == .object
            if byte == UInt8(ascii: ",") {
                at &+= 1
                if isObject { try readName() }
                return false
            }
            guard byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { throw unexpected() }
            try closeContainer()
        }
        skipWhiteSpace()
        guard at == end else {
            throw bytes[at] < 0x80 ? JSONFailure(code: .trailingBytes, offset: at) : unexpected()
        }
        return true
    }

    private mutating func readName() throws(JSONFailure) {
        guard try significantByte() == UInt8(ascii: "\"") else { throw unexpected() }
        try readString()
        guard try significantByte() == UInt8(ascii: ":") else { throw unexpected() }
        at &+= 1
    }

    private mutating func readLiteral(
        _ literal: StaticString, _ kind: JSONKind, _ flags: JSONNode.Flags
    ) throws(JSONFailure) {
        let length = literal.utf8CodeUnitCount
        guard end &- at >= length else {
            let rest = end &- at
            let begins = ByteScanning.equal(bytes + at, literal.utf8Start, count: rest)
            throw JSONFailure(code: begins ? .unexpectedEnd : .invalidLiteral, offset: begins ? end : at)
        }
        guard ByteScanning.equal(bytes + at, literal.utf8Start, count: length) else {
            throw JSONFailure(code: .invalidLiteral, offset: at)
        }
        try append(kind, flags, start: at, length: length)
        at &+= length
    }

    private mutating func openContainer(_ kind: JSONKind) throws(JSONFailure) {
        guard depth < options.maxDepth else { throw JSONFailure(code: .nestingTooDeep, offset: at) }
        depth &+= 1
        try append(kind, [], start: at, length: 0)
        nodes[count &- 1].next = UInt32(truncatingIfNeeded: open &+ 1)
        open = count &- 1
        at &+= 1
    }

    private mutating func closeContainer() throws(JSONFailure) {
        at &+= 1
        depth &-= 1
        let closed = open
        let parent = Int(nodes[closed].next) &- 1
        nodes[closed].length = UInt32(truncatingIfNeeded: at &- Int(nodes[closed].start))
        nodes[closed].next = UInt32(truncatingIfNeeded: count)
        if !options.allowsDuplicateMembers, nodes[closed].kind == .object, count &- closed > 3 {
            let duplicate = DuplicateNames.firstDuplicate(in: closed, of: tape)
            if duplicate >= 0 {
                // Still open, as far as the error's pointer is concerned.
                nodes[closed].next = UInt32(truncatingIfNeeded: parent &+ 1)
                throw JSONFailure(code: .duplicateMember, offset: Int(nodes[duplicate].start) &- 1, node: duplicate)
            }
        }
        open = parent
    }

    mutating func append(_ kind: JSONKind, _ flags: JSONNode.Flags, start: Int, length: Int) throws(JSONFailure) {
        if count == capacity { try grow() }
        (nodes + count).initialize(
            to: JSONNode(kind: kind, flags: flags, start: start, length: length, next: count &+ 1))
        count &+= 1
    }

    private mutating func grow() throws(JSONFailure) {
        guard count < options.maxNodes else { throw JSONFailure(code: .tooManyValues, offset: at) }
        let larger = min(capacity &* 4, max(options.maxNodes, 1))
        let memory = UnsafeMutablePointer<JSONNode>.allocate(capacity: larger)
        memory.initialize(from: nodes, count: count)
        if isOnHeap { nodes.deallocate() }
        nodes = memory
        capacity = larger
        isOnHeap = true
    }

    /// The tape so far.
    var tape: JSONTape { JSONTape(bytes: bytes, nodes: nodes, count: count) }

    /// JSON Pointer of the place where reading stopped.
    func pointer(of failure: JSONFailure) -> String {
        let target = failure.node >= 0 ? failure.node &+ 1 : count
        var chain: [Int] = []
        var container = open
        while container >= 0 {
            chain.append(container)
            container = Int(nodes[container].next) &- 1
        }
        var pointer = ""
        for (step, container) in chain.reversed().enumerated() {
            let inner = step &+ 1 < chain.count ? chain[chain.count &- 2 &- step] : target
            if inner == count, !expectsValue { break }
            pointer += tape.token(of: inner, in: container)
        }
        return pointer
    }
}
