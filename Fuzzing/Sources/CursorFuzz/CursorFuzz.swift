import FuzzerRuntime
import LedgerCore

@main
enum CursorFuzz {
    static func main() { fuzz(fuzzCursor) }
}

/// The cursor of a list. Whatever text comes is refused, unless it was made here, for this realm and these filters, and
/// has not been changed by a bit. The first byte chooses what is done with the rest.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCursor(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0, let first = start?[0] else { return 0 }
    let rest = Array(UnsafeBufferPointer(start: start, count: count).dropFirst())
    if first % 2 == 0 { openForeign(rest) } else { openOwn(rest) }
    return 0
}

private let seal = CursorSeal(secret: (0..<32).map { UInt8($0) })
private let realm = ULID(high: 0x0192_3456_789A_BCDE, low: 0xF012_3456_789A_BCDE)

private func openForeign(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    precondition(seal.open(text, realm: realm, filter: "items") == nil, "a forged cursor was opened")
    if let decoded = Base64URL.decode(text) {
        precondition(Base64URL.encode(decoded) == text, "two texts for the same bytes")
    }
    precondition(Base64URL.decode(Base64URL.encode(bytes)) == bytes, "bytes are lost")
}

private func openOwn(_ bytes: [UInt8]) {
    var rest = bytes[...]
    func number() -> UInt64 {
        defer { rest = rest.dropFirst(8) }
        return rest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
    let position = number()
    let horizon = number()
    let place = Int(rest.popFirst() ?? 0)
    let flip = rest.popFirst() ?? 1
    let filter = String(decoding: rest, as: UTF8.self)
    let text = seal.seal(position: position, horizon: horizon, realm: realm, filter: filter)
    let opened = seal.open(text, realm: realm, filter: filter)
    precondition(opened?.position == position && opened?.horizon == horizon, "another place than was sealed")
    precondition(seal.open(text, realm: .zero, filter: filter) == nil, "another realm's cursor was opened")
    precondition(seal.open(text, realm: realm, filter: filter + "x") == nil, "other filters' cursor was opened")
    var changed = Array(text.utf8)
    changed[place % changed.count] ^= flip
    let other = String(decoding: changed, as: UTF8.self)
    precondition(flip == 0 || seal.open(other, realm: realm, filter: filter) == nil, "a changed cursor was opened")
}
