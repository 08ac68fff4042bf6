/// A streaming response as the gateway sees it: the operation's source, and around it the place among the open streams,
/// the metrics and the line in the access log, which are due when it ends.
final class GatewayStream: StreamSource {
    private let source: any StreamSource
    private let exchange: GatewayExchange
    /// The place in `OpenStreams`.
    private let place: UInt64
    private let status: Int

    init(_ source: any StreamSource, of exchange: GatewayExchange, place: UInt64, status: Int) {
        self.source = source
        self.exchange = exchange
        self.place = place
        self.status = status
    }

    var heartbeat: [UInt8] { source.heartbeat }

    func begin(_ stream: ResponseStream) {
        exchange.gateway.streams.begin(place, stream)
        source.begin(stream)
    }

    func resume() { source.resume() }

    func end(bytes: Int) {
        exchange.gateway.streams.leave(place)
        source.end(bytes: bytes)
        exchange.record(status: status, bytesOut: bytes)
    }
}
