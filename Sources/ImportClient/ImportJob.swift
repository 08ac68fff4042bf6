internal import Crypto
internal import Foundation

/// How an import is to be done.
package struct ImportOptions: Sendable {
    /// A CSV, plain or gzip; `-` is standard input.
    package var file: String
    /// Base address of the server.
    package var url: String
    package var apiKey: String
    /// Nil for columns that are named as a movement's members.
    package var preset: String?
    /// Reads and counts, sends nothing and writes no file.
    package var isDryRun = false
    /// Goes on where an earlier run for the same content, server and key ended.
    package var isResume = false
    /// Lines in a request, 1 to what the endpoint takes; nil for what is usual there.
    package var batchLines: Int?
    /// Whether items and locations that a preset names and the server lacks are created.
    package var createsMissing = true
    /// Where refused rows go; nil for `<file>.errors.csv`.
    package var errorsFile: String?
    package var progress = ProgressBar.Style.automatic
    package var retryPolicy = RetryPolicy()

    package init(file: String, url: String, apiKey: String, preset: String? = nil) {
        self.file = file
        self.url = url
        self.apiKey = apiKey
        self.preset = preset
    }
}

/// Imports a CSV through one of the bulk endpoints. Running it again, or going on after it was killed, changes nothing
/// that is done: each movement's idempotency key follows from the content of the file and the line's number. Lines that
/// say what shall be are set again by another run, and left alone by one that goes on (`ImportState.run`).
package struct ImportJob {
    /// What `preset` can be.
    package static let presets = [OnlineRetailPreset.name, SellerTable.name, LinkitTable.name]
    /// Servers keep idempotency keys for 24 hours; a little less, for clocks that differ and runs that last.
    static let keysLast: Double = 23 * 3600
    /// More refused items and locations than this are only counted.
    static let mostComplaints = 10

    private let options: ImportOptions
    private let began = ContinuousClock.now

    /// Runs it to its end. Throws `ImportError`, or `CancellationError`; what was done by then is kept, and the same
    /// command goes on with it.
    package static func run(_ options: ImportOptions) async throws -> ImportSummary {
        try await ImportJob(options: options).run()
    }

    private func run() async throws -> ImportSummary {
        switch options.preset {
        case nil: return try await run { header throws(ImportError) in try MovementTable(header: header) }
        case OnlineRetailPreset.name:
            return try await run { header throws(ImportError) in try OnlineRetailPreset(header: header) }
        case SellerTable.name:
            return try await run { header throws(ImportError) in try SellerTable(header: header) }
        case LinkitTable.name:
            return try await run { header throws(ImportError) in try LinkitTable(header: header) }
        case .some(let name):
            throw ImportError.usage("unknown preset \"\(name)\"; known: \(Self.presets.joined(separator: ", "))")
        }
    }

    private func run<Source: RowSource>(
        making makeSource: ([String]) throws(ImportError) -> Source
    ) async throws -> ImportSummary {
        let shape = Source.shape
        guard (1...shape.mostLines).contains(options.batchLines ?? shape.usualLines) else {
            throw ImportError.usage("a batch has 1 to \(shape.mostLines) \(shape.unit)")
        }
        let file = try InputFile(path: options.file)
        let size = Double(max(file.size, 1))
        var bar = ProgressBar(options.progress)
        bar.begin("Reading", unit: "lines")
        let (survey, source) = try Survey.run(file, making: makeSource) { position, rows in
            bar.update(fraction: Double(position) / size, count: rows)
        }
        bar.end()
        var summary = summary(of: survey, unit: shape.unit)
        if survey.lastLineIsOpen {
            summary.warnings.append("the last line has no line break; see that the file is complete")
        }
        if options.isDryRun {
            summary.finish(began: began, sent: 0)
            return summary
        }
        let paths = Paths(options)
        var state = try loadState(survey, paths, &summary, isAbsolute: shape.isAbsolute)
        if state.isComplete {
            summary.warnings.append("nothing to resume: an earlier run did all of it")
            summary.take(state.tally, errorsFile: paths.errors)
            summary.finish(began: began, sent: 0)
            return summary
        }
        let style = options.progress
        let connection = try LedgerConnection(
            url: options.url, apiKey: options.apiKey, policy: options.retryPolicy, connections: 32,
            onRetry: { ProgressBar(style).note($0) })
        do {
            try await post(survey, source, file, paths, connection, &state, &summary, &bar)
        } catch {
            await connection.close()
            throw error
        }
        summary.retries = connection.retries
        await connection.close()
        return summary
    }

    /// Everything that needs the server.
    private func post<Source: RowSource>(
        _ survey: Survey, _ source: Source, _ file: InputFile, _ paths: Paths, _ connection: LedgerConnection,
        _ state: inout ImportState, _ summary: inout ImportSummary, _ bar: inout ProgressBar
    ) async throws {
        let shape = Source.shape
        var keyPrefix = "\(Source.keyWord)-\(survey.content.prefix(24))"
        if shape.isAbsolute {
            if state.run.isEmpty { state.run = hexadecimal((0..<4).map { _ in UInt8.random(in: .min ... .max) }) }
            keyPrefix += "-\(state.run)"
            // Before the first request: a run that is killed at once can go on under the same keys too.
            try state.saveNow(path: paths.state)
        }
        if state.lastLine == 0, options.createsMissing {
            try await create(survey.catalogue, keyPrefix, connection, &summary, &bar, leavesOut: shape.isAbsolute)
        }
        var errors = try ErrorsFile(path: paths.errors, header: survey.header, keeping: state.errorsLength)
        var pass = try PostingPass(
            file, source: source, batchLines: options.batchLines ?? shape.usualLines, keyPrefix: keyPrefix,
            doneThrough: state.lastLine)
        let before = state.tally.posted
        let all = Double(max(survey.counts.postings, 1))
        bar.begin("Posting", unit: shape.unit, head: (Double(before) / all, before))
        var saved = ContinuousClock.now
        do {
            try await BatchPoster(connection: connection).run(&pass) { batch, outcome in
                try state.confirm(batch, outcome, into: &errors)
                bar.update(fraction: Double(state.tally.posted) / all, count: state.tally.posted)
                if ContinuousClock.now - saved >= .milliseconds(100) {
                    try state.saveNow(path: paths.state)
                    saved = ContinuousClock.now
                }
            }
        } catch {
            // The error that stopped the import is the one to tell of.
            try? state.saveNow(path: paths.state)
            throw error
        }
        bar.end()
        guard !file.hasChanged else {
            throw ImportError.file(path: options.file, problem: "it was changed while it was being imported")
        }
        state.isComplete = true
        try state.saveNow(path: paths.state)
        summary.take(state.tally, errorsFile: paths.errors)
        summary.finish(began: began, sent: state.tally.posted - before)
    }

    /// Creates what the file names and the server lacks. `leavesOut`: what the server refuses to create is told of, and
    /// the lines that name it will be refused; else it ends the import.
    private func create(
        _ catalogue: Catalogue, _ keyPrefix: String, _ connection: LedgerConnection, _ summary: inout ImportSummary,
        _ bar: inout ProgressBar, leavesOut: Bool
    ) async throws {
        guard !catalogue.items.isEmpty || !catalogue.locations.isEmpty else { return }
        bar.begin("Items", unit: "items")
        let poster = CataloguePoster(connection: connection, keyPrefix: keyPrefix)
        var refused: [String] = []
        (summary.locations, summary.items) = try await poster.run(
            catalogue, onRefusal: leavesOut ? { refused.append("the \($0) was not created: \($1)") } : nil
        ) { done, all in
            bar.update(fraction: Double(done) / Double(max(all, 1)), count: done)
        }
        summary.warnings += refused.prefix(Self.mostComplaints)
        if refused.count > Self.mostComplaints {
            summary.warnings.append("\(refused.count - Self.mostComplaints) more were not created")
        }
    }

    /// Where the errors and the state are kept.
    private struct Paths {
        var errors: String
        var state: String

        init(_ options: ImportOptions) {
            let base = options.file == "-" ? "stdin" : options.file
            var errors = options.errorsFile ?? base + ".errors.csv"
            let folder = URL(fileURLWithPath: errors).deletingLastPathComponent().path
            if options.errorsFile == nil, !FileManager.default.isWritableFile(atPath: folder) {
                errors = URL(fileURLWithPath: errors).lastPathComponent
            }
            self.errors = errors
            let stem = errors.hasSuffix(".errors.csv") ? String(errors.dropLast(".errors.csv".count)) : errors
            state = stem + ".import-state.json"
        }
    }

    private func loadState(
        _ survey: Survey, _ paths: Paths, _ summary: inout ImportSummary, isAbsolute: Bool
    ) throws(ImportError) -> ImportState {
        var url = options.url[...]
        while url.last == "/" { url.removeLast() }
        let key = hexadecimal(SHA256.hash(data: Array(options.apiKey.utf8)))
        let identity = ImportState.Identity(
            content: survey.content, url: String(url), key: String(key.prefix(16)), preset: options.preset)
        let earlier = ImportState.load(path: paths.state, for: identity)
        let age = earlier.map { Date().timeIntervalSince1970 - $0.savedAt } ?? 0
        guard options.isResume else {
            if age > Self.keysLast, !isAbsolute {
                throw .usage(
                    "this file was imported there more than 23 hours ago, and the server forgets keys after 24: "
                        + "sending it again would count it twice. --resume sends only what is missing; "
                        + "remove \(paths.state) to send it all")
            }
            return ImportState(identity: identity)
        }
        guard let earlier else {
            summary.warnings.append("there was nothing to resume; it began at the first line")
            return ImportState(identity: identity)
        }
        if age > Self.keysLast, !isAbsolute, !earlier.isComplete {
            summary.warnings.append(
                "the run before ended more than 23 hours ago: the batch that was on its way then may be in twice")
        }
        if earlier.errorsLength > 0, !FileManager.default.fileExists(atPath: paths.errors) {
            throw .file(path: paths.errors, problem: "the errors file of the run to resume is gone")
        }
        summary.isResumed = true
        return earlier
    }

    private func summary(of survey: Survey, unit: String) -> ImportSummary {
        let counts = survey.counts
        var kinds: [String: KindTally.Entry] = [:]
        for word in MovementWord.allCases where counts.kinds[word].count > 0 {
            kinds["\(word.literal)"] = counts.kinds[word]
        }
        let fraction = String(counts.openingValue % 10_000)
        let value = "\(counts.openingValue / 10_000).\(String(repeating: "0", count: 4 - fraction.count))\(fraction)"
        return ImportSummary(
            file: options.file, sha256: survey.content, preset: options.preset, url: options.url,
            isDryRun: options.isDryRun, isResumed: false, linesRead: counts.linesRead, postableLines: counts.postable,
            skipped: counts.skipped, invalid: counts.invalid,
            openings: .init(count: counts.openings, quantity: counts.openingQuantity, value: value),
            postings: counts.postings, unit: unit, kinds: kinds, items: .init(), locations: .init(), recorded: 0,
            unchanged: 0, replayed: 0, refused: 0, batches: 0, retries: 0, durationSeconds: 0, movementsPerSecond: 0,
            errorsFile: nil,
            warnings: [], reconciles: false)
    }
}

