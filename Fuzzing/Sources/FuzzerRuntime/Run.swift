/// What one input is tried with: its first byte, and how many there are. Gives 0.
public typealias FuzzTarget = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

@_silgen_name("LLVMFuzzerRunDriver")
private func driver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>, _ target: FuzzTarget
) -> CInt

/// libFuzzer with this process's arguments; it ends the process. SwiftPM wants an executable's entry to be its own, so
/// that each target calls this where libFuzzer would have brought a `main`.
public func fuzz(_ target: FuzzTarget) {
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    _ = driver(&count, &arguments, target)
}
