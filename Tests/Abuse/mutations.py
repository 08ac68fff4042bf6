"""Ways to spoil a request. Each changes it in place and says what it did, or says nothing where there was nothing to spoil."""
import copy
import json

from requests import Members, Raw, encode, places

NUMBERS = [
    b"0", b"-0", b"1", b"-1", b"1.0", b"1.5", b"1e2", b"1E-2", b"01", b"+1", b".5", b"1.", b"0x10", b"NaN", b"Infinity", b"-", b"1e400",
    b"1e-400", b"9007199254740993", b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"1000000000001",
    b"9" * 400, b"0." + b"3" * 400, b"1e999999999999999999999"]
TEXTS = [
    "", " ", "x" * 65, "x" * 10_000, "\u0000", "a\u0000b", "\ud800", "\udc00\ud800", "\ufeff", "é", "e\u0301", "\u202e", "😀" * 64, "\u0085",
    "../../etc/passwd", "'; DROP TABLE item; --", "{{7*7}}", "%00", "%n%s", "\r\nX-Injected: 1", "null", "true", "0", "<script>",
    "wh_01J9X3YB2KQ8M4T6V7W8X9Y0ZA", "itm_01J9X3YB2KQ8M4T6V7W8X9Y0ZA", "2026-13-45T99:99:99Z", "2026-02-30", "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:60Z", "1e999", "-1", "1,5", "１２", "\u0301x"]
RAW = [
    Raw(b""), Raw(b'"\xff"'), Raw(b'"\xc0\xaf"'), Raw(b'"\xed\xa0\x80"'), Raw(b'"\xf5\x80\x80\x80"'), Raw(b'"\x00"'), Raw(b'"\n"'),
    Raw(b'"\\x41"'), Raw(b'"\\u12"'), Raw(b'"\\ud800"'), Raw(b"\xef\xbb\xbf1"), Raw(b"'a'"), Raw(b"undefined"), Raw(b"/**/1"), Raw(b"1,"),
    Raw(b"}"), Raw(b"]"), Raw(b'"'), Raw(b"tru"), Raw(b"True")]


def value(random):
    """Something that may be anything."""
    return random.choice([
        lambda: None, lambda: random.choice([True, False]), lambda: Raw(random.choice(NUMBERS)), lambda: random.choice(TEXTS),
        lambda: random.choice(RAW), lambda: [], lambda: Members(), lambda: [None] * random.choice([1, 17, 2000]),
        lambda: Members([[f"m{number}", number] for number in range(random.choice([1, 40, 3000]))]),
        lambda: Raw(b"[" * (depth := random.choice([13, 14, 15, 16, 17, 500, 100_000])) + b"]" * depth)])()


def some_container(random, request, kind=list):
    found = [place for place in places(request.body) if isinstance(place, kind) and place] if request.body is not None else []
    return random.choice(found) if found else None


def put(container, index, changed):
    if isinstance(container, Members):
        container[index][1] = changed
    else:
        container[index] = changed


def drop(random, request):
    if (container := some_container(random, request)) is not None:
        gone = container.pop(random.randrange(len(container)))
        return f"drop {encode(gone)[:60]!r}"


def repeat(random, request):
    """A second time, with the same value or another: a member twice, an element often."""
    if (container := some_container(random, request)) is None:
        return None
    chosen = copy.deepcopy(random.choice(container))
    if isinstance(container, Members):
        if random.random() < 0.5:
            chosen[1] = value(random)
        if random.random() < 0.3 and isinstance(chosen[0], str):
            # The same name once its escapes are read.
            chosen[0] = Raw(b'"' + b"".join(b"\\u%04x" % ord(letter) for letter in chosen[0]) + b'"')
        container.append(chosen)
        return f"repeat {encode(chosen[0])[:40]!r}"
    count = random.choice([1, 10, 1200])
    container.extend([chosen] * count)
    return f"{count} more elements"


def rename(random, request):
    if (container := some_container(random, request, Members)) is None:
        return None
    member = random.choice(container)
    old = member[0]
    if not isinstance(old, str):
        return None
    member[0] = random.choice([
        old.upper(), old + " ", old[:-1], old + "\u0301", old.replace("o", "о"), "__proto__", old * 500, random.choice(TEXTS),
        Raw(b"1"), Raw(b'"\xff"')])
    return f"rename {old} to {encode(member[0])[:40]!r}"


def retype(random, request):
    if (container := some_container(random, request)) is None:
        return None
    index = random.randrange(len(container))
    changed = value(random)
    put(container, index, changed)
    return f"retype #{index} to {encode(changed)[:40]!r}"


def null(random, request):
    if (container := some_container(random, request)) is not None:
        index = random.randrange(len(container))
        put(container, index, None)
        return f"null #{index}"


