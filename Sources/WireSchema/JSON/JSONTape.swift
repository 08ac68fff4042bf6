/// A document's bytes and tape as raw memory, for the inner loops. It owns nothing: it is valid only inside the call
/// that handed it out, ``JSONDocument/withTape(_:)``, and is never stored.
@usableFromInline
struct JSONTape {
    @usableFromInline let bytes: UnsafePointer<UInt8>
    @usableFromInline let nodes: UnsafePointer<JSONNode>
    @usableFromInline let count: Int

    @usableFromInline
    init(bytes: UnsafePointer<UInt8>, nodes: UnsafePointer<JSONNode>, count: Int) {
        self.bytes = bytes
        self.nodes = nodes
        self.count = count
    }

    /// The bytes of a value as they were sent; a string without its quotes.
    @inline(__always)
    func raw(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        let node = nodes[index]
        return UnsafeBufferPointer(start: bytes + Int(node.start), count: Int(node.length))
    }

    /// Whether a string node, once unescaped, equals a literal.
    @inline(__always)
    func matches(_ index: Int, _ literal: StaticString) -> Bool {
        let node = nodes[index]
        if node.flags.contains(.escaped) { return matchesEscaped(index, literal) }
        return Int(node.length) == literal.utf8CodeUnitCount
            && ByteScanning.equal(bytes + Int(node.start), literal.utf8Start, count: Int(node.length))
    }

    @inline(never)
    private func matchesEscaped(_ index: Int, _ literal: StaticString) -> Bool {
        withText(index) { text in
            text.elementsEqual(UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
        }
    }

    /// Runs `body` with a string node's unescaped bytes; without escapes they are the sent ones.
    @inline(__always)
    func withText<Answer>(_ index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Answer) -> Answer {
        let text = raw(index)
        guard nodes[index].flags.contains(.escaped) else { return body(text) }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: text.count) { memory in
            guard let base = memory.baseAddress else { return body(text) }
            let count = JSONText.unescape(text, into: base)
            return body(UnsafeBufferPointer(start: base, count: count))
        }
    }

    func string(_ index: Int) -> String {
        withText(index) { String(decoding: $0, as: UTF8.self) }
    }

    /// Visits the positions of an object's names until `body` returns false.
    @inline(__always)
    func forEachMember(of object: Int, _ body: (_ name: Int) -> Bool) {
        var name = object &+ 1
        let end = Int(nodes[object].next)
        while name < end {
            guard body(name) else { return }
            name = Int(nodes[name &+ 1].next)
        }
    }

    /// Visits the positions of an array's elements until `body` returns false.
    @inline(__always)
    func forEachElement(of array: Int, _ body: (_ element: Int) -> Bool) {
        var element = array &+ 1
        let end = Int(nodes[array].next)
        while element < end {
            guard body(element) else { return }
            element = Int(nodes[element].next)
        }
    }

    @usableFromInline
    func elementCount(of array: Int) -> Int {
        var count = 0
        forEachElement(of: array) { _ in
            count &+= 1
            return true
        }
        return count
    }

    /// The value of a named member, or -1.
    func member(_ name: String, of object: Int) -> Int {
        var found = -1
        var wanted = name
        wanted.withUTF8 { wanted in
            forEachMember(of: object) { candidate in
                if withText(candidate, { $0.elementsEqual(wanted) }) { found = candidate &+ 1 }
                return found < 0
            }
        }
        return found
    }
}

extension JSONTape {
    /// JSON Pointer of a value. It is found by walking down from the root, so that only errors pay for it.
    @usableFromInline
    func pointer(to target: Int) -> String {
        var pointer = ""
        var container = 0
        while container < target {
            var child = -1
            if nodes[container].kind == .object {
                forEachMember(of: container) { name in
                    child = name &+ 1
                    return Int(nodes[child].next) <= target
                }
            } else {
                forEachElement(of: container) { element in
                    child = element
                    return Int(nodes[element].next) <= target
                }
            }
            guard child > container else { break }
            pointer += token(of: child, in: container)
            // The target may be the name in front of the value.
            if child > target { break }
            container = child
        }
        return pointer
    }

    /// The step of a JSON Pointer from a container to its child. The container may still be open, and the child not yet
    /// read.
    func token(of child: Int, in container: Int) -> String {
        if nodes[container].kind == .object {
            guard child &- 1 > container else { return "" }
            return "/" + JSONPointer.token(string(child &- 1, atMost: JSONPointer.longestToken))
        }
        var index = 0
        var element = container &+ 1
        while element < child {
            index &+= 1
            element = Int(nodes[element].next)
        }
        return "/\(index)"
    }

    /// The beginning of a string, so that a megabyte of name does not come back in every error.
    func string(_ index: Int, atMost limit: Int) -> String {
        let node = nodes[index]
        guard Int(node.length) > limit &* 6 else { return string(index) }
        return withText(index) { text in
            String(decoding: text.prefix(limit &* 4), as: UTF8.self) + "…"
        }
    }
}
