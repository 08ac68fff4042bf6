import Foundation
import ImportClient
import Testing

@Suite("Importing a table of movements")
struct MovementTableTests {
    private func importing(
        _ text: String, items: [String] = ["A", "B"], locations: [String] = ["L1", "L2"]
    ) async throws -> (ImportSummary, LedgerDouble, TemporaryFolder) {
        let folder = try TemporaryFolder()
        let ledger = LedgerDouble()
        let server = try await StubServer { ledger.answer($0) }
        let connection = try LedgerConnection(url: server.url, apiKey: "k")
        _ = try await CataloguePoster(connection: connection, keyPrefix: "t").run(
            Catalogue(
                items: items.map { .init(sku: $0, name: $0) }, locations: locations.map { .init(code: $0, name: $0) })
        ) { _, _ in }
        await connection.close()
        var options = ImportOptions(file: try folder.file("in.csv", text), url: server.url, apiKey: "k")
        options.progress = .silent
        do {
            let summary = try await ImportJob.run(options)
            await server.stop()
            return (summary, ledger, folder)
        } catch {
            await server.stop()
            throw error
        }
    }

    @Test("columns become members, in any order, and empty ones are left out")
    func columns() async throws {
        let (summary, ledger, _) = try await importing(
            """
            qty,type,sku,location,unit_cost,note,reason,reference,occurred_at,to_location,idempotency_key
            10,receipt,A,L1,1.25,"a ""note""\twith, all\nof it é",r,ref,2026-01-01T00:00:00Z,,
            3,transfer,A,L1,,,move,,,L2,my-key-1
            -2,sale,A,L2,,,,,,,
            """)
        #expect(summary.reconciles)
        #expect(summary.exitCode == .done)
        #expect(summary.warnings.contains { $0.contains("no line break") })
        let movements = ledger.movements
        #expect(movements.map(\.kind) == ["receipt", "transfer", "sale"])
        #expect(movements.map(\.quantity) == [10, 3, -2])
        #expect(movements.map(\.note) == ["a \"note\"\twith, all\nof it é", nil, nil])
        #expect(movements.map(\.unitCost) == ["1.25", nil, nil])
        #expect(movements.map(\.target) == [nil, "L2", nil])
        #expect(movements.map(\.reason) == ["r", "move", nil])
        #expect(movements[1].key == "my-key-1")
        #expect(movements[0].key.hasSuffix("-2"))
        #expect(ledger.onHand("A", "L2") == 1)
    }

    @Test("refused rows go to the errors file in the file's order, and the corrected errors file can be imported")
    func refused() async throws {
        let (summary, ledger, folder) = try await importing(
            """
            item_id,location_id,type,qty,reason
            A,L1,receipt,5,x
            A,L1,sale,-9,too much
            Z,L1,receipt,1,"unknown, quoted"
            A,L1,gift,1,x
            A,L1,receipt,x,x
            A,nowhere,receipt,1,x
            A,L1,sale,-5,x

            """)
        #expect((summary.recorded, summary.refused, summary.invalid) == (2, 3, 2))
        #expect(summary.reconciles)
        #expect(summary.exitCode == .someRowsRefused)
        #expect(summary.errorsFile == folder.path + "/in.csv.errors.csv")
        #expect(ledger.onHand("A", "L1") == 0)
        let errors = try #require(folder.text("in.csv.errors.csv")).split(separator: "\n")
        #expect(errors[0] == "line,item_id,location_id,type,qty,reason,error_code,error")
        #expect(errors[1] == #"3,A,L1,sale,-9,too much,insufficient_stock,"says ""insufficient_stock"", {[as is]}""#)
        #expect(errors[2].hasPrefix(#"4,Z,L1,receipt,1,"unknown, quoted",item_not_found,"#))
        #expect(errors[3].hasPrefix("5,A,L1,gift,1,x,invalid_type,"))
        #expect(errors[4].hasPrefix("6,A,L1,receipt,x,x,invalid_quantity,"))
        #expect(errors[5].hasPrefix("7,A,nowhere,receipt,1,x,location_not_found,"))
        #expect(errors.count == 6)

        let corrected = errors[0] + "\n" + errors[2].replacing("4,Z,", with: "4,B,") + "\n"
        let (second, other, _) = try await importing(String(corrected))
        #expect((second.recorded, second.refused) == (1, 0))
        #expect(other.movements.first?.reason == "unknown, quoted")
    }

    @Test("a movement that spoils its whole request is found and left behind alone")
    func spoilt() async throws {
        let long = String(repeating: "n", count: 600)
        let rows = (0..<40).map { "A,L1,receipt,1,\($0 == 17 || $0 == 31 ? long : "short")" }
        let (summary, ledger, folder) = try await importing(
            "item_id,location_id,type,qty,note\n" + rows.joined(separator: "\n") + "\n")
        #expect((summary.recorded, summary.refused) == (38, 2))
        #expect(summary.reconciles)
        #expect(ledger.onHand("A", "L1") == 38)
        let errors = try #require(folder.text("in.csv.errors.csv")).split(separator: "\n")
        #expect(errors.dropFirst().map { $0.prefix(3) } == ["19,", "33,"])
        #expect(errors.last?.contains("too long") == true)
    }

    @Test("long rows close a batch before it is larger than the server takes")
    func largeRows() async throws {
        let note = String(repeating: "\u{1}", count: 400)
        let rows = (0..<900).map { "A,L1,receipt,1,\(note)\($0)" }
        let (summary, ledger, _) = try await importing(
            "item_id,location_id,type,qty,note\n" + rows.joined(separator: "\n") + "\n")
        #expect(summary.recorded == 900)
        #expect(summary.batches > 2)
        #expect(ledger.movements.last?.note == note + "899")
    }

    @Test(
        "a header that is not understood is refused",
        arguments: ["item_id,qty", "item_id,type,qty,unitcost", "item_id,sku,type,qty", "type,qty", "qty,qty,type,sku"])
    func header(header: String) async {
        let row = header.split(separator: ",").map { _ in "1" }.joined(separator: ",")
        await #expect(throws: ImportError.self) { try await importing(header + "\n" + row + "\n") }
    }
}
