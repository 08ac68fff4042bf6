/// A column that a table knows. Raw values count from 0 without gaps.
protocol NamedColumn: RawRepresentable, CaseIterable, Sendable where RawValue == Int {
    /// What it may be called; the first is the usual name.
    var names: [String] { get }
}

/// Where in a file the columns of a table are.
struct ColumnPlaces<Column: NamedColumn>: Sendable {
    /// Place of each column in the file, or −1.
    private var places: [Int]

    /// Throws `ImportError.header` when a column is given twice, or unknown: a misspelt `unit_cost` that is silently
    /// dropped would be a wrong cost. The columns that an errors file adds are passed over.
    init(header: [String]) throws(ImportError) {
        places = [Int](repeating: -1, count: Column.allCases.count)
        for (place, name) in header.enumerated() where !ErrorsFile.addedColumns.contains(name) {
            guard let column = Column.allCases.first(where: { $0.names.contains(name) }) else {
                let known = Column.allCases.flatMap(\.names).joined(separator: ", ")
                throw .header("unknown column \"\(name)\"; known are \(known)")
            }
            guard places[column.rawValue] < 0 else {
                throw .header("more than one column for \(column.names.joined(separator: " or "))")
            }
            places[column.rawValue] = place
        }
    }

    /// Throws `ImportError.header` when one of the columns is missing.
    func need(_ columns: [Column]) throws(ImportError) {
        for column in columns where !has(column) {
            throw .header("there is no column \(column.names.joined(separator: " or "))")
        }
    }

    func has(_ column: Column) -> Bool { places[column.rawValue] >= 0 }

    /// The field of a row; empty when the file has no such column.
    @inline(__always)
    func field(_ column: Column, _ row: borrowing CSVReader) -> Bytes {
        let place = places[column.rawValue]
        return place < 0 ? Bytes(start: nil, count: 0) : row.field(place)
    }
}
