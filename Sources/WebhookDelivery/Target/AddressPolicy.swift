/// Which addresses may be dialled: those of the public internet, and those that the operator has opened.
package struct AddressPolicy: Sendable {
    /// A block that the operator has opened, for one port or for all.
    package struct Opening: Hashable, Sendable {
        package var block: AddressBlock
        /// Nil for every port.
        package var port: Int?

        package init(block: AddressBlock, port: Int? = nil) {
            self.block = block
            self.port = port
        }

        fileprivate func covers(_ port: Int) -> Bool { self.port == nil || self.port == port }
    }

    package let openings: [Opening]

    /// Nothing but the public internet.
    package static let publicOnly = AddressPolicy(openings: [])

    package init(openings: [Opening]) {
        self.openings = openings
    }

    /// Reads an operator's list: blocks or addresses with commas between them, each with a port or without:
    /// `127.0.0.0/8, 10.1.2.3/32:8080, [fd00::]/8, [fd00::1]:9000`. An IPv6 address needs brackets only before a port.
    ///
    /// - Throws: `AddressPolicyFault` that names the entry.
    package init(parsing text: String) throws(AddressPolicyFault) {
        var openings: [Opening] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let entry = part.trimmed
            // A list that is empty, or ends with a comma, means what it says.
            if entry.isEmpty { continue }
            openings.append(try Self.opening(entry))
        }
        self.init(openings: openings)
    }

    private static func opening(_ entry: Substring) throws(AddressPolicyFault) -> Opening {
        var blockText = String(entry)
        var portText: Substring?
        if entry.hasPrefix("[") {
            guard let close = entry.firstIndex(of: "]") else { throw AddressPolicyFault(entry: String(entry)) }
            let behind = entry[entry.index(after: close)...].split(
                separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            blockText = String(entry.dropFirst()[..<close]) + (behind.first ?? "")
            portText = behind.count == 2 ? behind[1] : nil
            // Brackets are for IPv6.
            guard blockText.contains(":") else { throw AddressPolicyFault(entry: String(entry)) }
        } else if entry.count(where: { $0 == ":" }) == 1, let colon = entry.firstIndex(of: ":") {
            blockText = String(entry[..<colon])
            portText = entry[entry.index(after: colon)...]
        }
        guard let block = AddressBlock(blockText) else { throw AddressPolicyFault(entry: String(entry)) }
        guard let portText else { return Opening(block: block) }
        guard let port = DecimalText.number(portText, maximum: 65_535), port > 0 else {
            throw AddressPolicyFault(entry: String(entry))
        }
        return Opening(block: block, port: port)
    }

    /// Passes when every address may be dialled at that port: one that may not condemns all, since a name with one
    /// public and one private address is what an attack looks like.
    ///
    /// - Throws: `RefusedAddress` with the first that may not.
    package func vet(_ addresses: [IPAddress], port: Int) throws(RefusedAddress) {
        for address in addresses {
            guard let range = RefusedRange.of(address) else { continue }
            // An opening is for the address as it is dialled: a mapped or translated form is not the IPv4 address that
            // it carries.
            if openings.contains(where: { $0.covers(port) && $0.block.contains(address) }) { continue }
            throw RefusedAddress(address: address, port: port, range: range)
        }
    }

    /// Whether some address of this machine itself may be dialled at that port.
    package func opensLoopback(port: Int) -> Bool {
        let loopback = [
            AddressBlock(around: .v4(0x7F00_0000), prefix: 8), AddressBlock(around: .v6(high: 0, low: 1), prefix: 128),
        ]
        return openings.contains { opening in
            opening.covers(port) && loopback.contains { $0.overlaps(opening.block) }
        }
    }
}

/// An address that must not be dialled.
package struct RefusedAddress: Error, Hashable, Sendable {
    package var address: IPAddress
    package var port: Int
    package var range: RefusedRange
}

extension RefusedAddress: CustomStringConvertible {
    /// For the operator: it shows the address.
    package var description: String {
        "\(address) is \(range.meaning) (\(range.block), \(range.source)), which webhooks are not delivered to"
    }
}

/// An entry of an operator's list that can't be understood.
package struct AddressPolicyFault: Error, Hashable, Sendable {
    package var entry: String
}

extension AddressPolicyFault: CustomStringConvertible {
    package var description: String {
        "\"\(entry)\" is not a block of addresses: write 10.0.0.0/8, 10.1.2.3:8080, fd00::/8 or [fd00::1]:8080, "
            + "with no bits set behind the prefix"
    }
}

extension Substring {
    /// Without blanks at either end.
    var trimmed: Substring {
        var rest = self.drop { $0 == " " || $0 == "\t" }
        while rest.last == " " || rest.last == "\t" { rest.removeLast() }
        return rest
    }
}
