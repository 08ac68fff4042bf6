/// Prints measurements as a Markdown table, so that they can be pasted into a document as they are.
enum ResultTable {
    private static let widths = [58, 11, 11, 11, 24]

    static func printHead() {
        row(["benchmark", "median", "90 %", "best", "rate"])
        Swift.print("|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|")
    }

    static func print(_ section: String, _ measurements: [Measurement?]) {
        let measurements = measurements.compactMap { $0 }
        guard !measurements.isEmpty else { return }
        row(["**\(section)**", "", "", "", ""])
        for measurement in measurements {
            row([
                measurement.name, time(measurement.median), time(measurement.ninetieth), time(measurement.least),
                "\(grouped(Int(1e9 / measurement.median))) \(measurement.unit)/s",
            ])
        }
    }

    private static func row(_ cells: [String]) {
        let padded = zip(cells, widths).enumerated().map { index, cell in
            let blanks = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
            return index == 0 ? cell.0 + blanks : blanks + cell.0
        }
        Swift.print("| " + padded.joined(separator: " | ") + " |")
    }

    /// Three digits at least, in the unit that fits.
    private static func time(_ nanoseconds: Double) -> String {
        let (value, unit) =
            nanoseconds < 1_000
            ? (nanoseconds, "ns") : nanoseconds < 1_000_000 ? (nanoseconds / 1_000, "µs") : (nanoseconds / 1e6, "ms")
        let tenths = Int((value * 10).rounded())
        return value < 100 ? "\(tenths / 10).\(tenths % 10) \(unit)" : "\(Int(value.rounded())) \(unit)"
    }

    /// 1234567 as 1,234,567.
    static func grouped(_ number: Int) -> String {
        var text = ""
        for (index, digit) in String(number).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }
}
