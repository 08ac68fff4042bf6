package import LedgerCore
package import LedgerEngine
import LedgerStorage
import WebhookDelivery
package import WireSchema

/// A signing secret on its way into the ledger.
package struct ChosenSecret: Sendable {
    /// Encrypted, as the ledger keeps it.
    package var sealed: [UInt8]
    /// What was made here and is shown once; nil for one that the caller has brought along.
    package var shown: String?
}

/// What both dialects do when an endpoint is written.
extension Call {
    /// The endpoint with this id, under the prefix `whk_`.
    ///
    /// - Throws: `webhook_not_found` when there is none in this realm, or it was deleted.
    package func webhook(named text: String) throws(Refusal) -> WebhookEndpoint {
        guard let webhook = existingWebhook(try webhookID(text)) else { throw .webhookNotFound(text) }
        return webhook
    }

    /// The id of an endpoint that is to be written. Whether there is such an endpoint is left to the ledger: a repeated
    /// request gets its answer though the endpoint is gone.
    ///
    /// - Throws: `webhook_not_found` for what is no such id.
    package func webhookID(_ text: String) throws(Refusal) -> ULID {
        var bytes = text
        guard let id = bytes.withUTF8({ WireID<WebhookPrefix>.read($0) }) else { throw .webhookNotFound(text) }
        return id
    }

    /// nil when this realm has no such endpoint, or not any more.
    package func existingWebhook(_ id: ULID) -> WebhookEndpoint? {
        ledger.withCommitted { $0.webhook(id) }.flatMap { $0.isDeleted ? nil : $0 }
    }

    /// - Throws: `webhook_url_refused` at `/url`.
    package func checkWebhookURL(_ text: String) throws(Refusal) {
        do throws(WebhookURLFault) {
            _ = try WebhookURL(text, mode: ledger.realm.mode, policy: webhooks.policy)
        } catch {
            throw .webhookURLRefused(error)
        }
    }

    /// - Throws: `unknown_event_type` at the first pattern that takes no event, such as `/events/2`.
    package func checkEventPatterns(_ patterns: [String]) throws(Refusal) {
        do throws(EventFilter.UnknownPattern) {
            _ = try EventFilter(patterns: patterns)
        } catch {
            throw .unknownEventType(error.pattern, at: "/events/\(error.index)")
        }
    }

    /// The given secret, or a new one.
    ///
    /// - Throws: `weak_secret` at `/secret`.
    package func chooseSecret(_ given: String?) throws(Refusal) -> ChosenSecret {
        var secret = WebhookSecret.generate()
        if let given {
            do throws(WebhookSecretFault) {
                secret = try WebhookSecret(given, mode: ledger.realm.mode)
            } catch {
                throw .weakSecret(error)
            }
        }
        do throws(SecretVaultFault) {
            let sealed = try webhooks.vault.seal(Array(secret.text.utf8), realm: ledger.realm.id)
            return ChosenSecret(sealed: sealed, shown: given == nil ? secret.text : nil)
        } catch {
            throw .internalError
        }
    }

    /// Creates an endpoint.
    ///
    /// - Parameter body: the answer's JSON, with the secret when one was made.
    package func createWebhook(
        _ draft: WebhookDraftRequest, _ document: JSONDocument,
        body: @escaping @Sendable (WebhookEndpoint, _ secret: String?) -> [UInt8]
    ) throws(Refusal) -> Reply {
        try checkWebhookURL(draft.url)
        try checkEventPatterns(draft.events)
        let secret = try chooseSecret(draft.secret)
        let command = WebhookCommand.create(
            WebhookDraft(url: draft.url, events: draft.events, description: draft.description, secret: secret.sealed))
        return .write(
            submission(command, document) { [self] entry in
                guard case .webhookChanged(_, let webhook) = entry.change else { return nil }
                return answer(201, body(webhook, secret.shown), showsSecret: secret.shown != nil)
            })
    }

    /// A write of a command about endpoints, answered from its entry.
    ///
    /// - Parameter answer: nil for an entry of another kind than the command's, which can't be.
    package func submission(
        _ command: WebhookCommand, _ document: JSONDocument, answer: @escaping @Sendable (Entry) -> Answer?
    ) -> Submission {
        Submission(.webhook(command), identity: identity(document), actor: actor) { [self] outcome, _, _ in
            switch outcome {
            case .success(let decision): answer(decision.first) ?? problem(.internalError)
            case .failure(let rejection): problem(Refusal(rejection))
            }
        }
    }

    /// A write that is refused by what was read for it: changes nothing, but keeps its answer under the request's key
    /// like any refusal of the ledger. A key that is known already gets what it got then.
    package func refusal(_ refusal: Refusal, _ document: JSONDocument) -> Submission {
        let answer = problem(refusal)
        return Submission(
            group: [], atomic: false, identity: identity(document), actor: actor, render: { _, _, _ in answer },
            compose: { _ in answer })
    }

    /// A JSON answer, stored encrypted when it shows a secret.
    package func answer(_ status: UInt16, _ body: [UInt8], showsSecret: Bool) -> Answer {
        showsSecret ? .sealed(status, body, by: webhooks.vault, realm: ledger.realm.id) : .json(status, body)
    }
}

/// What a dialect was asked to create.
package struct WebhookDraftRequest: Sendable {
    package var url: String
    package var events: [String]
    package var description: String?
    package var secret: String?

    package init(url: String, events: [String], description: String? = nil, secret: String? = nil) {
        self.url = url
        self.events = events
        self.description = description
        self.secret = secret
    }
}

extension TextPattern {
    /// What a signing secret may be made of.
    package static let webhookSecret = TextPattern(
        regex: "^[!-~]+$", rule: "be visible ASCII characters without blanks"
    ) { $0.allSatisfy { (0x21...0x7E).contains($0) } }
}

extension Refusal {
    /// 404: no endpoint of this realm has the id, or not any more.
    package static func webhookNotFound(_ text: String) -> Refusal {
        Refusal(404, "webhook_not_found", "\(text) is no webhook endpoint of this ledger.")
    }

    /// 422: no event has the type or is in the family.
    /// - Parameter pointer: where it stands in the body.
    package static func unknownEventType(_ pattern: String, at pointer: String) -> Refusal {
        var refusal = Refusal(Rejection.unknownEventType(pattern))
        refusal.faults = [
            WireFault(pointer: pointer, code: .invalidValue, message: "must name an event, a family of events or *")
        ]
        return refusal
    }

    fileprivate static func webhookURLRefused(_ fault: WebhookURLFault) -> Refusal {
        Refusal(
            422, "webhook_url_refused", fault.message,
            faults: [
                WireFault(pointer: "/url", code: .init(rawValue: fault.code.rawValue), message: fault.message)
            ])
    }

    fileprivate static func weakSecret(_ fault: WebhookSecretFault) -> Refusal {
        Refusal(
            422, "weak_secret", fault.description,
            faults: [
                WireFault(pointer: "/secret", code: .init(rawValue: fault.code), message: fault.description)
            ])
    }
}
