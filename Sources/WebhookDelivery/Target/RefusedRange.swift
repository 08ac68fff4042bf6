/// A range of addresses that no webhook is delivered to, unless the operator opens it.
package struct RefusedRange: Hashable, Sendable {
    package var block: AddressBlock
    /// What lies there, as it fits into a sentence: `a private network`.
    package var meaning: String
    /// The document that sets the range aside.
    package var source: String

    /// The sentence for the owner of an endpoint: it says what the host is, and not where it led to.
    package var refusal: String {
        "The host is \(meaning) (\(source)). Webhooks go to the public internet and to what the operator has opened."
    }

    /// What the address is set aside for; nil for an address on the public internet.
    package static func of(_ address: IPAddress) -> RefusedRange? {
        switch address {
        case .v4: return all.first { $0.block.contains(address) }
        case .v6(_, let low):
            // A network without IPv4 reaches the public IPv4 internet through this prefix: what counts is the address
            // that it carries.
            if translated.block.contains(address) {
                return of(.v4(UInt32(truncatingIfNeeded: low))).map {
                    RefusedRange(
                        block: translated.block, meaning: "\(translated.meaning) to \($0.meaning)",
                        source: "\(translated.source), \($0.source)")
                }
            }
            if let range = all.first(where: { $0.block.contains(address) }) { return range }
            return globalUnicast.contains(address)
                ? nil
                : RefusedRange(
                    block: .v6(bits: 0), meaning: "an address outside the public internet", source: "RFC 4291")
        }
    }

    private static let translated = RefusedRange(
        block: .v6(0x64, 0xff9b, bits: 96), meaning: "a translation (NAT64)", source: "RFC 6052")

    /// The only part of IPv6 that public addresses come from; what is not in it is refused without a row of its own.
    private static let globalUnicast = AddressBlock.v6(0x2000, bits: 3)

    /// The IANA registries of special-purpose addresses, and the addresses at which clouds tell their guests' secrets.
    /// The first that contains an address gives its meaning: narrow ones stand before wide ones.
    package static let all: [RefusedRange] = [
        .init(.v4(169, 254, 169, 254, bits: 32), "a cloud's metadata service", "RFC 3927"),
        .init(.v4(169, 254, 170, 2, bits: 32), "a cloud's metadata service", "RFC 3927"),
        .init(.v4(100, 100, 100, 200, bits: 32), "a cloud's metadata service", "RFC 6598"),
        .init(.v4(168, 63, 129, 16, bits: 32), "a cloud's metadata service", "Microsoft Azure"),
        .init(.v4(0, 0, 0, 0, bits: 8), "this machine itself", "RFC 1122"),
        .init(.v4(10, 0, 0, 0, bits: 8), "a private network", "RFC 1918"),
        .init(.v4(100, 64, 0, 0, bits: 10), "a provider's inner network (CGNAT)", "RFC 6598"),
        .init(.v4(127, 0, 0, 0, bits: 8), "this machine itself (loopback)", "RFC 1122"),
        .init(.v4(169, 254, 0, 0, bits: 16), "a link-local network", "RFC 3927"),
        .init(.v4(172, 16, 0, 0, bits: 12), "a private network", "RFC 1918"),
        .init(.v4(192, 0, 0, 0, bits: 24), "an address reserved for protocols", "RFC 6890"),
        .init(.v4(192, 0, 2, 0, bits: 24), "an address for documentation", "RFC 5737"),
        .init(.v4(192, 88, 99, 0, bits: 24), "a relay of 6to4", "RFC 7526"),
        .init(.v4(192, 168, 0, 0, bits: 16), "a private network", "RFC 1918"),
        .init(.v4(198, 18, 0, 0, bits: 15), "a network for benchmarks", "RFC 2544"),
        .init(.v4(198, 51, 100, 0, bits: 24), "an address for documentation", "RFC 5737"),
        .init(.v4(203, 0, 113, 0, bits: 24), "an address for documentation", "RFC 5737"),
        .init(.v4(224, 0, 0, 0, bits: 4), "a multicast group", "RFC 5771"),
        .init(.v4(255, 255, 255, 255, bits: 32), "the broadcast address", "RFC 919"),
        .init(.v4(240, 0, 0, 0, bits: 4), "a reserved address", "RFC 1112"),

        .init(.v6(bits: 128), "this machine itself", "RFC 4291"),
        .init(.v6(0, 0, 0, 0, 0, 0, 0, 1, bits: 128), "this machine itself (loopback)", "RFC 4291"),
        .init(.v6(0, 0, 0, 0, 0, 0xffff, bits: 96), "an IPv4 address in disguise (mapped)", "RFC 4291"),
        .init(.v6(0, 0, 0, 0, 0xffff, bits: 96), "an IPv4 address in disguise (translated)", "RFC 2765"),
        .init(.v6(bits: 96), "an IPv4 address in disguise (compatible)", "RFC 4291"),
        .init(.v6(0x64, 0xff9b, 1, bits: 48), "a private translation (NAT64)", "RFC 8215"),
        .init(.v6(0x100, bits: 64), "an address that discards", "RFC 6666"),
        .init(.v6(0x100, 0, 0, 1, bits: 64), "a dummy address", "RFC 9780"),
        .init(.v6(0x2001, bits: 32), "a tunnel (Teredo)", "RFC 4380"),
        .init(.v6(0x2001, 2, bits: 48), "a network for benchmarks", "RFC 5180"),
        .init(.v6(0x2001, 0xdb8, bits: 32), "an address for documentation", "RFC 3849"),
        .init(.v6(0x2001, bits: 23), "an address reserved for protocols", "RFC 2928"),
        .init(.v6(0x2002, bits: 16), "a tunnel (6to4)", "RFC 3056"),
        .init(.v6(0x3fff, bits: 20), "an address for documentation", "RFC 9637"),
        .init(.v6(0x3ffe, bits: 16), "an address given back (6bone)", "RFC 3701"),
        .init(.v6(0x5f00, bits: 16), "a provider's inner network (SRv6)", "RFC 9602"),
        .init(.v6(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254, bits: 128), "a cloud's metadata service", "RFC 4193"),
        .init(.v6(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254, bits: 128), "a cloud's metadata service", "RFC 4193"),
        .init(.v6(0xfc00, bits: 7), "a private network", "RFC 4193"),
        .init(.v6(0xfe80, bits: 10), "a link-local network", "RFC 4291"),
        .init(.v6(0xfec0, bits: 10), "a private network (site-local)", "RFC 3879"),
        .init(.v6(0xff00, bits: 8), "a multicast group", "RFC 4291"),
    ]

    private init(_ block: AddressBlock, _ meaning: String, _ source: String) {
        self.init(block: block, meaning: meaning, source: source)
    }

    private init(block: AddressBlock, meaning: String, source: String) {
        self.block = block
        self.meaning = meaning
        self.source = source
    }
}

extension AddressBlock {
    fileprivate static func v4(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32, bits: Int) -> AddressBlock {
        AddressBlock(around: .v4(a << 24 | b << 16 | c << 8 | d), prefix: bits)
    }

    /// - Parameter groups: the first ones of the address; the rest is zero.
    fileprivate static func v6(_ groups: UInt64..., bits: Int) -> AddressBlock {
        func word(_ part: ArraySlice<UInt64>) -> UInt64 {
            let given = part.reduce(0) { $0 << 16 | $1 }
            // A shift by the whole width gives zero.
            return given << UInt64(16 * (4 - part.count))
        }
        return AddressBlock(
            around: .v6(high: word(groups.prefix(4)), low: word(groups.dropFirst(4))), prefix: bits)
    }
}
