package import WireSchema

/// Rows for people: columns as wide as their widest cell, two blanks between them.
package struct TextTable: Sendable {
    private var rows: [[String]]

    package init(_ headings: [String]) {
        rows = [headings]
    }

    /// Adds a line; control characters are shown, not printed.
    package mutating func add(_ cells: [String]) {
        rows.append(cells.map(Visible.text))
    }

    /// The lines, the headings first; nothing when there is no row.
    package var lines: [String] {
        guard rows.count > 1 else { return [] }
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}

extension JSONValue {
    /// As a cell shows it: texts as they are, `null` as a dash, a list with commas.
    package var cell: String {
        switch kind {
        case .null: "-"
        case .string: string ?? ""
        case .array: elements.map(\.cell).joined(separator: ",")
        default: String(decoding: rawBytes, as: UTF8.self)
        }
    }

    /// The member's cell; a dash when there is none.
    package func cell(_ name: String) -> String { self[name]?.cell ?? "-" }
}
