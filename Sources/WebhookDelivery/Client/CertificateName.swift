internal import NIOCore
internal import NIOSSL

/// Whether a certificate is for a name (RFC 9525): one of its DNS names is it, or is `*.` and all but its first label.
///
/// The TLS library accepts, besides, a certificate for the address that a name has led to. Whoever can make a name lead
/// to an address of his own could get such a certificate honestly, so the name itself is asked for here.
enum CertificateName {
    /// A handler that speaks TLS as a client and lets nothing through before the certificate has been checked in full,
    /// for that name.
    static func handler(context: NIOSSLContext, name: String) throws -> NIOSSLClientHandler {
        try ._makeSSLClientHandler(context: context, serverHostname: name) { certificate, channel in
            let names = certificate._subjectAlternativeNames().filter { $0.nameType == .dnsName }
            let isRight = names.contains { matches(Array($0.contents), name) }
            return isRight
                ? channel.eventLoop.makeSucceededVoidFuture()
                : channel.eventLoop.makeFailedFuture(NIOSSLExtraError.failedToValidateHostname)
        }
    }

    /// - Parameters:
    ///   - pattern: from the certificate.
    ///   - name: in lower case.
    static func matches(_ pattern: [UInt8], _ name: String) -> Bool {
        // Beyond ASCII there are letters whose lower case is an ASCII one.
        guard pattern.allSatisfy({ $0 < 0x80 }) else { return false }
        let pattern = String(decoding: pattern, as: UTF8.self).lowercased()
        if pattern == name { return true }
        guard pattern.hasPrefix("*."), let dot = name.firstIndex(of: ".") else { return false }
        return pattern.dropFirst() == name[dot...]
    }
}
