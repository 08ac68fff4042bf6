"""Ways to spoil what stands before the body: the query, the path, the key, other lines of the header, the method."""


def spoil_query(random, request):
    names = [parameter["name"] for parameter in request.operation.query] or ["limit"]
    nonsense = [
        "", "0", "-1", "1.5", "1e3", "abc", "%", "%zz", "%00", "%ff", "%ED%A0%80", "%F0%9F%98%80", "x" * 5000, "9" * 40,
        "%0d%0aX:1", "null", "true", "a=b", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "2026-02-30T00:00:00Z",
        "%2e%2e%2f",
    ]
    kind = random.choice(["add", "add", "repeat", "rename", "drop", "many"])
    if kind == "add":
        request.query.append([random.choice(names), random.choice(nonsense)])
    elif kind == "repeat" and request.query:
        request.query.append([request.query[0][0], random.choice(nonsense)])
    elif kind == "rename":
        request.query.append([random.choice([names[0].upper(), "unknown", "%00", "", names[0] + "[]"]), "1"])
    elif kind == "drop" and request.query:
        request.query.pop()
    else:
        request.query += [[f"p{number}", "1"] for number in range(random.choice([50, 900]))]
    return f"{kind} in the query"


def spoil_path(random, request):
    templates = [index for index, part in enumerate(request.operation.path.split("/")[1:]) if part.startswith("{")]
    if not templates:
        return None
    request.path[random.choice(templates)] = random.choice(
        [
            "", ".", "..", "%2e%2e", "%2F", "a%2Fb", "%00", "%zz", "%", "%ff", "%C3%A9", "e%CC%81", "x" * 65,
            "x" * 7000, "nonexistent", "0", "-1", ";a=b", "*", "%20", "itm_00000000000000000000000000",
            "wh_ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "é",
        ]
    )
    return "another path"


def spoil_key(random, request):
    keys = [header for header in request.headers if header[0] == b"Idempotency-Key"]
    if not keys:
        return None
    kind = random.choice(["drop", "repeat", "change", "change", "change"])
    if kind == "drop":
        request.headers.remove(keys[0])
    elif kind == "repeat":
        request.headers.append([b"idempotency-key", random.choice([keys[0][1], b"other"])])
    else:
        keys[0][1] = random.choice(
            [
                b"", b" ", b"x" * 255, b"x" * 256, b"x" * 9000, b'"quoted"', b'"open', b'""', b"a\tb", "é".encode(),
                b"\xff", b"a\x01b", b"a,b", b"a;b", b"'", b"\\",
            ]
        )
    return f"{kind} the key"


def spoil_header(random, request):
    name, text = random.choice(
        [
            (b"Content-Type", b"text/plain"), (b"Content-Type", b""),
            (b"Content-Type", b"application/json; charset=utf-16"), (b"Content-Type", b"application/vnd.x+json"),
            (b"Content-Type", b"multipart/form-data; boundary=x"), (b"Content-Encoding", b"gzip"),
            (b"Accept", b"text/html;q=0"), (b"Accept-Encoding", b"br"), (b"Authorization", b"Basic eDp5"),
            (b"Authorization", b"Bearer"), (b"Authorization", b"Bearer " + b"x" * 9000), (b"X-Request-Id", b"\xff\xfe"),
            (b"X-Request-Id", b"x" * 500), (b"X-HTTP-Method-Override", b"DELETE"), (b"X-Forwarded-For", b"127.0.0.1"),
            (b"Range", b"bytes=0-1,1-2,0-"), (b"If-Match", b"*"), (b"Last-Event-ID", b"evt_nothing"),
            (b"Last-Event-ID", b"\xff"), (b"Cookie", b"a=b" * 2000), (b"Origin", b"null"), (b"TE", b"trailers"),
            (b"X-Long", b"y" * 15_000), (b"X-Long", b"y" * 40_000), (b"Host", b""), (b"Host", b"evil.example:99999"),
            (b"Date", b"yesterday"),
        ]
    )
    kind = random.choice(["add", "set", "drop", "many"])
    if kind == "many":
        request.headers += [[b"X-%d" % number, b"1"] for number in range(random.choice([20, 85, 150]))]
        return "many headers"
    if kind != "add":
        request.headers = [header for header in request.headers if header[0] != name]
    if kind != "drop":
        request.headers.append([name, text])
    return f"{kind} {name.decode()}: {text[:30]!r}"


def spoil_method(random, request):
    request.method = random.choice(
        ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PURGE"]
    )
    return f"the method {request.method}"
