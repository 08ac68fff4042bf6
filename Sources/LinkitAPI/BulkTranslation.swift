import HTTPInterface
import LedgerCore
import LedgerEngine
import WireSchema

/// A bulk update as one group: a place in the queue and a commit for all its lines, a result for each.
extension Call {
    func updateSKUs() throws(Refusal) -> Reply {
        let document = try document()
        let body = try decode(SKUBulk.self, from: document)
        let plan = BulkPlan(body, document, in: ledger)
        // What this server does not know yet, another may have written.
        if ledger.isShared, plan.dependsOnMemory {
            return writeAfterReading { [self] in
                submission(BulkPlan(body, document, in: ledger), document)
            }
        }
        return .write(submission(plan, document))
    }

    private func submission(_ plan: BulkPlan, _ document: JSONDocument) -> Submission {
        let now = now
        var lines = plan
        let commands = plan.commands
        lines.commands = []
        return Submission(
            group: commands, atomic: false, identity: identity(document), actor: actor, render: BulkPlan.render,
            compose: { [lines] in lines.compose($0, now: now) })
    }
}

/// Which lines became commands, and what was wrong with the others.
private struct BulkPlan: Sendable {
    var commands: [SubmittedCommand] = []
    /// The line of each command.
    var places: [Int] = []
    var refused: [Int: String] = [:]
    /// What each line is called in `errors`; nil where it names no SKU.
    var names: [String?] = []
    /// Whether it was made by what is in memory, beside what was sent.
    var dependsOnMemory = false

    init(_ body: SKUBulk, _ document: JSONDocument, in ledger: RealmLedger) {
        commands.reserveCapacity(body.lines.count)
        places.reserveCapacity(body.lines.count)
        names.reserveCapacity(body.lines.count)
        for (index, line) in body.lines.enumerated() {
            switch line.result {
            case .success(let decoded):
                names.append(decoded.name)
                do throws(LineFault) {
                    let pair = try pair(of: decoded, in: ledger)
                    commands.append(SubmittedCommand(.setStock(decoded.update.target(pair.item, pair.location))))
                    places.append(index)
                } catch {
                    refused[index] = error.message
                }
            case .failure(let faults):
                names.append(document[line.index].skuName)
                refused[index] = faults.text(ofLine: index)
            }
        }
    }

    /// What a line names: what it says itself where it says both, so that the ledger finds it; else by the joint name.
    private mutating func pair(of line: SKUBulkLine, in ledger: RealmLedger) throws(LineFault) -> SKUPair {
        guard let ivID = line.ivID else { return SKUPair(line.product ?? "", line.branch ?? "") }
        switch (line.product, line.branch) {
        case (let product?, let branch?):
            let pair = SKUPair(product, branch)
            try pair.check(against: ivID, product, branch, in: ledger)
            return pair
        case (let product?, nil):
            guard let branch = ivID.removing(prefix: "\(product)_") else {
                throw LineFault("iv_id must begin with product_iv_id and an underscore")
            }
            return SKUPair(product, branch)
        case (nil, let branch?):
            guard let product = ivID.removing(suffix: "_\(branch)") else {
                throw LineFault("iv_id must end with an underscore and branch_iv_id")
            }
            return SKUPair(product, branch)
        case (nil, nil):
            dependsOnMemory = true
            return try SKUPair(named: ivID, in: ledger)
        }
    }

    // MARK: Results

    private static let accepted = Answer.json(200, [])

    /// An answer that only `compose` sees: nothing, or why not.
    static let render: RenderOutcome = { outcome, _, _ in
        switch outcome {
        case .success, .failure(.unchanged): accepted
        case .failure(let rejection): Answer.json(422, Array(rejection.linkitLine.utf8))
        }
    }

    func compose(_ results: [CommandResult], now: Instant) -> Answer {
        var refused = refused
        for (place, result) in zip(places, results) where result.kind != .recorded {
            refused[place] = result.answer.map { String(decoding: $0.body, as: UTF8.self) } ?? "was not applied"
        }
        var answer = SKUBulkResult()
        answer.message = "Processed \(names.count) SKUs successfully"
        answer.data.succeeded = Int64(names.count - refused.count)
        answer.data.failed = Int64(refused.count)
        answer.timestamp = now.milliseconds
        var used: Set<String> = []
        for (place, name) in names.enumerated() {
            guard let message = refused[place] else { continue }
            var key = name ?? "skus[\(place)]"
            if !used.insert(key).inserted {
                key = "skus[\(place)]"
                used.insert(key)
            }
            answer.data.errors.entries.append((key, message))
        }
        return .json(200, answer.jsonBytes(capacity: 256 + 96 * refused.count))
    }
}

