import LedgerStorage

/// Says, after a run, what of all that was promised was not kept: by what clients and receivers have seen and what the
/// API shows of the journal, against a naive ledger.
struct Judge {
    let history: History
    let realm: Int
    /// Every event of the realm's journal, as the API shows it.
    let journal: [Document]
    private var stock = NaiveStock()
    /// Quantities that were set, by the seq of the adjustment.
    private var targets: [Int64: Target] = [:]
    /// Seq by the part of an id that all its forms share.
    private var seqs: [Substring: Int64] = [:]
    /// Seq of the adjustment that carries the reference.
    private var adjustments: [String: Int64] = [:]
    private var settled: [Settled] = []
    private(set) var violations: [String] = []

    init(_ history: History, realm: Int, journal: [Document]) {
        self.history = history
        self.realm = realm
        self.journal = journal
    }

    mutating func run() {
        checkJournal()
        settled = history.records.compactMap { record in
            guard record.realm == realm, let completed = record.completed, let seqs = span(record) else { return nil }
            return Settled(record: record, completed: completed, seqs: seqs)
        }
        let writes = checkAnswers()
        checkMovements(writes)
        checkOrder()
        checkRefusals()
        checkReads()
        checkPolls()
    }

    private mutating func violate(_ what: String) { violations.append(what) }

    private static func bare(_ id: String) -> Substring { id.drop { $0 != "_" }.dropFirst() }

    // MARK: The journal

    private mutating func checkJournal() {
        var time = ""
        for (index, event) in journal.enumerated() {
            let seq = event["seq"].integer ?? -1
            if seq != Int64(index + 1) { violate("seqs have a gap or repeat: \(seq) at place \(index + 1)") }
            let id = event["id"].string ?? ""
            if seqs.updateValue(seq, forKey: Judge.bare(id)) != nil { violate("an id is there twice: \(id)") }
            if let reference = event["data"]["reference"].string {
                if adjustments.updateValue(seq, forKey: reference) != nil {
                    violate("a quantity was set twice: \(event.canonical)")
                }
            }
            let timestamp = event["timestamp"].string ?? ""
            if timestamp < time { violate("time goes back in the journal: \(timestamp) after \(time)") }
            time = timestamp
        }
    }

    // MARK: Writes

    private struct Done {
        var write: Write
        var answer: Document
        var isSkutrail: Bool
    }

    /// What clients were told was recorded, by seq: each is there, and no two are the same.
    private mutating func checkAnswers() -> [Int64: Done] {
        var done: [Int64: Done] = [:]
        for record in history.records where record.realm == realm {
            guard let answer = record.answer else {
                violate("a request was never settled: \(record.request.target) \(record.request.body)")
                continue
            }
            switch record.subject {
            case .write(let write):
                guard answer.status == 201 || answer.status == 200 else { continue }
                take(record.document ?? answer.document, of: write, write.isSkutrail, into: &done)
            case .batch(let writes, _):
                for (write, line) in zip(writes, (record.document ?? answer.document)["results"].array) where line["status"].integer == 201 {
                    take(line["movement"], of: write, false, into: &done)
                }
            case .target(let target, let reference):
                guard answer.status == 200 else {
                    violate("a quantity was not set: \(answer.text)")
                    continue
                }
                if let seq = adjustments[reference] { targets[seq] = target }
            case .item, .other:
                guard answer.status == 201, let id = answer.document["id"].string else { continue }
                if seqs[Judge.bare(id)] == nil { violate("an acknowledged record is not in the journal: \(id)") }
            }
        }
        return done
    }

    private mutating func take(
        _ answer: Document, of write: Write, _ isSkutrail: Bool, into done: inout [Int64: Done]
    ) {
        let id = answer["id"].string ?? ""
        guard let seq = seqs[Judge.bare(id)] else {
            return violate("an acknowledged movement is not in the journal: \(answer.canonical)")
        }
        if !isSkutrail, answer["seq"].integer != seq { violate("an answer has another seq than the journal: \(id)") }
        if done.updateValue(Done(write: write, answer: answer, isSkutrail: isSkutrail), forKey: seq) != nil {
            violate("two requests were answered with one movement: \(id)")
        }
    }

