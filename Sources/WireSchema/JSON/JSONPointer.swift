/// RFC 6901.
public enum JSONPointer {
    /// Longer names are cut in a pointer, with `…`: in Unicode scalars.
    static let longestToken = 128

    /// A member name as a step of a pointer, without its slash: `~` and `/` escaped, a very long one cut.
    public static func token(_ name: String) -> String {
        var token = ""
        for (position, scalar) in name.unicodeScalars.enumerated() {
            if position == longestToken { return token + "…" }
            switch scalar {
            case "~": token += "~0"
            case "/": token += "~1"
            default: token.unicodeScalars.append(scalar)
            }
        }
        return token
    }

    /// The steps of a pointer, with `~` and `/` as they are in the names. It goes by scalars: a name may begin with an
    /// accent, which would make one character with the slash before it.
    public static func names(in pointer: String) -> [String] {
        pointer.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { token in
            var name = String.UnicodeScalarView()
            var isEscaped = false
            for scalar in token {
                if isEscaped {
                    name.append(scalar == "1" ? "/" : "~")
                    isEscaped = false
                } else if scalar == "~" {
                    isEscaped = true
                } else {
                    name.append(scalar)
                }
            }
            return String(name)
        }
    }

    /// The beginning of a name, so that a megabyte of it does not come back in an error.
    static func clipped(_ name: String) -> String {
        name.utf8.count <= longestToken ? name : String(name.unicodeScalars.prefix(longestToken)) + "…"
    }
}
