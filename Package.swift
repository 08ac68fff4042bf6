// swift-tools-version: 6.2
// The layers of docs/ARCHITECTURE.md as targets: imports point down only, siblings never import each other.
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioExtras = Target.Dependency.product(name: "NIOExtras", package: "swift-nio-extras")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

func layer(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "bincard",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "bincard", targets: ["bincard"]),
        // For the package of micro-benchmarks under Benchmarks/, which is not part of this one.
        .library(name: "LedgerCore", targets: ["LedgerCore"]),
        .library(name: "WireSchema", targets: ["WireSchema"]),
        .library(name: "SQLiteStorage", targets: ["LedgerStorage", "SQLiteStorage"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
    ],
    targets: [
        // L0
        layer("LedgerCore"),
        layer("WireSchema"),
        layer("BlockingWork"),
        // L1
        layer("LedgerStorage", ["LedgerCore", crypto]),
        // L2
        layer("LedgerEngine", ["BlockingWork", "LedgerCore", "LedgerStorage"]),
        layer("SQLiteStorage", ["LedgerCore", "LedgerStorage", grdb]),
        layer("PostgresStorage", ["BlockingWork", "LedgerCore", "LedgerStorage", crypto]),
        layer("MemoryStorage", ["LedgerCore", "LedgerStorage"]),
        layer(
            "WebhookDelivery",
            ["BlockingWork", "LedgerCore", "LedgerStorage", nioCore, nioPosix, nioHTTP1, nioSSL, logging, crypto]),
        // L3
        layer(
            "HTTPInterface",
            [
                "BlockingWork", "LedgerCore", "WireSchema", "LedgerEngine", "LedgerStorage", "WebhookDelivery",
                hummingbirdCore, nioCore, nioPosix,
                nioHTTP1, nioExtras, logging, lifecycle, crypto,
            ]),
        // L4
        layer("SkutrailAPI", ["LedgerCore", "WireSchema", "LedgerStorage", "LedgerEngine", "HTTPInterface"]),
        layer(
            "SKInventoryAPI",
            ["LedgerCore", "WireSchema", "LedgerStorage", "LedgerEngine", "WebhookDelivery", "HTTPInterface"]),
        layer("SellerAPI", ["LedgerCore", "WireSchema", "LedgerStorage", "LedgerEngine", "HTTPInterface"]),
        layer("LinkitAPI", ["LedgerCore", "WireSchema", "LedgerStorage", "LedgerEngine", "HTTPInterface"]),
        // L5
        layer(
            "ServerApp",
            [
                "BlockingWork", "LedgerCore", "WireSchema", "LedgerStorage", "LedgerEngine", "SQLiteStorage",
                "PostgresStorage", "WebhookDelivery", "HTTPInterface", "SkutrailAPI", "SKInventoryAPI",
                "SellerAPI", "LinkitAPI", hummingbird, hummingbirdCore, nioCore, nioPosix, logging, lifecycle,
                unixSignals, yams,
            ]),
        // L6
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        layer("ImportClient", ["CZlib", httpClient, nioCore, nioPosix, nioHTTP1, crypto]),
        layer("DeveloperTools", ["WebhookDelivery", "WireSchema", httpClient, nioCore, nioHTTP1]),
        .executableTarget(
            name: "bincard",
            dependencies: [
                "ServerApp", "ImportClient", "DeveloperTools", "WebhookDelivery", "LedgerCore", "WireSchema",
                "LedgerStorage", arguments, logging,
            ],
            swiftSettings: settings),
        // Tests
        .target(
            name: "SampleLedger", dependencies: ["LedgerCore", "LedgerStorage"], path: "Tests/SampleLedger",
            swiftSettings: settings),
        .target(name: "PostgresServer", path: "Tests/PostgresServer", swiftSettings: settings),
        tests("TidyTests", []),
        tests("LedgerCoreTests", ["LedgerCore"]),
        tests("WireSchemaTests", ["WireSchema"]),
        tests("LedgerStorageTests", ["LedgerCore", "LedgerStorage", "MemoryStorage", "SampleLedger"]),
        tests(
            "StorageConformance",
            [
                "LedgerCore", "LedgerStorage", "MemoryStorage", "SQLiteStorage", "PostgresStorage", "PostgresServer",
                "SampleLedger",
            ]),
        tests("SQLiteStorageTests", ["LedgerCore", "LedgerStorage", "SQLiteStorage", "SampleLedger", grdb]),
        tests(
            "HTTPInterfaceTests",
            [
                "LedgerCore", "LedgerStorage", "MemoryStorage", "HTTPInterface", "SampleLedger", nioCore, nioPosix,
                nioHTTP1, logging, lifecycle,
            ]),
        tests(
            "PostgresStorageTests",
            ["BlockingWork", "LedgerCore", "LedgerStorage", "PostgresStorage", "PostgresServer", "SampleLedger"]),
        tests(
            "LedgerEngineTests",
            [
                "BlockingWork", "LedgerCore", "LedgerStorage", "LedgerEngine", "MemoryStorage", "SQLiteStorage",
                "PostgresStorage", "PostgresServer", "SampleLedger",
            ]),
        tests(
            "SimulationTests",
            [
                "BlockingWork", "LedgerCore", "LedgerEngine", "LedgerStorage", "MemoryStorage", "HTTPInterface",
                "ServerApp", "WebhookDelivery", "SampleLedger", nioCore, nioHTTP1, logging, crypto,
            ]),
        tests(
            "ContractTests",
            [
                "ServerApp", "LedgerCore", "LedgerStorage", "WireSchema", "HTTPInterface", "SkutrailAPI",
                "SKInventoryAPI", "SellerAPI", "LinkitAPI", "WebhookDelivery", httpClient, nioCore, nioPosix, nioHTTP1,
                logging,
            ]),
        tests(
            "WebhookDeliveryTests",
            [
                "WebhookDelivery", "LedgerCore", "LedgerStorage", "MemoryStorage", nioCore, nioPosix,
                nioHTTP1, nioSSL, logging, crypto,
            ]),
        tests("DeveloperToolsTests", ["DeveloperTools", "WebhookDelivery", nioCore, nioPosix, nioHTTP1]),
        tests("EndToEndTests", ["PostgresServer", grdb]),
        tests("ImportClientTests", ["ImportClient", "CZlib", nioCore, nioPosix, nioHTTP1]),
    ],
    swiftLanguageModes: [.v6]
)
