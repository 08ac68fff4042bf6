package import NIOCore

/// Sends requests to webhooks. Belongs to one event loop and is used on it alone. Whatever happens, each `send` is
/// answered exactly once.
package protocol DeliverySender {
    /// Sends a request and brings its answer, or why there is none, within the time.
    ///
    /// - Parameters:
    ///   - timeout: for everything: finding the host, connecting, sending, and the whole answer. A day at most.
    ///   - completion: called once on the event loop, never before this returns.
    func send(_ request: DeliveryRequest, timeout: TimeAmount, completion: @escaping DeliveryClient.Completion)

    /// Fails what is under way, closes all connections, and takes no more requests.
    ///
    /// - Parameter completion: called on the event loop once every connection is closed.
    func shutdown(completion: @escaping () -> Void)
}
