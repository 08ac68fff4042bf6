"""Requests that two parties on the way could read differently, and what must become of each.

Every case is a text in which {write} stands for a whole request that would change the ledger, {head} for the lines of a
request that would, without its end, and {body} for its body of {length} bytes. `answers` are the statuses that come
back, in order; `writes` how many more entries the ledger must have then; unless `stays_open`, the connection is closed
by the server.
"""


class Case:
    """A text that is sent on a connection of its own, and what must happen."""

    def __init__(self, name, text, answers=(400,), writes=0, stays_open=False):
        self.name, self.text, self.answers = (
            name,
            text if isinstance(text, bytes) else text.encode("latin-1"),
            tuple(answers),
        )
        self.writes, self.stays_open = writes, stays_open


CHUNKED = "0\r\n\r\n"
TE = "POST /v1/inventory/ledger HTTP/1.1\r\nHost: x\r\n{auth}"


def both(name, first, second):
    """Both lengths, in both orders, with the write as what either party would leave over."""
    return [
        Case(f"{name}, CL.TE", f"{TE}{first}\r\n{second}\r\n\r\n{CHUNKED}{{write}}"),
        Case(f"{name}, TE.CL", f"{TE}{second}\r\n{first}\r\n\r\n{CHUNKED}{{write}}"),
    ]


def coding(name, lines, answer=400):
    """A Transfer-Encoding that one party may take for chunked and another not."""
    return Case(f"Transfer-Encoding {name}", f"{TE}{lines}\r\n\r\n{CHUNKED}{{write}}", (answer,))


def length(name, lines, answer=400):
    return Case(f"Content-Length {name}", f"{TE}{lines}\r\n\r\n{{write}}", (answer,))


def chunks(name, text, answers=(400,)):
    return Case(f"chunks: {name}", f"{TE}Transfer-Encoding: chunked\r\n\r\n{text}{{write}}", answers)


def line(name, text):
    """Something in the header of a request that asks for nothing much."""
    return Case(name, f"GET /v1/ledger/head HTTP/1.1\r\nHost: x\r\n{{auth}}{text}\r\n\r\n{{write}}")


def first_line(name, text, answers=(400,), **rest):
    return Case(name, f"{text}\r\nHost: x\r\n{{auth}}\r\n{{write}}", answers, **rest)


