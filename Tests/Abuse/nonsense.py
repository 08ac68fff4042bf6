"""Values that belong nowhere."""

from request import Raw

NUMBERS = [
    b"0", b"-0", b"1", b"-1", b"1.0", b"1.5", b"1e2", b"1E-2", b"01", b"+1", b".5", b"1.", b"0x10", b"NaN", b"Infinity",
    b"-", b"1e400", b"1e-400", b"9007199254740993", b"9223372036854775807", b"9223372036854775808",
    b"-9223372036854775809", b"1000000000001", b"9" * 400, b"0." + b"3" * 400, b"1e999999999999999999999",
]
TEXTS = [
    "", " ", "x" * 65, "x" * 10_000, "\u0000", "a\u0000b", "\ud800", "\udc00\ud800", "\ufeff", "é", "e\u0301", "\u202e",
    "😀" * 64, "\u0085", "../../etc/passwd", "'; DROP TABLE item; --", "{{7*7}}", "%00", "%n%s", "\r\nX-Injected: 1",
    "null", "true", "0", "<script>", "wh_01J9X3YB2KQ8M4T6V7W8X9Y0ZA", "itm_01J9X3YB2KQ8M4T6V7W8X9Y0ZA",
    "2026-13-45T99:99:99Z", "2026-02-30", "0000-01-01T00:00:00Z", "9999-12-31T23:59:60Z", "1e999", "-1", "1,5", "１２",
    "\u0301x",
]
RAW = [
    Raw(b""), Raw(b'"\xff"'), Raw(b'"\xc0\xaf"'), Raw(b'"\xed\xa0\x80"'), Raw(b'"\xf5\x80\x80\x80"'), Raw(b'"\x00"'),
    Raw(b'"\n"'), Raw(b'"\\x41"'), Raw(b'"\\u12"'), Raw(b'"\\ud800"'), Raw(b"\xef\xbb\xbf1"), Raw(b"'a'"),
    Raw(b"undefined"), Raw(b"/**/1"), Raw(b"1,"), Raw(b"}"), Raw(b"]"), Raw(b'"'), Raw(b"tru"), Raw(b"True"),
]
