// swift-tools-version: 6.2
// Micro-benchmarks of what a write passes through, apart from the server. A package of its own, so that nothing of it
// is built with the server; it sees the same public API as any other package would.
import PackageDescription

let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "bincard", path: "..")],
    targets: [
        .executableTarget(
            name: "LedgerBenchmarks",
            dependencies: [
                .product(name: "LedgerCore", package: "bincard"),
                .product(name: "WireSchema", package: "bincard"),
                .product(name: "SQLiteStorage", package: "bincard"),
            ],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
