import Testing

extension Installation {
    /// Makes a ledger of a few hundred movements in a tenant of its own, each in a block of its own, and stops the
    /// server again.
    ///
    /// - Returns: a key of the tenant, and the end of its journal.
    func makeSmallLedger(movements: Int = 150) async throws -> (key: String, head: JournalHead) {
        let key = try await makeKey(tenant: "small")
        let server = try await serve()
        let caller = try server.caller(key)
        try caller.makeItems(["A", "B"], locations: ["W", "X"])
        for number in 0..<movements {
            let sku = number % 2 == 0 ? "A" : "B"
            let answer = try caller.move(
                sku, at: number % 3 == 0 ? "X" : "W", number % 7 == 6 ? -2 : 3, key: "m\(number)")
            try #require(answer.status == 200, "\(answer.text)")
        }
        let head = try caller.head()
        try #require(try await server.stop() == 0)
        return (key, head)
    }

    /// What `verify` says of the tenant `small`.
    func verifySmallLedger(data: String? = nil) async throws -> (status: Int32, realm: JSON, text: String) {
        let result = try await bincard(
            "verify", "--data", data ?? self.data, "--tenant", "small", "--mode", "test", "--format", "json")
        let report = try result.json()
        try #require((report["ok"] == .boolean(true)) == (result.status == 0))
        return (result.status, try #require(report["realms"]?[0]), result.output)
    }
}
