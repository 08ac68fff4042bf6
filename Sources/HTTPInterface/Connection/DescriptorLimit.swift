internal import Glibc

/// How many descriptors the process may have open. The usual soft limit, 1024, is for programs that use `select`; the
/// hard limit is what the administrator means.
package enum DescriptorLimit {
    /// Descriptors that connections leave for files of the ledger, logs and the like.
    private static let reserve = 256

    /// Raises the soft limit to the hard one, as far as the system lets it. The limit that now holds.
    @discardableResult
    package static func raise() -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 1024 }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if setrlimit(resource, &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// As many connections as are wished for, or as fit.
    static func connections(atMost wished: Int) -> Int {
        let limit = raise()
        return max(1, min(wished, max(limit / 2, limit - reserve)))
    }
}