    /// The journal's movements are those that were asked for, with what the naive ledger makes of them.
    private mutating func checkMovements(_ done: [Int64: Done]) {
        for event in journal where event["type"].string == "movement.recorded" {
            let seq = event["seq"].integer ?? -1
            if let target = targets[seq] {
                check(event, against: target, seq)
                continue
            }
            guard let request = done[seq] else {
                violate("a movement was recorded that nobody was told of, or twice: \(event.canonical)")
                continue
            }
            let data = event["data"]
            let write = request.write
            if data["sku"].string != Write.sku(write.item) || data["warehouse"].string != Write.code(write.place) {
                violate("a movement is not the one that was asked for: \(event.canonical)")
            }
            guard let effect = stock.apply(write, seq: seq) else {
                violate("a movement took what was not there: \(event.canonical)")
                continue
            }
            check(data, against: effect.place)
            if let target = effect.target { check(data["to"], against: target) }
            let shown = request.answer[request.isSkutrail ? "balance" : "on_hand"].integer
            if shown.map({ Int128($0) }) != effect.place.after {
                violate("an answer shows another quantity: \(request.answer.canonical) for \(effect.place)")
            }
            if !request.isSkutrail, request.answer["value"].micros != effect.place.value {
                violate("an answer shows another value: \(request.answer.canonical) for \(effect.place)")
            }
        }
    }

    /// The adjustment that brings what is there to what shall be.
    private mutating func check(_ event: Document, against target: Target, _ seq: Int64) {
        let there = stock.pools[NaiveStock.Place(item: target.item, place: target.place)]?.onHand ?? 0
        let write = Write(
            kind: .adjustment, item: target.item, place: target.place, target: 0,
            quantity: target.quantity - Int64(there), isSkutrail: false)
        guard let effect = stock.apply(write, seq: seq), effect.place.value != 0 || write.quantity != 0 else {
            return violate("a quantity was set that was so already: \(event.canonical)")
        }
        check(event["data"], against: effect.place)
    }

    private mutating func check(_ data: Document, against effect: NaiveStock.Effect) {
        let before = data["on_hand_before"].integer.map { Int128($0) }
        let after = data["on_hand"].integer.map { Int128($0) }
        if before != effect.before || after != effect.after {
            violate("a quantity is wrong: \(data.canonical), it should be \(effect)")
        }
        if data["value"].micros != effect.value || data["stock_value"].micros != effect.stockValue {
            violate("a cost is wrong: \(data.canonical), it should be \(effect)")
        }
    }

    // MARK: One order

    /// A settled request, and what its answer names of the journal, first and last.
    private struct Settled {
        var record: History.Record
        var completed: Int
        var seqs: ClosedRange<Int64>
    }

    private func span(_ record: History.Record) -> ClosedRange<Int64>? {
        guard let document = record.document else { return nil }
        var found: [Int64] = []
        if case .target(_, let reference) = record.subject { return adjustments[reference].map { $0...$0 } }
        if let id = document["id"].string, let seq = seqs[Judge.bare(id)] { found.append(seq) }
        for line in document["results"].array {
            if let id = line["movement"]["id"].string, let seq = seqs[Judge.bare(id)] { found.append(seq) }
        }
        guard let first = found.min(), let last = found.max() else { return nil }
        return first...last
    }

    /// What was answered before another request was sent comes before it.
    private mutating func checkOrder() {
        for later in settled {
            for earlier in settled where earlier.completed < later.record.invoked {
                if earlier.seqs.upperBound >= later.seqs.lowerBound {
                    violate("the order is not that of the answers: \(earlier.seqs) was answered before \(later.seqs)")
                }
            }
        }
    }

    /// The seqs between which something happened that began and ended then.
    private func moment(from invoked: Int, to completed: Int) -> ClosedRange<Int64> {
        var first: Int64 = 0
        var last = Int64(journal.count)
        for other in settled {
            if other.completed < invoked { first = max(first, other.seqs.upperBound) }
            if other.record.invoked > completed { last = min(last, other.seqs.lowerBound - 1) }
        }
        return first...max(first, last)
    }

