/// A range of addresses that begin with the same bits (CIDR): `10.0.0.0/8`, `fc00::/7`.
package struct AddressBlock: Hashable, Sendable {
    /// The first address of the block.
    package let first: IPAddress
    /// How many leading bits all addresses share: 0…32 or 0…128.
    package let prefix: Int

    /// The block of that size that the address lies in; a prefix out of range is brought into it.
    package init(around address: IPAddress, prefix: Int) {
        switch address {
        case .v4(let value):
            self.prefix = min(max(prefix, 0), 32)
            first = .v4(value & Self.mask32(self.prefix))
        case .v6(let high, let low):
            self.prefix = min(max(prefix, 0), 128)
            first = .v6(high: high & Self.mask64(self.prefix), low: low & Self.mask64(self.prefix - 64))
        }
    }

    /// Reads `address/prefix`, or an address alone for the block of that one address. Nil when it is malformed or when
    /// bits behind the prefix are set: `10.1.2.3/8` says two things.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first.flatMap({ IPAddress($0) }) else { return nil }
        guard parts.count == 2 else {
            self.init(around: address, prefix: 128)
            return
        }
        guard let prefix = DecimalText.number(parts[1], maximum: address.bitWidth) else { return nil }
        self.init(around: address, prefix: prefix)
        guard first == address else { return nil }
    }

    /// Whether the address lies in the block. An IPv6 address never lies in a block of IPv4, whatever it carries.
    package func contains(_ address: IPAddress) -> Bool {
        address.bitWidth == first.bitWidth && AddressBlock(around: address, prefix: prefix).first == first
    }

    /// Whether the two have an address in common: one of them lies in the other.
    package func overlaps(_ other: AddressBlock) -> Bool {
        prefix <= other.prefix ? contains(other.first) : other.contains(first)
    }

    private static func mask32(_ bits: Int) -> UInt32 { bits <= 0 ? 0 : UInt32.max << UInt32(32 - min(bits, 32)) }

    private static func mask64(_ bits: Int) -> UInt64 { bits <= 0 ? 0 : UInt64.max << UInt64(64 - min(bits, 64)) }
}

extension AddressBlock: CustomStringConvertible {
    package var description: String { "\(first)/\(prefix)" }
}

extension IPAddress {
    var bitWidth: Int {
        switch self {
        case .v4: 32
        case .v6: 128
        }
    }
}

/// Decimal numbers as a strict reader wants them: digits alone, no sign, no leading zero.
enum DecimalText {
    static func number(_ text: some StringProtocol, maximum: Int) -> Int? {
        let digits = text.utf8
        guard (1...9).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            digits.count == 1 || digits.first != 0x30
        else { return nil }
        let value = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return value <= maximum ? value : nil
    }
}
