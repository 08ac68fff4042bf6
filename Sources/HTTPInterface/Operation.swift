package import LedgerCore
package import LedgerEngine
package import LedgerStorage
import NIOHTTP1
package import WireSchema

/// One operation of an API as a value: what it is (for the router, the documents and the SDKs) and what it does.
package struct APIOperation: Sendable {
    package var description: OperationDescription
    /// The scope that a key needs. Every operation of a dialect has one.
    package var scope: Scope
    package var dialect: ErrorDialect
    package var handle: @Sendable (Call) throws(Refusal) -> Reply

    /// Whether it answers from memory, which must be no older than what any server had acknowledged before. What is
    /// decided by the ledger's writer needs no look beforehand.
    var readsMemory: Bool { description.method == .get || scope == .webhooksManage }

    package init(
        _ description: OperationDescription, scope: Scope, dialect: ErrorDialect,
        handle: @escaping @Sendable (Call) throws(Refusal) -> Reply
    ) {
        var description = description
        description.scopes = [scope.rawValue]
        self.description = description
        self.scope = scope
        self.dialect = dialect
        self.handle = handle
    }
}

/// How an operation goes on after it has read its request on the event loop.
package enum Reply: Sendable {
    /// Answered from memory.
    case answer(Answer)
    /// Needs the store: runs on a thread that may block. Throws `Refusal` or `StoreError`.
    case blocking(@Sendable () throws -> Answer)
    /// A write: goes through the realm's queue.
    case write(Submission)
    /// Answered later, by something that takes its time without keeping a thread. The work begins on the event loop
    /// and must not block it; it calls back once, from any thread, with the answer, a `Refusal`, or an error, which is
    /// logged and answered with 500. Later calls have no effect.
    case deferred(@Sendable (_ complete: @escaping Completion) -> Void)
    /// A write whose command depends on something that must be read first. The work begins on the event loop like that
    /// of `deferred` and calls back with the submission, which then goes through the realm's queue, or with why there
    /// is none.
    case deferredWrite(@Sendable (_ complete: @escaping @Sendable (Result<Submission, any Error>) -> Void) -> Void)
    /// Answered with 200 and a stream of events (`text/event-stream`) that a source writes. `open` runs on a thread
    /// that may block, before the head goes out, and throws like `blocking`.
    case stream(_ open: @Sendable () throws -> any StreamSource)

    /// How deferred work answers.
    package typealias Completion = @Sendable (Result<Answer, any Error>) -> Void
}

/// A request that has been let in: it has a key with the scope, a realm, and budget.
package struct Call: Sendable {
    package let request: IncomingRequest
    /// Values of the path's parameters, percent signs resolved.
    package let path: [(name: String, value: String)]
    package let ledger: RealmLedger
    /// The key's id.
    package let actor: ULID
    package let requestID: String
    /// As sent in the header, where the operation takes one.
    package let idempotencyKey: String?
    package let now: Instant
    package let cursors: CursorSeal
    package let tails: LiveTails
    package let webhooks: WebhookAccess
    private let keys: KeyRing

    package init(
        request: IncomingRequest, path: [(name: String, value: String)], ledger: RealmLedger, actor: ULID,
        requestID: String, idempotencyKey: String?, now: Instant, cursors: CursorSeal, tails: LiveTails,
        webhooks: WebhookAccess, keys: KeyRing
    ) {
        self.request = request
        self.path = path
        self.ledger = ledger
        self.actor = actor
        self.requestID = requestID
        self.idempotencyKey = idempotencyKey
        self.now = now
        self.cursors = cursors
        self.tails = tails
        self.webhooks = webhooks
        self.keys = keys
    }

    /// What a key of this realm is called; nil for one that is not in memory. Never blocks.
    package func keyName(_ key: ULID) -> String? { keys.name(of: key, in: ledger.realm.id) }

    /// The declared parameters.
    @inlinable
    package func parameters<Parameters: WireParameters>(
        _ type: Parameters.Type
    ) throws(Refusal) -> Parameters {
        do throws(WireFaults) {
            return try Parameters.decode(path: path, query: try QueryString.pairs(String(request.query)))
        } catch {
            throw Refusal(error)
        }
    }

    /// The body as strict JSON.
    package func document() throws(Refusal) -> JSONDocument {
        do throws(JSONSyntaxError) {
            return try JSONDocument(request.body)
        } catch {
            throw Refusal(error)
        }
    }

    /// The declared body.
    @inlinable
    package func decode<Object: WireObject>(
        _ type: Object.Type, from document: JSONDocument
    ) throws(Refusal) -> Object {
        do throws(WireFaults) {
            return try document.decode(Object.self)
        } catch {
            throw Refusal(error)
        }
    }

    /// The body of a write that takes none: nothing, or an empty object.
    package func emptyDocument() throws(Refusal) -> JSONDocument {
        let document: JSONDocument
        do throws(JSONSyntaxError) {
            document = try JSONDocument(request.body.isEmpty ? Array("{}".utf8) : request.body)
        } catch {
            throw Refusal(error)
        }
        _ = try decode(EmptyBody.self, from: document)
        return document
    }

    /// A single write through the realm's queue.
    package func write(_ command: Command, _ document: JSONDocument, render: @escaping RenderOutcome) -> Reply {
        .write(Submission(command, identity: identity(document), actor: actor, render: render))
    }

    /// What the request's key stands for, where it has one.
    package func identity(_ document: JSONDocument) -> RequestIdentity? {
        idempotencyKey.map {
            IdempotencyKey.identity(
                key: $0, method: request.method.rawValue, path: request.path, canonicalBody: document.canonicalBytes())
        }
    }

    /// A refusal in this operation's place, as problem details.
    package func problem(_ refusal: Refusal) -> Answer {
        Problem(refusal, instance: String(request.path), requestID: requestID).answer()
    }
}

extension Answer {
    /// A JSON answer.
    package static func json(_ status: UInt16, _ body: [UInt8]) -> Answer {
        Answer(status: status, contentKind: ContentKind.json.rawValue, body: body)
    }
}

/// A body without members.
private struct EmptyBody: WireObject {
    static let schemaName = "Empty"

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {}
}
