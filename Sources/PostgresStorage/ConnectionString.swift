/// What a connection string may hold that nobody else should read, kept out of every message.
///
/// libpq quotes what it can't make sense of, and that is often a piece of a password: an `@` or `/` in it that is not
/// percent-encoded, a space that is not in quotes. So a string is looked at here before libpq's own words are shown.
struct ConnectionString {
    /// The values that libpq itself marks as not to be shown.
    private let secrets: [String]

    /// - Throws: a failure that says what to write otherwise, when libpq can't read the string or would read something
    ///   else than was meant. It shows nothing of it.
    init(_ text: String, _ library: LibPQ) throws(PostgresFailure) {
        let schemes = ["postgres://", "postgresql://"]
        let scheme = schemes.first { text.hasPrefix($0) }
        guard scheme != nil || text.contains("=") else {
            throw ConnectionString.unreadable("it begins neither with postgres:// nor with a keyword and =")
        }
        if let scheme, ConnectionString.isCutWrongly(text.dropFirst(scheme.count)) {
            throw ConnectionString.unreadable("a name or password in it has an @ or / that is not percent-encoded")
        }
        guard let options = library.parse(text, nil) else {
            throw ConnectionString.unreadable("libpq can't take it apart")
        }
        defer { library.freeOptions(options) }
        let values = ConnectionString.values(in: options)
        // A password with a / in it makes its beginning the port.
        guard values.ports.allSatisfy({ $0 == "," || $0.isASCII && $0.isNumber }) else {
            throw ConnectionString.unreadable("the port is not a number")
        }
        secrets = values.secrets
    }

    private static func unreadable(_ why: String) -> PostgresFailure {
        PostgresFailure(
            state: "",
            message: "the connection string can't be read: \(why). Write postgres://USER:PASSWORD@HOST:PORT/DATABASE, "
                + "with @ / : % and spaces in a part as %40 %2F %3A %25 %20, or keywords and values as in host=db "
                + "user=bincard_server, with a value in '…' when it has spaces. It is not shown here, because it may "
                + "hold a password",
            isConnectionLost: false)
    }

    /// Whether there is another `@` than the one at which libpq ends the name and the password. In a parameter behind
    /// `?` and `=` there may be one.
    private static func isCutWrongly(_ rest: Substring) -> Bool {
        var tail = rest
        if let end = rest.prefix(while: { $0 != "/" }).firstIndex(of: "@") { tail = rest[rest.index(after: end)...] }
        let place = tail.prefix { $0 != "?" }
        return place.contains("@") || tail.dropFirst(place.count).prefix { $0 != "=" }.contains("@")
    }

    /// `struct PQconninfoOption { char *keyword, *envvar, *compiled, *val, *label, *dispchar; int dispsize; }`, up to
    /// one whose keyword is NULL; dispchar is "*" where the value is a secret.
    private static func values(in options: UnsafeMutableRawPointer) -> (ports: String, secrets: [String]) {
        let word = MemoryLayout<UnsafeRawPointer>.size
        var ports = ""
        var secrets: [String] = []
        var option = UnsafeRawPointer(options)
        func text(_ field: Int) -> String? {
            option.load(fromByteOffset: field * word, as: UnsafePointer<CChar>?.self).map { String(cString: $0) }
        }
        while let keyword = text(0) {
            if let value = text(3) {
                if keyword == "port" { ports = value }
                if text(5) == "*", !value.isEmpty { secrets.append(value) }
            }
            option += 7 * word
        }
        return (ports, secrets)
    }

    /// A message of libpq or of the server about connecting: without what must not be shown, with what to do.
    func explained(_ message: String) -> String {
        var shown = message
        for secret in secrets { shown = ConnectionString.replacing(secret, in: shown) }
        let lower = message.lowercased()
        guard let advice = ConnectionString.advice.first(where: { lower.contains($0.sign) }) else { return shown }
        return "\(shown). \(advice.text)"
    }

    private static func replacing(_ secret: String, in text: String) -> String {
        var result: [UInt8] = []
        var rest = Array(text.utf8)[...]
        let secret = Array(secret.utf8)
        while !rest.isEmpty {
            if rest.starts(with: secret) {
                result += Array("(not shown)".utf8)
                rest = rest.dropFirst(secret.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// By what a message says, in English; in another language it stands for itself.
    private static let advice = [
        (sign: "password authentication failed", text: "Check the user and the password of the connection string"),
        (sign: "no password supplied", text: "Put a password into the connection string, PGPASSWORD or ~/.pgpass"),
        (sign: "pg_hba.conf", text: "Let this address and role in: pg_hba.conf on the database's machine"),
        (
            sign: "role \"",
            text: "Check the user of the connection string; `bincard db migrate` makes the server's role"
        ),
        (sign: "database \"", text: "Check the database of the connection string, or make it: createdb"),
        (sign: "translate host name", text: "Check the host of the connection string"),
        (sign: "connection refused", text: "Check the host and the port of the connection string"),
        (
            sign: "too many",
            text: "Raise max_connections in PostgreSQL, or put a pooler before it; a server uses up to 25"
        ),
        (
            sign: "remaining connection slots",
            text: "Raise max_connections in PostgreSQL, or put a pooler before it; a server uses up to 25"
        ),
        (sign: "ssl", text: "Check sslmode and sslrootcert in the connection string"),
        (sign: "certificate", text: "Check sslmode and sslrootcert in the connection string"),
        (sign: "read-only", text: "None of the addresses takes writes: name the primary"),
    ]
}
