/// A POST to a webhook's URL.
package struct DeliveryRequest: Sendable {
    package var url: WebhookURL
    /// Further header fields, the signature's among them. Host, Content-Length, Content-Type and User-Agent are the
    /// client's.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(url: WebhookURL, headers: [(name: String, value: String)], body: [UInt8]) {
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// What a webhook answered, whatever the status.
package struct DeliveryAnswer: Sendable {
    /// 200…999: interim answers are passed over.
    package var status: Int
    /// At most 16 KiB of names and values, in their order.
    package var headers: [(name: String, value: String)]
    /// The first 64 KiB.
    package var body: [UInt8]
    /// Whether there was more than `body` holds.
    package var isTruncated: Bool
    /// Seconds from now, as the answer asks for in Retry-After; 0 for a date that has passed.
    package var retryAfter: Int?
    /// From the call of `send` until the answer was there.
    package var nanoseconds: UInt64

    package init(
        status: Int, headers: [(name: String, value: String)], body: [UInt8], isTruncated: Bool, retryAfter: Int?,
        nanoseconds: UInt64
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.isTruncated = isTruncated
        self.retryAfter = retryAfter
        self.nanoseconds = nanoseconds
    }

    /// Whether the delivery has arrived. A redirection has not: it is not followed.
    package var isSuccess: Bool { (200..<300).contains(status) }
}
