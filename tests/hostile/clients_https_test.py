"""Clients that flood, starve and confuse the TLS and HTTPS listeners."""
import base64
import contextlib
import os
import socket
import ssl
import time
import unittest

import h2_raw
import scratch
from client_case import KEPT, ClientCase, paced
from h2_raw import CONTINUATION, DATA, END_HEADERS, END_STREAM, GREETING, HEADERS, PING, PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame
from hostile_case import Bar

CLIENTS = 128  # limits.tcp_clients
BAR = Bar(cpu=0.8, memory=16, descriptors=CLIENTS + 12)
PATH = b"/dns-query?dns=" + base64.urlsafe_b64encode(KEPT).rstrip(b"=")
NEW = b"/dns-query?dns=%s"
STREAMS = range(1, 20001, 2)


class Https(ClientCase):
    def assail(self, words, answered, attack, bar=BAR, *, kind="https", rare=False):
        """A row: attack(connect, over) beside the neighbour; connect() is a TLS socket to the listener."""
        good, port = self.pki.good(), scratch.free_port(["127.0.0.1"])
        settings = {kind: {"listen": [f"127.0.0.1:{port}"], "certificate": good.chain, "key": good.key}}
        context = ssl.create_default_context(cafile=self.pki.ca)
        context.check_hostname = False

        def connect(protocol="h2"):
            context.set_alpn_protocols([protocol] if protocol else [])
            plain = socket.create_connection(("127.0.0.1", port), 20)
            return context.wrap_socket(plain)

        def also(_daemon):
            """Somebody new is served by the listener meanwhile."""
            begun = time.monotonic()
            with contextlib.suppress(OSError), connect("dot" if kind == "tls" else "http/1.1") as client:
                if kind == "tls":
                    client.sendall(len(KEPT).to_bytes(2, "big") + KEPT)
                else:
                    client.sendall(b"GET " + PATH + b" HTTP/1.1\r\nHost: a\r\n\r\n")
                told = client.recv(4096)
                took = time.monotonic() - begun
                if told:
                    return [] if took < 4.5 else [f"a newcomer waited {took:.1f} s"]
            return ["a newcomer is not served"]

        super().assail(words, answered, [lambda _server, over: attack(connect, over)], bar, also=also, settings=settings, rare=rare)

    def flood(self, words, answered, burst, *, before=GREETING, protocol="h2", bar=BAR, kind="https", rare=False):
        """Connections that each say `before` and then burst(number) again and again, until they are closed."""
        def attack(connect, over):
            strikes = 0
            while not over.is_set():
                with contextlib.suppress(OSError), connect(protocol) as client:
                    client.sendall(before)
                    for number in range(1000):
                        if over.is_set():
                            break
                        client.sendall(burst(number))
                        strikes += 1
            return strikes
        self.assail(words, answered, attack, bar, kind=kind, rare=rare)

    def test_floods_of_control_frames(self):
        self.flood("HTTPS clients: PING, 500 at a time", "an end", lambda _: frame(PING, payload=bytes(8)) * 500)
        self.flood("HTTPS clients: SETTINGS, 500 at a time", "an end", lambda _: frame(SETTINGS, payload=b"\0\4\0\0\xff\xff") * 500, rare=True)
        self.flood("HTTPS clients: WINDOW_UPDATE, 500 at a time", "an end", lambda _: frame(WINDOW_UPDATE, payload=b"\0\0\0\1") * 500, rare=True)
        self.flood("HTTPS clients: PRIORITY, 500 at a time", "an end", lambda _: frame(PRIORITY, stream=3, payload=b"\0\0\0\0\7") * 500, rare=True)
        self.flood("HTTPS clients: frames of no known type", "an end", lambda _: frame(0x77, payload=bytes(20)) * 500, rare=True)

    def test_rapid_reset(self):
        head = frame(HEADERS, END_HEADERS | END_STREAM, 0, h2_raw.request(PATH))
        def burst(number, new=False):
            said = b""
            for stream in STREAMS[number * 100 % 9000:][:100]:
                path = NEW % base64.urlsafe_b64encode(KEPT[:13] + os.urandom(1).hex().encode()[:1] + KEPT[14:]).rstrip(b"=") if new else PATH
                made = frame(HEADERS, END_HEADERS | END_STREAM, stream, h2_raw.request(path)) if new else head[:5] + stream.to_bytes(4, "big") + head[9:]
                said += made + frame(RST_STREAM, stream=stream, payload=b"\0\0\0\x08")
            return said
        self.flood("HTTPS clients: rapid reset, 100 requests at a time", "an end", burst)
        self.flood("HTTPS clients: rapid reset of new names", "an end", lambda number: burst(number, True), rare=True)

    def test_heads(self):
        begin = frame(HEADERS, END_STREAM, 1, h2_raw.request(PATH))
        self.flood("HTTPS clients: CONTINUATION without an end", "an end", lambda _: frame(CONTINUATION, 0, 1, h2_raw.literal(b"x", b"y" * 100)) * 100,
                   before=GREETING + begin, rare=True)
        self.flood("HTTPS clients: empty CONTINUATION without an end", "an end", lambda _: frame(CONTINUATION, 0, 1) * 500, before=GREETING + begin, rare=True)
        # One field of the table of HPACK, named a thousand times: a small frame and a large head.
        bomb = h2_raw.request(PATH) + b"\x40\x01x\x7f\xa1\x1e" + b"y" * 4000 + b"\xbe" * 4000
        def burst(number):
            return b"".join(frame(HEADERS, END_HEADERS | END_STREAM, stream, bomb if number == 0 and stream == 1 else h2_raw.request(PATH) + b"\xbe" * 4000)
                            for stream in STREAMS[number * 2:][:2])
        self.flood("HTTPS clients: heads that HPACK makes large", "431", burst)
        long = b"GET " + PATH + b" HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"y" * 4000 + b"\r\n"
        self.flood("HTTPS clients: HTTP/1 heads without an end", "431", lambda _: b"X: " + b"y" * 8000 + b"\r\n", before=long, protocol="http/1.1", rare=True)

    def test_bodies(self):
        post = h2_raw.request(b"/dns-query", (b"content-type", b"application/dns-message"), method=b"POST")
        opened = GREETING + b"".join(frame(HEADERS, END_HEADERS, stream, post) for stream in STREAMS[:100])
        self.flood("HTTPS clients: empty DATA on 100 streams", "an end", lambda _: b"".join(frame(DATA, 0, stream) for stream in STREAMS[:100]), before=opened, rare=True)
        self.flood("HTTPS clients: bodies without an end on 100 streams", "an end",
                   lambda _: b"".join(frame(DATA, 0, stream, bytes(600)) for stream in STREAMS[:100]), before=opened, rare=True)

    def test_noise(self):
        self.flood("HTTPS clients: octets that are no HTTP/2", "an end", lambda _: os.urandom(8000), before=b"", rare=True)
        self.flood("HTTPS clients: octets that are no HTTP/1", "400", lambda _: os.urandom(8000), before=b"", protocol="http/1.1", rare=True)
        self.flood("TLS clients: frames that are no DNS", "an end", lambda _: os.urandom(8000), before=b"", protocol="dot", kind="tls", rare=True)

    def test_held_connections(self):
        def holds(connect, over):
            held = []
            def strike(_):
                if len(held) < 400:
                    with contextlib.suppress(OSError):
                        held.append(connect())
                        held[-1].sendall(GREETING)
            return paced(over, 400, strike)
        self.assail("HTTPS clients: 400 connections held open", "newcomers are served", holds, Bar(cpu=0.8, memory=24, descriptors=CLIENTS + 12), rare=True)

    def test_handshakes_that_do_not_end(self):
        def begins(connect, over):
            def strike(_):
                with contextlib.suppress(OSError):
                    made = ssl.MemoryBIO()
                    context = ssl.create_default_context()
                    hello = context.wrap_bio(ssl.MemoryBIO(), made, server_hostname="a.test")
                    with contextlib.suppress(ssl.SSLWantReadError):
                        hello.do_handshake()
                    with socket.create_connection(self.address, 20) as client:
                        client.sendall(made.read())
            return paced(over, 100, strike)
        def attack(connect, over):
            with connect() as client:
                self.address = client.getpeername()
            return begins(connect, over)
        self.assail("HTTPS clients: ask for a handshake and go", "nothing", attack, rare=True)

    def test_slow_requests(self):
        def drips(connect, over):
            clients = [connect("http/1.1") for _ in range(60)]
            text = b"GET " + PATH + b" HTTP/1.1\r\nHost: a\r\n"
            def strike(number):
                with contextlib.suppress(OSError):
                    at = number // len(clients) % len(text)
                    clients[number % len(clients)].send(text[at:at + 1])
            return paced(over, 200, strike)
        self.assail("HTTPS clients: 60 of them drip their heads", "newcomers are served", drips, rare=True)

    def test_answers_that_nobody_reads(self):
        def attack(connect, over):
            with connect() as client:
                client.sendall(h2_raw.PREFACE + frame(SETTINGS, payload=b"\0\4\0\0\0\0"))  # no octet of a body may come
                with contextlib.suppress(OSError):
                    for stream in STREAMS:
                        client.sendall(frame(HEADERS, END_HEADERS | END_STREAM, stream, h2_raw.request(PATH)))
                        if over.wait(0.0005):
                            return stream // 2
            return 0
        self.assail("HTTPS client: a window of no octets", "as many as there are streams", attack, rare=True)


if __name__ == "__main__":
    unittest.main()
