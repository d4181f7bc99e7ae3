"""What HTTP/2 forbids (RFC 9113, RFC 7541), frame by frame, after h2spec's list; and what it lets pass."""
import socket
import unittest

import dnsclient
import pki
import scratch
from case import UnboundCase
from encrypted_case import base64url, client_context
from h2_raw import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GREETING, HEADERS, PING, PREFACE, PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame,
                    literal, request)
from tacet import Tacet

GOAWAY, PUSH_PROMISE, PADDED = 7, 5, 8
PROTOCOL, FLOW_CONTROL, STREAM_CLOSED, FRAME_SIZE, REFUSED, COMPRESSION = 1, 3, 5, 6, 7, 9
PATH = b"/dns-query?dns=" + base64url(dnsclient.query("www.example.com").to_wire()).encode()
WHOLE = END_STREAM | END_HEADERS


def u32(number):
    return number.to_bytes(4, "big")


def setting(kind, value):
    return kind.to_bytes(2, "big") + u32(value)


def ask(stream=1, block=None, flags=WHOLE):
    return frame(HEADERS, flags, stream, request(PATH) if block is None else block)


def fields(*pairs):
    return b"".join(literal(name, value) for name, value in pairs)


METHOD, SCHEME, AUTHORITY = (b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"a")
PLACE = (b":path", PATH)

