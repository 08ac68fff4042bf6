import Foundation
import Testing

/// A server's life with secrets: keys are made, rolled, revoked and guessed, endpoints get secrets and new ones,
/// requests go wrong in all the ways that show what was sent. It keeps what it was told, to be looked for later.
struct SecretLife {
    /// By name, as text.
    private(set) var secrets: [(name: String, text: String)] = []
    /// Everything that was answered but for what shows a secret on purpose, once.
    private(set) var answers: [(place: String, text: String)] = []
    /// No secret: found wherever a secret would be, if the search is any good.
    let planted = "PLANTED-\(Twin.randomDigits(24))"
    private let user: RealmUser
    private let installation: Installation
    private let location: [String]

    /// - Parameter location: flags that say where keys are.
    init(_ installation: Installation, port: Int, location: [String]) async throws {
        self.installation = installation
        self.location = location
        let created = try await Self.keys(
            installation, ["create", "--tenant", "t", "--mode", "test", "--unlimited"] + location)
        let key = try #require(created["secret"]?.text)
        user = RealmUser(port: port, key: key)
        add("a key", key)
    }

    private static func keys(_ installation: Installation, _ arguments: [String]) async throws -> JSON {
        let result = try await installation.run(Bincard.path, ["keys"] + arguments + ["--format", "json"])
        try #require(result.status == 0, "\(result.errors)")
        return try result.json()
    }

    private mutating func add(_ name: String, _ text: String) {
        secrets.append((name, text))
        // What is secret of a key is behind its id.
        if text.hasPrefix("sk_") { secrets.append((name + ", its random part", String(text.dropFirst(34)))) }
        if text.hasPrefix("whsec_") { secrets.append((name + ", its content", String(text.dropFirst(6)))) }
    }

    /// Sends a request and keeps the answer, unless it is the one that shows a secret.
    @discardableResult
    private mutating func send(_ request: TrialRequest, as other: RealmUser? = nil, showsSecret: Bool = false) throws
        -> Answer
    {
        let answer = try (other ?? user).send(request)
        if !showsSecret {
            answers.append(("\(request.method) \(request.target)", "\(answer.headers) \(answer.text)"))
        }
        return answer
    }

    private func write(_ method: String, _ target: String, _ body: String) -> TrialRequest {
        TrialRequest(method, target, body: body, idempotencyKey: user.freshKey())
    }

    /// Keys are rolled, revoked and guessed; some are sent where none belongs.
    mutating func useKeys() async throws {
        var dead: [String] = []
        for command in ["roll", "revoke"] {
            let made = try await Self.keys(
                installation, ["create", "--tenant", "t", "--mode", "live", "--unlimited"] + location)
            let id = try #require(made["id"]?.text)
            let secret = try #require(made["secret"]?.text)
            add("a key that was \(command)ed", secret)
            try send(TrialRequest("GET", "/v1/ledger/head"), as: RealmUser(port: user.port, key: secret))
            let after = try await Self.keys(installation, [command, id] + location)
            if let rolled = after["secret"]?.text { add("a key in another's place", rolled) }
            dead.append(secret)
        }
        for secret in dead + [ForgedKey.text()] {
            let caller = RealmUser(port: user.port, key: secret)
            try send(TrialRequest("GET", "/inventory/v1/items"), as: caller)
            try send(TrialRequest("POST", "/api/v1/products", body: "{}"), as: caller)
        }
        let key = try #require(user.key)
        let nobody = RealmUser(port: user.port, key: nil)
        var odd = TrialRequest("GET", "/v1/events")
        let basic = Data("user:\(key)".utf8).base64EncodedString()
        odd.headers = [("Authorization", "Basic \(basic)"), ("User-Agent", "tool/1 (\(key))"), ("X-Request-Id", key)]
        // What a caller writes into a path or an id of his own comes back to him, and to nobody else.
        _ = try nobody.send(odd)
        _ = try user.send(TrialRequest("GET", "/inventory/v1/items/\(key)"))
        _ = try user.send(TrialRequest("GET", "/v1/\(key)?api_key=\(key)"))
        try send(TrialRequest("GET", "/v1/events?api_key=\(key)"))
        try send(TrialRequest("GET", "/v1/events?types=movement.*&limit=\(key.percentEncoded)"))
    }

