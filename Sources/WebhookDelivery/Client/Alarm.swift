internal import NIOCore

/// One timer for many deadlines: setting it costs nothing while an earlier time is set already, so that requests don't
/// each leave a task in the event loop's queue. Lives on its event loop alone.
final class Alarm {
    private let loop: NIOIsolatedEventLoop
    private var time = NIODeadline.distantFuture
    private var scheduled: Scheduled<Void>?
    /// Called when the time has come; it is for the receiver to find out what is due and to set the next time.
    var onRing: (() -> Void)?

    init(loop: NIOIsolatedEventLoop) {
        self.loop = loop
    }

    /// Rings at that time at the latest.
    func set(for deadline: NIODeadline) {
        guard deadline < time else { return }
        scheduled?.cancel()
        time = deadline
        scheduled = loop.scheduleTask(deadline: deadline) { [weak self] in
            self?.time = .distantFuture
            self?.onRing?()
        }
    }

    /// Does not ring any more, unless it is set again.
    func stop() {
        scheduled?.cancel()
        scheduled = nil
        time = .distantFuture
    }
}
