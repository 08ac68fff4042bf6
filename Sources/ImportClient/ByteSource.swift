/// Where bytes come from, a piece at a time.
package protocol ByteSource: AnyObject {
    /// Puts at least one byte into `buffer`, which is not empty, and returns how many; 0 at the end.
    /// Throws `InputFault` when the bytes cannot be had or are not what they should be.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(InputFault) -> Int

    /// Bytes of the underlying file used up so far: what a progress bar shows.
    var position: Int64 { get }
}

/// What is wrong with the bytes of a file, before anyone knows in which line.
package struct InputFault: Error, Hashable, Sendable {
    package var problem: String

    package init(_ problem: String) {
        self.problem = problem
    }
}
