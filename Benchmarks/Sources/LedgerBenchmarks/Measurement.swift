/// What one benchmark came to: times of a single operation.
struct Measurement {
    var name: String
    /// What an operation is, in the plural: `movements`.
    var unit: String
    /// Nanoseconds of an operation: in half of the samples it took no longer.
    var median: Double
    /// In nine of ten samples.
    var ninetieth: Double
    /// In the best sample: what the code costs when nothing else runs.
    var least: Double

    /// - Parameter samples: nanoseconds of an operation, one number or more.
    init(name: String, unit: String, samples: [Double]) {
        let sorted = samples.sorted()
        self.name = name
        self.unit = unit
        median = sorted[sorted.count / 2]
        ninetieth = sorted[sorted.count * 9 / 10]
        least = sorted[0]
    }
}

/// Which benchmarks run, and how long each is looked at.
struct Stopwatch {
    /// Part of a benchmark's name; empty: all of them.
    var filter = ""
    /// How many samples make a median.
    var samples = 31
    /// What a sample takes at least: long against the clock's grain and an interrupt.
    var sampleTime = Duration.milliseconds(10)

    private let clock = ContinuousClock()

    func wants(_ name: String) -> Bool { filter.isEmpty || name.lowercased().contains(filter.lowercased()) }

    /// Measures work that can be repeated at will: warms up, finds out how often it goes into a sample, takes the
    /// samples.
    /// - Parameters:
    ///   - operations: how many operations a single call of `body` does.
    ///   - body: gives something back that depends on all its work, so that none of it can be left out.
    /// - Returns: nil when the filter leaves it out.
    func measure<Result>(
        _ name: String, _ unit: String, operations: Int = 1, _ body: () throws -> Result
    ) rethrows -> Measurement? {
        guard wants(name) else { return nil }
        var calls = 1
        while true {
            let time = try clock.measure { for _ in 0..<calls { keep(try body()) } }
            if time >= sampleTime { break }
            calls *= 2
        }
        var times: [Double] = []
        for _ in 0..<samples {
            let time = try clock.measure { for _ in 0..<calls { keep(try body()) } }
            times.append(time.nanoseconds / Double(calls) / Double(operations))
        }
        return Measurement(name: name, unit: unit, samples: times)
    }

    /// Measures work that consumes what is prepared for it: each call is a sample.
    func measureEach<Input>(
        _ name: String, _ unit: String, operations: Int = 1, _ inputs: [Input], _ body: (Input) throws -> Void
    ) rethrows -> Measurement? {
        guard wants(name), !inputs.isEmpty else { return nil }
        var times: [Double] = []
        for input in inputs {
            let time = try clock.measure { try body(input) }
            times.append(time.nanoseconds / Double(operations))
        }
        return Measurement(name: name, unit: unit, samples: times)
    }
}

/// The optimizer does not see through it: whatever is passed here has to be computed.
@inline(never)
func keep<Value>(_ value: Value) {}

extension Duration {
    fileprivate var nanoseconds: Double {
        Double(components.seconds) * 1e9 + Double(components.attoseconds) / 1e9
    }
}
