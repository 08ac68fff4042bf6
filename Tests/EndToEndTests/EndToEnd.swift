import Testing

/// What a user or a script sees of the real binary: every test starts `bincard` as a process of its own, talks to it
/// over loopback, and looks at its exit codes, its output and its files.
///
/// One at a time: they measure time and memory, and a machine with two cores should not make them wait for each other.
@Suite("the binary", .serialized)
enum EndToEnd {}
