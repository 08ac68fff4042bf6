"""Ways to spoil a request. Each changes it in place and says what it did, or says nothing where there was nothing to
spoil."""

import copy
import json

from head_mutations import spoil_header, spoil_key, spoil_method, spoil_path, spoil_query
from nonsense import NUMBERS, RAW, TEXTS
from request import Members, Raw, encode, places


def value(random):
    """Something that may be anything."""
    return random.choice(
        [
            lambda: None,
            lambda: random.choice([True, False]),
            lambda: Raw(random.choice(NUMBERS)),
            lambda: random.choice(TEXTS),
            lambda: random.choice(RAW),
            lambda: [],
            lambda: Members(),
            lambda: [None] * random.choice([1, 17, 2000]),
            lambda: Members([[f"m{number}", number] for number in range(random.choice([1, 40, 3000]))]),
            lambda: Raw(b"[" * (depth := random.choice([13, 14, 15, 16, 17, 500, 100_000])) + b"]" * depth),
        ]
    )()


def some_container(random, request, kind=list):
    found = (
        [place for place in places(request.body) if isinstance(place, kind) and place]
        if request.body is not None
        else []
    )
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
    member[0] = random.choice(
        [
            old.upper(), old + " ", old[:-1], old + "\u0301", old.replace("o", "о"), "__proto__", old * 500,
            random.choice(TEXTS), Raw(b"1"), Raw(b'"\xff"'),
        ]
    )
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
