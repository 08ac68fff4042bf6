internal import Foundation

/// Files of databases are for their owner alone, also where the directory is open to others.
enum PrivateFile {
    /// Makes an empty file when there is none: SQLite itself would make it readable by everybody, and gives its log the
    /// mode that the file has. Why it can't be made shows when it is opened.
    ///
    /// A file that exists is not touched, not even opened: to close it would give up the locks that this process holds
    /// on it.
    static func make(_ path: String) {
        let file = Foundation.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if file >= 0 { Foundation.close(file) }
    }
}