# What is sent behind the greeting, and the codes of which one must come.
CONNECTION_FAULTS = {
    "DATA on stream 0": (frame(DATA, 0, 0, b"x"), [PROTOCOL]),
    "DATA on a stream that nobody opened": (frame(DATA, END_STREAM, 1, b"x"), [PROTOCOL, STREAM_CLOSED]),
    "HEADERS on stream 0": (ask(0), [PROTOCOL]),
    "HEADERS on an even stream": (ask(2), [PROTOCOL]),
    "padding longer than HEADERS": (frame(HEADERS, WHOLE | PADDED, 1, b"\xff" + request(PATH)[:100]), [PROTOCOL]),
    "another frame amid a head": (ask(flags=END_STREAM) + frame(PING, 0, 0, bytes(8)), [PROTOCOL]),
    "CONTINUATION of no head": (frame(CONTINUATION, END_HEADERS, 1, b""), [PROTOCOL]),
    "CONTINUATION of another stream": (ask(flags=END_STREAM) + frame(CONTINUATION, END_HEADERS, 3, b""), [PROTOCOL]),
    "PUSH_PROMISE of a client": (frame(PUSH_PROMISE, END_HEADERS, 1, u32(2)), [PROTOCOL]),
    "PING on a stream": (frame(PING, 0, 1, bytes(8)), [PROTOCOL]),
    "PING of six octets": (frame(PING, 0, 0, bytes(6)), [FRAME_SIZE]),
    "SETTINGS on a stream": (frame(SETTINGS, 0, 1), [PROTOCOL]),
    "SETTINGS of five octets": (frame(SETTINGS, 0, 0, bytes(5)), [FRAME_SIZE]),
    "an acknowledgement with settings": (frame(SETTINGS, ACK, 0, setting(1, 0)), [FRAME_SIZE]),
    "a window beyond 2^31-1 in SETTINGS": (frame(SETTINGS, 0, 0, setting(4, 1 << 31)), [FLOW_CONTROL]),
    "frames below 2^14 in SETTINGS": (frame(SETTINGS, 0, 0, setting(5, 16383)), [PROTOCOL]),
    "push neither on nor off": (frame(SETTINGS, 0, 0, setting(2, 2)), [PROTOCOL]),
    "WINDOW_UPDATE of nothing": (frame(WINDOW_UPDATE, 0, 0, u32(0)), [PROTOCOL]),
    "WINDOW_UPDATE beyond 2^31-1": (frame(WINDOW_UPDATE, 0, 0, u32((1 << 31) - 1)) * 2, [FLOW_CONTROL]),
    "WINDOW_UPDATE of three octets": (frame(WINDOW_UPDATE, 0, 0, bytes(3)), [FRAME_SIZE]),
    "WINDOW_UPDATE of a stream that nobody opened": (frame(WINDOW_UPDATE, 0, 1, u32(1)), [PROTOCOL]),
    "RST_STREAM on stream 0": (frame(RST_STREAM, 0, 0, u32(8)), [PROTOCOL]),
    "RST_STREAM of a stream that nobody opened": (frame(RST_STREAM, 0, 1, u32(8)), [PROTOCOL]),
    "RST_STREAM of three octets": (ask(flags=END_HEADERS) + frame(RST_STREAM, 0, 1, bytes(3)), [FRAME_SIZE]),
    "a frame beyond 2^14": (frame(DATA, 0, 1, bytes(16385)), [FRAME_SIZE]),
    "an index that HPACK does not have": (ask(block=b"\xff\xff\x7f"), [COMPRESSION]),
    "a head that HPACK cannot end": (ask(block=b"\x00\x85"), [COMPRESSION]),
    "a table larger than was offered": (ask(block=b"\x3f\xff\xff\x7f" + request(PATH)), [COMPRESSION]),
}
STREAM_FAULTS = {
    "an upper case letter in a name": fields(METHOD, SCHEME, AUTHORITY, PLACE, (b"X-A", b"b")),
    "a pseudo field behind another field": fields(METHOD, SCHEME, AUTHORITY, (b"a", b"b"), PLACE),
    "an unknown pseudo field": fields(METHOD, SCHEME, AUTHORITY, PLACE, (b":a", b"b")),
    "a pseudo field of responses": fields(METHOD, SCHEME, AUTHORITY, PLACE, (b":status", b"200")),
    "a field of connections": fields(METHOD, SCHEME, AUTHORITY, PLACE, (b"connection", b"keep-alive")),
    "te with another word than trailers": fields(METHOD, SCHEME, AUTHORITY, PLACE, (b"te", b"gzip")),
    "no method": fields(SCHEME, AUTHORITY, PLACE),
    "no path": fields(METHOD, SCHEME, AUTHORITY),
    "an empty path": fields(METHOD, SCHEME, AUTHORITY, (b":path", b"")),
    "two paths": fields(METHOD, SCHEME, AUTHORITY, PLACE, PLACE),
    "a length that is not the body's": fields((b":method", b"POST"), SCHEME, AUTHORITY, (b":path", b"/dns-query"), (b"content-length", b"5")),
}
HARMLESS = {
    "a frame of no known type": frame(0xAB, 0xFF, 0, b"anything"),
    "a setting that nobody knows": frame(SETTINGS, 0, 0, setting(0xABCD, 1)),
    "an acknowledgement of no PING": frame(PING, ACK, 0, bytes(8)),
    "PRIORITY of a stream to come": frame(PRIORITY, 0, 7, u32(0) + b"\x10"),
    # nghttp2 takes it for one of a stream that it has closed itself, and ignores it.
    "HEADERS on a lower stream than before": ask(5) + ask(3),
    "padding": frame(HEADERS, WHOLE | PADDED, 1, b"\x05" + request(PATH) + bytes(5)),
    "a head in three pieces": frame(HEADERS, END_STREAM, 1, request(PATH)[:10]) + frame(CONTINUATION, 0, 1, request(PATH)[10:20])
    + frame(CONTINUATION, END_HEADERS, 1, request(PATH)[20:]),
}


