internal import Synchronization

/// One sample that is computed when it is asked for.
package struct MetricSample: Sendable {
    package var labels: [(name: String, value: String)]
    package var value: Double

    package init(labels: [(name: String, value: String)] = [], value: Double) {
        self.labels = labels
        self.value = value
    }
}

/// All instruments of the process, and their text form (Prometheus exposition format 0.0.4). Instruments are registered
/// once, at start; using them touches neither this object nor a dictionary.
package final class MetricRegistry: Sendable {
    /// The type of a computed metric, as the exposition names it.
    package enum Kind: String, Sendable {
        case counter
        case gauge
    }

    private enum Source: Sendable {
        case counter(Counter, labels: String)
        case gauge(Gauge, labels: String)
        case histogram(Histogram, labels: [(name: String, value: String)])
        case computed(@Sendable () -> [MetricSample])
    }

    private struct Family: Sendable {
        var name: String
        var help: String
        var type: String
        var sources: [Source]
    }

    private let families = Mutex<[Family]>([])

    package init() {}

    /// Registers a counter. Called again with the same name and other labels, it adds a series to the family.
    package func counter(_ name: String, help: String, labels: [(name: String, value: String)] = []) -> Counter {
        let counter = Counter()
        register(.counter(counter, labels: MetricText.labels(labels)), name: name, help: help, type: "counter")
        return counter
    }

    /// Registers a gauge; see `counter`.
    package func gauge(_ name: String, help: String, labels: [(name: String, value: String)] = []) -> Gauge {
        let gauge = Gauge()
        register(.gauge(gauge, labels: MetricText.labels(labels)), name: name, help: help, type: "gauge")
        return gauge
    }

    /// Registers a histogram; see `counter`.
    /// - Parameter bounds: upper ends of the buckets, ascending, in whole units as they are observed.
    package func histogram(
        _ name: String, help: String, labels: [(name: String, value: String)] = [], bounds: [UInt64],
        unit: HistogramUnit
    ) -> Histogram {
        let histogram = Histogram(bounds: bounds, unit: unit)
        register(.histogram(histogram, labels: labels), name: name, help: help, type: "histogram")
        return histogram
    }

    /// Samples that are read when somebody looks. `read` is called on the thread that renders and must not block.
    package func computed(
        _ name: String, help: String, kind: Kind = .gauge, read: @escaping @Sendable () -> [MetricSample]
    ) {
        register(.computed(read), name: name, help: help, type: kind.rawValue)
    }

    private func register(_ source: Source, name: String, help: String, type: String) {
        families.withLock { families in
            if let index = families.firstIndex(where: { $0.name == name }) {
                families[index].sources.append(source)
            } else {
                families.append(Family(name: name, help: help, type: type, sources: [source]))
            }
        }
    }

    /// The text of all metrics as they stand, in the order of registration.
    package func render() -> [UInt8] {
        let families = self.families.withLock { $0 }
        var text = MetricText()
        for family in families {
            text.line("# HELP \(family.name) \(MetricText.escape(family.help, quotes: false))")
            text.line("# TYPE \(family.name) \(family.type)")
            for source in family.sources {
                switch source {
                case .counter(let counter, let labels): text.line("\(family.name)\(labels) \(counter.current)")
                case .gauge(let gauge, let labels): text.line("\(family.name)\(labels) \(gauge.current)")
                case .histogram(let histogram, let labels): text.append(histogram, name: family.name, labels: labels)
                case .computed(let read):
                    for sample in read() {
                        let labels = MetricText.labels(sample.labels)
                        text.line("\(family.name)\(labels) \(MetricText.number(sample.value))")
                    }
                }
            }
        }
        return text.bytes
    }
}

/// Builds the exposition text.
private struct MetricText {
    var bytes: [UInt8] = []

    mutating func line(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(0x0A)
    }

    mutating func append(_ histogram: Histogram, name: String, labels: [(name: String, value: String)]) {
        let (counts, sum) = histogram.snapshot()
        var cumulative: UInt64 = 0
        for (index, count) in counts.enumerated() {
            cumulative &+= count
            let isLast = index == histogram.bounds.count
            let bound = isLast ? "+Inf" : MetricText.value(histogram.bounds[index], unit: histogram.unit)
            line("\(name)_bucket\(MetricText.labels(labels + [(name: "le", value: bound)])) \(cumulative)")
        }
        let text = MetricText.labels(labels)
        line("\(name)_sum\(text) \(MetricText.value(sum, unit: histogram.unit))")
        line("\(name)_count\(text) \(cumulative)")
    }

    static func labels(_ labels: [(name: String, value: String)]) -> String {
        if labels.isEmpty { return "" }
        return "{" + labels.map { "\($0.name)=\"\(escape($0.value, quotes: true))\"" }.joined(separator: ",") + "}"
    }

    static func escape(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    /// Exact: nanoseconds as seconds without a trip through floating point.
    static func value(_ value: UInt64, unit: HistogramUnit) -> String {
        guard unit == .nanoseconds else { return String(value) }
        let (seconds, nanoseconds) = value.quotientAndRemainder(dividingBy: 1_000_000_000)
        if nanoseconds == 0 { return String(seconds) }
        var digits = String(nanoseconds)
        digits = String(repeating: "0", count: 9 - digits.count) + digits
        while digits.last == "0" { digits.removeLast() }
        return "\(seconds).\(digits)"
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return Int64(exactly: value).map(String.init) ?? String(value)
    }
}
