/// The targets of docs/ARCHITECTURE.md from the bottom up. A new target takes its place here first.
struct Layer: Sendable {
    var target: String
    /// Imports point from a higher level to a lower one, never sideways.
    var level: Int
    /// Modules of the toolchain and of packages that it may import, and no others.
    var outside: Set<String>

    static let all: [Layer] = [
        // The rules and the wire's grammar stand on the language alone: no Foundation, no NIO.
        Layer(target: "LedgerCore", level: 0, outside: []),
        Layer(target: "WireSchema", level: 0, outside: []),
        Layer(target: "BlockingWork", level: 0, outside: ["Foundation"]),
        Layer(target: "CZlib", level: 0, outside: []),

        Layer(target: "LedgerStorage", level: 1, outside: ["Crypto"]),

        Layer(target: "LedgerEngine", level: 2, outside: ["Crypto", "Foundation", "Synchronization"]),
        Layer(
            target: "SQLiteStorage", level: 2, outside: ["Foundation", "GRDB", "GRDBSQLite", "Synchronization"]),
        Layer(target: "PostgresStorage", level: 2, outside: ["Crypto", "Glibc", "Synchronization"]),
        Layer(target: "MemoryStorage", level: 2, outside: ["Synchronization"]),
        Layer(
            target: "WebhookDelivery", level: 2,
            outside: [
                "Crypto", "Foundation", "Glibc", "Logging", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL",
                "Synchronization",
            ]),

        Layer(
            target: "HTTPInterface", level: 3,
            outside: [
                "Crypto", "Foundation", "Glibc", "HTTPTypes", "Hummingbird", "HummingbirdCore", "Logging", "NIOCore",
                "NIOExtras", "NIOHTTP1", "NIOPosix", "ServiceLifecycle", "Synchronization",
            ]),

        // Dialects translate values; connections are not theirs.
        Layer(target: "SkutrailAPI", level: 4, outside: []),
        Layer(target: "SKInventoryAPI", level: 4, outside: []),
        Layer(target: "SellerAPI", level: 4, outside: []),
        Layer(target: "LinkitAPI", level: 4, outside: []),

        Layer(
            target: "ServerApp", level: 5,
            outside: [
                "Foundation", "Hummingbird", "HummingbirdCore", "Logging", "NIOCore", "NIOPosix", "ServiceLifecycle",
                "Synchronization", "UnixSignals", "Yams",
            ]),
        // Knows the server by its published API alone.
        Layer(
            target: "ImportClient", level: 5,
            outside: [
                "AsyncHTTPClient", "Crypto", "Darwin", "Foundation", "Glibc", "Musl", "NIOCore", "NIOHTTP1", "NIOPosix",
                "Synchronization",
            ]),

        // Knows the server by its published API alone; shares the signature with it.
        Layer(
            target: "DeveloperTools", level: 5,
            outside: ["AsyncHTTPClient", "Foundation", "NIOCore", "NIOHTTP1", "Synchronization"]),

        Layer(target: "bincard", level: 6, outside: ["ArgumentParser", "Foundation", "Logging", "Synchronization"]),
    ]

    static let byTarget = Dictionary(uniqueKeysWithValues: all.map { ($0.target, $0) })

    /// Engines below the port, and who may know each. The memory is the simulator's; nothing that is shipped uses it.
    static let usersOfEngines: [String: Set<String>] = [
        "SQLiteStorage": ["ServerApp"],
        "PostgresStorage": ["ServerApp"],
        "MemoryStorage": [],
    ]
}
