/// The loads that `bincard bench` puts on a server, over a realm that `BenchRealm` has prepared.
package enum BenchScenario: Hashable, Sendable {
    /// `POST /v1/inventory/ledger`, one movement, a random item.
    case ledgerWrite
    /// `POST` of the same bytes somewhere else: the yardstick that decodes and echoes.
    case echo(path: String)
    /// `POST /inventory/v1/movements/batch` with so many movements, each with its own key.
    case batch(movements: Int)
    /// `GET /v1/inventory/balance` of a random item.
    case balanceRead
    /// `POST` of a body with so many updates, without a key.
    case bulk(path: String, body: String, updates: Int)
    /// `GET` of any path: the yardstick for reads.
    case hello(path: String)

    /// Movements that one answered request records.
    package var movementsPerRequest: Int {
        switch self {
        case .ledgerWrite: 1
        case .batch(let movements): movements
        case .bulk(_, _, let updates): updates
        case .echo, .balanceRead, .hello: 0
        }
    }

    /// The request. `authority`: `LoadGenerator.authority`. Throws `ImportError.usage` for a batch of more than 1000.
    package func template(
        authority: String, apiKey: String, realm: BenchRealm
    ) throws(ImportError) -> RequestTemplate {
        let key = ("Authorization", "Bearer \(apiKey)")
        let idempotency = ("Idempotency-Key", "{{unique}}")
        switch self {
        case .ledgerWrite, .echo:
            var path = "/v1/inventory/ledger"
            if case .echo(let other) = self { path = other }
            let body =
                #"{"sku":"\#(realm.skuPlaceholder)","warehouse":"\#(realm.location)","delta":-{{digit}},"#
                + #""reason":"order_shipped","reference":"ord_{{pick:100000000}}"}"#
            return try RequestTemplate(
                method: "POST", path: path, host: authority, headers: [key, idempotency], body: body)
        case .batch(let movements):
            let shape = MovementBatch()
            guard (1...shape.mostLines).contains(movements) else {
                throw .usage("a batch has 1 to \(shape.mostLines) movements")
            }
            let line =
                #"{"idempotency_key":"{{unique}}","item_id":"\#(realm.skuPlaceholder)","#
                + #""location_id":"\#(realm.location)","type":"sale","qty":-{{digit}},"reason":"order_shipped","#
                + #""reference":"ord_{{pick:100000000}}"}"#
            let lines = repeatElement(line, count: movements).joined(separator: ",")
            return try RequestTemplate(
                method: "POST", path: shape.path, host: authority, headers: [key],
                body: #"{"atomic":false,"movements":[\#(lines)]}"#)
        case .balanceRead:
            return try RequestTemplate(
                method: "GET",
                path: "/v1/inventory/balance?sku=\(realm.skuPlaceholder)&warehouse=\(realm.location)", host: authority,
                headers: [key])
        case .bulk(let path, let body, _):
            return try RequestTemplate(method: "POST", path: path, host: authority, headers: [key], body: body)
        case .hello(let path):
            return try RequestTemplate(method: "GET", path: path, host: authority, headers: [key])
        }
    }
}

/// The realm that a bench runs on: so many items at one location, each with more stock than any bench can sell.
package struct BenchRealm: Sendable {
    package let items: Int
    package let location = "BENCH-1"
    /// Of each item at the beginning, base units.
    package let stock: Int64 = 1_000_000_000

    /// `items`: 1 to 1,000,000.
    package init(items: Int = 10_000) {
        self.items = min(max(items, 1), 1_000_000)
    }

    private var width: Int { String(items - 1).count }

    /// `BENCH-0000` and so on.
    package func sku(_ number: Int) -> String {
        let digits = String(number)
        return "BENCH-" + String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// In a template: any of the items.
    package var skuPlaceholder: String { "BENCH-{{pick:\(items)}}" }

    /// Creates items, location and stock. What is there already stays. Throws `ImportError`.
    package func prepare(
        on connection: LedgerConnection, progress: (_ done: Int, _ all: Int) -> Void = { _, _ in }
    ) async throws {
        let catalogue = Catalogue(
            items: (0..<items).map { .init(sku: sku($0), name: "Bench item \($0)") },
            locations: [.init(code: location, name: "Bench")])
        _ = try await CataloguePoster(connection: connection, keyPrefix: "bench-\(items)").run(catalogue) { done, _ in
            progress(done, 2 * items)
        }
        var stream = BenchStock(realm: self)
        var done = 0
        try await BatchPoster(connection: connection).run(&stream) { batch, outcome in
            if let refusal = outcome.refusals.first {
                throw ImportError.refused(status: 422, problem: refusal.fault.detail)
            }
            done += batch.lines.count
            progress(items + done, 2 * items)
        }
    }
}

/// One receipt for each item.
private struct BenchStock: BatchStream, ~Copyable {
    private let realm: BenchRealm
    private var builder: BatchBuilder
    private var next = 0

    init(realm: BenchRealm) {
        self.realm = realm
        builder = BatchBuilder(capacity: 500, keyPrefix: "bench-\(realm.items)-stock")
    }

    mutating func nextBatch() throws(ImportError) -> PreparedBatch? {
        while next < realm.items, !builder.isFull {
            var sku = realm.sku(next)
            var location = realm.location
            next += 1
            let (number, stock) = (next, realm.stock)
            sku.withUTF8 { sku in
                location.withUTF8 { location in
                    var fields = MovementFields(item: sku, location: location, kind: .receipt, quantity: stock)
                    fields.reason = Bytes("opening")
                    fields.unitCost = Bytes("2.50")
                    builder.add(fields, line: number, record: Bytes(start: nil, count: 0))
                }
            }
        }
        return builder.isEmpty ? nil : builder.finish(lastLine: next, position: Int64(next))
    }
}
