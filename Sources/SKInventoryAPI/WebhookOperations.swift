import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WireSchema

/// Webhook endpoints: create, list, read, change, disable, enable, delete, rotate, try out.
extension SKInventoryAPI {
    static let webhookOperations: [APIOperation] =
        endpointOperations + endpointStateOperations + deliveryOperations + replayOperations

    static func webhooks(
        _ description: OperationDescription, handle: @escaping @Sendable (Call) throws(Refusal) -> Reply
    ) -> APIOperation {
        APIOperation(description, scope: .webhooksManage, dialect: .problem, handle: handle)
    }

    static let noSuchWebhook = ErrorDescription(404, "No such endpoint.", codes: ["webhook_not_found"])
    /// What needs the store of deliveries.
    static let unavailable = ErrorDescription(
        503, "The server can't take the request now.",
        codes: ["busy", "storage_full", "database_unavailable", "outcome_unknown", "deliveries_unavailable"])
    private static let keyReused = ErrorDescription(
        409, "The key belongs to another request.", codes: ["idempotency_key_reused"])

    private static func refused(_ codes: [String]) -> ErrorDescription {
        ErrorDescription(422, "The endpoint can't be so.", codes: ["validation_failed"] + codes)
    }

    private static let endpointOperations: [APIOperation] = [
        webhooks(
            OperationDescription(
                id: "createWebhook", method: .post, path: "/inventory/v1/webhooks",
                summary: "Create a webhook endpoint",
                description:
                    """
                    It is sent every event of its types that is recorded from now on, at least once, signed. \
                    docs/webhooks.md says how to check the signature.
                    """,
                tag: "Webhooks", idempotency: .required,
                request: .json(
                    WebhookCreate.self,
                    examples: [
                        NamedExample(
                            "stock",
                            json:
                                #"""
                                {"url": "https://your.app/webhooks/stock", "events": ["movement.recorded", \#
                                "stock.*"], "description": "Reordering"}
                                """#
                        )
                    ]),
                responses: [ResponseDescription(201, "The endpoint.", body: .json(WebhookCreated.self))],
                errors: [
                    keyReused,
                    refused(["webhook_url_refused", "unknown_event_type", "weak_secret", "webhook_limit"]),
                ])
        ) { call throws(Refusal) in try call.createWebhook() },
        webhooks(
            OperationDescription(
                id: "listWebhooks", method: .get, path: "/inventory/v1/webhooks", summary: "List webhook endpoints",
                description: "In the order in which they were created.", tag: "Webhooks",
                parameters: ParameterList(WebhookListQuery.self),
                responses: [ResponseDescription(200, "A page of endpoints.", body: .json(WebhookList.self))])
        ) { call throws(Refusal) in .answer(try call.listWebhooks()) },
        webhooks(
            OperationDescription(
                id: "getWebhook", method: .get, path: "/inventory/v1/webhooks/{id}", summary: "Read a webhook endpoint",
                description: "With how its deliveries are doing.", tag: "Webhooks",
                parameters: ParameterList(WebhookPath.self),
                responses: [ResponseDescription(200, "The endpoint.", body: .json(WebhookDetail.self))],
                errors: [noSuchWebhook])
        ) { call throws(Refusal) in try call.getWebhook() },
        webhooks(
            OperationDescription(
                id: "updateWebhook", method: .patch, path: "/inventory/v1/webhooks/{id}",
                summary: "Change a webhook endpoint",
                description:
                    """
                    Types that are added apply to what is not yet behind the endpoint: it gets no past events by that. \
                    With a new URL, what failed before is tried at once.
                    """,
                tag: "Webhooks", idempotency: .required, parameters: ParameterList(WebhookPath.self),
                request: .json(
                    WebhookUpdate.self,
                    examples: [NamedExample("events", json: #"{"events": ["*"], "description": null}"#)]),
                responses: [ResponseDescription(200, "The endpoint as it is now.", body: .json(WebhookView.self))],
                errors: [noSuchWebhook, keyReused, refused(["webhook_url_refused", "unknown_event_type"])])
        ) { call throws(Refusal) in try call.updateWebhook() },
    ]

    private static let endpointStateOperations: [APIOperation] = [
        webhooks(
            OperationDescription(
                id: "disableWebhook", method: .post, path: "/inventory/v1/webhooks/{id}/disable",
                summary: "Disable a webhook endpoint",
                description: "Nothing is sent to it; it keeps its place in the journal.", tag: "Webhooks",
                idempotency: .required, parameters: ParameterList(WebhookPath.self),
                responses: [ResponseDescription(200, "The endpoint as it is now.", body: .json(WebhookView.self))],
                errors: [noSuchWebhook, keyReused])
        ) { call throws(Refusal) in try call.change { .disable($0, .requested) } },
        webhooks(
            OperationDescription(
                id: "enableWebhook", method: .post, path: "/inventory/v1/webhooks/{id}/enable",
                summary: "Enable a webhook endpoint",
                description: "It goes on where it stopped; what failed before is tried at once.", tag: "Webhooks",
                idempotency: .required, parameters: ParameterList(WebhookPath.self),
                responses: [ResponseDescription(200, "The endpoint as it is now.", body: .json(WebhookView.self))],
                errors: [noSuchWebhook, keyReused])
        ) { call throws(Refusal) in try call.change { .enable($0) } },
        webhooks(
            OperationDescription(
                id: "deleteWebhook", method: .delete, path: "/inventory/v1/webhooks/{id}",
                summary: "Delete a webhook endpoint",
                description: "With its deliveries and dead letters. The events stay in the journal.", tag: "Webhooks",
                idempotency: .required, parameters: ParameterList(WebhookPath.self),
                responses: [ResponseDescription(200, "It is gone.", body: .json(WebhookDeleted.self))],
                errors: [noSuchWebhook, keyReused])
        ) { call throws(Refusal) in try call.deleteWebhook() },
        webhooks(
            OperationDescription(
                id: "rotateWebhookSecret", method: .post, path: "/inventory/v1/webhooks/{id}/rotate-secret",
                summary: "Give a webhook endpoint a new secret",
                description: "The one before signs beside it for a while, so that a receiver can change over.",
                tag: "Webhooks", idempotency: .required, parameters: ParameterList(WebhookPath.self),
                request: .json(
                    SecretRotation.self, examples: [NamedExample("hour", json: #"{"grace_seconds": 3600}"#)],
                    isRequired: false),
                responses: [ResponseDescription(200, "The new secret.", body: .json(SecretRotated.self))],
                errors: [noSuchWebhook, keyReused, refused(["weak_secret"])])
        ) { call throws(Refusal) in try call.rotateSecret() },
        webhooks(
            OperationDescription(
                id: "testWebhook", method: .post, path: "/inventory/v1/webhooks/{id}/test",
                summary: "Try a webhook endpoint out",
                description:
                    """
                    Sends a made-up event of the type at once, signed like any other, with `seq` 0, and answers with \
                    what came of it. Nothing of it is remembered. A disabled endpoint can be tried out too.
                    """,
                tag: "Webhooks", parameters: ParameterList(WebhookPath.self),
                request: .json(
                    WebhookTest.self, examples: [NamedExample("movement", json: #"{"type": "movement.recorded"}"#)]),
                responses: [ResponseDescription(200, "What came of it.", body: .json(WebhookTestResult.self))],
                errors: [
                    noSuchWebhook,
                    ErrorDescription(409, "Others are under way.", codes: ["too_many_tests"]),
                    refused(["unknown_event_type"]), unavailable,
                ])
        ) { call throws(Refusal) in try call.testWebhook() },
    ]
}

/// `{id}` of an endpoint's path.
struct WebhookPath: WireParameters {
    var id = ""

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.path(
            "id", &value.id, .string(1...64), doc: "The endpoint's id.", example: #""whk_01J9X3YB2KQ8M4T6V7W8X9Y0ZA""#)
    }
}

struct WebhookListQuery: WireParameters {
    var limit: Int64 = 50
    var cursor: String?

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.defaulted("limit", &value.limit, .integer(1...500))
        v.optional("cursor", &value.cursor, .string(1...128), doc: "next_cursor of the page before.")
    }
}