    /// Endpoints get secrets, made and given, good and bad, and are sent events with them.
    mutating func useEndpoints(url: String) async throws {
        for (number, path) in ["/inventory/v1/webhooks", "/v1/webhooks/subscribe"].enumerated() {
            let made = write("POST", path, #"{"url": "\#(url)?number=\#(number)", "events": ["*"]}"#)
            for _ in 0..<2 {
                let answer = try send(made, showsSecret: true)
                if let secret = try answer.json()["secret"]?.text, !answer.isReplay {
                    add("a secret that was made", secret)
                }
            }
            let given = ForgedKey.webhookSecret()
            add("a secret that was given", given)
            let created = try send(
                write("POST", path, #"{"url": "\#(url)?given=\#(number)", "events": ["*"], "secret": "\#(given)"}"#))
            let id = try #require(try created.json()["id"]?.text, "\(created.text)")
            let endpoint = "/inventory/v1/webhooks/\(id)"
            let rotated = try send(write("POST", "\(endpoint)/rotate-secret", "{}"), showsSecret: true)
            add("a secret that was rotated in", try #require(try rotated.json()["secret"]?.text))
            let next = ForgedKey.webhookSecret()
            add("a secret that was rotated in and given", next)
            try send(write("POST", "\(endpoint)/rotate-secret", #"{"secret": "\#(next)", "grace_seconds": 60}"#))
            try send(write("POST", "\(endpoint)/test", #"{"type": "movement.recorded"}"#))
            // In the wrong place, of the wrong kind, in a body that is broken behind it.
            for body in [
                #"{"url": "\#(url)", "events": ["*"], "secret": "\#(given) with blanks"}"#,
                #"{"url": "\#(url)", "events": ["*"], "sekret": "\#(given)"}"#,
                #"{"url": "\#(url)", "events": ["*"], "secret": ["\#(given)"]}"#,
                #"{"url": "\#(url)", "events": ["*"], "secret": "\#(given)""#,
                #"{"url": "\#(url)", "events": ["*"], "secret": "\#(given)"} "\#(given)""#,
                #"{"url": "http://user:\#(given)@127.0.0.1/", "events": ["*"]}"#,
                #"{"url": "\#(url)", "events": "\#(given)"}"#,
            ] {
                let answer = try send(write("POST", path, body))
                #expect(answer.status >= 400, "\(body): \(answer.text)")
            }
            for target in ["", "/deliveries", "/deliveries?limit=5", "/replays"] {
                try send(TrialRequest("GET", endpoint + target))
            }
        }
        try send(write("POST", "/inventory/v1/items", #"{"sku": "S", "name": "\#(planted)"}"#))
        try send(write("POST", "/inventory/v1/locations", #"{"code": "L", "name": "L"}"#))
        try send(write("POST", "/v1/inventory/ledger", #"{"sku": "S", "warehouse": "L", "delta": 3, "reason": "r"}"#))
        try send(TrialRequest("GET", "/inventory/v1/items/\(planted)"))
    }

    /// Reads whatever there is to read.
    mutating func readEverything() throws {
        for target in [
            "/v1/events?limit=1000", "/inventory/v1/webhooks", "/inventory/v1/dead-letters", "/inventory/v1/items",
            "/metrics", "/livez", "/readyz", "/openapi.json", "/openapi/skutrail.json", "/openapi/sk-inventory.json",
            "/openapi/seller.json", "/openapi/linkit.json", "/problems/unauthorized",
        ] {
            let answer = try send(TrialRequest("GET", target))
            #expect(answer.status == 200, "\(target): \(answer.text)")
        }
    }

    /// What the commands that show things say.
    mutating func runCommands(_ environment: [String: String]) async throws {
        for arguments in [
            ["doctor"] + location, ["keys", "list"] + location, ["config", "show"] + location, ["verify"] + location,
        ] {
            let result = try await installation.run(Bincard.path, arguments, environment: environment)
            answers.append((arguments.joined(separator: " "), result.output + result.errors))
        }
    }
}
