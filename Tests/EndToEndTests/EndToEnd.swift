import Testing

/// What a user or a script sees of the real binary: every test starts `bincard` as a process of its own, talks to it
/// over loopback, and looks at its exit codes, its output and its files.
///
/// One at a time: they measure time and memory, and a machine with two cores should not make them wait for each other.
///
/// Every wait has a bound of its own, near to what is waited for; the time limit is for what nobody has thought of.
@Suite("the binary", .serialized, .timeLimit(.minutes(10)))
enum EndToEnd {}