    /// Who was refused for want of stock was refused at a moment at which there was too little.
    private mutating func checkRefusals() {
        for record in history.records where record.realm == realm {
            guard let answer = record.answer, let completed = record.completed else { continue }
            let moment = moment(from: record.invoked, to: completed)
            switch record.subject {
            case .write(let write): check(answer.status, record.document ?? answer.document, of: write, moment)
            case .batch(let writes, let atomic):
                // Within a group the moment is one that nobody else has seen.
                let isAlone = writes.count == 1 || !atomic
                for (write, line) in zip(writes, (record.document ?? answer.document)["results"].array) where isAlone {
                    check(Int(line["status"].integer ?? 0), line["problem"], of: write, moment)
                }
            case .target(let target, let reference):
                let place = NaiveStock.Place(item: target.item, place: target.place)
                let there = stock.onHand(at: place, from: moment.lowerBound, through: moment.upperBound)
                if adjustments[reference] == nil, !there.contains(Int128(target.quantity)) {
                    violate("a quantity was said to be so and never was: \(answer.text), there was \(there)")
                }
            case .item(let sku):
                if answer.status == 409, !journal.contains(where: { $0["data"]["sku"].string == sku }) {
                    violate("an item was refused as taken that is not there: \(sku)")
                }
            case .other: if answer.status != 201 { violate("a record was refused: \(answer.text)") }
            }
        }
    }

    private mutating func check(_ status: Int, _ problem: Document, of write: Write, _ moment: ClosedRange<Int64>) {
        if status == 200 || status == 201 { return }
        guard status == 422, problem["code"].string == "insufficient_stock" else {
            return violate("a movement was refused without a reason: \(status) \(problem.canonical)")
        }
        let place = NaiveStock.Place(item: write.item, place: write.place)
        let there = stock.onHand(at: place, from: moment.lowerBound, through: moment.upperBound)
        let wanted = write.kind == .transfer ? Int128(write.quantity) : -Int128(write.quantity)
        guard let balance = problem["balance"].integer.map({ Int128($0) }), there.contains(balance), balance < wanted
        else {
            return violate("a refusal shows what never was: \(problem.canonical), there was \(there) in \(moment)")
        }
    }

    // MARK: Reads

    private mutating func checkReads() {
        for read in history.reads where read.realm == realm {
            let moment = moment(from: read.invoked, to: read.completed)
            switch read.subject {
            case .balance(let item, let place):
                let there = stock.onHand(
                    at: NaiveStock.Place(item: item, place: place), from: moment.lowerBound, through: moment.upperBound)
                let shown = read.answer.document["balance"].integer.map { Int128($0) }
                if read.answer.status != 200 || shown.map({ !there.contains($0) }) ?? true {
                    violate("a read is not what was there: \(read.answer.text), there was \(there) in \(moment)")
                }
            case .walk(let ids): checkWalk(ids, moment)
            }
        }
    }

    private mutating func checkWalk(_ ids: [String], _ moment: ClosedRange<Int64>) {
        let found = ids.compactMap { seqs[Judge.bare($0)] }
        if found.count != ids.count { violate("a list shows what the journal has not: \(ids)") }
        if zip(found, found.dropFirst()).contains(where: { $0 <= $1 }) { violate("a list is not in order: \(found)") }
        let movements = journal.filter { $0["type"].string == "movement.recorded" }.compactMap { $0["seq"].integer }
        let missing = Set(movements.filter { $0 <= moment.lowerBound }).subtracting(found)
        if !missing.isEmpty { violate("a list has left out: \(missing.sorted())") }
    }

    /// Who reads on from where he left has everything, once, with the bytes that it has for ever.
    private mutating func checkPolls() {
        for (client, polled) in history.polled.sorted(by: { $0.key < $1.key }) where polled.realm == realm {
            for (index, event) in polled.events.enumerated() {
                guard index < journal.count, event.bytes == journal[index].bytes else {
                    violate("a reader of the journal has missed or doubled something: client \(client) at \(index + 1)")
                    break
                }
            }
        }
    }
}
