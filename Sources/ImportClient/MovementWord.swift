/// The movement types as the wire spells them.
package enum MovementWord: UInt8, Sendable, CaseIterable {
    case receipt, sale, pick, `return`, adjustment, transfer

    /// As JSON and as a CSV's column have it.
    package var literal: StaticString {
        switch self {
        case .receipt: "receipt"
        case .sale: "sale"
        case .pick: "pick"
        case .return: "return"
        case .adjustment: "adjustment"
        case .transfer: "transfer"
        }
    }

    /// The type that the wire's word names; nil for any other word.
    package init?(_ text: Bytes) {
        guard let word = Self.allCases.first(where: { text.equals($0.literal) }) else { return nil }
        self = word
    }
}

/// How many movements of each type, and the sum of their quantities in base units as posted (a transfer's is the
/// magnitude).
package struct KindTally: Hashable, Sendable, Codable {
    /// Count and sum of one type.
    package struct Entry: Hashable, Sendable, Codable {
        package var count: Int64 = 0
        package var quantity: Int64 = 0
    }

    private var entries = [Entry](repeating: Entry(), count: MovementWord.allCases.count)

    package init() {}

    /// What was counted of a type.
    package subscript(word: MovementWord) -> Entry { entries[Int(word.rawValue)] }

    /// Counts one movement. A sum that fits no 64 bits stays at its limit: the tally is for people.
    package mutating func add(_ word: MovementWord, quantity: Int64) {
        entries[Int(word.rawValue)].count += 1
        let (sum, overflow) = entries[Int(word.rawValue)].quantity.addingReportingOverflow(quantity)
        entries[Int(word.rawValue)].quantity = overflow ? (quantity < 0 ? .min : .max) : sum
    }

    /// Counts everything that the other has counted; sums as above.
    package mutating func add(_ other: KindTally) {
        for word in MovementWord.allCases {
            let count = entries[Int(word.rawValue)].count
            add(word, quantity: other[word].quantity)
            entries[Int(word.rawValue)].count = count + other[word].count
        }
    }

    package init(from decoder: any Decoder) throws {
        let entries = try decoder.singleValueContainer().decode([Entry].self)
        guard entries.count == MovementWord.allCases.count else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not one entry for each movement type"))
        }
        self.entries = entries
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(entries)
    }
}
