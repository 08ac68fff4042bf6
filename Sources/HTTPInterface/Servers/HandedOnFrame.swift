package import NIOCore
import NIOHTTP1

/// Requests that go to another server together, and its answers to them, as bytes. Both ends run the same version or
/// neighbouring ones: whoever does not know the form refuses it whole, and the requests are decided where they came in.
package enum HandedOnFrame {
    /// Requests in one frame.
    package static let most = 64
    /// Bytes of requests beyond which a frame takes no further one. A large request goes by itself.
    static let comfortable = 48 * 1024

    private static let form: UInt8 = 1
    /// What a write is decided by. Nothing else of a client's header reaches another server.
    private static let headers = ["authorization", "content-type", "idempotency-key", "user-agent", "x-request-id"]

    /// Begins a frame of so many requests or answers, at most `most`.
    package static func begin(_ count: Int, in buffer: inout ByteBuffer) {
        buffer.writeInteger(form)
        buffer.writeInteger(UInt16(clamping: count))
    }

    /// Adds a request.
    ///
    /// - Parameter requestID: what the request is called here, and is to be called there.
    package static func append(_ request: IncomingRequest, requestID: String, to buffer: inout ByteBuffer) {
        append(request.method.rawValue, to: &buffer)
        append(request.target, to: &buffer)
        let countIndex = buffer.writerIndex
        var count: UInt8 = 1
        buffer.writeInteger(count)
        for (number, name) in headers.dropLast().enumerated() {
            guard let value = request.headers.first(name: name) else { continue }
            buffer.writeInteger(UInt8(number))
            append(value, to: &buffer)
            count += 1
        }
        buffer.writeInteger(UInt8(headers.count - 1))
        append(requestID, to: &buffer)
        buffer.setInteger(count, at: countIndex)
        buffer.writeInteger(UInt32(clamping: request.body.count))
        buffer.writeBytes(request.body)
    }

    /// The requests of a frame; nil when the bytes are none.
    package static func requests(_ bytes: [UInt8], startedAt: UInt64, peer: String) -> [IncomingRequest]? {
        var buffer = ByteBuffer(bytes: bytes)
        guard let count = readCount(&buffer) else { return nil }
        var requests: [IncomingRequest] = []
        requests.reserveCapacity(count)
        for _ in 0..<count {
            guard let method = readText(&buffer), let text = readText(&buffer), let fields = readHeaders(&buffer),
                let length = buffer.readInteger(as: UInt32.self), let body = buffer.readBytes(length: Int(length))
            else { return nil }
            let target = RequestTarget(text)
            requests.append(
                IncomingRequest(
                    method: HTTPMethod(rawValue: method), target: text, path: target.path, query: target.query,
                    headers: fields, body: body, startedAt: startedAt, peer: peer))
        }
        return buffer.readableBytes == 0 ? requests : nil
    }

    private static func readHeaders(_ buffer: inout ByteBuffer) -> HTTPHeaders? {
        guard let count = buffer.readInteger(as: UInt8.self) else { return nil }
        var fields = HTTPHeaders()
        fields.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let number = buffer.readInteger(as: UInt8.self), headers.indices.contains(Int(number)),
                let value = readText(&buffer)
            else { return nil }
            fields.add(name: headers[Int(number)], value: value)
        }
        return fields
    }

    /// Adds an answer.
    package static func append(_ response: OutgoingResponse, to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(clamping: response.status))
        buffer.writeInteger(response.contentKind.rawValue)
        buffer.writeInteger(UInt32(clamping: response.headerBlock.count))
        buffer.writeBytes(response.headerBlock)
        buffer.writeInteger(UInt32(clamping: response.body.count))
        buffer.writeBytes(response.body)
    }

    /// The answers of a frame; nil when the bytes are none, or answer another number of requests.
    package static func responses(_ bytes: ByteBuffer, to requests: Int) -> [OutgoingResponse]? {
        var buffer = bytes
        guard readCount(&buffer) == requests else { return nil }
        var responses: [OutgoingResponse] = []
        responses.reserveCapacity(requests)
        for _ in 0..<requests {
            guard let status = buffer.readInteger(as: UInt16.self),
                let kind = buffer.readInteger(as: UInt8.self).flatMap(ContentKind.init(rawValue:)),
                let blockLength = buffer.readInteger(as: UInt32.self),
                let block = buffer.readBytes(length: Int(blockLength)),
                let length = buffer.readInteger(as: UInt32.self), let body = buffer.readBytes(length: Int(length))
            else { return nil }
            responses.append(
                OutgoingResponse(status: Int(status), contentKind: kind, headerBlock: block, body: body))
        }
        return buffer.readableBytes == 0 ? responses : nil
    }

    private static func readCount(_ buffer: inout ByteBuffer) -> Int? {
        guard buffer.readInteger(as: UInt8.self) == form, let count = buffer.readInteger(as: UInt16.self),
            (1...most).contains(Int(count))
        else { return nil }
        return Int(count)
    }

    private static func append(_ text: String, to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(clamping: text.utf8.count))
        buffer.writeString(text)
    }

    private static func readText(_ buffer: inout ByteBuffer) -> String? {
        buffer.readInteger(as: UInt16.self).flatMap { buffer.readString(length: Int($0)) }
    }
}
