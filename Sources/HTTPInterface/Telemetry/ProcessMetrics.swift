internal import Glibc

/// What the system knows about this process. Names are those of Prometheus' client libraries.
package enum ProcessMetrics {
    static func register(in registry: MetricRegistry) {
        registry.computed("process_resident_memory_bytes", help: "Resident memory.") {
            samples(residentBytes())
        }
        registry.computed("process_start_time_seconds", help: "Start of the process, seconds since 1970.") {
            samples(startTime)
        }
        registry.computed("process_open_fds", help: "Open file descriptors.") {
            samples(openDescriptors())
        }
        registry.computed("process_max_fds", help: "Most file descriptors that may be open.") {
            samples(descriptorLimit())
        }
        registry.computed("process_cpu_seconds_total", help: "Processor time used.", kind: .counter) {
            samples(processorSeconds())
        }
    }

    private static func samples(_ value: Double?) -> [MetricSample] {
        value.map { [MetricSample(value: $0)] } ?? []
    }

    /// Resident memory in bytes; nil where `/proc` is not mounted.
    package static func residentBytes() -> Double? {
        guard let text = readSmallFile("/proc/self/statm") else { return nil }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Double(fields[1]) else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static let startTime: Double? = {
        guard let stat = readSmallFile("/proc/self/stat"), let end = stat.lastIndex(of: ")"),
            let boot = readSmallFile("/proc/stat")?.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let bootTime = Double(boot.dropFirst(6))
        else { return nil }
        // Field 22 of proc(5), counted from the state, field 3, which follows the name in parentheses.
        let fields = stat[end...].split(separator: " ")
        guard fields.count > 20, let ticks = Double(fields[20]) else { return nil }
        return bootTime + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }()

    private static func openDescriptors() -> Double? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var entries = 0
        while readdir(directory) != nil { entries += 1 }
        // Neither `.` and `..` nor the descriptor of the directory itself.
        return Double(max(0, entries - 3))
    }

    private static func descriptorLimit() -> Double? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Double(limit.rlim_cur)
    }

    private static func processorSeconds() -> Double? {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        let microseconds = Int(usage.ru_utime.tv_usec) + Int(usage.ru_stime.tv_usec)
        return Double(seconds) + Double(microseconds) / 1_000_000
    }

    /// Up to 64 KiB of a file of the kernel, which tells no size beforehand.
    private static func readSmallFile(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 64 * 1024) { buffer, count in
            // A short read is the end of what such a file says; the pointer lives as long as the closure.
            count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
