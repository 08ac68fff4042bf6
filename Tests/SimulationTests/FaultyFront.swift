import HTTPInterface
import NIOCore
import NIOHTTP1

/// Where requests come in and answers go out: what stands between the network and the gateway, and where some planted
/// bugs are.
///
/// @unchecked Sendable: one thread uses it.
final class FaultyFront: @unchecked Sendable {
    private unowned let world: World

    init(_ world: World) { self.world = world }

    func incoming(_ request: WireRequest, realm: Int) -> IncomingRequest {
        var headers = HTTPHeaders()
        headers.add(name: "authorization", value: "Bearer \(world.secrets[realm])")
        headers.add(name: "x-request-id", value: request.requestID)
        if let key = request.idempotencyKey { headers.add(name: "idempotency-key", value: key) }
        if !request.body.isEmpty { headers.add(name: "content-type", value: "application/json") }
        return IncomingRequest(
            method: request.method, target: request.target, path: request.path, query: request.query, headers: headers,
            body: Array(request.body.utf8), startedAt: 0, peer: "198.51.100.1")
    }

    /// What is done with the gateway's answer.
    func answering(
        _ request: WireRequest, realm: Int, _ respond: @escaping @Sendable (WireAnswer) -> Void
    ) -> @Sendable (OutgoingResponse) -> Void {
        { [unowned self] response in
            let lines = String(decoding: response.headerBlock, as: UTF8.self)
            var answer = WireAnswer(
                status: response.status, body: response.body, isReplay: lines.contains("Idempotent-Replayed: true"))
            spoil(&answer, request, realm)
            respond(answer)
        }
    }

    private func spoil(_ answer: inout WireAnswer, _ request: WireRequest, _ realm: Int) {
        switch world.bug {
        case .reencodedReplay? where answer.isReplay: answer.body = Array(answer.document.canonical.utf8)
        case .forbiddenForForeignID? where answer.status == 404:
            let isForeign = world.history.ids(ofOtherRealmsThan: realm).contains { request.target.contains($0) }
            if isForeign {
                answer.status = 403
                answer.body = Array(#"{"code":"forbidden"}"#.utf8)
            }
        case .cursorByTime? where request.target.hasPrefix("/v1/events?after="): skipByTime(&answer, request)
        default: break
        }
    }

    /// The page begins behind the time of the last event that the reader has, and not behind the event.
    private func skipByTime(_ answer: inout WireAnswer, _ request: WireRequest) {
        guard answer.status == 200 else { return }
        let events = Document.rows(ofPage: answer.body)
        let after = request.target.dropFirst("/v1/events?after=".count).prefix { $0.isNumber }
        let last = world.history.timestamps[Substring(request.requestID.prefix(2)) + after]
        for event in events {
            guard let seq = event["seq"].integer, let time = event["timestamp"].string else { continue }
            world.history.timestamps[Substring(request.requestID.prefix(2)) + "\(seq)"] = time
        }
        let newer = events.filter { event in
            guard let last, let time = event["timestamp"].string else { return true }
            return time > last
        }
        let rest = answer.document
        answer.body = Array(#"{"data":["#.utf8) + newer.map(\.bytes).joined(separator: Array(",".utf8))
        answer.body += Array(#"],"has_more":\#(rest["has_more"].boolean == true)}"#.utf8)
    }
}

/// The place of an answer, as a connection has it.
final class SimulatedSlot: ResponseSlot {
    private let loop: SimulatedEventLoop
    private let answer: @Sendable (OutgoingResponse) -> Void

    init(_ loop: SimulatedEventLoop, _ answer: @escaping @Sendable (OutgoingResponse) -> Void) {
        self.loop = loop
        self.answer = answer
    }

    var eventLoop: any EventLoop { loop }

    func send(_ response: OutgoingResponse) { answer(response) }

    /// Nobody asks for streams here.
    func stream(_ head: OutgoingResponse, from source: any StreamSource) { source.end(bytes: 0) }
}
