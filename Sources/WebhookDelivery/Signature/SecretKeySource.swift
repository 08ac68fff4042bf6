internal import Glibc

extension SecretVault {
    /// Opens the vault of an installation.
    ///
    /// The keys stand in the environment (32 bytes each, in base 64 or hexadecimal, with commas between them: the first
    /// seals, the others open what they sealed in their time), or else in a file of the data directory, which is made
    /// with one random key when it is not there. When both are there, the file's keys open what they sealed.
    ///
    /// Blocks.
    ///
    /// - Parameters:
    ///   - environment: the value of `BINCARD_SECRET_KEY`; nil when it is not set.
    ///   - file: the path of the file.
    /// - Throws: `SecretKeyFault`.
    package static func load(environment: String?, file: String) throws(SecretKeyFault) -> SecretVault {
        var keys: [Key] = []
        if let environment {
            keys = try parse(environment, separator: ",") { .environmentMalformed(entry: $0) }
            if keys.isEmpty { throw .environmentMalformed(entry: 1) }
        }
        if let text = try SecretKeyFile.read(file) {
            let stored = try parse(text, separator: "\n") { .fileMalformed(path: file, line: $0) }
            if stored.isEmpty { throw .fileMalformed(path: file, line: 1) }
            keys += stored
        } else if keys.isEmpty {
            let bytes = try SecretKeyFile.create(file)
            if let key = Key(bytes) { keys = [key] }
        }
        guard let current = keys.first else { throw .fileMalformed(path: file, line: 1) }
        return SecretVault(current: current, older: Array(keys.dropFirst()))
    }

    /// - Parameter fault: makes the error from the number of the entry, from 1.
    private static func parse(
        _ text: String, separator: Character, fault: (Int) -> SecretKeyFault
    ) throws(SecretKeyFault) -> [Key] {
        var keys: [Key] = []
        var parts = text.split(separator: separator, omittingEmptySubsequences: false)
        // A text may end with its separator.
        while parts.last?.trimmed.isEmpty ?? false { parts.removeLast() }
        for (index, part) in parts.enumerated() {
            guard let key = bytes(part.trimmed).flatMap({ Key($0) }) else { throw fault(index + 1) }
            keys.append(key)
        }
        return keys
    }

    /// 64 characters are hexadecimal; 32 bytes in base 64 have 44.
    private static func bytes(_ text: Substring) -> [UInt8]? {
        guard text.utf8.count == 64 else { return Base64.decode(text) }
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text.utf8 {
            guard let digit = HexDigit.value(character) else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return bytes
    }
}

/// The file that holds the key of an installation that was given none.
package enum SecretKeyFile {
    /// Bytes of the largest file that is read: more keys than anybody has had.
    private static let maximumSize = 4096

    /// The file's text; nil when there is no file.
    static func read(_ path: String) throws(SecretKeyFault) -> String? {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw .file(path: path, problem: systemError())
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .file(path: path, problem: systemError()) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .file(path: path, problem: "it is not a regular file") }
        guard status.st_mode & 0o077 == 0 else { throw .fileOpenToOthers(path: path, mode: status.st_mode & 0o777) }
        var bytes = [UInt8](repeating: 0, count: maximumSize + 1)
        var count = 0
        while count < bytes.count {
            let result = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(file, buffer.baseAddress.map { $0 + count }, buffer.count - count)
            }
            if result < 0, errno == EINTR { continue }
            guard result >= 0 else { throw .file(path: path, problem: systemError()) }
            if result == 0 { break }
            count += result
        }
        guard count <= maximumSize, let text = String(validating: bytes[..<count], as: UTF8.self) else {
            throw .fileMalformed(path: path, line: 1)
        }
        return text
    }

    /// Makes the file with a random key, for its owner alone, and returns the key once it is on the disk.
    static func create(_ path: String) throws(SecretKeyFault) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        let key = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        try write(Base64.encode(key) + "\n", to: path)
        return key
    }

    /// Makes a file that was not there, for its owner alone; on the disk when this returns.
    /// - Throws: `SecretKeyFault.file`; then there is no file.
    package static func write(_ text: String, to path: String) throws(SecretKeyFault) {
        let file = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw .file(path: path, problem: systemError()) }
        let text = Array(text.utf8)
        let isWritten = text.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) } == text.count
        guard isWritten, fsync(file) == 0 else {
            let problem = systemError()
            close(file)
            // Half a key is of no use, and nothing was sealed with it.
            unlink(path)
            throw .file(path: path, problem: problem)
        }
        close(file)
        try syncFolder(of: path)
    }

    /// A file that was synced is lost with the folder that names it.
    private static func syncFolder(of path: String) throws(SecretKeyFault) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let file = Glibc.open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        guard file >= 0 else { throw .file(path: folder, problem: systemError()) }
        defer { close(file) }
        // EINVAL: a file system that has nothing to sync for a folder.
        guard fsync(file) == 0 || errno == EINVAL else { throw .file(path: folder, problem: systemError()) }
    }

    private static func systemError() -> String { String(cString: strerror(errno)) }
}

/// Why there is no key to encrypt secrets with. None of them shows a key.
package enum SecretKeyFault: Error, Hashable, Sendable {
    /// `entry` counts from 1.
    case environmentMalformed(entry: Int)
    /// `line` counts from 1.
    case fileMalformed(path: String, line: Int)
    /// `mode` holds the permission bits.
    case fileOpenToOthers(path: String, mode: UInt32)
    case file(path: String, problem: String)
}

extension SecretKeyFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .environmentMalformed(let entry):
            "BINCARD_SECRET_KEY: key \(entry) is not 32 bytes in base 64 or hexadecimal. `openssl rand -base64 32` "
                + "makes one."
        case .fileMalformed(let path, let line):
            "\(path): line \(line) is not a key of 32 bytes in base 64 or hexadecimal. Bring the file back from a "
                + "backup: webhook secrets can't be read without it. If there are no webhooks yet, delete it."
        case .fileOpenToOthers(let path, let mode):
            "\(path) can be read or written by others (mode 0\(String(mode, radix: 8))): it holds the key to all "
                + "webhook secrets. Run `chmod 600` on it."
        case .file(let path, let problem): "\(path): the key to webhook secrets can't be read or made: \(problem)"
        }
    }
}
