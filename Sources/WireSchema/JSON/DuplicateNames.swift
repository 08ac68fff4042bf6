/// Finds members of an object that have the same name once escapes are resolved, in linear time.
enum DuplicateNames {
    /// Above this many members names are put into a hash table.
    private static let pairwiseLimit = 16

    /// - Returns: the position of the first name that repeats an earlier one, or -1.
    static func firstDuplicate(in object: Int, of tape: JSONTape) -> Int {
        // Most objects have a handful of plain names that differ in length, first or last byte: one bit each shows it.
        var seen: UInt64 = 0
        var isSuspect = false
        var members = 0
        var name = object &+ 1
        let end = Int(tape.nodes[object].next)
        while name < end {
            let node = tape.nodes[name]
            if node.flags.contains(.escaped) { return hashed(in: object, of: tape) }
            let bit = fingerprint(node, tape.bytes)
            if seen & bit != 0 { isSuspect = true }
            seen |= bit
            members &+= 1
            name = Int(tape.nodes[name &+ 1].next)
        }
        guard isSuspect else { return -1 }
        return members <= pairwiseLimit ? pairwise(in: object, of: tape) : hashed(in: object, of: tape)
    }

    @inline(__always)
    private static func fingerprint(_ node: JSONNode, _ bytes: UnsafePointer<UInt8>) -> UInt64 {
        guard node.length > 0 else { return 1 }
        let first = UInt64(bytes[Int(node.start)])
        let last = UInt64(bytes[Int(node.start) &+ Int(node.length) &- 1])
        let mixed = (UInt64(node.length) &* 0x9E37_79B9) ^ (first &* 0x85EB_CA6B) ^ (last &* 0xC2B2_AE35)
        return 1 << ((mixed &* 0x9E37_79B9_7F4A_7C15) >> 58)
    }

    private static func pairwise(in object: Int, of tape: JSONTape) -> Int {
        var name = object &+ 1
        let end = Int(tape.nodes[object].next)
        while name < end {
            let node = tape.nodes[name]
            var earlier = object &+ 1
            while earlier < name {
                let other = tape.nodes[earlier]
                if other.length == node.length,
                    ByteScanning.equal(
                        tape.bytes + Int(other.start), tape.bytes + Int(node.start), count: Int(node.length))
                {
                    return name
                }
                earlier = Int(tape.nodes[earlier &+ 1].next)
            }
            name = Int(tape.nodes[name &+ 1].next)
        }
        return -1
    }

    /// `Hasher` is seeded anew in each process, so nobody can send names that all meet in one slot.
    private static func hashed(in object: Int, of tape: JSONTape) -> Int {
        var members = 0
        tape.forEachMember(of: object) { _ in
            members &+= 1
            return true
        }
        var size = 32
        while size < members &* 2 { size &*= 2 }
        var table = [UInt32](repeating: 0, count: size)
        var duplicate = -1
        tape.forEachMember(of: object) { name in
            let isNew = tape.withText(name) { text in
                var hasher = Hasher()
                hasher.combine(bytes: UnsafeRawBufferPointer(text))
                var slot = Int(bitPattern: UInt(bitPattern: hasher.finalize())) & (size &- 1)
                while table[slot] != 0 {
                    let isSame = tape.withText(Int(table[slot])) { $0.elementsEqual(text) }
                    if isSame { return false }
                    slot = (slot &+ 1) & (size &- 1)
                }
                // A name is never at position 0, so 0 can mean an empty slot.
                table[slot] = UInt32(truncatingIfNeeded: name)
                return true
            }
            if !isNew { duplicate = name }
            return isNew
        }
        return duplicate
    }
}
