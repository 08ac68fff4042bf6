#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The CSV of the rows that were left behind: the line in the original, the original columns as they stood, and why.
/// Made when the first row comes; it can be corrected and imported.
package struct ErrorsFile: ~Copyable {
    /// What it adds to the original's header. Not `code` and `reason`: a movement has a reason of its own.
    package static let addedColumns = ["line", "error_code", "error"]

    package let path: String
    /// Bytes in the file: what a resumed run keeps of it.
    package private(set) var length: Int64
    private let header: [UInt8]
    private var descriptor: Int32 = -1

    /// `keeping`: how many bytes of an earlier run's file to go on from; 0 removes it. Throws `ImportError.file`.
    package init(path: String, header: [String], keeping: Int64 = 0) throws(ImportError) {
        self.path = path
        var line = Array("\(Self.addedColumns[0]),".utf8)
        for name in header {
            Self.append(name, to: &line)
            line.append(0x2C)
        }
        line.append(contentsOf: "\(Self.addedColumns[1]),\(Self.addedColumns[2])\n".utf8)
        self.header = line
        length = keeping
        if keeping > 0 {
            let opened = open(path, O_WRONLY | O_CLOEXEC)
            guard opened >= 0 else { throw .file(path: path, problem: lastSystemError()) }
            guard lseek(opened, 0, SEEK_END) >= off_t(keeping) else {
                close(opened)
                throw .file(path: path, problem: "is shorter than the run to resume left it")
            }
            guard ftruncate(opened, off_t(keeping)) == 0, lseek(opened, 0, SEEK_END) == off_t(keeping) else {
                let problem = lastSystemError()
                close(opened)
                throw .file(path: path, problem: problem)
            }
            descriptor = opened
        } else if unlink(path) != 0, errno != ENOENT {
            throw .file(path: path, problem: lastSystemError())
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Adds a row. `record` is the original without its line break.
    package mutating func add(line: Int, record: some Collection<UInt8>, code: String, reason: String)
        throws(ImportError)
    {
        var bytes: [UInt8] = []
        if descriptor < 0 {
            descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw .file(path: path, problem: lastSystemError()) }
            bytes = header
        }
        bytes.append(contentsOf: "\(line),".utf8)
        bytes.append(contentsOf: record)
        bytes.append(0x2C)
        Self.append(code, to: &bytes)
        bytes.append(0x2C)
        Self.append(reason, to: &bytes)
        bytes.append(0x0A)
        guard bytes.withUnsafeBytes({ writeAll(descriptor, $0) }) else {
            throw .file(path: path, problem: lastSystemError())
        }
        length += Int64(bytes.count)
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        guard text.utf8.contains(where: { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }) else {
            bytes.append(contentsOf: text.utf8)
            return
        }
        bytes.append(0x22)
        for byte in text.utf8 {
            if byte == 0x22 { bytes.append(0x22) }
            bytes.append(byte)
        }
        bytes.append(0x22)
    }
}
