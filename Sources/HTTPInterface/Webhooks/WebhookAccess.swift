package import LedgerCore
package import LedgerEngine
package import LedgerStorage
package import WebhookDelivery

/// What operations about webhooks work with.
package struct WebhookAccess: Sendable {
    package let dispatcher: WebhookDispatcher
    /// Encrypts signing secrets, and the answers that show one.
    package let vault: SecretVault
    /// Which addresses may be sent to.
    package let policy: AddressPolicy
    /// A realm's deliveries while another server delivers for it, for reading; nil where there is no other.
    package let othersDeliveries: @Sendable (Realm) -> (any DeliveryStore)?

    package init(
        dispatcher: WebhookDispatcher, vault: SecretVault, policy: AddressPolicy,
        othersDeliveries: @escaping @Sendable (Realm) -> (any DeliveryStore)? = { _ in nil }
    ) {
        self.dispatcher = dispatcher
        self.vault = vault
        self.policy = policy
        self.othersDeliveries = othersDeliveries
    }
}

/// Answers that show a secret. They are kept for replays like any other, but encrypted: what lies on the disk shows
/// nothing.
extension Answer {
    /// A JSON answer that is stored encrypted and sent in clear. Should the encryption fail, the caller gets an error
    /// and not the secret: it can be made anew with `rotate-secret`.
    package static func sealed(_ status: UInt16, _ body: [UInt8], by vault: SecretVault, realm: ULID) -> Answer {
        do throws(SecretVaultFault) {
            return Answer(
                status: status, contentKind: ContentKind.sealedJSON.rawValue, body: try vault.seal(body, realm: realm))
        } catch {
            return Problem(.internalError, instance: "", requestID: "").answer()
        }
    }

    /// The answer as it is sent; nil when it was encrypted with a key that is not there any more.
    func opened(by vault: SecretVault, realm: ULID) -> Answer? {
        guard contentKind == ContentKind.sealedJSON.rawValue else { return self }
        guard let body = vault.open(self.body, realm: realm) else { return nil }
        return .json(status, body)
    }
}
