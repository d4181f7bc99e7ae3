"""Clients that flood, forge and replay by UDP."""
import contextlib
import os
import random
import socket
import struct
import unittest

import dnsclient
from client_case import KEPT, ClientCase, paced, udp
from dnsclient import name_wire, opt, raw_query
from hostile_case import Bar

RATE = 20000  # a second, of each attack that is not slower by nature
BAR = Bar(cpu=0.7)
ROOT = os.geteuid() == 0


def sends(make, rate=RATE, source=None):
    """An attack: datagrams made by `make(number)`."""
    def attack(server, over):
        with udp(server, source) as client:
            def strike(number):
                with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
                    client.send(make(number))
            return paced(over, rate, strike)
    return attack


def sends_and_drains(make, rate=RATE):
    """The same, and takes what is answered, so that the answers cost what they do."""
    def attack(server, over):
        with udp(server) as client:
            def strike(number):
                with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
                    client.send(make(number))
                    if number % 8 == 0:
                        while client.recv(4096):
                            pass
            return paced(over, rate, strike)
    return attack


def from_many(server, over):
    """Asks from two hundred other addresses of the loopback network."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(udp(server, (f"127.{number // 100 + 1}.0.{number % 100 + 2}", 0))) for number in range(200)]
        def strike(number):
            with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
                clients[number % 200].send(KEPT)
        return paced(over, RATE, strike)


def forged(sources):
    """IPv4 datagrams with forged sources, by a raw socket: `sources` are (address, port)."""
    def attack(server, over):
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
            raw.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
            packets = [_datagram(source, server, KEPT) for source in sources(server)]
            def strike(number):
                with contextlib.suppress(OSError):
                    raw.sendto(packets[number % len(packets)], (server[0], 0))
            return paced(over, 5000, strike)
    return attack


def _datagram(source, target, payload):
    """IPv4 and UDP headers (without a UDP checksum, which is optional) before the payload."""
    size = 28 + len(payload)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, size, 0, 0, 64, 17, 0, socket.inet_aton(source[0]), socket.inet_aton(target[0]))
    return ip + struct.pack("!4H", source[1], target[1], 8 + len(payload), 0) + payload


def _spoiled(number):
    """A good query, spoiled at random places."""
    wire = bytearray(raw_query(name_wire("www.example.com"), counts=(1, 0, 0, 1), behind=opt()))
    for _ in range(1 + number % 4):
        wire[random.randrange(len(wire))] = random.randrange(256)
    return bytes(wire)


class Udp(ClientCase):
    def test_malformed(self):
        self.assail("UDP client: random octets", "FORMERR, NOTIMP or nothing", [sends(lambda number: os.urandom(12 + number % 100))], BAR)
        self.assail("UDP client: queries spoiled at random", "as the RFCs say", [sends_and_drains(_spoiled)], BAR)
        self.assail("UDP client: datagrams of 60 000 octets", "nothing", [sends(lambda _: bytes(60000), 2000)], BAR)
        counts = raw_query(name_wire("www.example.com"), counts=(1, 0, 0, 65535))
        self.assail("UDP client: 65535 records promised", "FORMERR", [sends_and_drains(lambda _: counts)], BAR, rare=True)
        loop = raw_query(b"\xc0\x0c")
        self.assail("UDP client: names that point at themselves", "FORMERR", [sends_and_drains(lambda _: loop)], BAR, rare=True)

    def test_responses(self):
        response = raw_query(name_wire("www.example.com"), flags=0x8180)
        def none_is_answered(daemon):
            dropped = daemon.status()["queries"]["dropped"]
            return [] if dropped > 1000 else [f"{dropped} dropped"]
        self.assail("UDP client: responses", "nothing", [sends(lambda _: response)], BAR, also=none_is_answered)

    def test_replays(self):
        self.assail("UDP client: one query again and again", "the kept answer", [sends_and_drains(lambda _: KEPT)], BAR, rare=True)
        self.assail("UDP client: the same, and reads no answer", "the kept answer", [sends(lambda _: KEPT)], BAR)

    def test_sources(self):
        self.assail("UDP clients at 200 addresses of 127/8", "the kept answer", [from_many], BAR)

    @unittest.skipUnless(ROOT, "forging sources needs root")
    def test_forged_sources(self):
        self.assail("UDP: forged source, our own address and port", "one answer each, dropped by ourselves", [forged(lambda server: [server])], BAR)
        self.assail("UDP: forged sources, ports 0, 7, 19 and 53", "one answer each",
                    [forged(lambda _: [("127.0.0.9", 0), ("127.0.0.9", 7), ("127.0.0.9", 19), ("127.0.0.9", 53)])], BAR)

    def test_new_names(self):
        names = [dnsclient.query(f"flood{number}.many.example.com").to_wire() for number in range(6000)]
        self.assail("UDP client: new names", "right, by the upstream", [sends_and_drains(lambda number: names[number % len(names)], 1000)], Bar(cpu=0.7, memory=12))


if __name__ == "__main__":
    unittest.main()
