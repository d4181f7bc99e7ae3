"""Signs zones for tests: every algorithm, NSEC and NSEC3, and each defect that a test can think of.

    zone = SignedZone("example.", text, algorithm=13, denial="nsec3")
    zone.defect(lambda records: records.drop("www.example.", "RRSIG", covers="A"))
    zone.text(), zone.ds()

Zones of one algorithm share their private key, because making RSA keys takes long.
"""
import base64
import bisect
import functools
import hashlib
import struct
import time
import typing

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.zone
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa, utils

NSEC, NSEC3, OPT_OUT = "nsec", "nsec3", "opt-out"
DAY = 86400
_IN = dns.rdataclass.IN
_HASHES = {5: hashes.SHA1, 7: hashes.SHA1, 8: hashes.SHA256, 10: hashes.SHA512, 13: hashes.SHA256, 14: hashes.SHA384}
_BASE32 = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHIJKLMNOPQRSTUV")


@functools.lru_cache(maxsize=None)
def private_key(algorithm, number=0, bits=2048):
    """The private key number `number` of an algorithm; `bits`: of RSA only."""
    if algorithm in (5, 7, 8, 10):
        return rsa.generate_private_key(65537, bits) if algorithm == 8 else private_key(8, number, bits)
    if algorithm in (13, 14):
        return ec.generate_private_key(ec.SECP256R1() if algorithm == 13 else ec.SECP384R1())
    return (ed25519.Ed25519PrivateKey if algorithm == 15 else ed448.Ed448PrivateKey).generate()


@functools.lru_cache(maxsize=None)
def dnskey(algorithm, number=0, flags=257, bits=2048):
    """Its public half as a DNSKEY."""
    return dns.dnssec.make_dnskey(private_key(algorithm, number, bits).public_key(), algorithm, flags)


def ds_of(origin, key, digest="SHA256"):
    return dns.dnssec.make_ds(dns.name.from_text(origin), key, digest, policy=dns.dnssec.allow_all_policy)


def sign_octets(algorithm, octets, number=0, bits=2048):
    key = private_key(algorithm, number, bits)
    if algorithm in (5, 7, 8, 10):
        return key.sign(octets, padding.PKCS1v15(), _HASHES[algorithm]())
    if algorithm in (13, 14):
        size = 32 if algorithm == 13 else 48
        first, second = utils.decode_dss_signature(key.sign(octets, ec.ECDSA(_HASHES[algorithm]())))
        return first.to_bytes(size, "big") + second.to_bytes(size, "big")
    return key.sign(octets)


class SigningKey(typing.NamedTuple):
    """A key that signs: which one, and what its DNSKEY says of it."""
    algorithm: int
    number: int = 0
    flags: int = 257
    bits: int = 2048

    def dnskey(self):
        return dnskey(self.algorithm, self.number, self.flags, self.bits)

    def sign(self, octets):
        return sign_octets(self.algorithm, octets, self.number, self.bits)


def nsec3_digest(name, salt=b"", iterations=0):
    digest = hashlib.sha1(name.canonicalize().to_wire() + salt).digest()
    for _ in range(iterations):
        digest = hashlib.sha1(digest + salt).digest()
    return digest


def hash_label(digest):
    return base64.b32encode(digest).translate(_BASE32).decode().lower()


def type_bitmap(types):
    """The windows of RFC 4034 §4.1.2."""
    windows = {}
    for number in types:
        windows.setdefault(number >> 8, bytearray(32))[(number & 255) >> 3] |= 0x80 >> (number & 7)
    octets = b""
    for window, bits in sorted(windows.items()):
        while bits and bits[-1] == 0:
            bits.pop()
        octets += bytes([window, len(bits)]) + bytes(bits)
    return octets


def rdata_of(kind, wire):
    return dns.rdata.from_wire(_IN, dns.rdatatype.from_text(kind), wire, 0, len(wire))


