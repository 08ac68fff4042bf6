import HTTPInterface
import Testing

@Suite("The text of the metrics")
struct MetricsTests {
    @Test("everything a server registers parses, strictly")
    func parses() throws {
        let metrics = ServerMetrics()
        let operation = metrics.operation("ledger.post")
        operation.record(status: 201, nanoseconds: 300_000)
        operation.record(status: 404, nanoseconds: 20_000_000_000)
        metrics.batchSize.observe(64)
        metrics.commitTime.observe(1_000_000)
        metrics.inFlight.increment()
        metrics.registry.computed("bincard_ledger_seq", help: "Last sequence of a realm.") {
            [
                MetricSample(
                    labels: [(name: "tenant", value: "a\"b\\c\nd"), (name: "mode", value: "test")], value: 12),
                MetricSample(labels: [(name: "tenant", value: "é"), (name: "mode", value: "live")], value: 0.5),
            ]
        }
        let exposition = try Exposition(String(decoding: metrics.registry.render(), as: UTF8.self))
        #expect(exposition.value("bincard_http_requests_total", ["operation": "ledger.post", "status": "2xx"]) == 1)
        #expect(exposition.value("bincard_http_requests_total", ["operation": "ledger.post", "status": "4xx"]) == 1)
        #expect(exposition.value("bincard_http_requests_total", ["operation": "ledger.post", "status": "5xx"]) == 0)
        #expect(exposition.value("bincard_http_requests_in_flight", [:]) == 1)
        #expect(exposition.value("bincard_ledger_seq", ["tenant": "a\"b\\c\nd", "mode": "test"]) == 12)
        #expect(exposition.value("bincard_ledger_seq", ["tenant": "é", "mode": "live"]) == 0.5)
        #expect(exposition.value("bincard_commit_batch_size_bucket", ["le": "64"]) == 1)
        #expect(exposition.value("bincard_commit_batch_size_bucket", ["le": "32"]) == 0)
        let resident = try #require(exposition.value("process_resident_memory_bytes", [:]))
        #expect(resident > 1_000_000)
        let descriptors = try #require(exposition.value("process_open_fds", [:]))
        #expect(descriptors >= 3)
        let start = try #require(exposition.value("process_start_time_seconds", [:]))
        #expect(start > 1_600_000_000)
    }

    @Test("a histogram counts at or below its bounds, and its bounds are exact in seconds")
    func histogram() throws {
        let registry = MetricRegistry()
        let histogram = registry.histogram(
            "h_seconds", help: "H.", labels: [(name: "a", value: "b")], bounds: Histogram.latencyBounds,
            unit: .nanoseconds)
        for value: UInt64 in [0, 250_000, 250_001, 10_000_000_000, 10_000_000_001, 1] { histogram.observe(value) }
        let exposition = try Exposition(String(decoding: registry.render(), as: UTF8.self))
        #expect(exposition.value("h_seconds_bucket", ["a": "b", "le": "0.00025"]) == 3)
        #expect(exposition.value("h_seconds_bucket", ["a": "b", "le": "0.0005"]) == 4)
        #expect(exposition.value("h_seconds_bucket", ["a": "b", "le": "10"]) == 5)
        #expect(exposition.value("h_seconds_bucket", ["a": "b", "le": "+Inf"]) == 6)
        #expect(exposition.value("h_seconds_count", ["a": "b"]) == 6)
        #expect(exposition.value("h_seconds_sum", ["a": "b"]) == 20.000500003)
    }

    @Test("one family has one HELP and one TYPE, however many label sets")
    func families() throws {
        let registry = MetricRegistry()
        let one = registry.counter("c_total", help: "Back\\slash and\nline.", labels: [(name: "x", value: "1")])
        _ = registry.gauge("g", help: "G.")
        let two = registry.counter("c_total", help: "Other.", labels: [(name: "x", value: "2")])
        one.add(5)
        one.add(-5)
        two.increment()
        let text = String(decoding: registry.render(), as: UTF8.self)
        #expect(
            text.hasPrefix(
                "# HELP c_total Back\\\\slash and\\nline.\n# TYPE c_total counter\n"
                    + "c_total{x=\"1\"} 5\nc_total{x=\"2\"} 1\n"
            ))
        _ = try Exposition(text)
    }
}

/// Reads the Prometheus text format 0.0.4 and accepts nothing that it does not describe.
struct Exposition {
    struct Failure: Error {
        var line: String
        var reason: String
    }

    struct Sample {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    private(set) var samples: [Sample] = []

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Failure(line: text, reason: "no line end") }
        var types: [String: String] = [:]
        var current = ""
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if let match = line.wholeMatch(of: /# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)/) {
                guard types[String(match.1)] == nil else { throw Failure(line: line, reason: "a family twice") }
                current = String(match.1)
            } else if let match = line.wholeMatch(of: /# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)/) {
                guard current == match.1 else { throw Failure(line: line, reason: "TYPE without its HELP") }
                types[current] = String(match.2)
            } else {
                let sample = try Exposition.sample(line)
                let isHistogram = types[current] == "histogram"
                let names = isHistogram ? ["_bucket", "_sum", "_count"].map { current + $0 } : [current]
                guard names.contains(sample.name) else { throw Failure(line: line, reason: "not of \(current)") }
                samples.append(sample)
            }
        }
        try checkHistograms(types.filter { $0.value == "histogram" }.map(\.key))
        let keys = samples.map { "\($0.name) \($0.labels.sorted { $0.key < $1.key })" }
        guard Set(keys).count == keys.count else { throw Failure(line: "", reason: "a sample twice") }
    }

    func value(_ name: String, _ labels: [String: String]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    private static func sample(_ line: String) throws -> Sample {
        let pattern = /([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? ([^ ]+)/.dotMatchesNewlines()
        guard let match = line.wholeMatch(of: pattern), let value = Exposition.number(String(match.3)) else {
            throw Failure(line: line, reason: "not a sample")
        }
        var labels: [String: String] = [:]
        if var rest = match.2?.dropFirst().dropLast() {
            while !rest.isEmpty {
                guard let label = rest.prefixMatch(of: /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)/)
                else {
                    throw Failure(line: line, reason: "labels")
                }
                labels[String(label.1)] = String(label.2).replacing("\\\\", with: "\u{0}").replacing("\\\"", with: "\"")
                    .replacing("\\n", with: "\n").replacing("\u{0}", with: "\\")
                rest = rest[label.range.upperBound...]
            }
        }
        return Sample(name: String(match.1), labels: labels, value: value)
    }

    private static func number(_ text: String) -> Double? {
        if text == "+Inf" { return .infinity }
        guard text.wholeMatch(of: /-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?/) != nil else { return nil }
        return Double(text)
    }

    /// Buckets rise, end with +Inf, and that one equals the count.
    private func checkHistograms(_ names: [String]) throws {
        for name in names {
            var series: [[String: String]: [(bound: Double, value: Double)]] = [:]
            for sample in samples where sample.name == name + "_bucket" {
                guard let bound = sample.labels["le"].flatMap(Exposition.number) else {
                    throw Failure(line: name, reason: "a bucket without le")
                }
                series[sample.labels.filter { $0.key != "le" }, default: []].append((bound, sample.value))
            }
            for (labels, buckets) in series {
                let rises = zip(buckets, buckets.dropFirst()).allSatisfy { $0.bound < $1.bound && $0.value <= $1.value }
                guard rises, buckets.last?.bound == .infinity, buckets.last?.value == value(name + "_count", labels),
                    value(name + "_sum", labels) != nil
                else { throw Failure(line: name, reason: "buckets") }
            }
        }
    }
}
