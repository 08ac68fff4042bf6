internal import NIOCore

/// The vetted addresses of hosts, for a short while. Addresses are vetted before they come here, and these very ones
/// are dialled.
struct AddressBook {
    /// Addresses are vetted for a port.
    struct Place: Hashable {
        var name: String
        var port: Int
    }

    private struct Entry {
        var addresses: [IPAddress]
        var until: NIODeadline
    }

    private var entries: [Place: Entry] = [:]
    private let lifetime: TimeAmount
    private let maximum: Int

    /// - Parameter maximum: places remembered at most.
    init(lifetime: TimeAmount, maximum: Int = 1024) {
        self.lifetime = lifetime
        self.maximum = maximum
    }

    /// The addresses, if they were vetted lately.
    func addresses(of place: Place, at now: NIODeadline) -> [IPAddress]? {
        guard let entry = entries[place], entry.until > now else { return nil }
        return entry.addresses
    }

    /// Remembers addresses that have just been vetted.
    mutating func remember(_ addresses: [IPAddress], of place: Place, at now: NIODeadline) {
        if entries.count >= maximum { entries = entries.filter { $0.value.until > now } }
        if entries.count >= maximum { entries = [:] }
        entries[place] = Entry(addresses: addresses, until: now + lifetime)
    }

    /// Forgets the addresses, because none of them could be reached: the name may have moved.
    mutating func forget(_ place: Place) {
        entries[place] = nil
    }
}
