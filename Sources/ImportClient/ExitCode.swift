/// How a command ends, as scripts see it. The numbers are part of the published interface and never change.
package enum ExitCode: Int32, Sendable, CaseIterable {
    /// Everything that was asked for is done.
    case done = 0
    /// It could not be done, and trying again will not help by itself.
    case failed = 1
    /// The command was given wrongly.
    case usage = 2
    /// Done, but some rows were refused; they are in the errors file.
    case someRowsRefused = 3
    /// The server does not know the key, or the key may not do this.
    case notAuthorised = 4
    /// The server could not be reached or has no room now: the same command may succeed later.
    case tryAgain = 75
}
