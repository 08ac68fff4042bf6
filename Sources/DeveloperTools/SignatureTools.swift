package import WebhookDelivery

/// Standard Webhooks signatures, for who wants to see whether their own code gets them right.
package enum SignatureTools {
    /// The three header fields of a message, in their order.
    /// - Parameter timestamp: seconds since 1970.
    package static func headers(
        id: String, timestamp: Int64, body: [UInt8], secret: WebhookSecret
    ) -> [(name: String, value: String)] {
        [
            (StandardSignature.idHeader, id), (StandardSignature.timestampHeader, String(timestamp)),
            (
                StandardSignature.signatureHeader,
                StandardSignature.sign(id: id, timestamp: timestamp, body: body, secrets: [secret])
            ),
        ]
    }

    /// Checks a message. nil when any of the secrets has signed it, else why not.
    ///
    /// - Parameters:
    ///   - tolerance: seconds that the timestamp may lie from `now`, either way; nil for any.
    ///   - now: seconds since 1970.
    package static func refusal(
        id: String, timestamp: String, signature: String, body: [UInt8], secrets: [WebhookSecret], tolerance: Int64?,
        now: Int64
    ) -> String? {
        do throws(SignatureFault) {
            try StandardSignature.verify(
                id: id, timestamp: timestamp, signature: signature, body: body, secrets: secrets, now: nil)
        } catch {
            return "\(error)"
        }
        guard let tolerance, let seconds = Int64(timestamp) else { return nil }
        let (age, overflow) = now.subtractingReportingOverflow(seconds)
        if overflow || age < -tolerance {
            return "The signature is right, but the timestamp lies in the future: compare the two clocks."
        }
        if age > tolerance {
            return """
                The signature is right, but the message is \(age) seconds old and \(tolerance) are tolerated: it may \
                be a replay.
                """
        }
        return nil
    }

    /// A secret as a person gives it.
    /// - Throws: `DeveloperError.usage` for one that no endpoint can have.
    package static func secret(_ text: String) throws(DeveloperError) -> WebhookSecret {
        guard (1...WebhookSecret.maximumLength).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw .usage(
                "the secret must have 1 to \(WebhookSecret.maximumLength) visible ASCII characters without blanks")
        }
        return WebhookSecret(stored: text)
    }
}

/// A stretch of time as a person writes it: `90s`, `30m`, `24h`, `7d`, or seconds without a unit.
package enum TimeSpan {
    private static let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]

    /// Seconds; nil when the text is none.
    package static func seconds(_ text: String) -> Int64? {
        let unit = text.last.flatMap { units[$0] }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int64(digits) else {
            return nil
        }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: unit ?? 1)
        return overflow ? nil : seconds
    }
}
