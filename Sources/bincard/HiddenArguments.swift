import Foundation

/// What other users of the machine see of this process in `ps` and `/proc/PID/cmdline`: the command line without the
/// secrets in it. They are seen for the moment until the process gets here; what must not be seen even then goes into
/// the environment or a file.
enum HiddenArguments {
    /// Flags whose values are secrets.
    private static let flags: Set<String> = ["--api-key", "--secret", "--server-password"]
    /// What secrets begin with, wherever they stand.
    private static let marks = ["sk_test_", "sk_live_", "whsec_"]

    /// Overwrites the secrets in place. What the program itself reads of its arguments stays as it was given.
    static func hide() {
        // Swift copies them when they are first asked for.
        let arguments = CommandLine.arguments
        for (index, argument) in arguments.enumerated().dropFirst() {
            guard let bytes = CommandLine.unsafeArgv[index] else { continue }
            for place in secretPlaces(of: argument, behind: arguments[index - 1]) { bytes[place] = 0x2A }
        }
    }

    /// Which bytes of an argument must not be seen.
    private static func secretPlaces(of argument: String, behind before: String) -> Range<Int> {
        let bytes = Array(argument.utf8)
        if flags.contains(before) { return 0..<bytes.count }
        if let flag = flags.first(where: { argument.hasPrefix($0 + "=") }) {
            return (flag.utf8.count + 1)..<bytes.count
        }
        if let mark = marks.lazy.compactMap({ end(of: $0, in: bytes) }).first { return mark..<bytes.count }
        // In a list of keywords and values everything behind it: a value may have blanks.
        if let password = end(of: "password=", in: bytes) { return password..<bytes.count }
        guard let scheme = end(of: "://", in: bytes) else { return 0..<0 }
        let rest = bytes[scheme...]
        guard let colon = rest.firstIndex(of: UInt8(ascii: ":")), let at = rest.lastIndex(of: UInt8(ascii: "@")),
            colon < at
        else { return 0..<0 }
        return (colon + 1)..<at
    }

    /// The place behind the text, where it stands in the bytes.
    private static func end(of text: String, in bytes: [UInt8]) -> Int? {
        bytes.firstRange(of: Array(text.utf8))?.upperBound
    }
}
