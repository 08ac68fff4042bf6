package import NIOCore

/// What one connection may cost. Everything that a peer can make grow has its bound here.
package struct ConnectionLimits: Sendable {
    /// Bytes of a request target; more is 414.
    package var targetBytes = 8 * 1024
    /// Bytes of all header lines of a request together; more is 431.
    package var headerBytes = 16 * 1024
    /// Header lines (and trailer lines) of a request; more is 431.
    package var headerFields = 100
    /// Bytes of a body, declared or as its chunks add up; more is 413.
    package var bodyBytes = 1 << 20
    /// Bytes of a body that anybody may send before it is asked who that is.
    package var unexaminedBytes = 64 * 1024
    /// From the first byte of a request to its last; later is 408.
    package var requestDeadline = TimeAmount.seconds(30)
    /// How long a connection may wait for its next request before it is closed.
    package var idleTimeout = TimeAmount.seconds(75)
    /// How long a response may lie unread: a peer that takes less than 1 KiB a second for so long is cut off.
    package var writeTimeout = TimeAmount.seconds(30)
    /// Bytes of responses that may lie in the system, untaken by the peer, and as many that may lie here before its
    /// next request is handed over: or else a handful of small requests would fill megabytes, unread. One response may
    /// carry it over by what it has.
    package var unsentBytes = 128 * 1024
    /// After such a silence a stream sends its heartbeat.
    package var streamHeartbeat = TimeAmount.seconds(15)
    /// How long after the last response a connection that we close is still read, so that the peer gets that response
    /// instead of a reset.
    package var lingerTimeout = TimeAmount.seconds(2)
    /// How long running requests have to finish after a graceful shutdown began.
    package var shutdownGrace = TimeAmount.seconds(30)
    /// Open connections; beyond it none is accepted until one closes. Fewer, when there are fewer descriptors.
    package var connections = 10_000
    /// Requests of one connection that are worked on at once. Those behind them that came in the same slice of input
    /// (4 KiB) wait, and no more of it is read.
    package var pipelineDepth = 32

    package init() {}

    /// How often each loop looks at its connections: a second, or a quarter of the shortest time above.
    var sweepInterval: TimeAmount {
        let shortest = min(
            requestDeadline, idleTimeout, writeTimeout, lingerTimeout, shutdownGrace, streamHeartbeat)
        return max(.milliseconds(10), min(.seconds(1), .nanoseconds(shortest.nanoseconds / 4)))
    }
}

/// Where a listener listens, and with what.
package struct ListenerConfiguration: Sendable {
    /// A host name or address; `0.0.0.0` and `::` are all.
    package var host: String
    /// 0 lets the system choose.
    package var port: Int
    /// Connections that the system holds ready before they are accepted.
    package var backlog = 1024
    /// Event loops. 0: as many as there are cores.
    package var threads = 0
    package var limits = ConnectionLimits()

    package init(host: String = "127.0.0.1", port: Int = 8080) {
        self.host = host
        self.port = port
    }
}
