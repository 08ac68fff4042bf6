internal import Foundation
internal import NIOCore

extension LedgerAnswer {
    /// What an error body says, in whichever of the server's dialects it is, else the beginning of the body.
    package var problem: (code: String?, text: String) {
        body.withUnsafeReadableBytes { raw in
            let bytes = raw.bindMemory(to: UInt8.self)
            if let problem = Problem(bytes), problem.detail != nil || problem.title != nil {
                return (problem.code, problem.text)
            }
            let content = Data(buffer: bytes)
            if let fault = try? JSONDecoder().decode(SellerFault.self, from: content).error {
                return (fault.code, fault.message)
            }
            if let fault = try? JSONDecoder().decode(LinkitFault.self, from: content) { return (nil, fault.text) }
            return (nil, String(decoding: bytes.prefix(200), as: UTF8.self))
        }
    }
}

/// `{"error": {"code": "WAREHOUSE_NOT_FOUND", "message": "…"}}`
private struct SellerFault: Decodable {
    struct Body: Decodable {
        var code: String?
        var message: String
    }

    var error: Body
}

/// `{"code": 422, "error": "Validation failed", "details": {"qty": "Must be >= 0"}}`
private struct LinkitFault: Decodable {
    var error: String
    var details: [String: String]?

    private enum CodingKeys: String, CodingKey { case error, details }

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        error = try members.decode(String.self, forKey: .error)
        // What is in it depends on the error; only a plain list of members is of use here.
        details = try? members.decode([String: String].self, forKey: .details)
    }

    var text: String {
        guard let details, !details.isEmpty else { return error }
        return
            "\(error) (\(details.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: "; ")))"
    }
}