def nest(random, request):
    if (container := some_container(random, request)) is None:
        return None
    index = random.randrange(len(container))
    inner = container[index][1] if isinstance(container, Members) else container[index]
    depth = random.choice([1, 1, 2, 12, 14, 15, 16, 500])
    wrap = (b"[", b"]") if random.random() < 0.5 else (b'{"a":', b"}")
    put(container, index, Raw(wrap[0] * depth + encode(inner) + wrap[1] * depth))
    return f"nest #{index} by {depth}"


def oversize(random, request):
    if (container := some_container(random, request)) is not None:
        index = random.randrange(len(container))
        size = random.choice([129, 513, 8193, 70_000, 1_048_576])
        put(container, index, "x" * size)
        return f"oversize #{index} to {size}"


def whole_body(random, request):
    if request.body is None:
        request.body = value(random)
        return "a body where there is none"
    request.body = value(random)
    return f"another body {encode(request.body)[:40]!r}"


def damage(random, request):
    """The body's bytes: cut short, with one changed or put in, with something behind."""
    if request.body is None:
        return None
    text = bytearray(encode(request.body))
    at = random.randrange(len(text) + 1)
    kind = random.choice(["cut", "change", "insert", "append"])
    if kind == "cut":
        del text[at:]
    elif kind == "change" and text:
        text[at % len(text)] = random.randrange(256)
    elif kind == "insert":
        text.insert(at, random.randrange(256))
    else:
        text += random.choice([b"\x00", b" ", b"{}", b",", b"\n\n", b"\xef\xbb\xbf", b"//"])
    request.body = Raw(text)
    return f"{kind} at {at}"


def spoil_query(random, request):
    names = [parameter["name"] for parameter in request.operation.query] or ["limit"]
    nonsense = ["", "0", "-1", "1.5", "1e3", "abc", "%", "%zz", "%00", "%ff", "%ED%A0%80", "%F0%9F%98%80", "x" * 5000, "9" * 40, "%0d%0aX:1",
                "null", "true", "a=b", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "2026-02-30T00:00:00Z", "%2e%2e%2f"]
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
    request.path[random.choice(templates)] = random.choice([
        "", ".", "..", "%2e%2e", "%2F", "a%2Fb", "%00", "%zz", "%", "%ff", "%C3%A9", "e%CC%81", "x" * 65, "x" * 7000, "nonexistent", "0", "-1",
        ";a=b", "*", "%20", "itm_00000000000000000000000000", "wh_ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "é"])
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
        keys[0][1] = random.choice([
            b"", b" ", b"x" * 255, b"x" * 256, b"x" * 9000, b'"quoted"', b'"open', b'""', b"a\tb", "é".encode(), b"\xff", b"a\x01b", b"a,b", b"a;b",
            b"'", b"\\"])
    return f"{kind} the key"


def spoil_header(random, request):
    name, text = random.choice([
        (b"Content-Type", b"text/plain"), (b"Content-Type", b""), (b"Content-Type", b"application/json; charset=utf-16"),
        (b"Content-Type", b"application/vnd.x+json"), (b"Content-Type", b"multipart/form-data; boundary=x"), (b"Content-Encoding", b"gzip"),
        (b"Accept", b"text/html;q=0"), (b"Accept-Encoding", b"br"), (b"Authorization", b"Basic eDp5"), (b"Authorization", b"Bearer"),
        (b"Authorization", b"Bearer " + b"x" * 9000), (b"X-Request-Id", b"\xff\xfe"), (b"X-Request-Id", b"x" * 500),
        (b"X-HTTP-Method-Override", b"DELETE"), (b"X-Forwarded-For", b"127.0.0.1"), (b"Range", b"bytes=0-1,1-2,0-"), (b"If-Match", b"*"),
        (b"Last-Event-ID", b"evt_nothing"), (b"Last-Event-ID", b"\xff"), (b"Cookie", b"a=b" * 2000), (b"Origin", b"null"), (b"TE", b"trailers"),
        (b"X-Long", b"y" * 15_000), (b"X-Long", b"y" * 40_000), (b"Host", b""), (b"Host", b"evil.example:99999"), (b"Date", b"yesterday")])
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
    request.method = random.choice(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PURGE"])
    return f"the method {request.method}"


BODY = [drop, repeat, rename, retype, retype, null, nest, oversize, damage, whole_body]
REST = [spoil_query, spoil_path, spoil_key, spoil_header]
RARE = [spoil_method]


def spoil(random, request):
    """One to four changes; none now and then, so that what is valid is sent too."""
    for _ in range(random.choice([0, 1, 1, 1, 1, 2, 2, 3, 4])):
        pool = BODY if request.body is not None and random.random() < 0.7 else REST if random.random() < 0.95 else RARE
        change = random.choice(pool)
        if said := change(random, request):
            request.changes.append((change.__name__, said))


def describe(request):
    return json.dumps([said for _, said in request.changes], ensure_ascii=True)
