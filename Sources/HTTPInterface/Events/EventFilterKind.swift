package import LedgerCore
package import WireSchema

/// Which events are wanted, as a parameter: patterns of ``EventFilter``, separated by commas.
package struct EventFilterKind: WireScalarKind {
    /// Every event there is may be named, and then some.
    private static let longest = 1_024

    package init() {}

    package func parse(_ text: String) throws(WireMistake) -> EventFilter {
        guard text.utf8.count <= Self.longest else {
            throw WireMistake(.tooLong, "must have at most \(Self.longest) characters")
        }
        do throws(EventFilter.UnknownPattern) {
            return try EventFilter(parsing: text)
        } catch {
            throw WireMistake(
                .invalidValue,
                """
                must name events, separated by commas: * for all, a family such as movement.*, or a name such as \
                stock.low; “\(error.pattern)” is none of them
                """)
        }
    }

    package func read(_ index: JSONIndex, from source: inout WireSource) -> EventFilter? {
        guard source.kind(of: index) == .string else {
            source.reportType("a string", at: index)
            return nil
        }
        do throws(WireMistake) {
            return try parse(source.string(index))
        } catch {
            source.report(error, at: index)
            return nil
        }
    }

    package func write(_ value: EventFilter, to writer: inout JSONWriter) {
        writer.string(value.patterns.joined(separator: ","))
    }

    package func schema(_ collector: inout SchemaCollector) -> SchemaNode {
        var node = SchemaNode(type: "string")
        node.add("minLength", .integer(1))
        node.add("maxLength", .integer(Int64(Self.longest)))
        return node
    }
}

extension WireKind where Self == EventFilterKind {
    /// Which events are wanted: `movement.*,stock.low`.
    package static var eventFilter: EventFilterKind { EventFilterKind() }
}