extension ImportState {
    /// Takes note of an answered batch: its rows that were left behind go to the errors file, in the file's order.
    mutating func confirm(
        _ batch: PreparedBatch, _ outcome: BatchOutcome, into errors: inout ErrorsFile
    ) throws(ImportError) {
        var invalid = batch.invalid[...]
        func writeInvalid(before line: Int) throws(ImportError) {
            while let row = invalid.first, row.number < line {
                invalid.removeFirst()
                try errors.add(
                    line: row.number, record: batch.records[row.record], code: row.fault.code, reason: row.fault.detail)
            }
        }
        for refusal in outcome.refusals {
            let line = batch.lines[refusal.index]
            try writeInvalid(before: line.number)
            let reason = (line.isOpening ? "the opening receipt before this line: " : "") + refusal.fault.detail
            try errors.add(
                line: line.number, record: batch.records[line.record], code: refusal.fault.code, reason: reason)
            if line.isOpening { tally.refusedOpenings += 1 }
        }
        try writeInvalid(before: .max)
        tally.invalid += batch.invalid.count
        tally.recorded += outcome.recorded
        tally.unchanged += outcome.unchanged
        tally.replayed += outcome.replayed
        tally.refused += outcome.refusals.count
        if !batch.lines.isEmpty { tally.batches += 1 }
        for line in batch.lines {
            if let kind = line.kind { tally.kinds.add(kind, quantity: line.quantity) }
        }
        lastLine = batch.lastLine
        errorsLength = errors.length
    }

