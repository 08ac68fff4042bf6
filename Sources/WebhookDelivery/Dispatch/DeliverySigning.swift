package import LedgerCore
package import LedgerStorage

/// Makes the requests of a realm: URL, signature and headers. What it has worked out for an endpoint is kept until the
/// endpoint changes.
struct DeliverySigning {
    private let realm: Realm
    private let vault: SecretVault
    private let policy: AddressPolicy
    private var prepared: [WebhookNumber: Prepared] = [:]

    /// An endpoint as it is needed for each request.
    private struct Prepared {
        var changedSeq: UInt64
        var url: Result<WebhookURL, WebhookURLFault>
        var secrets: [(secret: WebhookSecret, expiresAt: Instant?)]
    }

    init(realm: Realm, vault: SecretVault, policy: AddressPolicy) {
        self.realm = realm
        self.vault = vault
        self.policy = policy
    }

    /// A request, and what of it is remembered.
    struct Signed {
        var request: DeliveryRequest
        var signature: String
    }

    /// - Throws: `DeliveryFailure` when nothing can be sent.
    mutating func sign(
        id: String, body: [UInt8], to endpoint: WebhookEndpoint, head: SealedHead, at now: Instant
    ) throws(DeliveryFailure) -> Signed {
        let prepared = prepare(endpoint)
        let url: WebhookURL
        do throws(WebhookURLFault) {
            url = try prepared.url.get()
        } catch {
            throw .refusedTarget(reason: error.message)
        }
        let secrets = prepared.secrets.filter { $0.expiresAt.map { $0 > now } ?? true }.map(\.secret)
        guard !secrets.isEmpty else {
            throw .invalidRequest(
                reason: "the signing secret can't be decrypted: it was encrypted with a key that this server lacks")
        }
        let timestamp = now.milliseconds / 1_000
        let signature = StandardSignature.sign(id: id, timestamp: timestamp, body: body, secrets: secrets)
        let request = DeliveryRequest(
            url: url,
            headers: [
                (StandardSignature.idHeader, id), (StandardSignature.timestampHeader, String(timestamp)),
                (StandardSignature.signatureHeader, signature), (LedgerHeadHeader.name, LedgerHeadHeader.value(head)),
            ],
            body: body)
        return Signed(request: request, signature: signature)
    }

    private mutating func prepare(_ endpoint: WebhookEndpoint) -> Prepared {
        if let known = prepared[endpoint.number], known.changedSeq == endpoint.changedSeq { return known }
        var url: Result<WebhookURL, WebhookURLFault>
        do throws(WebhookURLFault) {
            url = .success(try WebhookURL(endpoint.url, mode: realm.mode, policy: policy))
        } catch {
            url = .failure(error)
        }
        var secrets: [(secret: WebhookSecret, expiresAt: Instant?)] = []
        for record in endpoint.secrets {
            guard let bytes = vault.open(record.sealed, realm: realm.id) else { continue }
            secrets.append((WebhookSecret(stored: String(decoding: bytes, as: UTF8.self)), record.expiresAt))
        }
        let new = Prepared(changedSeq: endpoint.changedSeq, url: url, secrets: secrets)
        prepared[endpoint.number] = new
        return new
    }

    mutating func forget(_ endpoint: WebhookNumber) { prepared[endpoint] = nil }
}

/// The ledger's proof that goes with each delivery: whoever keeps it can show later that nothing before was changed.
package enum LedgerHeadHeader {
    package static let name = "bincard-ledger-head"

    /// Such as `seq=42, hash=9f86…`.
    package static func value(_ head: SealedHead) -> String { "seq=\(head.head.seq), hash=\(head.hash.hex)" }
}
