import FuzzerRuntime
import WireSchema

@main
enum JSONFuzz {
    static func main() { fuzz(fuzzJSON) }
}

/// The reader of JSON: whatever bytes come, it returns; what it accepts survives being written again; what it refuses
/// is refused at a place inside the text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let strict = read(bytes, .contract)
    let loose = read(bytes, .grammar)
    if let strict {
        precondition(loose != nil, "the contract accepts what the grammar refuses")
        precondition(loose?.canonicalBytes() == strict.canonicalBytes(), "one text, two values")
        decodeAll(strict)
    }
    if let loose {
        survivesRendering(loose)
        explore(loose.root)
        decodeAll(loose)
    }
    return 0
}

/// nil when it is refused.
private func read(_ bytes: [UInt8], _ options: JSONDocument.Options) -> JSONDocument? {
    do throws(JSONSyntaxError) {
        return try JSONDocument(bytes, options: options)
    } catch {
        precondition((0...bytes.count).contains(error.offset), "refused at a place outside the text")
        precondition(error.line >= 1 && error.column >= 1, "refused at no line or column")
        precondition(!error.message.isEmpty && error.message.utf8.count < 4096, "a message that is none, or endless")
        return nil
    }
}

private func survivesRendering(_ document: JSONDocument) {
    let canonical = document.canonicalBytes()
    for rendered in [document.compactBytes(), document.prettyBytes()] {
        let again = read(rendered, .grammar)
        precondition(again?.canonicalBytes() == canonical, "a value has changed by being written")
    }
}

/// Reads every value in every way that there is.
private func explore(_ value: JSONValue) {
    // Not by characters: a name that begins with an accent makes one with the slash.
    precondition(value.pointer.isEmpty || value.pointer.utf8.first == UInt8(ascii: "/"), "not a pointer")
    let whole = try? value.integer()
    let scaled = try? value.decimal(scale: 6)
    if let text = value.numberText, let expected = Int64(text) {
        precondition(whole == expected, "\(text) is read as another integer")
        let (product, overflow) = expected.multipliedReportingOverflow(by: 1_000_000)
        precondition(scaled == (overflow ? nil : product), "\(text) is read as another decimal")
    } else {
        precondition(whole == nil, "what is no plain integer is read as one")
    }
    if let text = value.string { precondition(!text.utf8.isEmpty || value.rawBytes.count == 2, "a text is lost") }
    for element in value.elements { explore(element) }
    for member in value.members { explore(member.value) }
}

private func decodeAll(_ document: JSONDocument) {
    do throws(WireFaults) {
        let thing = try document.decode(Thing.self)
        precondition((-5...5).contains(thing.whole), "a number out of its range was let in")
    } catch {
        precondition(!error.faults.isEmpty, "refused without a reason")
        for fault in error.faults { precondition(!fault.message.isEmpty, "a fault without a message") }
    }
}

/// A declaration with a member of every kind.
private struct Thing: WireObject {
    var text = ""
    var whole: Int64 = 0
    var money: Int64?
    var flag: Bool?
    var at: Int64?
    var day: Int64?
    var part: Part?
    var list: [Part] = []
    var free: RawJSON?
    var change: Patch<String> = .absent
    var map = WireMap<Int64>()

    static let schemaName = "Thing"
    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("t", &value.text, .string(0...8))
        v.required("n", &value.whole, .integer(-5...5))
        v.optional("m", &value.money, .decimal())
        v.optional("f", &value.flag, .boolean)
        v.optional("a", &value.at, .timestamp())
        v.optional("d", &value.day, .date)
        v.optional("p", &value.part, .object(Part.self))
        v.defaulted("l", &value.list, .array(of: .object(Part.self), 0...5))
        v.optional("r", &value.free, .freeObject(maxBytes: 64))
        v.patch("c", &value.change, .string(0...8))
        v.defaulted("k", &value.map, .map(of: .integer, 0...3))
    }
}

private struct Part: WireObject {
    var name = ""
    var count: Int64?

    static let schemaName = "Part"
    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("n", &value.name, .string(1...4))
        v.optional("q", &value.count, .integer)
        v.atLeastOneMember()
    }
}
