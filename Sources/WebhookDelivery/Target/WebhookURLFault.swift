/// Why a URL can't be delivered to. The code is stable and goes out to integrators.
package struct WebhookURLFault: Error, Hashable, Sendable {
    /// What is wrong. Raw values appear on the wire.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        case tooLong = "url_too_long"
        case character = "url_character_invalid"
        case scheme = "url_scheme_unsupported"
        case httpsRequired = "url_https_required"
        case userInformation = "url_has_credentials"
        case fragment = "url_has_fragment"
        case hostMissing = "url_host_missing"
        case host = "url_host_invalid"
        case hostNumeric = "url_host_numeric"
        case port = "url_port_invalid"
        case addressRefused = "url_address_refused"
    }

    package var code: Code
    /// What is wrong and what to write instead. Never repeats the URL: it may hold a secret.
    package var message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension WebhookURLFault: CustomStringConvertible {
    package var description: String { message }
}
