/// Walks over JSON that a server wrote, looking at little of it. It checks no more than it needs to stay in step and
/// stops at the first thing that it does not understand; it never reads past the end.
struct JSONScanner {
    private let bytes: Bytes
    private var at = 0
    /// Whether it met something that is no JSON.
    private(set) var failed = false

    init(_ bytes: Bytes) {
        self.bytes = bytes
    }

    /// Takes one structural byte, after white space.
    mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard at < bytes.count, bytes[at] == byte else { return fail() }
        at += 1
        return true
    }

    /// The next member's name within an object, its colon taken; nil at the object's end, which is taken, or on a
    /// fault. Names with escapes are given as they stand.
    mutating func memberName() -> Bytes? {
        skipSpace()
        if at < bytes.count, bytes[at] == 0x2C {
            at += 1
            skipSpace()
        }
        guard at < bytes.count else { return stop() }
        if bytes[at] == 0x7D {
            at += 1
            return nil
        }
        let first = at + 1
        guard bytes[at] == 0x22, skipString() else { return stop() }
        let name = Bytes(rebasing: bytes[first..<at - 1])
        return take(0x3A) ? name : nil
    }

    /// Whether an array has another element; takes its comma, or the array's end.
    mutating func nextElement() -> Bool {
        skipSpace()
        if at < bytes.count, bytes[at] == 0x2C {
            at += 1
            skipSpace()
        }
        guard at < bytes.count else { return fail() }
        if bytes[at] == 0x5D {
            at += 1
            return false
        }
        return true
    }

    /// A whole number; nil for every other value, which is not taken.
    mutating func number() -> Int? {
        skipSpace()
        let first = at
        while at < bytes.count, bytes[at] == 0x2D || (bytes[at] >= 0x30 && bytes[at] <= 0x39) { at += 1 }
        guard let number = Bytes(rebasing: bytes[first..<at]).wholeNumber else {
            _ = fail()
            return nil
        }
        return Int(number)
    }

    /// The bytes of the next value, whatever it is.
    mutating func value() -> Bytes? {
        skipSpace()
        let first = at
        return skipValue() ? Bytes(rebasing: bytes[first..<at]) : nil
    }

    mutating func skipValue() -> Bool {
        skipSpace()
        guard at < bytes.count else { return fail() }
        switch bytes[at] {
        case 0x22: return skipString()
        case 0x7B, 0x5B: return skipNested()
        default:
            let first = at
            while at < bytes.count, !Self.endsScalar(bytes[at]) { at += 1 }
            return at > first || fail()
        }
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        byte == 0x2C || byte == 0x7D || byte == 0x5D || byte <= 0x20
    }

    /// Objects and arrays by counting their brackets: no recursion, so depth costs nothing.
    private mutating func skipNested() -> Bool {
        var depth = 0
        while at < bytes.count {
            switch bytes[at] {
            case 0x22:
                guard skipString() else { return false }
                continue
            case 0x7B, 0x5B: depth += 1
            case 0x7D, 0x5D:
                depth -= 1
                if depth == 0 {
                    at += 1
                    return true
                }
            default: break
            }
            at += 1
        }
        return fail()
    }

    private mutating func skipString() -> Bool {
        at += 1
        while at < bytes.count {
            if bytes[at] == 0x22 {
                at += 1
                return true
            }
            at += bytes[at] == 0x5C ? 2 : 1
        }
        return fail()
    }

    private mutating func skipSpace() {
        while at < bytes.count, bytes[at] == 0x20 || (bytes[at] >= 0x09 && bytes[at] <= 0x0D) { at += 1 }
    }

    private mutating func fail() -> Bool {
        failed = true
        at = bytes.count
        return false
    }

    private mutating func stop() -> Bytes? {
        _ = fail()
        return nil
    }
}

extension JSONScanner {
    /// The elements of an object's member that is an array, each read by `read`; nil when the bytes are no such object
    /// or an element can't be read.
    static func elements<Element>(
        of member: StaticString, in bytes: Bytes, _ read: (inout JSONScanner) -> Element?
    ) -> [Element]? {
        var scanner = JSONScanner(bytes)
        guard scanner.take(0x7B) else { return nil }
        while let name = scanner.memberName() {
            guard name.equals(member) else {
                guard scanner.skipValue() else { return nil }
                continue
            }
            guard scanner.take(0x5B) else { return nil }
            var elements: [Element] = []
            while scanner.nextElement() {
                guard let element = read(&scanner) else { return nil }
                elements.append(element)
            }
            return scanner.failed ? nil : elements
        }
        return nil
    }
}