class Frames(UnboundCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        good, cls.port = cls.pki.good(), scratch.free_port(["127.0.0.1"])
        cls.daemon = cls.enterClassContext(Tacet(cls.directory, upstreams=[{"url": cls.upstream.doh_url(), "ca_file": cls.pki.ca}],
                                                 https={"listen": [f"127.0.0.1:{cls.port}"], "certificate": good.chain, "key": good.key}))
        cls.daemon.ask("www.example.com")

    def frames(self, octets, *, greeting=GREETING):
        """The frames that come back, as (type, flags, stream, payload), until the connection ends or a PING behind `octets` is answered."""
        plain = socket.create_connection(("127.0.0.1", self.port), 15)
        with client_context(self.pki.ca, "h2").wrap_socket(plain, server_hostname=pki.NAME) as client:
            try:
                client.sendall(greeting + octets + frame(PING, 0, 0, b"the end."))
            except ConnectionError:
                pass
            came, found = b"", []
            while True:
                try:
                    part = client.recv(65536)
                except ConnectionError:
                    part = b""
                came += part
                while len(came) >= 9 and len(came) >= (size := 9 + int.from_bytes(came[:3], "big")):
                    found.append((came[3], came[4], int.from_bytes(came[5:9], "big"), came[9:size]))
                    came = came[size:]
                if not part or (any(kind == PING and payload == b"the end." for kind, _, _, payload in found) and self.is_settled(found)):
                    return found

    @staticmethod
    def is_settled(found):
        """Whether stream 1 is over."""
        return any(kind == RST_STREAM or (kind in (HEADERS, DATA) and flags & END_STREAM) for kind, flags, stream, _ in found if stream)

    def test_a_fault_of_the_connection_ends_it_with_the_code_of_the_fault(self):
        for words, (octets, codes) in CONNECTION_FAULTS.items():
            with self.subTest(words):
                goodbyes = [int.from_bytes(payload[4:8], "big") for kind, _, _, payload in self.frames(octets) if kind == GOAWAY]
                self.assertTrue(set(goodbyes) & set(codes), (goodbyes, codes))

    def test_a_fault_of_a_stream_ends_that_stream_or_gets_a_4xx(self):
        for words, block in STREAM_FAULTS.items():
            with self.subTest(words):
                body = frame(DATA, END_STREAM, 1, b"abc") if words.startswith("a length") else b""
                found = self.frames(ask(block=block, flags=END_HEADERS if body else WHOLE) + body)
                resets = [int.from_bytes(payload, "big") for kind, _, _, payload in found if kind == RST_STREAM]
                self.assertEqual(resets, [PROTOCOL], found)
                self.assertFalse([kind for kind, *_ in found if kind == GOAWAY])

    def test_what_is_harmless_passes(self):
        for words, octets in HARMLESS.items():
            with self.subTest(words):
                question = b"" if octets[3] == HEADERS else ask()
                found = self.frames(octets + question)
                self.assertIn(DATA, [kind for kind, *_ in found], found)
                self.assertNotIn(GOAWAY, [kind for kind, *_ in found])

    def test_a_trailer_says_nothing_of_the_request(self):
        octets = dnsclient.query("www.example.com").to_wire()
        kinds = {b"application/dns-message": b"text/html", b"text/html": b"application/dns-message"}
        for kind, later in kinds.items():
            head = request(b"/dns-query", (b"content-type", kind), method=b"POST")
            found = self.frames(frame(HEADERS, END_HEADERS, 1, head) + frame(DATA, 0, 1, octets) + frame(HEADERS, WHOLE, 1, literal(b"content-type", later)))
            body = b"".join(payload for kind_of, _, stream, payload in found if kind_of == DATA and stream == 1)
            self.assertEqual(body.startswith(octets[:2]), kind == b"application/dns-message", found)

    def test_a_connection_that_does_not_begin_with_the_preface_is_ended(self):
        found = self.frames(b"", greeting=b"GET / HTTP/1.1\r\n\r\n" + PREFACE)
        self.assertNotIn(DATA, [kind for kind, *_ in found])

    def test_more_streams_than_allowed_are_refused_and_the_others_answered(self):
        new = [dnsclient.query(f"s{number}.many.example.com").to_wire() for number in range(130)]
        heads = b"".join(ask(2 * number + 1, request(b"/dns-query?dns=" + base64url(wire).encode())) for number, wire in enumerate(new))
        plain = socket.create_connection(("127.0.0.1", self.port), 15)
        with client_context(self.pki.ca, "h2").wrap_socket(plain, server_hostname=pki.NAME) as client:
            client.sendall(GREETING + heads)
            came, over = b"", {}
            while len(over) < len(new):
                part = client.recv(65536)
                self.assertTrue(part, "the connection ended")
                came += part
                while len(came) >= 9 and len(came) >= (size := 9 + int.from_bytes(came[:3], "big")):
                    kind, flags, stream = came[3], came[4], int.from_bytes(came[5:9], "big")
                    if kind == RST_STREAM:
                        over[stream] = int.from_bytes(came[9:size], "big")
                    elif kind == DATA and flags & END_STREAM:
                        over[stream] = "answer"
                    came = came[size:]
        self.assertLessEqual(set(over.values()), {"answer", REFUSED})
        self.assertGreaterEqual(list(over.values()).count("answer"), 100)


if __name__ == "__main__":
    unittest.main()
