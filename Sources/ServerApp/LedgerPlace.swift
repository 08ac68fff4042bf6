import Foundation
package import SQLiteStorage

/// Where the ledgers of an installation are.
package enum LedgerPlace: Sendable {
    case directory(DataDirectory)
    /// A PostgreSQL, as libpq takes it, and the directory where the key to it is.
    case database(conninfo: String, keyIn: DataDirectory)

    /// As settings say it.
    ///
    /// - Parameter database: `sqlite`, or a connection string.
    package init(data: String, database: String) {
        let directory = DataDirectory(path: data)
        self = database == "sqlite" ? .directory(directory) : .database(conninfo: database, keyIn: directory)
    }

    /// As a command names one of two: `postgres://…`, keywords and values of libpq, `sqlite:DIRECTORY` or a directory.
    ///
    /// - Parameter data: where the key to a PostgreSQL is.
    package init(named text: String, data: String) {
        let isURL = text.hasPrefix("postgres://") || text.hasPrefix("postgresql://")
        let keyword = text.prefix { $0 != "=" }
        let isKeywords =
            keyword.count < text.count && !keyword.isEmpty
            && keyword.allSatisfy { $0.isASCII && ($0.isLowercase || $0 == "_") }
        if isURL || isKeywords {
            self = .database(conninfo: text, keyIn: DataDirectory(path: data))
        } else {
            self = .directory(DataDirectory(path: text.hasPrefix("sqlite:") ? String(text.dropFirst(7)) : text))
        }
    }

    /// For a person, without a password.
    package var shown: String {
        switch self {
        case .directory(let directory): directory.path
        case .database(let conninfo, _): ShownDatabase.text(conninfo)
        }
    }
}

/// A connection string as it may be shown and logged.
package enum ShownDatabase {
    private static let hidden = "•••"

    /// The string without what may be a password: between the name's `:` and the last `@` of a URL, and the value of
    /// every keyword that ends in `password`.
    package static func text(_ conninfo: String) -> String {
        var text = conninfo
        if let scheme = text.range(of: "://") {
            let rest = text[scheme.upperBound...]
            let query = rest.firstIndex(of: "?") ?? rest.endIndex
            // A password that is not percent-encoded may hold anything: the last @ counts, then.
            if let at = rest[..<query].lastIndex(of: "@") ?? rest.lastIndex(of: "@"),
                let colon = rest[..<at].firstIndex(of: ":")
            {
                text.replaceSubrange(text.index(after: colon)..<at, with: hidden)
            }
        }
        // A value in quotes, with what is escaped in it, or up to the next blank or &.
        return text.replacingOccurrences(
            of: #"(?i)(password\s*=\s*)('(?:\\.|[^'\\])*'?|[^\s&]*)"#, with: "$1\(hidden)",
            options: .regularExpression)
    }
}
