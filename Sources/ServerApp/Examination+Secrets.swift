import Foundation
import LedgerCore
import LedgerStorage
import SQLiteStorage
import WebhookDelivery

/// Whether what webhooks are signed with can be read: a data directory that was restored or moved may have come without
/// its key.
extension Administration {
    /// What the endpoints of a ledger say; nil when nothing is wrong. Changes nothing.
    ///
    /// - Parameter webhooks: as the ledger's file has them.
    func examineSecrets(of webhooks: [WebhookEndpoint], in realm: Realm) -> Finding? {
        let endpoints = webhooks.filter { !$0.isDeleted }
        guard !endpoints.isEmpty else { return nil }
        let environment = ProcessInfo.processInfo.environment["BINCARD_SECRET_KEY"]
        var vault: SecretVault?
        // To load it where there is no key would make one.
        if environment != nil || FileManager.default.fileExists(atPath: directory.secretKeyPath) {
            do throws(SecretKeyFault) {
                vault = try SecretVault.load(environment: environment, file: directory.secretKeyPath)
            } catch {
                return Finding(severity: .problem, what: "\(error)", advice: "Correct it: no server starts with it.")
            }
        }
        let unreadable = endpoints.filter { endpoint in
            !endpoint.secrets.contains { vault?.open($0.sealed, realm: realm.id) != nil }
        }
        guard !unreadable.isEmpty else { return nil }
        let keys = Set(unreadable.flatMap(\.secrets).compactMap { SecretVault.keyName(of: $0.sealed) }).sorted()
        return Finding(
            severity: .warning,
            what:
                """
                \(realm.tenant) \(realm.mode.rawValue): the secrets of \(unreadable.count) of \(endpoints.count) \
                webhook endpoints can't be read: the key \(keys.joined(separator: ", ")) is neither in \
                BINCARD_SECRET_KEY nor in \(directory.secretKeyPath)
                """,
            advice:
                """
                Put the key back, or give each endpoint a new secret (`bincard webhooks rotate`). Until then every \
                delivery to them fails, is tried again and dies.
                """)
    }
}
