internal import Foundation

/// What an import did, so that every line of the file is accounted for:
///
///     linesRead = postableLines + skipped + invalid
///     postings  = postableLines + openings
///     postings  = recorded + unchanged + replayed + refused          (unless it was a dry run)
///
/// A resumed run counts what the runs before it did.
package struct ImportSummary: Hashable, Sendable, Encodable {
    /// The opening receipts that the import made up, and their sums.
    package struct Openings: Hashable, Sendable, Encodable {
        package var count: Int
        package var quantity: Int64
        /// Currency with 4 decimals.
        package var value: String

        package init(count: Int, quantity: Int64, value: String) {
            self.count = count
            self.quantity = quantity
            self.value = value
        }
    }

    package var file: String
    /// SHA-256 of the uncompressed content.
    package var sha256: String
    package var preset: String?
    package var url: String
    package var isDryRun: Bool
    package var isResumed: Bool

    package var linesRead: Int
    package var postableLines: Int
    package var skipped: [String: Int]
    package var invalid: Int
    package var openings: Openings
    package var postings: Int
    /// What is posted: `movements` or `stock levels`.
    package var unit: String
    /// By movement type, of what is or would be posted; empty for stock levels.
    package var kinds: [String: KindTally.Entry]

    package var items: CataloguePoster.Counts
    package var locations: CataloguePoster.Counts
    /// Movements that were recorded, stock levels that were set.
    package var recorded: Int
    /// Stock levels that were so already, as far as the server tells the two apart.
    package var unchanged: Int
    /// Sent before, and answered as then: nothing was done now.
    package var replayed: Int
    package var refused: Int
    package var batches: Int
    /// Requests that had to be sent again.
    package var retries: Int

    /// Of this run, in all.
    package var durationSeconds: Double
    /// Of this run: lines sent in it, over the whole of its duration.
    package var movementsPerSecond: Double
    /// Nil when no row was left behind.
    package var errorsFile: String?
    package var warnings: [String]
    /// Whether the three equations above hold.
    package var reconciles: Bool

    /// The rows that are in the errors file.
    package var rowsLeftBehind: Int { refused + invalid }

    /// How the command ends: failed when the sums don't reconcile, whatever else went well.
    package var exitCode: ExitCode {
        if !reconciles { return .failed }
        return rowsLeftBehind > 0 ? .someRowsRefused : .done
    }

    /// With sorted members in snake_case.
    package func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

extension ImportSummary: CustomStringConvertible {
    /// For people.
    package var description: String {
        var lines = ["\(isDryRun ? "Would import" : "Imported") \(file)\(preset.map { " as \($0)" } ?? "")"]
        func row(_ name: String, _ value: String, _ more: String = "") {
            let padded = String(repeating: " ", count: max(0, 14 - value.count)) + value
            lines.append("  \(name.padding(toLength: 24, withPad: " ", startingAt: 0))\(padded)\(more)")
        }
        row("lines read", grouped(linesRead))
        for (reason, count) in skipped.sorted(by: { $0.key < $1.key }) {
            row("  skipped", grouped(count), "  \(reason)")
        }
        let isStock = preset == SellerTable.name || preset == LinkitTable.name
        if invalid > 0 { row(isStock ? "  unusable" : "  no movement", grouped(invalid), "  in the errors file") }
        row("lines to post", grouped(postableLines))
        if openings.count > 0 {
            row(
                "opening receipts", grouped(openings.count),
                "  \(grouped(openings.quantity)) units worth \(openings.value)")
        }
        row(unit, grouped(postings))
        for word in MovementWord.allCases {
            if let entry = kinds["\(word.literal)"], entry.count > 0 {
                row("  \(word.literal)", grouped(entry.count), "  Σ qty \(grouped(entry.quantity))")
            }
        }
        if !isDryRun {
            if items.created + items.existing > 0 {
                row("items", grouped(items.created + items.existing), "  \(grouped(items.existing)) were there")
            }
            let whyRecorded = preset == LinkitTable.name ? "  or were so already" : ""
            row(isStock ? "set" : "recorded", grouped(recorded), whyRecorded)
            if unchanged > 0 { row("unchanged", grouped(unchanged), "  were so already") }
            let whyReplayed = isStock ? "  sent before, answered as then" : "  were there already"
            row("replayed", grouped(replayed), replayed > 0 ? whyReplayed : "")
            row("refused", grouped(refused), errorsFile.map { "  see \($0)" } ?? "")
            if retries > 0 { row("requests repeated", grouped(retries)) }
        } else if let errorsFile, invalid > 0 {
            lines.append("  the rows that can't be sent would go to \(errorsFile)")
        }
        let tenths = Int(durationSeconds * 10)
        row(
            "seconds", "\(tenths / 10).\(tenths % 10)",
            isDryRun ? "" : "  \(grouped(Int(movementsPerSecond))) \(unit)/s")
        for warning in warnings { lines.append("  warning: \(warning)") }
        lines.append(reconciles ? "  The figures reconcile." : "  THE FIGURES DO NOT RECONCILE.")
        return lines.joined(separator: "\n")
    }
}
