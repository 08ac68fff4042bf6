#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What the last failed system call says.
func lastSystemError() -> String {
    String(cString: strerror(errno))
}

/// Writes every byte, however often the system stops half-way. False when it cannot; `errno` then says why.
func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
        let count = write(descriptor, rest.baseAddress, rest.count)
        if count < 0 {
            if errno == EINTR { continue }
            return false
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
    return true
}

/// Puts `content` at `path` so that a reader, or a process that dies half-way, sees the old file or the new one.
func replaceFile(at path: String, with content: [UInt8]) throws(ImportError) {
    let draft = path + ".tmp"
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .file(path: draft, problem: lastSystemError()) }
    let written = content.withUnsafeBytes { writeAll(descriptor, $0) }
    let problem = lastSystemError()
    close(descriptor)
    guard written else {
        unlink(draft)
        throw .file(path: draft, problem: problem)
    }
    guard rename(draft, path) == 0 else { throw .file(path: path, problem: lastSystemError()) }
}

/// Copies what is left to read in `source`. Returns what went wrong, or nil.
func copyAll(from source: Int32, to target: Int32) -> String? {
    withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
        while true {
            let count = read(source, buffer.baseAddress, buffer.count)
            if count == 0 { return nil }
            if count < 0 {
                if errno == EINTR { continue }
                return lastSystemError()
            }
            guard writeAll(target, UnsafeRawBufferPointer(rebasing: buffer[..<count])) else {
                return lastSystemError()
            }
        }
    }
}
