import GRDB
import GRDBSQLite
import LedgerStorage

/// SQLite's errors as the port's.
enum SQLiteFailure {
    /// What SQLite says, with what a person should know of it first.
    static func detail(code: Int32, connection: OpaquePointer) -> String {
        detail(code: code, message: String(cString: sqlite3_errmsg(connection)))
    }

    static func detail(code: Int32, message: String) -> String {
        let code = code & 0xFF == SQLITE_FULL ? "the disk is full" : String(cString: sqlite3_errstr(code))
        return message == code ? message : "\(code) (SQLite: \(message))"
    }

    static func error(code: Int32, detail: String) -> StoreError {
        switch code & 0xFF {
        case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt(seq: nil, detail: detail)
        case SQLITE_FULL: .full(detail: detail)
        default: .failed(operation: "use the database", detail: detail)
        }
    }

    /// Runs `body` and turns whatever it throws into the port's error, which says what was being done.
    static func translating<Value>(
        _ operation: @autoclosure () -> String, _ body: () throws -> Value
    ) throws(StoreError) -> Value {
        do {
            return try body()
        } catch StoreError.failed(_, let detail) {
            throw .failed(operation: operation(), detail: detail)
        } catch let error as StoreError {
            throw error
        } catch let error as DatabaseError {
            let code = error.extendedResultCode.rawValue
            let detail = detail(code: code, message: error.message ?? "\(error)")
            if case .failed = Self.error(code: code, detail: detail) {
                throw .failed(operation: operation(), detail: detail)
            }
            throw Self.error(code: code, detail: detail)
        } catch {
            throw .failed(operation: operation(), detail: "\(error)")
        }
    }
}