/// Why a line fails before the ledger is asked.
private struct LineFault: Error {
    var message: String

    init(_ message: String) {
        self.message = message
    }
}

/// A product and a branch, by id or `iv_id`.
private struct SKUPair {
    var item: ItemReference
    var location: LocationReference

    init(_ product: String, _ branch: String) {
        item = WireItemReference.reference(product)
        location = WireLocationReference.reference(branch)
    }

    /// The pair of a joint name. Where none has it, the ledger is asked for the most likely one, and says what is
    /// missing.
    init(named ivID: String, in ledger: RealmLedger) throws(LineFault) {
        let found = ledger.withCommitted { ledger -> SKUPair? in
            guard let key = ledger.level(named: ivID), let item = ledger.itemName(key.item),
                let location = ledger.locationName(key.location)
            else { return nil }
            return SKUPair(item: .id(item.id), location: .id(location.id))
        }
        if let found {
            self = found
            return
        }
        let splits = ivID.pairs
        guard let first = splits.first else {
            throw LineFault("SKU \(ivID) not found: an iv_id is {product_iv_id}_{branch_iv_id}")
        }
        let likely = ledger.withCommitted { ledger in
            splits.first { ledger.locationNumber(.code($0.branch)) != nil }
                ?? splits.first { ledger.itemNumber(.sku($0.product)) != nil }
        }
        guard let pair = likely ?? (splits.count == 1 ? first : nil) else { throw LineFault("SKU \(ivID) not found") }
        self.init(pair.product, pair.branch)
    }

    private init(item: ItemReference, location: LocationReference) {
        self.item = item
        self.location = location
    }

    /// Refuses a line that says two things.
    func check(against ivID: String, _ product: String, _ branch: String, in ledger: RealmLedger) throws(LineFault) {
        if ivID.isJoint(of: product, branch) { return }
        var names = (product, branch)
        // An id stands for the name that the product or branch has.
        if case .id = item, let item = ledger.withCommitted({ $0.item(item) }) { names.0 = item.sku }
        if case .id = location, let location = ledger.withCommitted({ $0.location(location) }) {
            names.1 = location.code
        }
        if ivID.isJoint(of: names.0, names.1) { return }
        throw LineFault("iv_id must be \(names.0)_\(names.1), as product_iv_id and branch_iv_id say")
    }
}

extension SKUBulkLine {
    /// What the SKU is called in the answer.
    fileprivate var name: String? {
        ivID ?? product.flatMap { product in branch.map { "\(product)_\($0)" } }
    }
}

extension JSONValue {
    /// The same for a line that could not be read.
    fileprivate var skuName: String? {
        if let name = self["iv_id"]?.string { return name }
        guard let product = self["product_iv_id"]?.string, let branch = self["branch_iv_id"]?.string else { return nil }
        return "\(product)_\(branch)"
    }
}

extension WireFaults {
    /// In one sentence: `qty must be >= 0; cost must be >= 0`.
    fileprivate func text(ofLine index: Int) -> String {
        faults.map { fault in
            let place = LinkitError.place(fault.pointer)
            guard let member = place.removing(prefix: "skus[\(index)].") else { return "The line \(fault.message)" }
            return "\(member) \(fault.message)"
        }
        .joined(separator: "; ")
    }
}

extension String {
    /// What stands before and behind each underscore, where neither is empty.
    fileprivate var pairs: [(product: String, branch: String)] {
        utf8.indices.compactMap { index in
            guard utf8[index] == UInt8(ascii: "_"), index != startIndex else { return nil }
            let rest = self[utf8.index(after: index)...]
            return rest.isEmpty ? nil : (String(self[..<index]), String(rest))
        }
    }

    fileprivate func isJoint(of product: String, _ branch: String) -> Bool {
        utf8.count == product.utf8.count + branch.utf8.count + 1 && utf8.starts(with: product.utf8)
            && utf8.dropFirst(product.utf8.count).first == UInt8(ascii: "_")
            && utf8.suffix(branch.utf8.count).elementsEqual(branch.utf8)
    }

    fileprivate func removing(prefix: String) -> String? {
        utf8.count > prefix.utf8.count && utf8.starts(with: prefix.utf8)
            ? String(decoding: utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : nil
    }

    fileprivate func removing(suffix: String) -> String? {
        utf8.count > suffix.utf8.count && utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
            ? String(decoding: utf8.dropLast(suffix.utf8.count), as: UTF8.self) : nil
    }
}
