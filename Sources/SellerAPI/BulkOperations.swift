import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WireSchema

/// Many stock levels at once.
extension SellerAPI {
    static let bulkOperations: [APIOperation] = [
        write(
            OperationDescription(
                id: "bulkUpdateInventory", method: .post, path: "/api/inventory/bulk",
                summary: "Update up to 500 stock levels",
                description:
                    """
                    Updates are done in order, each seeing the ones before it, and each has its own result: one that \
                    is refused, even because of its form, does not stop the others.
                    """,
                tag: "Inventory", idempotency: .optional,
                request: .json(
                    BulkUpdate.self,
                    examples: [
                        NamedExample(
                            "two",
                            json:
                                #"""
                                {"updates": [{"sku": "SKU-001", "warehouse_id": "wh_01J9X3YB2KQ8M4T6V7W8X9Y0ZA", \#
                                "quantity": 500, "reason": "supplier_receipt"}, {"sku": "SKU-002", "warehouse_id": \#
                                "wh_01J9X3YB2KQ8M4T6V7W8X9Y0ZA", "quantity": 200, "reason": "cycle_count"}]}
                                """#
                        )
                    ]),
                responses: [ResponseDescription(200, "A result for each update.", body: .json(BulkResult.self))],
                errors: [ErrorDescription(409, "The key belongs to another request.", codes: [keyReused])])
        ) { call throws(Refusal) in try call.bulkUpdate() }
    ]
}

extension BulkUpdateLine {
    var target: StockTarget {
        var target = StockTarget(item: item.reference, location: warehouse.reference, reason: reason)
        target.quantity = quantity
        target.expected = expected
        target.reference = reference
        target.note = note
        return target
    }
}

extension Call {
    /// One place in the queue for all updates.
    func bulkUpdate() throws(Refusal) -> Reply {
        let document = try document()
        let body = try decode(BulkUpdate.self, from: document)
        var lines = BulkLines(count: body.updates.count)
        var commands: [SubmittedCommand] = []
        commands.reserveCapacity(body.updates.count)
        for (index, line) in body.updates.enumerated() {
            switch line.result {
            case .success(let update):
                commands.append(SubmittedCommand(.setStock(update.target)))
                lines.sent.append((index, update.item, update.warehouse))
            case .failure(let faults):
                var result = BulkLineResult()
                result.index = Int64(index)
                result.error = LineError(faults)
                lines.unread[index] = result.jsonBytes()
            }
        }
        let read = lines
        if commands.isEmpty { return .answer(read.compose([])) }
        return .write(
            Submission(
                group: commands, atomic: false, identity: identity(document), actor: actor,
                render: { outcome, command, state in read.render(outcome, command, state) },
                compose: { read.compose($0) }))
    }
}

/// The updates of a bulk: which became commands, and what was wrong with the others.
private struct BulkLines: Sendable {
    var count: Int
    /// Index and names of each command's line.
    var sent: [(index: Int, item: WireItemReference, warehouse: WireLocationReference)] = []
    var unread: [Int: [UInt8]] = [:]

    init(count: Int) {
        self.count = count
        sent.reserveCapacity(count)
    }

    func render(_ outcome: Result<Decision, Rejection>, _ command: Int, _ state: LedgerState) -> Answer {
        let line = sent[command]
        var result = BulkLineResult()
        result.index = Int64(line.index)
        result.sku = state.itemNumber(line.item.reference).flatMap { state.itemName($0)?.sku } ?? line.item.text
        result.warehouse = line.warehouse
        if let location = state.locationNumber(line.warehouse.reference).flatMap({ state.locationName($0) }) {
            result.warehouse?.reference = .id(location.id)
        }
        switch LineOutcome(outcome, in: state) {
        case .updated(let adjustment, let before, let after):
            result.status = .updated
            result.before = before
            result.after = after
            result.delta = after &- before
            result.id = adjustment.map { WireID($0) }
        case .unchanged(let onHand):
            result.status = .unchanged
            result.before = onHand
            result.after = onHand
            result.delta = 0
        case .failed(let refusal): result.error = LineError(refusal)
        }
        let status = result.status
        return LineAnswer.make(status, result.jsonBytes(capacity: 256))
    }

    func compose(_ results: [CommandResult]) -> Answer {
        var whole = BulkResult()
        whole.data.reserveCapacity(count)
        whole.meta.total = Int64(count)
        var next = 0
        for index in 0..<count {
            if let unread = unread[index] {
                whole.data.append(Rendered(bytes: unread))
                whole.meta.failed += 1
                continue
            }
            guard next < results.count, let answer = results[next].answer else { continue }
            next += 1
            whole.data.append(Rendered(bytes: answer.body))
            switch LineAnswer.status(of: answer) {
            case .updated: whole.meta.updated += 1
            case .unchanged: whole.meta.unchanged += 1
            case .failed: whole.meta.failed += 1
            }
        }
        return .json(200, whole.jsonBytes(capacity: 256 * (count + 1)))
    }
}
