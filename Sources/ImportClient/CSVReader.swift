#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Bytes that belong to someone else: valid as long as their owner says, usually until the next record is read.
package typealias Bytes = UnsafeBufferPointer<UInt8>

/// Reads a CSV as RFC 4180 describes it, a record at a time, holding no more than one buffer of it.
///
/// Fields may be quoted, then contain commas, line breaks and doubled quotes. Lines end in LF or CRLF; empty ones are
/// passed over; a byte-order mark is too. Every record has as many fields as the header, which is the first one.
///
/// Unsafe pointers, because this is the innermost loop of an import: half a million records are fifty million bytes,
/// and a `String` or an array for each field costs ten times the parsing. `field(_:)` and `record` point into buffers
/// that the next `next()` overwrites.
package struct CSVReader: ~Copyable {
    /// Longest record in bytes; a quote that is never closed is found before the memory is full.
    package static let longestRecord = 1 << 16
    /// Most fields in a record.
    package static let mostColumns = 512

    private let source: any ByteSource
    /// Input, `capacity` bytes. Ours until deinit: an array would be checked for uniqueness at each byte.
    private let buffer: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    /// Fields of the present record, room for `mostColumns`. Ours until deinit.
    private let fields: UnsafeMutablePointer<Bytes>
    /// Fields whose doubled quotes had to be undone. Never longer than the record.
    private let unescaped: UnsafeMutablePointer<UInt8>
    private var unescapedCount = 0
    private var start = 0
    private var end = 0
    private var sourceEnded = false
    private var recordStart = 0
    private var recordEnd = 0
    private var nextLine = 1
    private var columns = 0

    /// Line of the present record's first byte, from 1.
    package private(set) var line = 0
    /// Whether the last record read was ended by the end of the file and not by a line break.
    package private(set) var lastLineIsOpen = false
    /// The header's fields.
    package private(set) var header: [String] = []

    /// Reads the header. Throws `ImportError.malformed` when there is none.
    package init(source: any ByteSource) throws(ImportError) {
        self.source = source
        capacity = 4 * Self.longestRecord
        buffer = .allocate(capacity: capacity)
        fields = .allocate(capacity: Self.mostColumns)
        unescaped = .allocate(capacity: Self.longestRecord)
        try skipByteOrderMark()
        guard try scan() else { throw .malformed(line: 1, problem: "the file is empty") }
        header = (0..<columns).map { String(decoding: fields[$0], as: UTF8.self) }
    }

    deinit {
        buffer.deallocate()
        fields.deallocate()
        unescaped.deallocate()
    }

    /// Reads the next record; false at the end. Throws `ImportError.malformed`, naming the line, on an unterminated
    /// quote, a record that is too long or has another number of fields than the header, or a broken source.
    package mutating func next() throws(ImportError) -> Bool {
        let expected = header.count
        guard try scan() else { return false }
        guard columns == expected else {
            let problem = "\(columns) columns where the header has \(expected)"
            throw .malformed(line: line, problem: lastLineIsOpen ? problem + "; the file may be cut off" : problem)
        }
        return true
    }

    /// A field of the present record, its quotes undone. `column` is below the header's count.
    package func field(_ column: Int) -> Bytes {
        precondition(column >= 0 && column < columns, "no such column")
        return fields[column]
    }

    /// The present record as it stands in the file, without its line break.
    package var record: Bytes { Bytes(start: buffer + recordStart, count: recordEnd - recordStart) }

    /// Bytes of the underlying file used up so far.
    package var position: Int64 { source.position }

    private mutating func skipByteOrderMark() throws(ImportError) {
        while end < 3, try refill() {}
        if end >= 3, buffer[0] == 0xEF, buffer[1] == 0xBB, buffer[2] == 0xBF { start = 3 }
    }

    /// Makes room, then reads once; false at the end of the source.
    private mutating func refill() throws(ImportError) -> Bool {
        if sourceEnded { return false }
        if start > 0, capacity - end < Self.longestRecord {
            memmove(buffer, buffer + start, end - start)
            end -= start
            start = 0
        }
        let room = UnsafeMutableRawBufferPointer(start: buffer + end, count: capacity - end)
        do {
            let count = try source.read(into: room)
            end += count
            sourceEnded = count == 0
            return count > 0
        } catch {
            // The fault lies behind everything that is whole in the buffer, so the line is that of the last break.
            var breaks = 0
            for index in start..<end where buffer[index] == 0x0A { breaks += 1 }
            throw .malformed(line: nextLine + breaks, problem: error.problem)
        }
    }

    private mutating func scan() throws(ImportError) -> Bool {
        while true {
            if end == start, try !refill() { return false }
            switch scanRecord() {
            case .record: return true
            case .blank: continue
            case .needsMore:
                if end - start >= Self.longestRecord {
                    throw .malformed(line: nextLine, problem: "a record of more than \(Self.longestRecord) bytes")
                }
                _ = try refill()
            case .fault(let line, let problem): throw .malformed(line: line, problem: problem)
            }
        }
    }

    private enum Scan {
        case record
        case blank
        /// The buffer ends inside the record and the source has more.
        case needsMore
        case fault(line: Int, String)
    }

    /// Scans one record from `start`. Nothing is kept of an attempt that needs more.
    private mutating func scanRecord() -> Scan {
        let buffer = self.buffer
        let end = self.end
        var at = start
        var column = 0
        var lineBreaks = 0
        var unescapedCount = 0
        while true {
            if column == Self.mostColumns { return .fault(line: nextLine, "more than \(Self.mostColumns) columns") }
            if at < end, buffer[at] == 0x22 {
                let opened = nextLine + lineBreaks
                let content = at + 1
                guard let closing = closingQuote(from: content, &lineBreaks) else {
                    return sourceEnded ? .fault(line: opened, "a quote is opened and never closed") : .needsMore
                }
                at = closing.index + 1
                if closing.doubled == 0 {
                    fields[column] = Bytes(start: buffer + content, count: closing.index - content)
                } else {
                    let count = closing.index - content - closing.doubled
                    guard unescapedCount + count <= Self.longestRecord else {
                        return .fault(line: nextLine, "a record of more than \(Self.longestRecord) bytes")
                    }
                    let target = unescaped + unescapedCount
                    undouble(from: content, to: closing.index, into: target)
                    unescapedCount += count
                    fields[column] = Bytes(start: target, count: count)
                }
                if at < end, buffer[at] != 0x2C, buffer[at] != 0x0A, buffer[at] != 0x0D {
                    return .fault(line: nextLine + lineBreaks, "text after a closing quote")
                }
            } else {
                let first = at
                while at < end, buffer[at] != 0x2C, buffer[at] != 0x0A, buffer[at] != 0x0D { at += 1 }
                fields[column] = Bytes(start: buffer + first, count: at - first)
            }
            column += 1
            if at == end {
                if !sourceEnded { return .needsMore }
                return finish(at: at, next: at, columns: column, lineBreaks: lineBreaks, open: true)
            }
            if buffer[at] == 0x2C {
                at += 1
                continue
            }
            if buffer[at] == 0x0A {
                return finish(at: at, next: at + 1, columns: column, lineBreaks: lineBreaks + 1, open: false)
            }
            if at + 1 == end, !sourceEnded { return .needsMore }
            guard at + 1 < end, buffer[at + 1] == 0x0A else {
                return .fault(line: nextLine + lineBreaks, "a carriage return that ends no line")
            }
            return finish(at: at, next: at + 2, columns: column, lineBreaks: lineBreaks + 1, open: false)
        }
    }

    private mutating func finish(at: Int, next: Int, columns: Int, lineBreaks: Int, open: Bool) -> Scan {
        recordStart = start
        recordEnd = at
        line = nextLine
        nextLine += lineBreaks
        start = next
        self.columns = columns
        lastLineIsOpen = open
        return recordStart == at ? .blank : .record
    }

    /// The quote that ends a field, and how many pairs stand before it; nil when the buffer ends first. A quote that
    /// is the buffer's last byte may be half of a pair.
    private func closingQuote(from first: Int, _ lineBreaks: inout Int) -> (index: Int, doubled: Int)? {
        var at = first
        var doubled = 0
        while at < end {
            let byte = buffer[at]
            if byte == 0x22 {
                if at + 1 == end { return sourceEnded ? (at, doubled) : nil }
                if buffer[at + 1] != 0x22 { return (at, doubled) }
                doubled += 1
                at += 1
            } else if byte == 0x0A {
                lineBreaks += 1
            }
            at += 1
        }
        return nil
    }

    private func undouble(from first: Int, to last: Int, into target: UnsafeMutablePointer<UInt8>) {
        var at = first
        var out = 0
        while at < last {
            target[out] = buffer[at]
            out += 1
            at += buffer[at] == 0x22 ? 2 : 1
        }
    }
}