class Records:
    """The records of a zone as a list that a defect may change: [name, TTL, rdata]."""

    def __init__(self):
        self.list = []

    def add(self, name, ttl, rdata):
        self.list.append([name, ttl, rdata])

    def matching(self, owner=None, kind=None, covers=None):
        """Those of this owner (text), type and, for RRSIG, covered type."""
        name = owner and dns.name.from_text(owner)
        number = kind and dns.rdatatype.from_text(kind)
        covered = covers and dns.rdatatype.from_text(covers)
        return [record for record in self.list
                if (name is None or record[0] == name) and (number is None or record[2].rdtype == number)
                and (covered is None or getattr(record[2], "type_covered", None) == covered)]

    def drop(self, owner=None, kind=None, covers=None):
        for record in self.matching(owner, kind, covers):
            self.list.remove(record)

    def change(self, owner, kind, change, covers=None):
        """Replaces each matching rdata by change(rdata)."""
        for record in self.matching(owner, kind, covers):
            record[2] = change(record[2])

    def text(self):
        return "".join(f"{name} {ttl} IN {dns.rdatatype.to_text(rdata.rdtype)} {_rdata_text(rdata)}\n" for name, ttl, rdata in self.list)


def _rdata_text(rdata):
    if isinstance(rdata, dns.rdata.GenericRdata):
        return rdata.to_text()
    text = rdata.to_text()
    if rdata.rdtype == dns.rdatatype.NSEC3:  # dnspython writes an empty bitmap with a space
        text = text.rstrip()
    return text


