import LedgerCore
import NIOCore
import Synchronization

/// Gathers the answers to the requests of a frame, which come from any thread, and sends them when all are there.
private final class HandedOnAnswers: Sendable {
    private struct State {
        var responses: [OutgoingResponse?]
        var missing: Int
    }

    private let state: Mutex<State>
    private let frame: GatewayExchange

    init(to requests: Int, of frame: GatewayExchange) {
        state = Mutex(State(responses: Array(repeating: nil, count: requests), missing: requests))
        self.frame = frame
    }

    var eventLoop: any EventLoop { frame.slot.eventLoop }

    func answer(_ place: Int, _ response: OutgoingResponse) {
        let all: [OutgoingResponse?]? = state.withLock { state in
            guard state.responses[place] == nil else { return nil }
            state.responses[place] = response
            state.missing -= 1
            return state.missing == 0 ? state.responses : nil
        }
        guard let all else { return }
        var buffer = ByteBuffer()
        HandedOnFrame.begin(all.count, in: &buffer)
        for case .some(let response) in all { HandedOnFrame.append(response, to: &buffer) }
        frame.relay(OutgoingResponse(status: 200, contentKind: .none, body: Array(buffer: buffer)))
    }
}

/// The place of one answer in a frame.
private struct HandedOnSlot: ResponseSlot {
    let answers: HandedOnAnswers
    let place: Int

    var eventLoop: any EventLoop { answers.eventLoop }

    func send(_ response: OutgoingResponse) { answers.answer(place, response) }

    /// No write is answered so.
    func stream(_ head: OutgoingResponse, from source: any StreamSource) {
        source.end(bytes: 0)
        answers.answer(place, head)
    }
}

extension Gateway {
    /// Decides requests that another server was asked, each as if it had come here: with its own key, budget and scope.
    ///
    /// - Parameter server: whom the frame is meant for. Whoever knows this server's id was told it by the database.
    func takeOver(_ frame: GatewayExchange, for server: String) {
        guard let handingOn, server == handingOn.own.text else {
            return frame.refuse(.routeNotFound(frame.request.path), in: .problem)
        }
        let request = frame.request
        guard
            let requests = HandedOnFrame.requests(request.body, startedAt: request.startedAt, peer: request.peer)
        else { return frame.refuse(.unsupportedMediaType, in: .problem) }
        let answers = HandedOnAnswers(to: requests.count, of: frame)
        for (place, request) in requests.enumerated() {
            handle(request, respond: HandedOnSlot(answers: answers, place: place), isHandedOn: true)
        }
    }
}
