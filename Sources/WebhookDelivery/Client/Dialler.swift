internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// Opens connections to vetted addresses: to the very address, and to nobody else, whatever the host is called.
struct Dialler {
    let loop: any EventLoop
    let configuration: DeliveryClientConfiguration

    /// Connects.
    ///
    /// - Parameters:
    ///   - connection: the one to be; `abandon` ends the attempt.
    ///   - completion: called once on the event loop, with nil on success; maybe before this returns.
    func connect(
        _ connection: DeliveryConnection, to address: IPAddress, for url: WebhookURL, within limit: TimeAmount,
        completion: @escaping (RequestCourse.DialFault?) -> Void
    ) {
        let bound = NIOLoopBound(connection, eventLoop: loop)
        let configuration = configuration
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(limit)
            .channelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Self.addHandlers(to: channel, bound.value, url: url, configuration: configuration)
                }
            }
        let socketAddress: SocketAddress
        do {
            socketAddress = try SocketAddress(packedIPAddress: ByteBuffer(bytes: address.bytes), port: url.port)
        } catch {
            return completion(.failed("the address is none"))
        }
        bootstrap.connect(to: socketAddress).assumeIsolated().whenComplete { result in
            switch result {
            case .success:
                connection.opened()
                completion(nil)
            case .failure(let error): completion(Self.fault(of: error))
            }
        }
    }

    private static func addHandlers(
        to channel: any Channel, _ connection: DeliveryConnection, url: WebhookURL,
        configuration: DeliveryClientConfiguration
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        if url.scheme == .https {
            switch url.host {
            case .name(let name):
                try pipeline.addHandler(CertificateName.handler(context: configuration.tls.context, name: name))
            case .address:
                // Without a name the certificate is checked against the address that was dialled, which is the URL's.
                try pipeline.addHandler(
                    NIOSSLClientHandler(context: configuration.tls.context, serverHostname: nil))
            }
        }
        try pipeline.addHandler(connection.gauge)
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = configuration.headerBytes
        limits.maxHeaderListSize = configuration.headerBytes
        let decoder = HTTPResponseDecoder(informationalResponseStrategy: .forward, limitConfiguration: limits)
        try pipeline.addHandler(ByteToMessageHandler(decoder))
        try pipeline.addHandler(connection)
    }

    private static func fault(of error: any Error) -> RequestCourse.DialFault {
        if case ChannelError.connectTimeout = error { return .timedOut }
        guard let error = error as? IOError else { return .failed("it fails") }
        switch error.errnoCode {
        case ECONNREFUSED: return .refused
        case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN, EADDRNOTAVAIL, EAFNOSUPPORT: return .unreachable
        case ETIMEDOUT: return .timedOut
        default: return .failed(String(cString: strerror(error.errnoCode)))
        }
    }
}
