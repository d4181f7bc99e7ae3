"""Queries as no single client would send them: every type, odd flags, odd case, odd EDNS, and some that are broken. The
same seed makes the same queries."""
import dataclasses
import random

import dns.name
import dns.rdatatype
import zones
from dnsclient import raw_query

RD, CD, AD, Z, RA, TC, AA = 0x0100, 0x0010, 0x0020, 0x0040, 0x0080, 0x0200, 0x0400
IN, CH = 1, 3
META_TYPES = (0, 41, 128, 249, 250, 251, 252, 253, 254, 255)
COMMON_TYPES = tuple(dns.rdatatype.from_text(kind) for kind in (
    "A", "AAAA", "HTTPS", "SVCB", "MX", "TXT", "NS", "SOA", "CNAME", "PTR", "SRV", "DS", "DNSKEY", "NSEC", "CAA", "NAPTR", "TLSA", "TYPE65400", "SPF"))
SPECIAL_NAMES = ("localhost.", "a.localhost.", "x.test.", "invalid.", "a.onion.", "printer.local.", "a.internal.", "home.arpa.", "router.home.arpa.",
                 "_dns.resolver.arpa.", "1.0.0.127.in-addr.arpa.", "10.in-addr.arpa.", "1.2.168.192.in-addr.arpa.", "d.f.ip6.arpa.", "host.",
                 "use-application-dns.net.", "version.bind.", "id.server.")
PAYLOADS = (0, 100, 511, 512, 600, 900, 1000, 1220, 1232, 1400, 1452, 4096, 65535)
OPTIONS = (
    (10, bytes(8)), (10, bytes(24)), (10, bytes(3)), (3, b""), (12, bytes(20)), (12, b""), (11, b""), (11, b"\0\x64"), (8, bytes.fromhex("00011800c63364")),
    (8, bytes.fromhex("00010000")), (15, b"\0\x00hi"), (14, b"\0\x01"), (65001, b"private"), (4242, b""), (9, b""), (5, b"\x08"), (16, bytes(4)))


@dataclasses.dataclass(frozen=True)
class Generated:
    """One query, its parts as they stand in it, and how it travels. Its ID is 0."""

    wire: bytes
    name: str  # in lower case
    kind: int
    query_class: int
    flags: int
    edns: dict | None  # payload, version, flags, options
    fault: str  # how it is broken; empty if it is not
    tcp: bool

    def __str__(self):
        edns = f" EDNS {self.edns}" if self.edns else ""
        return (f"{self.name} {dns.rdatatype.to_text(self.kind)} class {self.query_class} flags {self.flags:#06x}{edns}"
                f"{' ' + self.fault if self.fault else ''} {'TCP' if self.tcp else 'UDP'}")

    @property
    def dnssec_ok(self):
        return bool(self.edns and self.edns["flags"] & 0x8000)

    @property
    def opcode(self):
        return self.flags >> 11 & 15


class Generator:
    def __init__(self, seed):
        self._random = random.Random(seed)
        self._held = sorted(set(zones.questions()))
        self._names = sorted({name for name, _ in self._held})

    def make(self):
        pick = self._random
        name, kind = self._question()
        query_class = IN if pick.random() < 0.96 else pick.choice((0, 2, CH, CH, 4, 254, 255, pick.randrange(65536)))
        flags, edns = self._flags(), self._edns()
        fault = pick.choice(("no question", "two questions", "trailing octets", "cut", "two OPTs", "pointer", "answer", "too many", "overrun")) if pick.random() < 0.02 else ""
        return self._assemble(name, kind, query_class, flags, edns, fault)

    def _question(self):
        pick = self._random
        chance = pick.random()
        if chance < 0.45:
            name, kind = pick.choice(self._held)
            kind = dns.rdatatype.from_text(kind)
        else:
            name, kind = pick.choice(self._names), pick.choice(COMMON_TYPES)
            if chance > 0.95:
                kind = pick.choice(META_TYPES)
            elif chance > 0.88:
                kind = pick.randrange(65536)
        where = pick.random()
        if where < 0.06:
            name = pick.choice(SPECIAL_NAMES)
        elif where < 0.12:
            name = f"n{pick.randrange(40)}.{name}"
        elif where < 0.16:
            name = f"w{pick.randrange(60)}.{pick.choice(('many', 'wildalias', 'dname'))}.{pick.choice((zones.PLAIN, zones.SIGNED))}"
        return name.replace("*", pick.choice(("*", "star"))), kind

    def _flags(self):
        pick = self._random
        flags = RD if pick.random() < 0.93 else 0
        for bit, chance in ((CD, 0.15), (AD, 0.2), (Z, 0.03), (RA, 0.02), (TC, 0.02), (AA, 0.02)):
            flags |= bit if pick.random() < chance else 0
        if pick.random() < 0.02:
            flags |= pick.randrange(1, 16) << 11
        if pick.random() < 0.02:
            flags |= pick.randrange(1, 16)
        return flags

    def _edns(self):
        pick = self._random
        if pick.random() < 0.3:
            return None
        options = [pick.choice(OPTIONS) for _ in range(pick.choice((0, 0, 0, 1, 1, 2, 4)))]
        return {"payload": pick.choice(PAYLOADS), "version": 0 if pick.random() < 0.97 else pick.choice((1, 2, 255)),
                "flags": (0x8000 if pick.random() < 0.35 else 0) | (pick.randrange(0x8000) if pick.random() < 0.05 else 0), "options": options}

    def _case(self, name):
        chance = self._random.choice((0, 0, 0.5, 1))
        return bytes(octet ^ 0x20 if chr(octet).isalpha() and octet < 128 and self._random.random() < chance else octet for octet in name)

    def _assemble(self, name, kind, query_class, flags, edns, fault):
        wire = self._spelled(dns.name.from_text(name).to_wire())
        behind, counts = b"", [1, 0, 0, 0]
        if edns:
            options = b"".join(code.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value for code, value in edns["options"])
            size = len(options) + (5 if fault == "overrun" else 0)
            behind = (b"\0\0\x29" + edns["payload"].to_bytes(2, "big") + bytes([0, edns["version"]]) + edns["flags"].to_bytes(2, "big") +
                      size.to_bytes(2, "big") + options)
            counts[3] = 1
        if fault == "two OPTs":
            behind += b"\0\0\x29\x04\xd0\0\0\0\0\0\0" * (2 - counts[3])
            counts[3] = 2
        elif fault == "answer":
            behind = b"\xc0\x0c\0\x01\0\x01\0\0\0\x05\0\x04\x01\x02\x03\x04" + behind
            counts[1] = 1
        elif fault == "too many":
            counts[3] += 1
        elif fault == "no question":
            counts[0] = 0
        elif fault == "two questions":
            counts[0] = 2
        elif fault == "pointer":
            wire = b"\x03www\xc0\x0c"
        made = raw_query(wire, kind, query_class, 0, flags, tuple(counts), behind)
        if fault == "trailing octets":
            made += b"\0\x01\x02"
        elif fault == "cut":
            made = made[: self._random.randrange(12, 12 + len(wire) + 4)]
        elif fault == "overrun" and not edns:
            fault = ""
        return Generated(made, name.lower(), kind, query_class, flags, edns, fault, not fault and self._random.random() < 0.25)

    def _spelled(self, wire):
        spelled, at = b"", 0
        while wire[at]:
            spelled += wire[at : at + 1] + self._case(wire[at + 1 : at + 1 + wire[at]])
            at += 1 + wire[at]
        return spelled + b"\0"
