/// What the listener counts.
package struct ListenerTelemetry: Sendable {
    package let connections: Gauge
    package let streams: Gauge
    package let accepted: Counter
    package let refused: Counter
    package let bytesReceived: Counter
    package let bytesSent: Counter

    /// Counts for nobody: for tests and for a listener without metrics.
    package init() {
        connections = Gauge()
        streams = Gauge()
        accepted = Counter()
        refused = Counter()
        bytesReceived = Counter()
        bytesSent = Counter()
    }

    package init(registry: MetricRegistry) {
        connections = registry.gauge("bincard_http_connections", help: "Open connections.")
        streams = registry.gauge("bincard_http_streams", help: "Responses that are being written bit by bit.")
        accepted = registry.counter("bincard_http_connections_total", help: "Connections accepted since start.")
        refused = registry.counter(
            "bincard_http_refused_total", help: "Requests that never became whole: malformed, too large or too slow.")
        bytesReceived = registry.counter("bincard_http_received_bytes_total", help: "Bytes read from connections.")
        bytesSent = registry.counter("bincard_http_sent_bytes_total", help: "Bytes written to connections.")
    }
}

/// The instruments of one operation, held by its route: recording looks nothing up.
package final class OperationMetrics: Sendable {
    private let byStatusClass: [Counter]
    private let latency: Histogram

    fileprivate init(operation: String, registry: MetricRegistry) {
        byStatusClass = ["2xx", "3xx", "4xx", "5xx"].map { status in
            registry.counter(
                "bincard_http_requests_total", help: "Requests answered, by operation and class of status.",
                labels: [(name: "operation", value: operation), (name: "status", value: status)])
        }
        latency = registry.histogram(
            "bincard_http_request_duration_seconds",
            help: "From the first byte of a request to its response being handed to the connection.",
            labels: [(name: "operation", value: operation)], bounds: Histogram.latencyBounds, unit: .nanoseconds)
    }

    /// A status outside 200…599 counts with the nearest class.
    package func record(status: Int, nanoseconds: UInt64) {
        byStatusClass[min(max(status / 100, 2), 5) - 2].increment()
        latency.observe(nanoseconds)
    }
}

/// The metrics of a server. Queue depths, the sequence of each realm and the like are added by whoever owns them, with
/// `registry.computed`.
package final class ServerMetrics: Sendable {
    package let registry: MetricRegistry
    package let listener: ListenerTelemetry
    package let inFlight: Gauge
    /// Writes that another server has decided, and those that came back from one undecided.
    package let handedOn: Counter
    package let takenBack: Counter
    /// Commands in one commit.
    package let batchSize: Histogram
    /// One commit, from its beginning to the disk's word, in nanoseconds.
    package let commitTime: Histogram

    package init(registry: MetricRegistry = MetricRegistry()) {
        self.registry = registry
        listener = ListenerTelemetry(registry: registry)
        inFlight = registry.gauge("bincard_http_requests_in_flight", help: "Requests being worked on.")
        handedOn = registry.counter(
            "bincard_writes_handed_on_total", help: "Writes that another server of the database has decided.")
        takenBack = registry.counter(
            "bincard_writes_taken_back_total",
            help: "Writes that were handed on to another server and decided here, since it did not answer.")
        batchSize = registry.histogram(
            "bincard_commit_batch_size", help: "Commands in one commit.", bounds: Histogram.sizeBounds, unit: .count)
        commitTime = registry.histogram(
            "bincard_commit_duration_seconds", help: "Time of one commit, until it is on disk.",
            bounds: Histogram.latencyBounds, unit: .nanoseconds)
        ProcessMetrics.register(in: registry)
    }

    /// The instruments of an operation; asked for once, when its route is made.
    package func operation(_ name: String) -> OperationMetrics {
        OperationMetrics(operation: name, registry: registry)
    }
}
