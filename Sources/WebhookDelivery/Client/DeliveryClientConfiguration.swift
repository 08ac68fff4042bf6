internal import Foundation
package import NIOCore
internal import NIOSSL

/// Bounds and constants of a client.
package struct DeliveryClientConfiguration: Sendable {
    package var tls: DeliveryTLS
    package var userAgent = "Bincard-Webhooks"
    package var contentType = "application/json"
    /// How long a connection is kept that nothing is sent on.
    package var idleTime = TimeAmount.seconds(30)
    /// How long a connection is used at most, however busy: a name that has moved is followed.
    package var connectionAge = TimeAmount.minutes(5)
    /// How long vetted addresses are used for further connections.
    package var addressLifetime = TimeAmount.seconds(30)
    /// How long one of several addresses may take to be reached before the next one is tried.
    package var addressPatience = TimeAmount.seconds(4)
    /// Idle connections kept over all hosts; beyond it the oldest goes.
    package var idleConnections = 512
    /// Bytes of an answer's body that are kept.
    package var bodyBytes = 64 * 1024
    /// Bytes of an answer's header fields; beyond it the answer is a failure.
    package var headerBytes = 16 * 1024
    /// Bytes that are read for one answer, everything counted: a body in tiny chunks, endless interim answers.
    package var rawBytes = 1024 * 1024
    /// Seconds since 1970, for the dates in Retry-After.
    package var wallClock: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }

    package init(tls: DeliveryTLS) {
        self.tls = tls
    }
}

/// How https is spoken: TLS 1.2 at least, HTTP/1.1, and a certificate that is checked in full against the URL's host.
/// Made once for all clients.
package struct DeliveryTLS: Sendable {
    let context: NIOSSLContext

    /// Reads the system's root certificates, so it blocks.
    ///
    /// - Parameter authorities: the path of a file with further root certificates (PEM); nil for the system's alone.
    /// - Throws: `DeliveryTLSFault`.
    package init(authorities: String? = nil) throws(DeliveryTLSFault) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        // Who does not answer the farewell is left soon: what matters has been read.
        configuration.shutdownTimeout = .seconds(1)
        do {
            if let authorities {
                let certificates = try NIOSSLCertificate.fromPEMFile(authorities)
                configuration.additionalTrustRoots = [.certificates(certificates)]
            }
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw DeliveryTLSFault(path: authorities, detail: "\(error)")
        }
    }
}

/// That the certificates to check receivers with can't be read.
package struct DeliveryTLSFault: Error, Hashable, Sendable {
    package var path: String?
    package var detail: String
}

extension DeliveryTLSFault: CustomStringConvertible {
    package var description: String {
        path.map { "\($0): can't be read as certificates in PEM: \(detail)" }
            ?? "the system's root certificates can't be read: \(detail)"
    }
}
