/// The made-up shop of the demo: an outfitter with three warehouses and forty things to sell.
package struct DemoCatalogue: Sendable {
    /// A location of the demo.
    package struct Warehouse: Hashable, Sendable {
        package var code: String
        package var name: String
        package var timeZone: String
        /// Share of all sales, in percent.
        var share: UInt64
    }

    /// An item of the demo and how it sells.
    package struct Product: Hashable, Sendable {
        package var sku: String
        package var name: String
        /// Cents.
        var price: Int64
        /// What the supplier asks, in cents.
        var cost: Int64
        /// Units that all warehouses together sell on an average day.
        var daily: UInt64
        package var reorderPoint: Int64
    }

    package let warehouses = [
        Warehouse(code: "SEA-1", name: "Seattle", timeZone: "America/Los_Angeles", share: 50),
        Warehouse(code: "DEN-1", name: "Denver", timeZone: "America/Denver", share: 30),
        Warehouse(code: "ATL-1", name: "Atlanta", timeZone: "America/New_York", share: 20),
    ]
    package let products: [Product]

    /// What kinds of things there are: name, price and cost in cents, units a day. Each comes in `variants`.
    private static let lines: [(name: String, price: Int64, cost: Int64, daily: UInt64)] = [
        ("Enamel mug", 1_400, 520, 24), ("Canvas tote", 2_200, 810, 18), ("Wool beanie", 2_800, 990, 14),
        ("Steel water bottle", 3_200, 1_240, 16), ("Camp lantern", 5_900, 2_650, 7), ("Dry bag 10 l", 3_400, 1_380, 9),
        ("Merino socks", 1_900, 640, 22), ("Folding knife", 4_800, 2_150, 5), ("Trail blanket", 7_900, 3_720, 4),
        ("Coffee dripper", 2_600, 1_050, 8),
    ]
    private static let variants = ["forest", "slate", "rust", "sand"]

    package init() {
        var products: [Product] = []
        for (row, line) in Self.lines.enumerated() {
            for (column, variant) in Self.variants.enumerated() {
                // SKU-0021 to SKU-0060, so that the SKU-0042 of the published examples is one of them.
                let number = 21 + row * Self.variants.count + column
                let daily = max(1, line.daily - UInt64(column) * line.daily / 6)
                products.append(
                    Product(
                        sku: "SKU-00\(number)", name: "\(line.name), \(variant)", price: line.price, cost: line.cost,
                        daily: daily, reorderPoint: Int64(daily) * 2))
            }
        }
        self.products = products
    }

    /// What the server must know before the first movement.
    package var catalogue: Catalogue {
        Catalogue(
            items: products.map { product in
                let cents = product.price % 100
                return .init(
                    sku: product.sku, name: product.name,
                    price: "\(product.price / 100).\(cents < 10 ? "0" : "")\(cents)",
                    reorderPoint: product.reorderPoint)
            },
            locations: warehouses.map { .init(code: $0.code, name: $0.name, timeZone: $0.timeZone) })
    }
}
