internal import Glibc

/// The functions of libpq that are used here, taken from the shared library when a PostgreSQL is first asked for: a
/// binary that works on SQLite starts on a machine without libpq.
///
/// @unchecked Sendable: pointers to functions of a library that is never unloaded. libpq itself is thread-safe as long
/// as each connection is used by one thread at a time (`PostgresConnection` sees to that).
struct LibPQ: @unchecked Sendable {
    typealias Handle = OpaquePointer
    typealias Text = UnsafePointer<CChar>
    typealias ValueList = UnsafePointer<UnsafePointer<CChar>?>
    typealias NumberList = UnsafePointer<Int32>

    let connect: @convention(c) (ValueList, ValueList, Int32) -> Handle?
    let status: @convention(c) (Handle) -> Int32
    let finish: @convention(c) (Handle) -> Void
    let transactionStatus: @convention(c) (Handle) -> Int32
    let errorMessage: @convention(c) (Handle) -> Text?
    let sendQueryParams:
        @convention(c) (
            Handle, Text, Int32, UnsafePointer<UInt32>?, ValueList?, NumberList?, NumberList?, Int32
        ) -> Int32
    let sendPrepare: @convention(c) (Handle, Text, Text, Int32, UnsafePointer<UInt32>?) -> Int32
    let sendQueryPrepared: @convention(c) (Handle, Text, Int32, ValueList?, NumberList?, NumberList?, Int32) -> Int32
    let enterPipelineMode: @convention(c) (Handle) -> Int32
    let exitPipelineMode: @convention(c) (Handle) -> Int32
    let pipelineSync: @convention(c) (Handle) -> Int32
    let execute: @convention(c) (Handle, Text) -> Handle?
    let getResult: @convention(c) (Handle) -> Handle?
    let resultStatus: @convention(c) (Handle) -> Int32
    /// As in "INSERT 0 1": which command it was.
    let commandTag: @convention(c) (Handle) -> Text?
    let clientEncoding: @convention(c) (Handle) -> Int32
    /// A list of `PQconninfoOption`.
    let parse: @convention(c) (Text, UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?
    let freeOptions: @convention(c) (UnsafeMutableRawPointer) -> Void
    let resultField: @convention(c) (Handle, Int32) -> Text?
    let rowCount: @convention(c) (Handle) -> Int32
    let value: @convention(c) (Handle, Int32, Int32) -> UnsafeMutablePointer<CChar>?
    let length: @convention(c) (Handle, Int32, Int32) -> Int32
    let isNull: @convention(c) (Handle, Int32, Int32) -> Int32
    let clear: @convention(c) (Handle) -> Void
    let socket: @convention(c) (Handle) -> Int32
    let consumeInput: @convention(c) (Handle) -> Int32
    /// A `PGnotify`: name of the channel, process, payload.
    let notifies: @convention(c) (Handle) -> UnsafeMutableRawPointer?
    let freeMemory: @convention(c) (UnsafeMutableRawPointer) -> Void
    /// Connection, password, role, algorithm.
    let encryptPassword: @convention(c) (Handle, Text, Text, Text?) -> UnsafeMutablePointer<CChar>?
    let setNoticeProcessor:
        @convention(c) (Handle, (@convention(c) (UnsafeMutableRawPointer?, Text?) -> Void)?, UnsafeMutableRawPointer?)
            -> UnsafeMutableRawPointer?

    /// Values of `ConnStatusType`, `ExecStatusType` and field codes.
    static let connectionOK: Int32 = 0
    static let commandOK: Int32 = 1
    static let tuplesOK: Int32 = 2
    static let transactionIdle: Int32 = 0
    static let copying: ClosedRange<Int32> = 3...4
    static let pipelineSynced: Int32 = 10
    static let pipelineAborted: Int32 = 11
    static let sqlState = Int32(UInt8(ascii: "C"))
    static let primaryMessage = Int32(UInt8(ascii: "M"))

    /// Where the library is looked for, in this order.
    private static let names = ["libpq.so.5", "libpq.so", "libpq.5.dylib"]

    /// The library, loaded once; nil when there is none or it is too old to have a function that is used here.
    static let shared: LibPQ? = names.lazy.compactMap { dlopen($0, RTLD_NOW | RTLD_LOCAL) }.first.flatMap {
        try? LibPQ($0)
    }

    private struct Missing: Error {}

    private init(_ library: UnsafeMutableRawPointer) throws {
        func find<Function>(_ name: String) throws -> Function {
            guard let symbol = dlsym(library, name) else { throw Missing() }
            return unsafeBitCast(symbol, to: Function.self)
        }
        connect = try find("PQconnectdbParams")
        status = try find("PQstatus")
        finish = try find("PQfinish")
        transactionStatus = try find("PQtransactionStatus")
        errorMessage = try find("PQerrorMessage")
        sendQueryParams = try find("PQsendQueryParams")
        sendPrepare = try find("PQsendPrepare")
        sendQueryPrepared = try find("PQsendQueryPrepared")
        enterPipelineMode = try find("PQenterPipelineMode")
        exitPipelineMode = try find("PQexitPipelineMode")
        pipelineSync = try find("PQpipelineSync")
        execute = try find("PQexec")
        getResult = try find("PQgetResult")
        resultStatus = try find("PQresultStatus")
        commandTag = try find("PQcmdStatus")
        clientEncoding = try find("PQclientEncoding")
        parse = try find("PQconninfoParse")
        freeOptions = try find("PQconninfoFree")
        resultField = try find("PQresultErrorField")
        rowCount = try find("PQntuples")
        value = try find("PQgetvalue")
        length = try find("PQgetlength")
        isNull = try find("PQgetisnull")
        clear = try find("PQclear")
        socket = try find("PQsocket")
        consumeInput = try find("PQconsumeInput")
        notifies = try find("PQnotifies")
        freeMemory = try find("PQfreemem")
        encryptPassword = try find("PQencryptPasswordConn")
        setNoticeProcessor = try find("PQsetNoticeProcessor")
    }
}
