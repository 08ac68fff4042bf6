// swift-tools-version: 6.2
// Targets of libFuzzer for what reads bytes from outside. A package of its own, because everything in it is built with
// sanitizers. `Fuzzing/run` builds and runs it.
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func fuzzer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: ["FuzzerRuntime"] + dependencies, swiftSettings: settings)
}

let wireSchema = Target.Dependency.product(name: "WireSchema", package: "bincard")
let ledgerCore = Target.Dependency.product(name: "LedgerCore", package: "bincard")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")

let package = Package(
    name: "Fuzzing",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "bincard", path: ".."),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
    ],
    targets: [
        .target(name: "FuzzerRuntime", swiftSettings: settings),
        fuzzer("JSONFuzz", [wireSchema]),
        fuzzer("ParameterFuzz", [wireSchema]),
        // Cursor.swift is a link to the server's own: what it declares is not public, and its layer would bring all of
        // the server with it.
        fuzzer("CursorFuzz", [ledgerCore, crypto]),
    ],
    swiftLanguageModes: [.v6]
)