    mutating func saveNow(path: String) throws(ImportError) {
        savedAt = Date().timeIntervalSince1970
        try save(path: path)
    }
}

extension ImportSummary {
    /// Takes over what became of the lines.
    mutating func take(_ tally: PostingTally, errorsFile: String) {
        recorded = tally.recorded
        unchanged = tally.unchanged
        replayed = tally.replayed
        refused = tally.refused
        batches = tally.batches
        var posted: [String: KindTally.Entry] = [:]
        for word in MovementWord.allCases where tally.kinds[word].count > 0 {
            posted["\(word.literal)"] = tally.kinds[word]
        }
        // Both passes must have seen the same.
        reconciles = posted == kinds && tally.invalid == invalid
        if refused + invalid > 0 { self.errorsFile = errorsFile }
    }

    mutating func finish(began: ContinuousClock.Instant, sent: Int) {
        let took = (ContinuousClock.now - began).components
        durationSeconds = Double(took.seconds) + Double(took.attoseconds) * 1e-18
        movementsPerSecond = durationSeconds > 0 ? Double(sent) / durationSeconds : 0
        let isAccounted =
            linesRead == postableLines + skipped.values.reduce(0, +) + invalid
            && postings == postableLines + openings.count
        if isDryRun {
            reconciles = isAccounted
        } else {
            reconciles = reconciles && isAccounted && postings == recorded + unchanged + replayed + refused
        }
    }
}
