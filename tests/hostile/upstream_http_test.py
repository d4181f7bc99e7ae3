"""A DoH server that misuses HTTP: statuses, redirects, headers, frames and limits (RFC 9110, 9113)."""
import asyncio
import unittest

import h2.settings
from fake_upstream import DohReply
from hostile_case import Bar
from upstream_case import UpstreamCase, refused, right

DATA, HEADERS, SETTINGS, PUSH_PROMISE, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 4, 5, 6, 8, 9
END_HEADERS, END_STREAM = 4, 1
OK = list(DohReply.HEADERS)
# libcurl has five descriptors for a connection where DoT has one.
BAR = Bar(descriptors=24)


def literal(name, value):
    """A header field of HPACK that no table keeps (RFC 7541 §6.2.2); both below 127 octets."""
    return bytes([0, len(name)]) + name + bytes([len(value)]) + value


STATUS_200 = b"\x88"  # the static table's


def status(code, *headers):
    async def attack(reply):
        reply.http.send_headers(reply.stream, [(":status", str(code)), ("content-length", "0"), *headers], end_stream=True)
        await reply.flush()
    return attack


def another_type(kind):
    async def attack(reply):
        await reply.send(reply.right().to_wire(), [(":status", "200"), *([("content-type", kind)] if kind else [])])
    return attack


async def trailers(reply):
    await reply.send(reply.right().to_wire(), trailers=[("x-signature", "of" * 50), (":status", "500")][:1])


async def false_length(reply):
    reply.http.send_headers(reply.stream, [*OK, ("content-length", "7")])
    await reply.flush()
    await reply.frame(DATA, END_STREAM, reply.stream, reply.right().to_wire())


async def endless_body(reply):
    """Data until the other side has had enough."""
    await reply.send(bytes(32 << 20))


