"""A server that fails, misuses or never finishes TLS, or is not the one it should be."""
import asyncio
import base64
import os
import ssl
import subprocess
import threading
import time
import unittest

import dns.message
import scratch
from fake_upstream import ANSWER, right_answer
from hostile_case import Bar, be_modest
from loop_thread import LoopThread
from upstream_case import ModestUpstream, UpstreamCase, refused

BAR = Bar(descriptors=24)
PLAIN_ALERT = b"\x15\x03\x03\0\2\2\x28"  # handshake_failure
HTTP_400 = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"


class RawServer(LoopThread):
    """Hands each connection's streams to a coroutine function; inside TLS if there is a certificate."""

    def __init__(self, serve, certificate=None, alpn=None):
        super().__init__()
        self.port, self.accepted = scratch.free_port(), 0
        self._serve, self._certificate, self._alpn = serve, certificate, alpn

    def url(self, scheme):
        return f"{scheme}://127.0.0.1:{self.port}{'/dns-query' if scheme == 'https' else ''}"

    async def open(self):
        be_modest()
        context = None
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate.chain, self._certificate.key)
            context.set_alpn_protocols([self._alpn])
        self._loop.set_exception_handler(lambda *_: None)
        self._server = await asyncio.start_server(self._one, "127.0.0.1", self.port, ssl=context, reuse_address=True)

    async def close(self):
        self._server.close()

    async def _one(self, reader, writer):
        self.accepted += 1
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()


def says(octets):
    """Answers whatever comes first with these octets and an end."""
    async def serve(reader, writer):
        await reader.read(4096)
        writer.write(octets)
        await writer.drain()
    return serve


async def closes(_, __):
    pass


async def is_silent(reader, _):
    while await reader.read(4096):
        pass


async def drips(reader, writer):
    """The beginning of a handshake record, an octet a second."""
    await reader.read(4096)
    for octet in b"\x16\x03\x03\x40\x00" + bytes(100):
        writer.write(bytes([octet]))
        await writer.drain()
        await asyncio.sleep(1)


async def floods_handshake(reader, writer):
    """Handshake records without end: a certificate that goes on for ever."""
    await reader.read(4096)
    while True:
        writer.write(b"\x16\x03\x03\x40\x00" + os.urandom(0x4000))
        await writer.drain()
        await asyncio.sleep(0)


async def speaks_http_1(reader, writer):
    """Right answers, by HTTP/1.1."""
    request = await reader.readuntil(b"\r\n\r\n")
    text = request.split(b"dns=")[1].split()[0]
    wire = right_answer(dns.message.from_wire(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4)))).to_wire()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/dns-message\r\nContent-Length: %d\r\n\r\n" % len(wire) + wire)
    await writer.drain()
    await asyncio.sleep(1)


class Tls(UpstreamCase):
    def check(self, words, serve, scheme, certificate=None, alpn=None, *, rare=False):
        def measure():
            with RawServer(serve, certificate, alpn) as server:
                cost, faults = self.suffer(server.url(scheme), refused)
                return cost, faults + ([] if server.accepted else ["was never asked"])
        self.row(f"{'DoT' if scheme == 'tls' else 'DoH'} server: {words}", "SERVFAIL", BAR, measure, rare=rare)

    def test_handshakes(self):
        for scheme in ("tls", "https"):
            self.check("closes at once", closes, scheme, rare=scheme == "https")
            self.check("garbage instead of TLS", says(os.urandom(300)), scheme, rare=scheme == "https")
            self.check("an alert instead of TLS", says(PLAIN_ALERT), scheme, rare=True)
            self.check("a handshake without end", floods_handshake, scheme)
        self.check("accepts and is silent", is_silent, "tls", rare=True)
        self.check("a handshake of one octet a second", drips, "https", rare=True)

    def test_other_protocols(self):
        self.check("plain HTTP instead of TLS", says(HTTP_400), "https", rare=True)
        self.check("HTTP/1.1 only", speaks_http_1, "https", self.pki.good(), "http/1.1")

    def test_certificates(self):
        expired = self.pki.expired()
        for word, made in (("an expired certificate", expired), ("another host's certificate", self.pki.wrong_name()),
                           ("nobody's certificate", self.pki.self_signed())):
            for transport in ("dot", "doh"):
                def measure(made=made, transport=transport):
                    with ModestUpstream(made, lambda _: ANSWER) as fake:
                        cost, faults = self.suffer(getattr(fake, f"{transport}_url")(), refused)
                        return cost, faults + (["it was sent a query"] if fake.received else [])
                self.row(f"{'DoT' if transport == 'dot' else 'DoH'} server: {word}", "SERVFAIL, and it hears no name", BAR, measure,
                         rare=transport == "doh" and made is not expired)

    def test_a_server_that_wants_to_negotiate_again_and_again(self):
        for words, option, command in (("renegotiation storm (TLS 1.2)", "-tls1_2", b"R\n"), ("KeyUpdate storm (TLS 1.3)", "-tls1_3", b"k\n")):
            certificate, port = self.pki.good(), scratch.free_port()
            server = scratch.start(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificate.chain, "-key", certificate.key, option, "-alpn", "dot"],
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.addCleanup(scratch.end, server)
            storm = threading.Thread(target=_repeat, args=(server.stdin, command), daemon=True)
            storm.start()
            self.row(f"DoT server: {words}", "SERVFAIL", BAR, lambda port=port: self.suffer(f"tls://127.0.0.1:{port}", refused))


def _repeat(pipe, command):
    try:
        while True:
            pipe.write(command)
            pipe.flush()
            time.sleep(0.002)
    except OSError:
        pass


if __name__ == "__main__":
    unittest.main()
