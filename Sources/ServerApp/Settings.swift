import Foundation
import Yams

/// What is set, and where each value comes from.
package struct Settings: Sendable {
    /// Where a value comes from: flags before the environment before the file before defaults.
    package enum Origin: Sendable, Equatable, CustomStringConvertible {
        case flag
        case environment(String)
        case file(String)
        case standard

        package var description: String {
            switch self {
            case .flag: "flag"
            case .environment(let variable): "environment \(variable)"
            case .file(let path): "file \(path)"
            case .standard: "default"
            }
        }
    }

    /// A setting as it stands.
    package struct Value: Sendable {
        package var setting: Setting
        package var text: String
        package var origin: Origin

        /// For a person: without a password.
        package var shown: String { setting.name == "database" ? ShownDatabase.text(text) : text }
    }

    /// In the order in which they are declared.
    package let values: [Value]

    /// - Parameters:
    ///   - flags: values by the settings' names.
    ///   - file: a file to read; nil for `bincard.yaml` in the working directory, else in the data directory, where
    ///     there is one.
    /// - Throws: `SettingsError` naming the value and where it came from.
    package init(
        flags: [String: String] = [:], environment: [String: String] = ProcessInfo.processInfo.environment,
        file: String? = nil
    ) throws(SettingsError) {
        let path = try Settings.file(asked: file, flags: flags, environment: environment)
        let inFile = try path.map { path throws(SettingsError) in try Settings.read(path) } ?? [:]
        var values: [Value] = []
        for setting in Setting.all {
            let value: Value
            if let text = flags[setting.name] {
                value = Value(setting: setting, text: text, origin: .flag)
            } else if let text = environment[setting.variable] {
                value = Value(setting: setting, text: text, origin: .environment(setting.variable))
            } else if let text = inFile[setting.name], let path {
                value = Value(setting: setting, text: text, origin: .file(path))
            } else {
                value = Value(setting: setting, text: setting.defaultValue, origin: .standard)
            }
            if let refusal = setting.refusal(value.text) {
                throw SettingsError("\(setting.name) (\(value.origin)) \(refusal), not “\(value.shown)”")
            }
            values.append(value)
        }
        self.values = values
    }

    /// The text of a setting; empty for a name that is none.
    package subscript(name: String) -> String { values.first { $0.setting.name == name }?.text ?? "" }

    /// A number that was checked when it was read.
    package func number(_ name: String) -> Int { Int(self[name]) ?? 0 }

    private static func file(
        asked: String?, flags: [String: String], environment: [String: String]
    ) throws(SettingsError) -> String? {
        if let asked {
            guard FileManager.default.fileExists(atPath: asked) else {
                throw SettingsError("the configuration file \(asked) does not exist")
            }
            return asked
        }
        let data = flags["data"] ?? environment["BINCARD_DATA"] ?? "./bincard-data"
        return ["bincard.yaml", data + "/bincard.yaml"].first { FileManager.default.fileExists(atPath: $0) }
    }

    private static func read(_ path: String) throws(SettingsError) -> [String: String] {
        let node: Node?
        do {
            node = try Yams.compose(yaml: try String(contentsOfFile: path, encoding: .utf8))
        } catch {
            throw SettingsError("\(path) can't be read: \(error)")
        }
        guard let node else { return [:] }
        guard let mapping = node.mapping else { throw SettingsError("\(path) must be a list of `name: value` lines") }
        var values: [String: String] = [:]
        for (key, value) in mapping {
            guard let name = key.string, Setting.all.contains(where: { $0.name == name }) else {
                throw SettingsError(
                    "\(path) sets “\(key.string ?? "?")”, which is no setting; `bincard config show` lists them")
            }
            guard let scalar = value.scalar?.string else {
                throw SettingsError("\(path): \(name) must be a single value")
            }
            values[name] = scalar
        }
        return values
    }
}

/// A setting that can't be used; the message says which, where it is set, and what it must be.
package struct SettingsError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
