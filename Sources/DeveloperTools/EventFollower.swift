internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import WireSchema

/// Follows a ledger: every event once and in order, over as many connections as it takes.
package struct EventFollower: Sendable {
    /// What a person wants to know of the connection.
    package enum Notice: Hashable, Sendable {
        case connected
        case lost(problem: String, again: Duration)
        /// The ledger at this address is not the one that was followed.
        case beganAnew
    }

    private let client: ServerClient
    private let types: String?

    /// - Parameter types: which events, separated by commas; nil for all.
    package init(_ client: ServerClient, types: String?) {
        self.client = client
        self.types = types
    }

    /// The seq of the last event that the ledger has.
    package static func head(_ client: ServerClient) async throws -> Int64 {
        let head = try await client.get("/v1/ledger/head").json()
        guard let seq = try? head.root["seq"]?.integer() else {
            throw DeveloperError.answer("the ledger's head has no seq")
        }
        return seq
    }

    /// Follows until the task is cancelled. While `receive` takes its time, the server is made to wait.
    ///
    /// - Throws: `DeveloperError` for what no further connection will mend, `CancellationError`.
    package func run(
        after seq: Int64, notice: (Notice) -> Void, receive: (EventStreamParser.Message) async -> Void
    ) async throws -> Never {
        var state = FollowState(after: seq)
        while true {
            let end = try await connection(&state, notice: notice, receive: receive)
            switch state.ended(end) {
            case .connectAgain(let pause):
                notice(.lost(problem: end.problem, again: pause))
                try await Task.sleep(for: pause)
            case .beginAnew:
                notice(.beganAnew)
                state = FollowState(after: try await Self.head(client))
            case .fail(let error): throw error
            }
        }
    }

    /// One connection, until it ends.
    private func connection(
        _ state: inout FollowState, notice: (Notice) -> Void,
        receive: (EventStreamParser.Message) async -> Void
    ) async throws -> FollowState.End {
        let (lastEventID, after) = state.request
        let path = RequestPath.make(
            "/v1/events/stream", [("after", after.map(String.init)), ("types", types)])
        do {
            let response = try await client.stream(path, lastEventID: lastEventID)
            guard response.status.code == 200 else {
                let answer = try await ServerClient.whole(response)
                let problem = answer.problem
                return .refused(
                    status: answer.status, code: problem.code, problem: problem.text, retryAfter: answer.retryAfter)
            }
            state.connected()
            notice(.connected)
            var parser = EventStreamParser()
            for try await piece in response.body {
                for message in try parser.feed(Array(piece.readableBytesView)) {
                    state.received(id: message.id)
                    await receive(message)
                }
                if let retry = parser.retry { state.asked(milliseconds: retry) }
            }
            return .lost("the server has ended the stream")
        } catch is EventStreamParser.TooLong {
            return .refused(status: 200, code: nil, problem: "the stream has a line without an end", retryAfter: nil)
        } catch {
            // Cancelled: whatever the connection made of it is of no interest.
            try Task.checkCancellation()
            return .lost(ConnectionProblem.text(of: error))
        }
    }
}
