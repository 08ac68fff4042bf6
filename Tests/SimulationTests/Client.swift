import NIOHTTP1

/// Whoever posts to the ledger and reads it: does what it was told to, one thing after another, and sends again under
/// the same key whatever it has no certain answer to.
///
/// @unchecked Sendable: one thread uses it.
final class Client: @unchecked Sendable {
    private static let patienceMilliseconds = 3_000

    let number: Int
    let realm: Int
    private unowned let world: World
    private var actions: ArraySlice<Action>
    private var own: [History.Record] = []
    private var requests = 0
    private var after: Int64 = 0
    private(set) var isDone = false

    init(_ number: Int, realm: Int, actions: [Action], world: World) {
        self.number = number
        self.realm = realm
        self.world = world
        self.actions = actions[...]
    }

    func next() {
        guard let action = actions.popFirst() else {
            isDone = true
            return
        }
        switch action {
        case .pause(let milliseconds): world.schedule.add(afterMilliseconds: milliseconds) { self.next() }
        case .write(let write): settle(begin(write))
        case .writeTwice(let write):
            let record = begin(write)
            send(copyOf: record, heldBackMilliseconds: 0)
            settle(record)
        case .writeLate(let write, let milliseconds):
            let record = begin(write)
            send(copyOf: record, heldBackMilliseconds: milliseconds)
            settle(record)
        case .batch(let writes, let atomic, let isKeyedByLine): settle(begin(writes, atomic, isKeyedByLine))
        case .set(let target): settle(begin(target))
        case .again(let index):
            let known = own.filter { $0.answer != nil }
            if known.isEmpty { next() } else { settle(known[index % known.count]) }
        case .createItem(let number): settle(beginItem(number))
        case .balance(let item, let place): readBalance(item, place)
        case .poll: poll()
        case .walk: walk(cursor: nil, ids: [], invoked: world.history.tick())
        case .foreign: lookAtForeign()
        }
    }

    // MARK: Writes

    private func name() -> String {
        requests += 1
        return "c\(number)-\(requests)"
    }

    private func post(
        _ path: String, _ body: String, _ subject: History.Subject, method: HTTPMethod = .POST
    ) -> History.Record {
        let name = name()
        let request = WireRequest(
            method: method, target: path, body: body, idempotencyKey: "key-\(name)", requestID: name)
        let record = world.history.begin(client: number, realm: realm, request: request, subject: subject)
        own.append(record)
        return record
    }

    private func begin(_ write: Write) -> History.Record {
        write.isSkutrail
            ? post("/v1/inventory/ledger", write.skutrail, .write(write))
            : post("/inventory/v1/movements", write.json(), .write(write))
    }

    private func begin(_ writes: [Write], _ atomic: Bool, _ isKeyedByLine: Bool) -> History.Record {
        let lines = writes.enumerated().map { index, write in
            write.json(key: isKeyedByLine ? "line-\(number)-\(requests)-\(index)" : nil)
        }
        let body = #"{"atomic":\#(atomic),"movements":[\#(lines.joined(separator: ","))]}"#
        return post("/inventory/v1/movements/batch", body, .batch(writes, atomic: atomic))
    }

    private func begin(_ target: Target) -> History.Record {
        let reference = "ref-\(number)-\(requests)"
        let body =
            #"{"warehouse_id":"\#(Write.code(target.place))","quantity":\#(target.quantity),"reference":"\#(reference)"}"#
        return post(
            "/api/inventory/\(Write.sku(target.item))", body, .target(target, reference: reference), method: .PUT)
    }