async def half_an_answer(reply):
    wire = reply.right().to_wire()
    reply.http.send_headers(reply.stream, OK)
    reply.http.send_data(reply.stream, wire[: len(wire) // 2])
    await reply.flush()


async def endless_hints(reply):
    """103 Early Hints without end; each brings fields (RFC 8297)."""
    block = literal(b":status", b"103") + b"".join(literal(b"link-%d" % number, b"x" * 100) for number in range(100))
    while True:
        await reply.frame(HEADERS, END_HEADERS, reply.stream, block)


async def endless_fields(reply):
    """One field section that never ends (CVE-2024-28182)."""
    await reply.frame(HEADERS, 0, reply.stream, STATUS_200)
    while True:
        await reply.frame(CONTINUATION, 0, reply.stream, literal(b"x-field", b"x" * 100) * 100)


async def empty_continuations(reply):
    await reply.frame(HEADERS, 0, reply.stream, STATUS_200)
    while True:
        await reply.raw(b"\0\0\0\x09\0" + reply.stream.to_bytes(4, "big"))


async def a_megabyte_of_fields(reply):
    """Ten field sections' worth, ended properly."""
    await reply.frame(HEADERS, 0, reply.stream, STATUS_200)
    for number in range(100):
        await reply.frame(CONTINUATION, END_HEADERS if number == 99 else 0, reply.stream, literal(b"x-field", b"x" * 100) * 100)
    await reply.frame(DATA, END_STREAM, reply.stream, reply.right().to_wire())


def flood(kind, payload, *, on_stream=False, flags=0):
    """The same frame without end."""
    async def attack(reply):
        stream = (reply.stream if on_stream else 0).to_bytes(4, "big")
        frame = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream + payload
        while True:
            await reply.raw(frame * 200)
    return attack


async def empty_data(reply):
    """A response whose body is frames without octets, without end (CVE-2019-9518)."""
    reply.http.send_headers(reply.stream, OK)
    await reply.flush()
    while True:
        await reply.raw((b"\0\0\0\0\0" + reply.stream.to_bytes(4, "big")) * 200)


async def resets(reply):
    """Every stream there is or was, reset again and again."""
    while True:
        await reply.raw(b"".join(b"\0\0\x04\x03\0" + stream.to_bytes(4, "big") + b"\0\0\0\x08" for stream in range(1, reply.stream + 1, 2)))


async def one_reset(reply):
    reply.http.reset_stream(reply.stream, 7)  # REFUSED_STREAM: was not processed, may be tried again
    await reply.flush()


async def goaway(reply):
    """Every connection ends with its first request, which was not processed."""
    reply.http.close_connection(last_stream_id=0)
    await reply.flush()
    reply.close()


async def goaway_and_stay(reply):
    """The same, but the connection is never closed."""
    reply.http.close_connection(last_stream_id=0)
    await reply.flush()
    await asyncio.sleep(60)


async def push(reply):
    """A response nobody asked for, although the client does not allow it (RFC 9113 §8.4)."""
    await reply.frame(PUSH_PROMISE, END_HEADERS, reply.stream, b"\0\0\0\x02" + b"\x82\x87\x84\x41\x04evil")


async def noise(reply):
    await reply.raw(b"\xff" * 2000)


async def right_answer(reply):
    await reply.send(reply.right().to_wire())


def streams(count):
    """Allows so many requests at a time."""
    def greet(http):
        http.local_settings[h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS] = count
        http.local_settings.acknowledge()
    return greet


class Http(UpstreamCase):
    def check(self, words, attack, wants=refused, *, rare=False, **options):
        answered = {refused: "SERVFAIL", right: "right"}[wants]
        self.row(f"DoH server: {words}", answered, BAR, lambda: self.attacked(attack, "doh", wants, **options), rare=rare)

    def test_statuses(self):
        for code in (400, 404, 415, 429, 500, 503):
            self.check(f"HTTP {code}", status(code), rare=code in (404, 415, 500))

    def test_redirects_are_not_followed(self):
        elsewhere = self.fake()
        self.check("HTTP 302 to elsewhere", status(302, ("location", elsewhere.doh_url())))
        self.check("HTTP 307 to plain HTTP", status(307, ("location", "http://127.0.0.1:8080/dns-query")), rare=True)
        self.assertEqual((elsewhere.connections, elsewhere.received), ([], []), "a redirect was followed")

    def test_bodies(self):
        self.check("media type text/html", another_type("text/html"))
        self.check("no media type", another_type(None), rare=True)
        self.check("trailers", trailers, right)
        self.check("a false Content-Length", false_length, rare=True)
        self.check("32 MiB of body", endless_body, rare=True)
        self.check("half an answer and nothing more", half_an_answer, rare=True)

    def test_fields(self):
        self.check("endless early hints", endless_hints)
        self.check("endless fields", endless_fields)
        self.check("endless empty CONTINUATION", empty_continuations, rare=True)
        self.check("a megabyte of fields", a_megabyte_of_fields, rare=True)

    def test_floods(self):
        self.check("PING flood", flood(PING, bytes(8)), rare=True)
        self.check("SETTINGS flood", flood(SETTINGS, b"\0\4\0\1\0\0"))
        self.check("WINDOW_UPDATE flood", flood(WINDOW_UPDATE, b"\0\0\0\1"), rare=True)
        self.check("empty DATA flood", empty_data)
        self.check("RST_STREAM flood", resets)
        self.check("unknown frames", flood(0xBB, bytes(100)))

    def test_ends(self):
        self.check("resets every request", one_reset)
        self.check("GOAWAY to every request", goaway)
        self.check("GOAWAY, and stays", goaway_and_stay, rare=True)
        self.check("a push nobody wants", push, rare=True)
        self.check("noise instead of frames", noise)

    def test_limits(self):
        self.check("no stream at all", right_answer, greet=streams(0))
        self.check("one stream at a time", right_answer, right, greet=streams(1))


if __name__ == "__main__":
    unittest.main()
