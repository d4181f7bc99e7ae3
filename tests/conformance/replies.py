"""Replies taken apart so that two can be compared: names expanded, owners in lower case, everything else as it came."""
import dataclasses
import select
import socket
import time

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dnsclient

_WITH_COMPRESSIBLE_NAMES = {dns.rdatatype.from_text(kind) for kind in ("NS", "CNAME", "PTR", "MX", "SOA", "RP", "AFSDB", "SRV", "NAPTR", "DNAME", "KX")}
_SECTIONS = ("answer", "authority", "additional")


@dataclasses.dataclass
class Parsed:
    """`sections` map each to its records in order: [((owner, type, class, rdata), ttl)], without the OPT."""

    ident: int
    flags: int
    rcode: int  # with the upper bits of the OPT
    question: bytes
    sections: dict
    opt: dict | None  # payload, version, flags, options: [(code, value)]
    size: int


def parse(wire):
    """A Parsed; ValueError for what is no message."""
    try:
        return _parse(wire)
    except (IndexError, dns.exception.DNSException) as error:
        raise ValueError(f"no message: {error!r}: {wire.hex()}") from error


def _parse(wire):
    ident, flags, rcode, counts = dnsclient.header(wire)
    at = 12
    for _ in range(counts[0]):
        at = dns.name.from_wire(wire, at)[1] + at + 4
    question, sections, opt = wire[12:at], {}, None
    for section, count in zip(_SECTIONS, counts[1:]):
        sections[section] = []
        for _ in range(count):
            owner, used = dns.name.from_wire(wire, at)
            at += used
            kind, rclass, ttl, size = (int.from_bytes(wire[at + a : at + b], "big") for a, b in ((0, 2), (2, 4), (4, 8), (8, 10)))
            data, at = at + 10, at + 10 + size
            if at > len(wire):
                raise IndexError
            if kind == dns.rdatatype.OPT:
                opt = {"payload": rclass, "version": ttl >> 16 & 255, "flags": ttl & 0xFFFF, "options": _options(wire[data:at])}
                rcode |= ttl >> 24 << 4
            else:
                sections[section].append(((owner.to_text().lower(), kind, rclass, _rdata(wire, kind, rclass, data, size)), ttl))
    if at != len(wire):
        raise IndexError
    return Parsed(ident, flags, rcode, question, sections, opt, len(wire))


def _rdata(wire, kind, rclass, at, size):
    if kind in _WITH_COMPRESSIBLE_NAMES and rclass == dns.rdataclass.IN:
        return dns.rdata.from_wire(rclass, kind, wire, at, size).to_wire()
    return wire[at : at + size]


def _options(data):
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((int.from_bytes(data[at : at + 2], "big"), data[at + 4 : at + 4 + size]))
        at += 4 + size
    return found


class Server:
    """Sends batches to (address, port) and collects what comes back. What is never answered is None."""

    def __init__(self, address, patience=6.0):  # seconds; longer than anybody takes to give up
        self.address, self._patience = address, patience
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._udp.connect(address)

    def close(self):
        self._udp.close()

    def ask_udp(self, wires, first_ident):
        """The replies to `wires`, in their order; the IDs are first_ident and following."""
        waiting, replies = {}, [None] * len(wires)
        for number, wire in enumerate(wires):
            ident = (first_ident + number) & 0xFFFF
            waiting[ident] = number
            self._udp.send(ident.to_bytes(2, "big") + wire[2:])
        deadline = time.monotonic() + self._patience
        while waiting and (left := deadline - time.monotonic()) > 0:
            if not select.select([self._udp], [], [], left)[0]:
                break
            reply = self._udp.recv(65535)
            number = waiting.pop(int.from_bytes(reply[:2], "big"), None)
            if number is not None:
                replies[number] = reply
        return replies

    def ask_tcp(self, wires, first_ident):
        replies, number_of = [None] * len(wires), {(first_ident + number) & 0xFFFF: number for number in range(len(wires))}
        with dnsclient.TcpClient(self.address, timeout=self._patience) as client:
            client.send(*(((first_ident + number) & 0xFFFF).to_bytes(2, "big") + wire[2:] for number, wire in enumerate(wires)))
            try:
                while number_of and (reply := client.receive()) is not None:
                    number = number_of.pop(int.from_bytes(reply[:2], "big"), None)
                    if number is not None:
                        replies[number] = reply
            except (TimeoutError, ConnectionError):
                pass
        return replies
