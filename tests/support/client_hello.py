"""What a listener on the way reads of a TLS connection: the ClientHello, taken apart by hand (RFC 8446 §4.1.2)."""
import dataclasses

HANDSHAKE, CLIENT_HELLO = 22, 1
SERVER_NAME, PRE_SHARED_KEY, ENCRYPTED_CLIENT_HELLO = 0, 41, 0xFE0D


@dataclasses.dataclass
class ClientHello:
    server_name: str | None
    extensions: list  # their types, in order
    wire: bytes


def read_client_hello(stream):
    """The ClientHello at the beginning of what a client sent. ValueError if there is none."""
    message = _handshake_octets(stream)
    if len(message) < 4 or message[0] != CLIENT_HELLO:
        raise ValueError("not a ClientHello")
    body = message[4 : 4 + int.from_bytes(message[1:4], "big")]
    at = 2 + 32
    at += 1 + body[at]  # session id
    at += 2 + int.from_bytes(body[at : at + 2], "big")  # cipher suites
    at += 1 + body[at]  # compression methods
    end = at + 2 + int.from_bytes(body[at : at + 2], "big")
    at += 2
    name, extensions = None, []
    while at < end:
        kind, size = int.from_bytes(body[at : at + 2], "big"), int.from_bytes(body[at + 2 : at + 4], "big")
        extensions.append(kind)
        if kind == SERVER_NAME:
            name = body[at + 4 + 5 : at + 4 + size].decode("ascii")
        at += 4 + size
    if at != end or end != len(body):
        raise ValueError("the extensions do not fill the message")
    return ClientHello(name, extensions, bytes(body))


def _handshake_octets(stream):
    """The payloads of the TLS records at the front, as far as they are handshake records."""
    out = b""
    while len(stream) >= 5 and stream[0] == HANDSHAKE:
        size = int.from_bytes(stream[3:5], "big")
        out += stream[5 : 5 + size]
        stream = stream[5 + size :]
    return out
