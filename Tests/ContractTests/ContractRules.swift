import HTTPInterface
import LedgerStorage
import LinkitAPI
import NIOHTTP1
import SKInventoryAPI
import SellerAPI
import ServerApp
import SkutrailAPI
import Testing
import WireSchema

/// What holds for every answer, whatever was asked: the headers that every response carries, the form of a refusal, its
/// place in the catalogue of problems, and that the documents promise its status and code.
enum ContractRules {
    /// Those that refuse with problem details.
    static let operations = SkutrailAPI.operations + SKInventoryAPI.operations
    static let allOperations = operations + SellerAPI.operations + LinkitAPI.operations

    static func check(_ answer: ContractAnswer, to method: String, _ target: String, at place: SourceLocation) {
        for complaint in complaints(about: answer, to: method, target) {
            Issue.record(
                "\(method) \(target.prefix(200)): \(complaint); answer: \(answer.status) \(answer.text.prefix(600))",
                sourceLocation: place)
        }
    }

    static func complaints(about answer: ContractAnswer, to method: String, _ target: String) -> [String] {
        let path = String(target.prefix { $0 != "?" })
        return headerComplaints(answer) + refusalComplaints(answer, to: method, path)
            + documentComplaints(answer, to: method, path)
    }

    private static func headerComplaints(_ answer: ContractAnswer) -> [String] {
        var complaints: [String] = []
        for name in [
            "X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit-Policy",
            "RateLimit",
        ] {
            let values = answer.headers[name]
            if values.count != 1 || values.first?.isEmpty ?? true { complaints.append("\(name) is \(values)") }
        }
        let number = { (name: String) in answer.headers.first(name: name).flatMap { Int($0) } }
        guard let limit = number("X-RateLimit-Limit"), let remaining = number("X-RateLimit-Remaining"),
            let reset = number("X-RateLimit-Reset")
        else { return complaints + ["the X-RateLimit headers are no numbers"] }
        if remaining < 0 || remaining > limit { complaints.append("\(remaining) of \(limit) remain") }
        if reset < 1_700_000_000 { complaints.append("X-RateLimit-Reset \(reset) is no epoch second of today") }
        let budget = answer.headers.first(name: "RateLimit") ?? ""
        if !budget.contains(";r=\(remaining);t=") { complaints.append("RateLimit \(budget) and \(remaining) differ") }
        let policy = answer.headers.first(name: "RateLimit-Policy") ?? ""
        if !policy.contains("q=\(limit);w=") { complaints.append("RateLimit-Policy \(policy) and \(limit) differ") }
        if answer.status == 429, Int(answer.headers.first(name: "Retry-After") ?? "") ?? 0 < 1 {
            complaints.append("a 429 has no Retry-After")
        }
        return complaints
    }

    private static func refusalComplaints(_ answer: ContractAnswer, to method: String, _ path: String) -> [String] {
        guard answer.status >= 400, method != "HEAD" else { return [] }
        if SellerRules.covers(path) { return SellerRules.complaints(about: answer) }
        if path.hasPrefix("/api/v1") { return LinkitRules.complaints(about: answer, to: method, path) }
        if answer.contentType == "application/json" { return batchComplaints(answer, path) }
        if answer.contentType == "text/plain; charset=utf-8", !path.hasPrefix("/v1/"), !path.hasPrefix("/inventory/") {
            return []
        }
        guard answer.contentType == "application/problem+json" else {
            return ["the content type is \(answer.contentType ?? "nothing")"]
        }
        return problemComplaints(answer.json, status: answer.status, path)
            + (answer.isReplay || answer.json["request_id"].string == answer.requestID
                ? [] : ["request_id and X-Request-Id differ"])
    }

    /// A refused atomic batch answers with its results; the problems are inside.
    private static func batchComplaints(_ answer: ContractAnswer, _ path: String) -> [String] {
        guard path == "/inventory/v1/movements/batch", answer.json["results"].exists else {
            return ["the content type is application/json"]
        }
        return []
    }

    /// Of a problem, alone or in a batch's results.
    static func problemComplaints(_ problem: AnswerJSON, status: Int, _ path: String) -> [String] {
        var complaints: [String] = []
        let names = problem.names.filter { $0 != "balance" && $0 != "errors" }
        if names != ["type", "title", "status", "detail", "instance", "code", "request_id"] {
            complaints.append("the problem's members are \(problem.names)")
        }
        let code = problem["code"].string ?? ""
        if problem["status"].int != Int64(status) { complaints.append("the problem's status is not the answer's") }
        if problem["type"].string != "/problems/\(code)" { complaints.append("type does not lead to the code") }
        if problem["instance"].string != path { complaints.append("instance is not the path") }
        if problem["detail"].string?.isEmpty ?? true { complaints.append("there is no detail") }
        for fault in problem["errors"].elements where fault.names != ["pointer", "code", "message"] {
            complaints.append("a fault has the members \(fault.names)")
        }
        guard let entry = ProblemCatalogue.entry(code) else { return complaints + ["\(code) is not in the catalogue"] }
        if entry.status != status { complaints.append("the catalogue has \(code) with \(entry.status)") }
        if problem["title"].string != entry.title { complaints.append("the title is not the catalogue's") }
        return complaints
    }

    private static func documentComplaints(_ answer: ContractAnswer, to method: String, _ path: String) -> [String] {
        // Its errors have no codes, and rules of their own.
        if path.hasPrefix("/api/v1") { return [] }
        guard let operation = operation(method, path) else { return [] }
        if operation.description.responses.contains(where: { $0.status == answer.status }),
            answer.contentType == "application/json" || answer.contentType == "text/event-stream"
        {
            return []
        }
        let code = SellerRules.covers(path) ? answer.sellerCode : answer.code
        let general = ["target_too_long", "route_not_found", "method_not_allowed"]
        if method == "HEAD" || general.contains(code.lowercased()) { return [] }
        let described = operation.description.errors + APIDocuments.all.flatMap(\.document.commonErrors)
        guard described.contains(where: { $0.status == answer.status && $0.codes.contains(code) }) else {
            return ["\(operation.description.id) documents no \(answer.status) \(code)"]
        }
        return []
    }

    /// By the path alone: endpoints and what went to them have a scope of their own.
    static func expectedScope(of description: OperationDescription) -> Scope {
        let path = description.path.description
        if path.hasSuffix("/snapshot") { return .marketplaceSync }
        if path.contains("/webhooks") || path.contains("/dead-letters") { return .webhooksManage }
        return description.method == .get ? .inventoryRead : .inventoryWrite
    }

    /// The path with something in the place of its parameters.
    static func path(of description: OperationDescription, filling value: String = "x") -> String {
        description.path.description.replacing(/\{[a-z_]+\}/, with: value)
    }

    /// The operation that a request is for; a literal segment goes before a parameter.
    static func operation(_ method: String, _ path: String) -> APIOperation? {
        allOperations.filter {
            $0.description.method.rawValue.uppercased() == method && $0.description.path.match(path) != nil
        }
        .min { $0.description.path.parameterNames.count < $1.description.path.parameterNames.count }
    }
}
