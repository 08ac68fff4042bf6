internal import Foundation

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A file that can be read from its start as often as needed. What cannot be rewound (standard input, a pipe) is first
/// copied to a temporary file that has no name any more, so that it goes away with the process, however that ends.
package final class InputFile {
    /// As given by the caller; `-` is standard input.
    package let path: String
    /// Bytes in the file as stored, compressed or not.
    package let size: Int64
    private let descriptor: Int32
    private let modified: timespec

    /// Opens `path`, or standard input for `-`. Throws `ImportError.file` when that fails.
    package init(path: String) throws(ImportError) {
        let opened = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw .file(path: path, problem: lastSystemError()) }
        var status = stat()
        guard fstat(opened, &status) == 0 else {
            let problem = lastSystemError()
            close(opened)
            throw .file(path: path, problem: problem)
        }
        var descriptor = opened
        switch status.st_mode & S_IFMT {
        case S_IFREG where path != "-":
            break
        case S_IFDIR:
            close(opened)
            throw .file(path: path, problem: "is a folder")
        default:
            defer { close(opened) }
            descriptor = try Self.spool(opened, path: path)
            guard fstat(descriptor, &status) == 0 else {
                throw .file(path: path, problem: lastSystemError())
            }
        }
        self.path = path
        self.descriptor = descriptor
        size = Int64(status.st_size)
        modified = Self.modificationTime(status)
    }

    deinit {
        close(descriptor)
    }

    /// The uncompressed content from its beginning. Whether it is gzip is told by its first two bytes, not by its name.
    package func content() throws(ImportError) -> any ByteSource {
        let stored = StoredBytes(file: self)
        var magic: (UInt8, UInt8) = (0, 0)
        let read = withUnsafeMutableBytes(of: &magic) { pread(descriptor, $0.baseAddress, 2, 0) }
        guard read >= 0 else { throw .file(path: path, problem: lastSystemError()) }
        guard read == 2, magic == (0x1F, 0x8B) else { return stored }
        guard let inflating = GzipBytes(compressed: stored) else {
            throw .file(path: path, problem: "not enough memory to inflate it")
        }
        return inflating
    }

    /// Whether someone wrote to the file since it was opened: two passes over it would then not see the same.
    package var hasChanged: Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return true }
        let now = Self.modificationTime(status)
        return Int64(status.st_size) != size || now.tv_sec != modified.tv_sec || now.tv_nsec != modified.tv_nsec
    }

    fileprivate func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(InputFault) -> Int {
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            if errno != EINTR { throw InputFault(lastSystemError()) }
        }
    }

    private static func modificationTime(_ status: stat) -> timespec {
        #if canImport(Darwin)
            status.st_mtimespec
        #else
            status.st_mtim
        #endif
    }

    private static func spool(_ source: Int32, path: String) throws(ImportError) -> Int32 {
        var template = Array((NSTemporaryDirectory() + "/bincard-import-XXXXXX").utf8CString)
        let target = mkstemp(&template)
        guard target >= 0 else { throw .file(path: NSTemporaryDirectory(), problem: lastSystemError()) }
        unlink(template)
        let failure = copyAll(from: source, to: target)
        if let failure {
            close(target)
            throw .file(path: path, problem: failure)
        }
        return target
    }
}

/// The bytes of an `InputFile` as they are stored.
private final class StoredBytes: ByteSource {
    private let file: InputFile
    private(set) var position: Int64 = 0

    init(file: InputFile) {
        self.file = file
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(InputFault) -> Int {
        let count = try file.read(into: buffer, at: position)
        position += Int64(count)
        return count
    }
}
