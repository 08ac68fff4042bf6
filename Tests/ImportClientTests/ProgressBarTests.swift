import ImportClient
import Synchronization
import Testing

@Suite("The progress bar")
struct ProgressBarTests {
    final class Screen {
        var text: [String] = []
        var now = ContinuousClock.now
    }

    private func bar(_ style: ProgressBar.Style, _ screen: Screen) -> ProgressBar {
        ProgressBar(style, write: { screen.text.append($0) }, now: { screen.now })
    }

    @Test("a bar shows share, rate and time left, and never more columns than there are")
    func shows() {
        for columns in [20, 40, 80, 200] {
            let screen = Screen()
            var bar = bar(.bar(columns: columns), screen)
            bar.begin("Posting", unit: "movements")
            screen.now += .seconds(10)
            bar.update(fraction: 0.25, count: 500_000)
            let line = screen.text[0].drop { $0 == "\r" }.replacing("\u{1B}[K", with: "")
            #expect(line.count < columns)
            if columns >= 80 {
                #expect(line.contains("25 %"))
                #expect(line.contains("500,000 movements"))
                #expect(line.contains("50,000/s"))
                #expect(line.contains("ETA 0:30"))
                #expect(line.contains("█"))
            }
            bar.end()
        }
    }

    @Test("a bar is not drawn more than ten times a second")
    func throttled() {
        let screen = Screen()
        var bar = bar(.bar(columns: 80), screen)
        bar.begin("Reading", unit: "lines")
        for step in 1...1000 {
            screen.now += .milliseconds(1)
            bar.update(fraction: Double(step) / 1000, count: step)
        }
        #expect(screen.text.count == 10)
        bar.end()
        #expect(screen.text.last?.contains("100 %") == true)
    }

    @Test("elsewhere there is a line every ten seconds and one at the end")
    func lines() {
        let screen = Screen()
        var bar = bar(.lines, screen)
        bar.begin("Posting", unit: "movements", head: (0.5, 1_000))
        for second in 1...25 {
            screen.now += .seconds(1)
            bar.update(fraction: 0.5 + Double(second) / 50, count: 1_000 + second * 40)
        }
        #expect(screen.text.count == 2)
        #expect(screen.text[0] == "Posting: 70 %  1,400 movements  40/s  ETA 0:15\n")
        bar.end()
        #expect(screen.text.count == 3)
        #expect(screen.text[2] == "Posting: 100 %  2,000 movements  40/s  0:25\n")
    }

    @Test("a fraction that makes no sense does not break it")
    func nonsense() {
        let screen = Screen()
        var bar = bar(.bar(columns: 30), screen)
        bar.begin("X", unit: "y")
        for fraction in [-1, 2, .infinity, .nan] as [Double] {
            screen.now += .seconds(1)
            bar.update(fraction: fraction, count: .max)
        }
        bar.end()
        #expect(screen.text.count == 5)
    }
}
