import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WireSchema

/// What marketplaces say about the stock that they keep.
extension SellerAPI {
    static let snapshotOperations: [APIOperation] = [
        write(
            OperationDescription(
                id: "applySnapshot", method: .post, path: "/api/inventory/warehouses/{id}/snapshot",
                summary: "Take over a marketplace's stock",
                description:
                    """
                    Sets what lies at an FBA or FBS warehouse to what the marketplace counted: the only way in which \
                    stock changes there. Differences are booked as adjustments with the reason `marketplace_sync`. \
                    SKUs that are not in the snapshot stay as they are. A snapshot that is older than the last one \
                    is ignored, and the same one sent again changes nothing.
                    """,
                tag: "Warehouses", idempotency: .optional, parameters: ParameterList(WarehousePath.self),
                request: .json(
                    SnapshotCreate.self,
                    examples: [
                        NamedExample(
                            "count",
                            json:
                                #"""
                                {"observed_at": "2026-03-12T14:00:00Z", "items": [{"sku": "SKU-001", "quantity": \#
                                137}]}
                                """#
                        )
                    ]),
                responses: [ResponseDescription(200, "What was done.", body: .json(SnapshotResult.self))],
                errors: [
                    warehouseNotFound,
                    ErrorDescription(
                        409, "The warehouse is no marketplace's, or it is archived.",
                        codes: ["NOT_A_MARKETPLACE_WAREHOUSE", "WAREHOUSE_ARCHIVED", keyReused]),
                ]), scope: .marketplaceSync
        ) { call throws(Refusal) in try call.applySnapshot() }
    ]
}

extension Call {
    /// How far a marketplace's clock may be ahead, in milliseconds.
    private static let tolerance: Int64 = 5 * 60 * 1_000

    func applySnapshot() throws(Refusal) -> Reply {
        let reference = try parameters(WarehousePath.self).warehouse.reference
        let document = try document()
        let body = try decode(SnapshotCreate.self, from: document)
        guard body.observedAt <= now.milliseconds + Call.tolerance else { throw .fromTheFuture }
        let observedAt = Instant(milliseconds: body.observedAt)
        var lines = SnapshotLines(observedAt: observedAt)
        var commands = [SubmittedCommand(.observeLocation(reference, observedAt))]
        commands.reserveCapacity(body.items.count + 1)
        for (index, line) in body.items.enumerated() {
            switch line.result {
            case .success(let item):
                var target = StockTarget(item: item.item.reference, location: reference, reason: "marketplace_sync")
                target.quantity = item.quantity
                target.observedAt = observedAt
                commands.append(SubmittedCommand(.setStock(target)))
                lines.sent.append((index, item.item))
            case .failure(let faults):
                var failure = SnapshotResult.Failure()
                failure.index = Int64(index)
                failure.error = Rendered(bytes: LineError(faults).jsonBytes())
                lines.unread.append(failure)
            }
        }
        let read = lines
        return .write(
            Submission(
                group: commands, atomic: false, identity: identity(document), actor: actor,
                render: { [self] outcome, command, state in
                    command == 0 ? renderObservation(outcome, of: reference, state) : read.render(outcome, state)
                },
                compose: { read.compose($0) }))
    }

    /// The first command's: whether the lines behind it count. Hands on the warehouse's id, and behind it when the last
    /// snapshot was, where that was a later one.
    private func renderObservation(
        _ outcome: Result<Decision, Rejection>, of reference: LocationReference, _ state: LedgerState
    ) -> Answer {
        let id = Array((state.location(reference)?.id ?? .zero).text.utf8)
        switch outcome {
        case .success, .failure(.unchanged): return LineAnswer.make(.updated, id)
        case .failure(.snapshotOutdated(_, let last)):
            return LineAnswer.make(
                .unchanged, id + Timestamp.text(last.milliseconds, precision: .milliseconds).utf8)
        case .failure(let rejection): return refused(Refusal(seller: rejection))
        }
    }
}

extension Refusal {
    fileprivate static let fromTheFuture = Refusal(
        422, "validation_failed", "/observed_at must not lie in the future by more than 5 minutes.",
        faults: [
            WireFault(
                pointer: "/observed_at", code: .invalidValue,
                message: "must not lie in the future by more than 5 minutes")
        ])
}

/// The lines of a snapshot: which became commands, and what was wrong with the others.
private struct SnapshotLines: Sendable {
    var observedAt: Instant
    /// Index and name of each command's line; the command before them is the observation.
    var sent: [(index: Int, item: WireItemReference)] = []
    var unread: [SnapshotResult.Failure] = []

    func render(_ outcome: Result<Decision, Rejection>, _ state: LedgerState) -> Answer {
        switch LineOutcome(outcome, in: state) {
        case .updated: LineAnswer.make(.updated, [])
        case .unchanged: LineAnswer.make(.unchanged, [])
        case .failed(let refusal): LineAnswer.make(.failed, LineError(refusal).jsonBytes())
        }
    }

    func compose(_ results: [CommandResult]) -> Answer {
        var whole = SnapshotResult()
        whole.data.observedAt = observedAt.milliseconds
        whole.data.lastObservedAt = observedAt.milliseconds
        guard let observation = results.first?.answer else { return .json(200, whole.jsonBytes()) }
        let handedOn = String(decoding: observation.body, as: UTF8.self)
        whole.data.warehouse = WireID(ULID(handedOn.prefix(26)) ?? .zero)
        switch LineAnswer.status(of: observation) {
        case .updated: count(results.dropFirst(), into: &whole)
        case .unchanged:
            let last = String(handedOn.dropFirst(26))
            whole.data.status = .ignored
            whole.data.lastObservedAt = Timestamp.parse(last) ?? observedAt.milliseconds
            whole.data.message = "A later snapshot is known already, of \(last). Nothing was changed."
        case .failed: return observation
        }
        return .json(200, whole.jsonBytes(capacity: 256 * (whole.errors.count + 2)))
    }

    private func count(_ results: ArraySlice<CommandResult>, into whole: inout SnapshotResult) {
        whole.errors = unread
        for (line, result) in zip(sent, results) {
            guard let answer = result.answer else { continue }
            switch LineAnswer.status(of: answer) {
            case .updated: whole.data.updated += 1
            case .unchanged: whole.data.unchanged += 1
            case .failed:
                var failure = SnapshotResult.Failure()
                failure.index = Int64(line.index)
                failure.sku = line.item.text
                failure.error = Rendered(bytes: answer.body)
                whole.errors.append(failure)
            }
        }
        whole.errors.sort { $0.index < $1.index }
        whole.data.failed = Int64(whole.errors.count)
        whole.data.status = whole.data.updated > 0 ? .applied : .unchanged
    }
}