    private func beginItem(_ item: Int) -> History.Record {
        let sku = "NEW-\(item)"
        return post("/inventory/v1/items", #"{"sku":"\#(sku)","name":"New"}"#, .item(sku: sku))
    }

    /// What every realm begins with.
    func setUp(_ completion: @escaping @Sendable () -> Void) {
        var bodies: [(String, String)] = []
        for place in 0..<Plan.places {
            bodies.append(("/inventory/v1/locations", #"{"code":"\#(Write.code(place))","name":"Place"}"#))
        }
        for item in 0..<Plan.items {
            bodies.append(
                ("/inventory/v1/items", #"{"sku":"\#(Write.sku(item))","name":"Item","reorder_point":\#(item * 5)}"#))
        }
        for endpoint in 0..<Plan.receivers {
            let receiver = world.network.receiver(2 * endpoint + realm)
            let events = endpoint == 0 ? #"["*"]"# : #"["movement.*","stock.out"]"#
            bodies.append(
                (
                    "/inventory/v1/webhooks",
                    #"{"url":"\#(receiver.url)","events":\#(events),"secret":"\#(receiver.secret)"}"#
                ))
        }
        setUp(bodies[...], completion)
    }

    private func setUp(_ bodies: ArraySlice<(String, String)>, _ completion: @escaping @Sendable () -> Void) {
        guard let (path, body) = bodies.first else { return completion() }
        settle(post(path, body, .other)) { self.setUp(bodies.dropFirst(), completion) }
    }

    private func settle(_ record: History.Record) { settle(record) { self.next() } }

    /// Sends the request until there is a certain answer.
    private func settle(_ record: History.Record, _ completion: @escaping @Sendable () -> Void) {
        exchange(record.request, for: record) { answer in
            self.world.history.note(answer, to: record)
            completion()
        }
    }

    /// Sends a copy that nobody waits for; an answer must be the same as the others all the same.
    private func send(copyOf record: History.Record, heldBackMilliseconds: Int) {
        let place = world.schedule.number(below: world.plan.servers)
        world.network.send(record.request, realm: realm, server: place, heldBackMilliseconds: heldBackMilliseconds) {
            if case .answer(let answer) = $0, self.isCertain(answer) { self.world.history.note(answer, to: record) }
        }
    }

    // MARK: Exchanges

    /// Whether the answer says what has become of the request: the others say to ask again.
    private func isCertain(_ answer: WireAnswer) -> Bool {
        if answer.status >= 500 {
            world.history.trace.note("\(number) is told \(answer.status) \(answer.document["code"].string ?? "")")
        }
        if answer.status == 500 { world.history.violate("an internal error: \(answer.text)") }
        return answer.status < 500
    }

    private func exchange(
        _ request: WireRequest, for record: History.Record? = nil,
        _ completion: @escaping @Sendable (WireAnswer) -> Void
    ) {
        let turn = Turn()
        let place = world.schedule.number(below: world.plan.servers)
        let again: @Sendable () -> Void = { [world] in
            guard turn.isFirst() else { return }
            world.schedule.add(afterMilliseconds: 10 + world.schedule.number(below: 500)) {
                self.exchange(request, for: record, completion)
            }
        }
        world.network.send(request, realm: realm, server: place) { [world] reply in
            guard case .answer(let answer) = reply, self.isCertain(answer) else { return again() }
            if turn.isFirst() {
                completion(answer)
            } else if let record {
                // It was waited for in vain, and must be the same all the same.
                world.history.note(answer, to: record)
            }
        }
        world.schedule.add(afterMilliseconds: Client.patienceMilliseconds) { again() }
    }

    /// The first to come has it.
    ///
    /// @unchecked Sendable: one thread uses it.
    private final class Turn: @unchecked Sendable {
        private var isTaken = false

        func isFirst() -> Bool {
            defer { isTaken = true }
            return !isTaken
        }
    }

    // MARK: Reads

    private func get(_ target: String, _ completion: @escaping @Sendable (WireAnswer) -> Void) {
        exchange(WireRequest(method: .GET, target: target, requestID: name()), completion)
    }

    private func readBalance(_ item: Int, _ place: Int) {
        let invoked = world.history.tick()
        get("/v1/inventory/balance?sku=\(Write.sku(item))&warehouse=\(Write.code(place))") { answer in
            self.world.history.note(
                History.Read(
                    realm: self.realm, invoked: invoked, completed: self.world.history.tick(),
                    subject: .balance(item: item, place: place), answer: answer))
            self.next()
        }
    }

    private func poll() {
        get("/v1/events?after=\(after)&limit=\(3 + world.schedule.number(below: 10))") { answer in
            let events = Document.rows(ofPage: answer.body)
            self.world.history.trace.note("poll \(answer.text)")
            self.world.history.note(events, polledBy: self.number, realm: self.realm)
            self.after = events.last?["seq"].integer ?? self.after
            self.next()
        }
    }

    private func walk(cursor: String?, ids: [String], invoked: Int) {
        let page = cursor.map { "&cursor=\($0)" } ?? ""
        get("/inventory/v1/movements?limit=\(4)\(page)") { answer in
            let document = answer.document
            let ids = ids + document["data"].array.compactMap { $0["id"].string }
            if let cursor = document["next_cursor"].string {
                return self.walk(cursor: cursor, ids: ids, invoked: invoked)
            }
            self.world.history.note(
                History.Read(
                    realm: self.realm, invoked: invoked, completed: self.world.history.tick(), subject: .walk(ids),
                    answer: answer))
            self.next()
        }
    }

    /// What belongs to another realm is answered like what does not exist.
    private func lookAtForeign() {
        let foreign = world.history.ids(ofOtherRealmsThan: realm)
        guard !foreign.isEmpty else { return next() }
        let id = foreign[world.schedule.number(below: foreign.count)]
        let prefix = id.prefix { $0 != "_" }
        let path =
            switch prefix {
            case "itm": "items"
            case "wh": "locations"
            case "whk": "webhooks"
            default: "movements"
            }
        let none = "\(prefix)_01J9X3YB2KQ8M4T6V7W8X9Y0Z\(world.schedule.number(below: 10))"
        get("/inventory/v1/\(path)/\(id)") { first in
            self.get("/inventory/v1/\(path)/\(none)") { second in
                func blotted(_ answer: WireAnswer, _ id: String) -> String {
                    answer.text.replacing(id, with: "…").replacing(/"request_id":"[^"]*"/, with: "")
                }
                self.world.history.trace.note("foreign \(first.status) \(second.status)")
                if first.status != second.status || blotted(first, id) != blotted(second, none) {
                    self.world.history.violate(
                        "another realm's id is told from none: \(first.status) \(first.text), "
                            + "\(second.status) \(second.text)")
                }
                self.next()
            }
        }
    }

    /// Everything there is, for the judge.
    func readJournal(_ completion: @escaping @Sendable ([Document]) -> Void) { readJournal([], completion) }

    private func readJournal(_ events: [Document], _ completion: @escaping @Sendable ([Document]) -> Void) {
        get("/v1/events?after=\(events.last?["seq"].integer ?? 0)&limit=100") { answer in
            let page = answer.document
            let all = events + Document.rows(ofPage: answer.body)
            if page["has_more"].boolean == true, all.count > events.count { return self.readJournal(all, completion) }
            completion(all)
        }
    }

    /// Dead letters of the realm: endpoint and event of each.
    func readDeadLetters(_ completion: @escaping @Sendable ([Document]) -> Void) {
        get("/inventory/v1/dead-letters?limit=100") { completion($0.document["data"].array) }
    }
}
