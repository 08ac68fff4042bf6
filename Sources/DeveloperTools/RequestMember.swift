internal import WireSchema

/// A member of a request's body.
enum RequestMember {
    case text(String)
    case texts([String])
    case number(Int64)
    case flag(Bool)
    case null

    /// The members that there are, in the order of their names.
    static func json(_ members: [String: RequestMember]) -> [UInt8] {
        var json = JSONWriter(capacity: 256)
        json.beginObject()
        for (name, member) in members.sorted(by: { $0.key < $1.key }) {
            json.name(name)
            member.write(to: &json)
        }
        json.endObject()
        return json.finish()
    }

    private func write(to json: inout JSONWriter) {
        switch self {
        case .text(let text): json.string(text)
        case .texts(let texts):
            json.beginArray()
            for text in texts { json.string(text) }
            json.endArray()
        case .number(let number): json.integer(number)
        case .flag(let flag): json.bool(flag)
        case .null: json.null()
        }
    }
}
