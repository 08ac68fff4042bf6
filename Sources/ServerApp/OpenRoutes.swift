import HTTPInterface
import LedgerEngine
import Synchronization
import WireSchema

/// What the server answers without a key: probes, metrics, the documents, and explanations of problem codes.
enum OpenRoutes {
    static func all(readiness: Readiness, metrics: ServerMetrics) -> [OpenRoute] {
        [
            OpenRoute(name: "root", path: "/") { _ in text(200, welcome) },
            OpenRoute(name: "livez", path: "/livez") { _ in text(200, "ok\n") },
            OpenRoute(name: "readyz", path: "/readyz") { _ in
                readiness.isReady ? text(200, "ready\n") : text(503, "not ready\n")
            },
            OpenRoute(name: "metrics", path: "/metrics") { _ in
                Answer(status: 200, contentKind: ContentKind.prometheus.rawValue, body: metrics.registry.render())
            },
            OpenRoute(name: "openapi", path: "/openapi.json") { _ in .json(200, documentIndex) },
            OpenRoute(name: "openapiDocument", path: "/openapi/{name}") { name in document(name ?? "") },
            OpenRoute(name: "problem", path: "/problems/{name}") { code in problem(code ?? "") },
        ]
    }

    private static func text(_ status: UInt16, _ text: String) -> Answer {
        Answer(status: status, contentKind: ContentKind.text.rawValue, body: Array(text.utf8))
    }

    private static let welcome = """
        Bincard \(BincardVersion.current): an inventory ledger.

        /v1             Skutrail API
        /inventory/v1   SK Inventory API
        /openapi.json   what there is, as OpenAPI 3.1
        /livez /readyz /metrics

        """

    private static let rendered = Dictionary(
        APIDocuments.all.map { ("\($0.name).json", $0.document.render()) }, uniquingKeysWith: { first, _ in first })

    private static let documentIndex: [UInt8] = {
        let documents = APIDocuments.all.map { #"{"name":"\#($0.name)","url":"/openapi/\#($0.name).json"}"# }
        return Array(#"{"documents":[\#(documents.joined(separator: ","))]}"#.utf8)
    }()

    private static func document(_ name: String) -> Answer {
        guard let bytes = rendered[name] else { return text(404, "No such document; GET /openapi.json lists them.\n") }
        return .json(200, bytes)
    }

    private static func problem(_ code: String) -> Answer {
        guard let entry = ProblemCatalogue.entry(code) else { return text(404, "No such problem code.\n") }
        return text(200, "\(entry.code) (\(entry.status))\n\(entry.title).\n\n\(entry.advice)\n")
    }
}

/// Whether the server takes requests: not before its stores are open, not once it is stopping.
final class Readiness: Sendable {
    private let ready = Atomic<Bool>(false)

    var isReady: Bool { ready.load(ordering: .acquiring) }

    func set(_ value: Bool) { ready.store(value, ordering: .releasing) }
}
