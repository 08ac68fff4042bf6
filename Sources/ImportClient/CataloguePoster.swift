internal import NIOCore

/// Creates the items and locations that an import needs. What is there already stays as it is.
package struct CataloguePoster: Sendable {
    /// What became of the items, or of the locations.
    package struct Counts: Hashable, Sendable, Codable {
        /// Created now, or by an earlier run with the same keys.
        package var created = 0
        /// Were there before.
        package var existing = 0

        package init(created: Int = 0, existing: Int = 0) {
            self.created = created
            self.existing = existing
        }
    }

    private let connection: LedgerConnection
    private let keyPrefix: String
    /// How many requests are on their way at once: the server commits those that arrive together with one sync.
    private let width: Int

    /// `keyPrefix`: as in `BatchBuilder`.
    package init(connection: LedgerConnection, keyPrefix: String, width: Int = 32) {
        self.connection = connection
        self.keyPrefix = keyPrefix
        self.width = max(width, 1)
    }

    /// Locations first, in their order: the first of an empty realm becomes its default. With `onRefusal`, what the
    /// server refuses to create is told to it and left out; else it ends the run. Throws `ImportError`.
    package func run(
        _ catalogue: Catalogue, onRefusal: ((_ name: String, _ problem: String) -> Void)? = nil,
        progress: (_ done: Int, _ all: Int) -> Void
    ) async throws -> (locations: Counts, items: Counts) {
        var locations = Counts()
        for (number, location) in catalogue.locations.enumerated() {
            let result = try await create(
                "/inventory/v1/locations", Self.body(location), key: "\(keyPrefix)-location-\(number)",
                taken: "code_taken")
            try locations.add(result, of: "location \(location.code)", onRefusal)
        }
        var items = Counts()
        try await withThrowingTaskGroup(of: (Int, Creation).self) { group in
            var next = 0
            func startNext() {
                guard next < catalogue.items.count else { return }
                let (number, item) = (next, catalogue.items[next])
                next += 1
                group.addTask {
                    let result = try await create(
                        "/inventory/v1/items", Self.body(item), key: "\(keyPrefix)-item-\(number)",
                        taken: "sku_taken")
                    return (number, result)
                }
            }
            for _ in 0..<width { startNext() }
            var done = 0
            while let (number, result) = try await group.next() {
                try items.add(result, of: "item \(catalogue.items[number].sku)", onRefusal)
                done += 1
                progress(done, catalogue.items.count)
                startNext()
            }
        }
        return (locations, items)
    }

    private func create(
        _ path: String, _ body: ByteBuffer, key: String, taken: String
    ) async throws -> Creation {
        let answer = try await connection.post(path, body: body, idempotencyKey: key)
        switch answer.status {
        case 200, 201: return .created
        case 409 where answer.problem.code == taken: return .existing
        default: return .refused(status: answer.status, problem: answer.problem.text)
        }
    }

    private static func body(_ item: Catalogue.Item) -> ByteBuffer {
        var json = JSONBytes(capacity: 256)
        json.append(#"{"sku":"#)
        json.append(string: item.sku)
        json.append(#","name":"#)
        json.append(string: item.name)
        if let barcode = item.barcode {
            json.append(#","barcode":"#)
            json.append(string: barcode)
        }
        if let price = item.price {
            json.append(#","price":"#)
            json.append(string: price)
        }
        if let reorderPoint = item.reorderPoint {
            json.append(#","reorder_point":"#)
            json.append(number: reorderPoint)
        }
        json.append("}")
        return ByteBuffer(bytes: json.bytes)
    }

    private static func body(_ location: Catalogue.Location) -> ByteBuffer {
        var json = JSONBytes(capacity: 256)
        json.append(#"{"code":"#)
        json.append(string: location.code)
        json.append(#","name":"#)
        json.append(string: location.name)
        if let timeZone = location.timeZone {
            json.append(#","time_zone":"#)
            json.append(string: timeZone)
        }
        json.append("}")
        return ByteBuffer(bytes: json.bytes)
    }
}

/// What the server made of something to create.
private enum Creation: Sendable {
    case created
    case existing
    case refused(status: Int, problem: String)
}

extension CataloguePoster.Counts {
    /// Only what is wrong with the one thing is told to `onRefusal`: a server that fails ends it.
    fileprivate mutating func add(
        _ result: Creation, of name: String, _ onRefusal: ((_ name: String, _ problem: String) -> Void)?
    ) throws(ImportError) {
        switch result {
        case .created: created += 1
        case .existing: existing += 1
        case .refused(let status, let problem):
            guard let onRefusal, [400, 409, 422].contains(status) else {
                throw .refused(status: status, problem: "\(name): \(problem)")
            }
            onRefusal(name, problem)
        }
    }
}