class SignedZone:
    """A zone of `text`, signed when text() or ds() is first called."""

    def __init__(self, origin, text, *, algorithm=13, denial=NSEC, iterations=0, salt=b"", flags=257, digest="SHA256", inception=None,
                 expiration=None, bits=2048):
        self.origin = dns.name.from_text(origin)
        self.denial, self.iterations, self.salt, self.digest = denial, iterations, salt, digest
        self.signing_key = SigningKey(algorithm, flags=flags, bits=bits)
        self.key = self.signing_key.dnskey()
        self.inception = int(time.time()) - 2 * DAY if inception is None else inception
        self.expiration = int(time.time()) + 12 * DAY if expiration is None else expiration
        self._plain = dns.zone.from_text(text, origin=self.origin, relativize=False, check_origin=False)
        self._defects, self._signed = [], None

    def defect(self, change):
        """`change` gets the signed Records."""
        self._defects.append(change)
        return self

    def ds(self):
        """The DS rdata for the parent."""
        return ds_of(self.origin.to_text(), self.key, self.digest)

    def records(self):
        if self._signed is None:
            self._signed = self._sign()
            for change in self._defects:
                change(self._signed)
        return self._signed

    def text(self):
        return self.records().text()

    # --- signing -----------------------------------------------------------------------------------------------------

    def rrsig(self, name, ttl, rdatas, key=None, **other):
        """One signature over an RRset by the zone's key or another; `other` replaces fields such as signer, labels, inception, key_tag."""
        key = key or self.signing_key
        labels = len(name) - 1 - (1 if name.is_wild() else 0)
        fields = {"labels": labels, "original_ttl": ttl, "expiration": self.expiration, "inception": self.inception,
                  "key_tag": dns.dnssec.key_id(key.dnskey()), "signer": self.origin, "algorithm": key.algorithm, **other}
        kind = rdatas[0].rdtype
        head = struct.pack("!HBBIIIH", kind, fields["algorithm"], fields["labels"], fields["original_ttl"], fields["expiration"] & 0xFFFFFFFF,
                           fields["inception"] & 0xFFFFFFFF, fields["key_tag"]) + fields["signer"].canonicalize().to_wire()
        owner = name
        if not name.is_wild() and fields["labels"] < len(name) - 1:
            owner = dns.name.Name((b"*",) + name.labels[len(name) - 1 - fields["labels"]:])
        prefix = owner.canonicalize().to_wire() + struct.pack("!HHI", kind, _IN, fields["original_ttl"])
        wires = sorted({rdata.to_digestable() for rdata in rdatas})
        octets = head + b"".join(prefix + struct.pack("!H", len(wire)) + wire for wire in wires)
        return rdata_of("RRSIG", head + key.sign(octets))

    def _sign(self):
        sets = {}
        for name, ttl, rdata in self._plain.iterate_rdatas():
            sets.setdefault((name, rdata.rdtype), (ttl, []))[1].append(rdata)
        if (self.origin, dns.rdatatype.DNSKEY) not in sets:
            sets[self.origin, dns.rdatatype.DNSKEY] = (300, [self.key])
        cuts = {name for name, kind in sets if kind == dns.rdatatype.NS and name != self.origin}
        dnames = {name for name, kind in sets if kind == dns.rdatatype.DNAME}
        owned = {name for name, _ in sets if not any(name != above and name.is_subdomain(above) for above in cuts | dnames)}
        self._deny(sets, owned, cuts)
        records = Records()
        for (name, kind), (ttl, rdatas) in sorted(sets.items()):
            for rdata in rdatas:
                records.add(name, ttl, rdata)
            hashed = kind == dns.rdatatype.NSEC3
            signed = hashed or (name in owned and (name not in cuts or kind in (dns.rdatatype.DS, dns.rdatatype.NSEC)))
            if signed:
                records.add(name, ttl, self.rrsig(name, ttl, rdatas))
        return records

    def _types(self, sets, name, cuts):
        types = {kind for owner, kind in sets if owner == name}
        if name in cuts:
            types &= {dns.rdatatype.NS, dns.rdatatype.DS}
        return types

    def _deny(self, sets, owned, cuts):
        if self.denial == NSEC:
            names = sorted(owned)
            for name, following in zip(names, names[1:] + names[:1]):
                types = self._types(sets, name, cuts) | {dns.rdatatype.NSEC, dns.rdatatype.RRSIG}
                sets[name, dns.rdatatype.NSEC] = (60, [rdata_of("NSEC", following.to_wire() + type_bitmap(types))])
            return
        opt_out = self.denial == OPT_OUT
        sets[self.origin, dns.rdatatype.NSEC3PARAM] = (0, [rdata_of("NSEC3PARAM", self._parameters(0))])
        hashed = {}
        for name in owned:
            types = self._types(sets, name, cuts)
            if opt_out and name in cuts and dns.rdatatype.DS not in types:
                continue
            signed = name not in cuts or dns.rdatatype.DS in types
            hashed[self.hash(name)] = types | ({dns.rdatatype.RRSIG} if signed else set())
            while len(name) > len(self.origin):  # empty non-terminals
                name = name.parent()
                hashed.setdefault(self.hash(name), self._types(sets, name, cuts))
        digests = sorted(hashed)
        for digest, following in zip(digests, digests[1:] + digests[:1]):
            wire = self._parameters(1 if opt_out else 0) + bytes([20]) + following + type_bitmap(hashed[digest])
            sets[dns.name.from_text(hash_label(digest), self.origin), dns.rdatatype.NSEC3] = (60, [rdata_of("NSEC3", wire)])

    def hash(self, name):
        return nsec3_digest(name, self.salt, self.iterations)

    def _parameters(self, flags):
        return struct.pack("!BBHB", 1, flags, self.iterations, len(self.salt)) + self.salt

    def denial_owners(self, name):
        """The owners (text) of the records that match or cover a name (text) in the signed zone."""
        kind = dns.rdatatype.NSEC if self.denial == NSEC else dns.rdatatype.NSEC3
        owners = sorted(record[0] for record in self.records().list if record[2].rdtype == kind)
        wanted = dns.name.from_text(name)
        if self.denial != NSEC:
            wanted = dns.name.from_text(hash_label(self.hash(wanted)), self.origin)
        return owners[bisect.bisect_right(owners, wanted) - 1].to_text()
