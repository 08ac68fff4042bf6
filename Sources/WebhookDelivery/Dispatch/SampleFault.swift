/// Why a sample was not sent.
package enum SampleFault: Error, Hashable, Sendable {
    /// So many are on their way to the endpoint already.
    case tooMany

    /// Samples that may be on their way to one endpoint at a time: each keeps a connection, here and there.
    package static let maximumUnderWay = 4
}
