import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WebhookDelivery
import WireSchema

/// What the operations on endpoints do.
extension Call {
    func createWebhook() throws(Refusal) -> Reply {
        let document = try document()
        let body = try decode(WebhookCreate.self, from: document)
        let request = WebhookDraftRequest(
            url: body.url, events: body.events, description: body.description, secret: body.secret)
        return try createWebhook(request, document) { webhook, secret in
            var created = WebhookCreated()
            created.webhook = WebhookView(webhook)
            created.secret = secret
            return created.jsonBytes()
        }
    }

    func listWebhooks() throws(Refusal) -> Answer {
        let query = try parameters(WebhookListQuery.self)
        let filter = "webhooks"
        let walk = try catalogueWalk(query.cursor, filter)
        let limit = Int(query.limit)
        var last = walk.after
        var list = WebhookList()
        ledger.withCommitted { ledger in
            for webhook in ledger.webhooks.dropFirst(Int(clamping: walk.after)) {
                // One that is deleted while the walk goes on existed when it began.
                guard
                    walk.shows(
                        createdSeq: webhook.createdSeq, archivedSeq: webhook.deletedSeq, includingArchived: false)
                else { continue }
                if list.data.count == limit {
                    list.hasMore = true
                    break
                }
                list.data.append(WebhookView(webhook))
                last = UInt64(webhook.number.rawValue)
            }
        }
        if list.hasMore {
            list.nextCursor = cursors.seal(
                position: last, horizon: walk.horizon, realm: ledger.realm.id, filter: filter)
        }
        return .json(200, list.jsonBytes(capacity: 512 * (list.data.count + 1)))
    }

    func getWebhook() throws(Refusal) -> Reply {
        let webhook = try webhook(named: try parameters(WebhookPath.self).id)
        return readDeliveries(of: webhook.id, isFlushed: false) { reads in
            var detail = WebhookDetail()
            detail.webhook = WebhookView(webhook)
            detail.delivery = WebhookProgress(
                reads.progress, of: webhook, counts: try reads.store?.counts(of: webhook.number),
                head: reads.ledger.head.head.seq)
            return .json(200, detail.jsonBytes(capacity: 1_024))
        }
    }

    func updateWebhook() throws(Refusal) -> Reply {
        let id = try webhookID(try parameters(WebhookPath.self).id)
        let document = try document()
        let changes = try decode(WebhookUpdate.self, from: document).changes
        if let url = changes.url { try checkWebhookURL(url) }
        if let events = changes.events { try checkEventPatterns(events) }
        return write(.update(id, changes), document)
    }

    /// A change without a body, answered with the endpoint.
    func change(_ command: (ULID) -> WebhookCommand) throws(Refusal) -> Reply {
        let id = try webhookID(try parameters(WebhookPath.self).id)
        return write(command(id), try emptyDocument())
    }

    private func write(_ command: WebhookCommand, _ document: JSONDocument) -> Reply {
        .write(
            submission(command, document) { entry in
                guard case .webhookChanged(_, let webhook) = entry.change else { return nil }
                return .json(200, WebhookView(webhook).jsonBytes())
            })
    }

    func deleteWebhook() throws(Refusal) -> Reply {
        let id = try webhookID(try parameters(WebhookPath.self).id)
        return .write(
            submission(.delete(id), try emptyDocument()) { entry in
                guard case .webhookChanged(_, let webhook) = entry.change else { return nil }
                var deleted = WebhookDeleted()
                deleted.id = WireID(webhook.id)
                return .json(200, deleted.jsonBytes())
            })
    }

    func rotateSecret() throws(Refusal) -> Reply {
        let id = try webhookID(try parameters(WebhookPath.self).id)
        let document = try documentOrEmpty()
        let body = try decode(SecretRotation.self, from: document)
        let secret = try chooseSecret(body.secret)
        let end = Instant(milliseconds: now.milliseconds + body.grace * 1_000)
        return .write(
            submission(.rotateSecret(id, sealed: secret.sealed, oldExpiresAt: end), document) { [self] entry in
                guard case .webhookChanged(_, let webhook) = entry.change else { return nil }
                var rotated = SecretRotated()
                rotated.id = WireID(webhook.id)
                rotated.secret = secret.shown
                rotated.oldExpiresAt = end.milliseconds
                return answer(200, rotated.jsonBytes(), showsSecret: secret.shown != nil)
            })
    }

    func testWebhook() throws(Refusal) -> Reply {
        let webhook = try webhook(named: try parameters(WebhookPath.self).id)
        let name = try decode(WebhookTest.self, from: try document()).type
        guard let type = EventType(named: name) else { throw .noSuchType(name) }
        let id = ULID(at: now, random: (.random(in: .min ... .max), .random(in: .min ... .max)))
        let sample = EventSample(type, named: name, id: id, at: now, to: webhook)
        return .deferred { [webhooks, ledger] complete in
            webhooks.dispatcher.sendSample(
                id: sample.id.text, name: name, body: sample.jsonBytes(), to: webhook, in: ledger.realm,
                head: ledger.head
            ) { sent in
                do throws(SampleFault) {
                    let attempt = try sent.get()
                    var result = WebhookTestResult()
                    result.event = sample.id
                    result.type = name
                    result.delivered = attempt.outcome.isSuccess
                    result.attempt = AttemptView(attempt)
                    complete(.success(.json(200, result.jsonBytes(capacity: 2_048))))
                } catch {
                    switch error {
                    case .tooMany: complete(.failure(Refusal.tooManyTests))
                    }
                }
            }
        }
    }

    /// The body of a write whose members can all be left out: nothing is an empty object.
    func documentOrEmpty() throws(Refusal) -> JSONDocument {
        if !request.body.isEmpty { return try document() }
        do throws(JSONSyntaxError) {
            return try JSONDocument(Array("{}".utf8))
        } catch {
            throw Refusal(error)
        }
    }
}

extension Refusal {
    fileprivate static let tooManyTests = Refusal(
        409, "too_many_tests",
        "\(SampleFault.maximumUnderWay) tests of this endpoint are under way. Wait until one has its answer.")

    fileprivate static func noSuchType(_ name: String) -> Refusal {
        Refusal(
            422, "unknown_event_type", "“\(name)” is no type of event. Name one, such as movement.recorded.",
            faults: [WireFault(pointer: "/type", code: .invalidValue, message: "must be a type of event or an alias")])
    }
}