CASES = [
    *both("both lengths", "Content-Length: 5", "Transfer-Encoding: chunked"),
    *both("both lengths, 0", "Content-Length: 0", "Transfer-Encoding: chunked"),
    *both("both lengths, of the whole", "Content-Length: {all}", "Transfer-Encoding: chunked"),
    *both("both lengths, oddly written", "content-length:5", "TRANSFER-encoding:Chunked"),
    *both("both lengths, a coding unknown", "Content-Length: 5", "Transfer-Encoding: xchunked"),
    coding("twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
    coding("twice, one unknown", "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow"),
    coding("twice, first unknown", "Transfer-Encoding: cow\r\nTransfer-Encoding: chunked", 501),
    coding("twice in a line", "Transfer-Encoding: chunked, chunked"),
    coding("identity after chunked", "Transfer-Encoding: chunked, identity"),
    coding("identity", "Transfer-Encoding: identity", 501),
    coding("gzip, chunked", "Transfer-Encoding: gzip, chunked", 501),
    coding("xchunked", "Transfer-Encoding: xchunked", 501),
    coding("chunkedx", "Transfer-Encoding: chunkedx", 501),
    coding("quoted", 'Transfer-Encoding: "chunked"', 501),
    coding("with a parameter", "Transfer-Encoding: chunked;a=b", 501),
    coding("with a vertical tab", "Transfer-Encoding: \x0bchunked"),
    coding("with a NUL", "Transfer-Encoding: chunked\x00"),
    coding("with a letter of eight bits", "Transfer-Encoding: chun\xe7ed", 501),
    coding("empty", "Transfer-Encoding: ", 501),
    coding("space before the colon", "Transfer-Encoding : chunked"),
    coding("tab before the colon", "Transfer-Encoding\t: chunked"),
    coding("folded", "Transfer-Encoding:\r\n chunked"),
    coding("behind a folded line", "X: y\r\n Transfer-Encoding: chunked"),
    coding("behind a space", "X: y\r\n\tTransfer-Encoding: chunked"),
    coding("behind a bare LF", "X: y\nTransfer-Encoding: chunked"),
    coding("behind a bare CR", "X: y\rTransfer-Encoding: chunked"),
    Case(
        "Transfer-Encoding in HTTP/1.0",
        "POST /v1/inventory/ledger HTTP/1.0\r\nConnection: keep-alive\r\n{auth}Transfer-Encoding: chunked\r\n\r\n"
        f"{CHUNKED}{{write}}",
    ),
    length("twice, different", "Content-Length: 0\r\nContent-Length: 5"),
    length("twice, the same", "Content-Length: 0\r\nContent-Length: 0"),
    length("as a list", "Content-Length: 0, 0"),
    length("as a list that differs", "Content-Length: 0, 5"),
    length("with a plus", "Content-Length: +0"),
    length("negative", "Content-Length: -1"),
    length("negative zero", "Content-Length: -0"),
    length("in hexadecimal", "Content-Length: 0x0"),
    length("with an exponent", "Content-Length: 0e0"),
    length("with a fraction", "Content-Length: 0.0"),
    length("with a space inside", "Content-Length: 0 0"),
    length("with an underscore", "Content-Length: 1_0"),
    length("in full-width digits", b"Content-Length: \xef\xbc\x90".decode("latin-1")),
    length("quoted", 'Content-Length: "0"'),
    length("empty", "Content-Length:"),
    length("beyond 64 bits", "Content-Length: 18446744073709551616"),
    length("just beyond 64 bits with sign", "Content-Length: 9223372036854775808", 413),
    length("that wraps to 0", "Content-Length: 36893488147419103232"),
    length("too large", "Content-Length: 1048577", 413),
    length("with a vertical tab", "Content-Length: \x0b0"),
    length("with a NUL", "Content-Length: 0\x00"),
    length("space before the colon", "Content-Length : 0"),
    length("folded", "Content-Length:\r\n 0"),
    chunks("a size that is no number", "xyz\r\n\r\n"),
    chunks("a size beyond 64 bits", "10000000000000000\r\n"),
    chunks("a size that wraps to 0", "100000000000000000000000000000000\r\n\r\n"),
    chunks("a size that is negative", "-1\r\n\r\n"),
    chunks("a size with a plus", "+0\r\n\r\n"),
    chunks("a size with 0x", "0x0\r\n\r\n"),
    chunks("a size with a space before", " 0\r\n\r\n"),
    chunks("an empty size", "\r\n\r\n"),
    chunks("an extension of control bytes", "0;a=\x00\r\n\r\n"),
    chunks("an extension with a bare LF", "0;a\nb\r\n\r\n"),
    chunks("an extension with a bare CR", "0;a\rb\r\n\r\n"),
    chunks("longer than its size", "2\r\nabcd\r\n0\r\n\r\n"),
    chunks("shorter than its size", "9\r\nab\r\n0\r\n\r\n"),
    chunks("a bare LF after the size", "2\nab\r\n0\r\n\r\n"),
    chunks("a bare LF after the data", "2\r\nab\n0\r\n\r\n"),
    chunks("a bare LF at the end", "0\n\n"),
    chunks("a bare CR after the size", "2\rab\r\n0\r\n\r\n"),
    chunks("the end without its empty line", "0\r\n"),
    chunks("a trailer with a space before the colon", "0\r\nX : y\r\n\r\n"),
    chunks("a folded trailer", "0\r\nX: y\r\n z\r\n\r\n"),
    chunks("a trailer without a colon", "0\r\nabc\r\n\r\n"),
    line("a folded line", "X-A: 1\r\n 2"),
    line("a folded line with a tab", "X-A: 1\r\n\t2"),
    line("a bare LF between lines", "X-A: 1\nX-B: 2"),
    line("a bare CR between lines", "X-A: 1\rX-B: 2"),
    line("CR CR LF", "X-A: 1\r\r\nX-B: 2"),
    line("a NUL in a value", "X-A: 1\x002"),
    line("a NUL in a name", "X-\x00A: 1"),
    line("a control byte in a value", "X-A: 1\x012"),
    line("a delete byte in a value", "X-A: 1\x7f2"),
    line("a space in a name", "X A: 1"),
    line("a letter of eight bits in a name", "X-\xc4: 1"),
    line("space before the colon", "X-A : 1"),
    line("no colon", "X-A"),
    line("no name", ": 1"),
    line("a space before the first name", " X-A: 1"),
    line("a second Host", "Host: y"),
    line("a Host twice the same", "Host: x"),
    Case("no Host", "GET /v1/ledger/head HTTP/1.1\r\n{auth}\r\n{write}"),
    Case("space before the first line's end", "GET /v1/ledger/head HTTP/1.1 \r\nHost: x\r\n\r\n{write}"),
    Case("a bare LF after the first line", "GET /v1/ledger/head HTTP/1.1\nHost: x\r\n\r\n{write}"),
    Case("a bare CR after the first line", "GET /v1/ledger/head HTTP/1.1\rHost: x\r\n\r\n{write}"),
    Case("only bare LFs", "GET /v1/ledger/head HTTP/1.1\nHost: x\n\n{write}"),
    Case("a header that ends with LF LF", "GET /v1/ledger/head HTTP/1.1\r\nHost: x\n\n{write}"),
    first_line("a space in the target", "GET /v1/ledger/head x HTTP/1.1"),
    first_line("a tab before the target", "GET\t/v1/ledger/head HTTP/1.1"),
    first_line("a NUL in the target", "GET /v1/ledger\x00/head HTTP/1.1"),
    first_line("a control byte in the target", "GET /v1/ledger\x01/head HTTP/1.1"),
    first_line("a target that is no path", "GET v1/ledger/head HTTP/1.1"),
    first_line("no target", "GET HTTP/1.1"),
    first_line("HTTP/0.9", "GET /v1/ledger/head"),
    first_line("HTTP/1.2", "GET /v1/ledger/head HTTP/1.2"),
    first_line("HTTP/2.0", "GET /v1/ledger/head HTTP/2.0"),
    first_line("HTTP/01.1", "GET /v1/ledger/head HTTP/01.1"),
    first_line("HTTP/1.10", "GET /v1/ledger/head HTTP/1.10"),
    first_line("http/1.1", "GET /v1/ledger/head http/1.1"),
    first_line("HTTPS/1.1", "GET /v1/ledger/head HTTPS/1.1"),
    first_line("a method in lower case", "get /v1/ledger/head HTTP/1.1"),
    first_line("a method that nobody has", "GETT /v1/ledger/head HTTP/1.1"),
    first_line("a method with a NUL", "GE\x00T /v1/ledger/head HTTP/1.1"),
    Case("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{write}"),
    Case("the start of TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03{write}"),
    Case("the PROXY protocol", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n{write}"),
    Case("expects what nobody knows", f"{TE}Expect: 200-ok\r\nContent-Length: 5\r\n\r\n{{write}}", (417,)),
    # What may be understood, if only in one way.
    first_line("two spaces before the target", "GET  /v1/ledger/head HTTP/1.1", (200, 200), writes=1, stays_open=True),
    first_line(
        "the absolute form", "GET http://127.0.0.1/v1/ledger/head HTTP/1.1", (200, 200), writes=1, stays_open=True
    ),
    first_line(
        "the absolute form of somebody else", "GET http://evil.example/v1/ledger/head HTTP/1.1", (200, 200), writes=1,
        stays_open=True,
    ),
    first_line("the asterisk form", "OPTIONS * HTTP/1.1", (404, 200), writes=1, stays_open=True),
    first_line("the authority form", "CONNECT evil.example:443 HTTP/1.1", (404,)),
    first_line("TRACE", "TRACE /v1/ledger/head HTTP/1.1", (405, 200), writes=1, stays_open=True),
    Case("HTTP/1.0 without keep-alive", "GET /v1/ledger/head HTTP/1.0\r\n{auth}\r\n{write}", (200,)),
    Case(
        "HTTP/1.0 with keep-alive",
        "GET /v1/ledger/head HTTP/1.0\r\n{auth}Connection: keep-alive\r\n\r\n{write}",
        (200, 200),
        writes=1,
        stays_open=True,
    ),
    Case(
        "Connection: close", "GET /v1/ledger/head HTTP/1.1\r\nHost: x\r\n{auth}Connection: close\r\n\r\n{write}", (200,)
    ),
    Case(
        "an upgrade to HTTP/2",
        "GET /v1/ledger/head HTTP/1.1\r\nHost: x\r\n{auth}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n{write}",
        (200,),
    ),
    Case(
        "an upgrade to WebSocket",
        "GET /v1/ledger/head HTTP/1.1\r\nHost: x\r\n{auth}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n{write}",
        (200,),
    ),
    Case(
        "an Upgrade that Connection does not name",
        "GET /v1/ledger/head HTTP/1.1\r\nHost: x\r\n{auth}Upgrade: h2c\r\n\r\n{write}",
        (200, 200),
        writes=1,
        stays_open=True,
    ),
    Case(
        "a write in the body of a read",
        "GET /v1/ledger/head HTTP/1.1\r\nHost: x\r\n{auth}Content-Length: {all}\r\n\r\n{write}",
        (200,),
        stays_open=True,
    ),
    Case(
        "a write in the body of a refused write",
        f"{TE}Idempotency-Key: {{key}}\r\nContent-Length: {{all}}\r\n\r\n{{write}}",
        (400,),
        stays_open=True,
    ),
    Case(
        "a write in the body of a request without a key",
        "POST /v1/inventory/ledger HTTP/1.1\r\nHost: x\r\nContent-Length: {all}\r\n\r\n{write}",
        (401,),
        stays_open=True,
    ),
    Case(
        "a write in a chunk",
        "POST /v1/inventory/ledger HTTP/1.1\r\nHost: x\r\n{auth}Transfer-Encoding: chunked\r\n"
        "Idempotency-Key: {key}\r\n\r\n"
        "{hex}\r\n{write}\r\n0\r\n\r\n",
        (400,),
        stays_open=True,
    ),
    Case(
        "an extension of a chunk",
        f"{TE}Idempotency-Key: {{key}}\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n{{none}}\r\n0\r\n\r\n",
        (422,),
        stays_open=True,
    ),
    Case(
        "a length in a trailer",
        f"{TE}Idempotency-Key: {{key}}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 9\r\n\r\n{{write}}",
    ),
    Case(
        "a trailer",
        f"{TE}Idempotency-Key: {{key}}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{none}}\r\n0\r\nX: y\r\n\r\n",
        (422,),
        stays_open=True,
    ),
    Case(
        "a refused write, then a good one",
        "POST /v1/inventory/ledger HTTP/1.1\r\nHost: x\r\n{auth}Content-Length: 2\r\n\r\n{}{write}",
        (400, 200),
        writes=1,
        stays_open=True,
    ),
    Case(
        "100-continue, refused before the body",
        "POST /v1/inventory/ledger HTTP/1.1\r\nHost: x\r\n{auth}Expect: 100-continue\r\n"
        "Content-Length: 1048577\r\n\r\n{write}",
        (413,),
    ),
    Case(
        "100-continue with the body behind", "{head}Expect: 100-continue\r\n\r\n{body}", (200,), writes=1,
        stays_open=True,
    ),
    Case(
        "100-continue in HTTP/1.0",
        "GET /v1/ledger/head HTTP/1.0\r\n{auth}Expect: 100-continue\r\nConnection: keep-alive\r\n\r\n{write}",
        (200, 200),
        writes=1,
        stays_open=True,
    ),
    Case("lines end before the first request", "\r\n\r\n{write}", (200,), writes=1, stays_open=True),
    Case("two writes in a row", "{write}{other}", (200, 200), writes=2, stays_open=True),
    Case("a write cut off in its body", '{head}\r\n{"sku":', (), stays_open=True),
    Case(
        "a header of a Connection that names Content-Length",
        f"{TE}Connection: Content-Length\r\nIdempotency-Key: {{key}}\r\n" "Content-Length: 2\r\n\r\n{}",
        (422,),
        stays_open=True,
    ),
]
