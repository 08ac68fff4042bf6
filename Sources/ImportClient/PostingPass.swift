internal import Crypto

/// The first pass over a file: what is in it, what is wrong with it, and its hash.
package struct Survey: Sendable {
    package var counts: SurveyCounts
    package var catalogue: Catalogue
    package var header: [String]
    /// SHA-256 of the uncompressed content, in hex.
    package var content: String
    /// The last line has no line break: perhaps the file was cut off there.
    package var lastLineIsOpen: Bool
}

extension Survey {
    /// Reads the whole file through `source`, which then knows what it must for the second pass. `onRow` is told the
    /// bytes used up and the rows so far, now and then. Throws `ImportError`.
    static func run<Source: RowSource>(
        _ file: InputFile, making makeSource: ([String]) throws(ImportError) -> Source,
        progress: (_ position: Int64, _ rows: Int) -> Void
    ) throws(ImportError) -> (Survey, Source) {
        let bytes = HashedBytes(try file.content())
        var reader = try CSVReader(source: bytes)
        var source = try makeSource(reader.header)
        var rows = 0
        while try reader.next() {
            try source.survey(reader)
            rows += 1
            if rows % 4_096 == 0 { progress(reader.position, rows) }
        }
        progress(reader.position, rows)
        let survey = Survey(
            counts: source.counts, catalogue: source.catalogue, header: reader.header, content: bytes.finish(),
            lastLineIsOpen: rows > 0 && reader.lastLineIsOpen)
        return (survey, source)
    }
}

/// Hashes what passes through.
private final class HashedBytes: ByteSource {
    private let source: any ByteSource
    private var hash = SHA256()

    init(_ source: any ByteSource) {
        self.source = source
    }

    var position: Int64 { source.position }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(InputFault) -> Int {
        let count = try source.read(into: buffer)
        hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return count
    }

    func finish() -> String {
        hexadecimal(hash.finalize())
    }
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

/// The second pass: the rows of a file as batches.
package struct PostingPass<Source: RowSource>: BatchStream, ~Copyable {
    private var reader: CSVReader
    private var source: Source
    private var builder: BatchBuilder
    /// A row that was read but did not fit into the last batch.
    private var hasPendingRow = false
    private var isAtEnd = false
    private var lastLine = 1
    /// Rows up to this line were confirmed in an earlier run.
    private var doneThrough: Int

    init(
        _ file: InputFile, source: Source, batchLines: Int, keyPrefix: String, doneThrough: Int
    ) throws(ImportError) {
        reader = try CSVReader(source: try file.content())
        self.source = source
        builder = BatchBuilder(shape: Source.shape, capacity: batchLines, keyPrefix: keyPrefix)
        self.doneThrough = doneThrough
    }

    package mutating func nextBatch() throws(ImportError) -> PreparedBatch? {
        try passOver()
        while !isAtEnd, !builder.isFull {
            if !hasPendingRow, try !reader.next() {
                isAtEnd = true
                break
            }
            hasPendingRow = true
            if !builder.isEmpty,
                !builder.hasRoom(forRecordOf: reader.record.count) || source.closes(builder, before: reader)
            {
                break
            }
            _ = try source.post(reader, into: &builder)
            lastLine = reader.line
            hasPendingRow = false
        }
        return builder.isEmpty ? nil : builder.finish(lastLine: lastLine, position: reader.position)
    }

    /// Goes through the rows that an earlier run did: the source must still see them, to know which pairs are open.
    private mutating func passOver() throws(ImportError) {
        while !isAtEnd, lastLine < doneThrough {
            guard try reader.next() else {
                isAtEnd = true
                break
            }
            if reader.line > doneThrough {
                hasPendingRow = true
                break
            }
            _ = try source.post(reader, into: &builder)
            builder.discard()
            lastLine = reader.line
        }
        doneThrough = 0
    }
}
