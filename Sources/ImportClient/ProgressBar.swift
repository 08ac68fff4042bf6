#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Shows on stderr how far a long job has come: a bar on a terminal, a line now and then elsewhere.
package struct ProgressBar: ~Copyable {
    /// How progress is shown.
    package enum Style: Hashable, Sendable {
        /// A bar of at most so many columns.
        case bar(columns: Int)
        /// A line every ten seconds, and one at the end of each phase.
        case lines
        case silent

        /// What suits stderr as it is.
        package static var automatic: Style {
            guard isatty(STDERR_FILENO) == 1 else { return .lines }
            var size = winsize()
            let known = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col >= 20
            return .bar(columns: known ? Int(size.ws_col) : 80)
        }
    }

    private let style: Style
    private let write: (String) -> Void
    private let now: () -> ContinuousClock.Instant
    private var phase = ""
    private var unit = ""
    private var began: ContinuousClock.Instant
    private var shown: ContinuousClock.Instant
    /// Done before this run: counts for the share, not for the rate.
    private var head: (fraction: Double, count: Int) = (0, 0)
    private var last: (fraction: Double, count: Int) = (0, 0)
    private var isOpen = false

    package init(
        _ style: Style, write: @escaping (String) -> Void = ProgressBar.toStandardError,
        now: @escaping () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        self.style = style
        self.write = write
        self.now = now
        began = now()
        shown = began
    }

    /// Writes to standard error, and takes no notice of a failure.
    package static func toStandardError(_ text: String) {
        var text = text
        // Progress that cannot be shown is no reason to stop.
        _ = text.withUTF8 { writeAll(STDERR_FILENO, UnsafeRawBufferPointer($0)) }
    }

    /// Starts a phase; ends the one before. `unit` is what `count` counts.
    package mutating func begin(_ phase: String, unit: String, head: (fraction: Double, count: Int) = (0, 0)) {
        end()
        self.phase = phase
        self.unit = unit
        self.head = head
        last = head
        began = now()
        shown = began
        isOpen = true
    }

    /// `fraction`: 0 to 1 of the phase.
    package mutating func update(fraction: Double, count: Int) {
        last = (fraction.isNaN ? 0 : min(max(fraction, 0), 1), count)
        let instant = now()
        switch style {
        case .bar where instant - shown >= .milliseconds(100):
            shown = instant
            write("\r" + line(at: instant) + "\u{1B}[K")
        case .lines where instant - shown >= .seconds(10):
            shown = instant
            write(line(at: instant) + "\n")
        default: break
        }
    }

    /// Something to say between two updates.
    package func note(_ text: String) {
        switch style {
        case .bar: write("\r\u{1B}[K" + text + "\n")
        case .lines: write(text + "\n")
        case .silent: break
        }
    }

    /// Ends the phase and leaves its last state on the screen.
    package mutating func end() {
        guard isOpen else { return }
        isOpen = false
        let instant = now()
        switch style {
        case .bar: write("\r" + line(at: instant) + "\u{1B}[K\n")
        case .lines: write(line(at: instant) + "\n")
        case .silent: break
        }
    }

    private func line(at instant: ContinuousClock.Instant) -> String {
        let elapsed = seconds(instant - began)
        let rate = elapsed > 0 ? (Double(last.count) - Double(head.count)) / elapsed : 0
        let percent = Int(last.fraction * 100)
        var text = "\(grouped(last.count)) \(unit)"
        if rate >= 1 { text += "  \(grouped(Int(min(rate, 1e15))))/s" }
        let progressed = last.fraction - head.fraction
        if isOpen, progressed > 0.01 {
            text += "  ETA \(clock(elapsed / progressed * (1 - last.fraction)))"
        } else {
            text += "  \(clock(elapsed))"
        }
        let share = "\(percent < 10 ? "  " : percent < 100 ? " " : "")\(percent) %"
        guard case .bar(let columns) = style else { return "\(phase): \(share.drop { $0 == " " })  \(text)" }
        let room = min(30, columns - phase.count - share.count - text.count - 6)
        guard room >= 5 else { return String("\(phase) \(share)  \(text)".prefix(columns - 1)) }
        let full = Int(Double(room) * last.fraction)
        let bar = String(repeating: "█", count: full) + String(repeating: "░", count: room - full)
        return "\(phase) \(bar) \(share)  \(text)"
    }

    private func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    private func clock(_ seconds: Double) -> String {
        let whole = Int(min(max(seconds, 0), 359_999))
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        let padded = rest < 10 ? "0\(rest)" : "\(rest)"
        if hours == 0 { return "\(minutes):\(padded)" }
        return "\(hours):\(minutes < 10 ? "0" : "")\(minutes):\(padded)"
    }
}

/// 541909 as 541,909.
package func grouped(_ number: some BinaryInteger) -> String {
    let digits = String(number.magnitude)
    var out = number < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0 { out.append(",") }
        out.append(digit)
    }
    return out
}
