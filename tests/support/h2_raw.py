"""Frames of HTTP/2 as octets (RFC 9113 section 4), for clients that break its rules."""

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags=0, stream=0, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


GREETING = PREFACE + frame(SETTINGS)


def literal(name, value):
    """A header field without Huffman code or index (RFC 7541 section 6.2.2); up to 126 octets each."""
    return b"\0" + bytes((len(name),)) + name + bytes((len(value),)) + value


def request(path, *more, method=b"GET"):
    """The block of a request's header; `more` are fields behind it."""
    fields = ((b":method", method), (b":scheme", b"https"), (b":authority", b"127.0.0.1"))
    block = b"".join(literal(name, value) for name, value in fields)
    block += b"\0\x05:path" + (bytes((len(path),)) if len(path) < 127 else b"\x7f" + _rest(len(path) - 127)) + path
    return block + b"".join(literal(name, value) for name, value in more)


def _rest(number):
    octets = b""
    while number > 127:
        octets += bytes((number & 127 | 128,))
        number >>= 7
    return octets + bytes((number,))
