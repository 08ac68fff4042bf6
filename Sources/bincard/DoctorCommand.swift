import ArgumentParser
import Foundation
import ImportClient
import LedgerStorage
import ServerApp

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look for what would keep this installation from working well.")

    @OptionGroup var location: LedgerOptions
    @Option(help: "text or json.") var format = OutputFormat.text

    func run() throws {
        let findings = try location.administration().examine()
        switch format {
        case .json: try JSONLine.print(findings.map(Report.init))
        case .text:
            for finding in findings {
                print("\(mark(finding.severity))  \(finding.what)")
                if let advice = finding.advice { print("      \(advice)") }
            }
        }
        if findings.contains(where: { $0.severity == .problem }) { throw ArgumentParser.ExitCode(1) }
    }

    private func mark(_ severity: Finding.Severity) -> String {
        switch severity {
        case .fine: "ok  "
        case .warning: "warn"
        case .problem: "FAIL"
        }
    }

    private struct Report: Encodable {
        var severity: String
        var what: String
        var advice: String?

        init(_ finding: Finding) {
            severity = finding.severity.rawValue
            what = finding.what
            advice = finding.advice
        }
    }
}
