"""A signed world on loopback: a root, top-level domains, zones of every algorithm, each with and without a defect.

    world = SignedWorld()                       # the standard one: see _fill()
    with servers.Unbound(folder, certificate, zones=world.zone_texts(), resolving=True) as upstream:
        ... upstream.dot_url(), world.anchors(), world.questions ...

By hand, until Ctrl-C, with a configuration for tacet and one for a judge:

    /usr/bin/python3 tests/support/signed_world.py FOLDER
"""
import os
import signal
import sys
import time

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdatatype
import pki
import scratch
import servers
import signer
from key_rolls import ALL_ROLLS, add_roll
from signer import DAY, NSEC, NSEC3, OPT_OUT, SignedZone, rdata_of

ALGORITHMS = (8, 10, 13, 14, 15, 16)
OLD_ALGORITHMS = (5, 7)
DENIALS = (NSEC, NSEC3, OPT_OUT)
# By their DS algorithm: the root, and one domain for each way to deny.
TLDS = {"alpha": (8, NSEC), "beta": (13, NSEC3), "gamma": (13, OPT_OUT), "delta": (15, NSEC)}
ADDRESS, ADDRESS_6 = "192.0.2.1", "2001:db8::1"

HEAD = """@ 300 SOA ns hostmaster 1 3600 900 604800 60
@ 300 NS ns
ns 300 A 192.0.2.53
"""
# What a zone of the world has.
STANDARD = HEAD + f"""@ 300 A {ADDRESS}
@ 300 MX 10 www
@ 300 TXT "of the apex"
www 300 A {ADDRESS}
www 300 AAAA {ADDRESS_6}
www 120 TXT "one" "two"
Mixed.Case 300 MX 10 WWW
alias 300 CNAME www
twice 300 CNAME alias
dangling 300 CNAME nothing
abroad 300 CNAME www.signed.alpha.
plainly 300 CNAME www.unsigned.alpha.
*.wild 300 A {ADDRESS}
*.wild 300 TXT "wild"
there.wild 300 A {ADDRESS}
*.wildalias 300 CNAME www
deep.empty 300 A {ADDRESS}
moved 300 DNAME target
www.target 300 A {ADDRESS}
insecure 300 NS ns.insecure
ns.insecure 300 A 192.0.2.53
"""
# Asked of each zone: names below it ("" is the apex) and types.
QUESTIONS = (("", "A"), ("", "SOA"), ("", "MX"), ("", "AAAA"), ("", "DNSKEY"), ("www", "A"), ("www", "AAAA"), ("www", "TXT"), ("www", "MX"),
             ("mixed.case", "MX"), ("alias", "A"), ("twice", "AAAA"), ("dangling", "A"), ("abroad", "A"), ("plainly", "A"),
             ("any.wild", "A"), ("any.wild", "AAAA"), ("a.b.wild", "TXT"), ("there.wild", "TXT"), ("x.wildalias", "A"), ("empty", "A"),
             ("nothing", "A"), ("a.nothing.deep", "A"), ("www.moved", "A"), ("none.moved", "A"), ("insecure", "DS"), ("www.insecure", "A"),
             ("nothing.insecure", "A"))
_INSECURE = HEAD + f"@ 300 A {ADDRESS}\nwww 300 A {ADDRESS}\nalias 300 CNAME www\n"


def _flip(rdata):
    """An RRSIG with one bit changed in its signature."""
    wire = bytearray(rdata.to_wire())
    wire[-5] ^= 1
    return rdata_of("RRSIG", bytes(wire))


def _other_address(rdata):
    return dns.rdata.from_text("IN", "A", "192.0.2.66")


def _resign(zone, records, owner, kind, **other):
    """Replaces the signature of an RRset by one with other fields."""
    rdatas = [record[2] for record in records.matching(owner, kind)]
    ttl = records.matching(owner, kind)[0][1]
    name = records.matching(owner, kind)[0][0]
    records.drop(owner, "RRSIG", kind)
    records.add(name, ttl, zone.rrsig(name, ttl, rdatas, **other))


def _denial_kind(zone):
    return "NSEC" if zone.denial == NSEC else "NSEC3"


def _drop_denial(zone, records, name):
    """Takes away the record that matches or covers a name."""
    owner = zone.denial_owners(f"{name}.{zone.origin}")
    records.drop(owner, _denial_kind(zone))
    records.drop(owner, "RRSIG", _denial_kind(zone))


def _empty_bitmap(zone, records, owner):
    """A right signature over a record of a denial that knows fewer types (a lie by the zone itself, so a valid one)."""
    kind = _denial_kind(zone)
    name = zone.denial_owners(owner)
    for record in records.matching(name, kind):
        rdata = record[2]
        following = rdata.next.to_wire() if kind == "NSEC" else zone._parameters(0) + bytes([20]) + rdata.next
        record[2] = rdata_of(kind, following + signer.type_bitmap({dns.rdatatype.RRSIG}))
    _resign(zone, records, name, kind)


def _all_signatures(change):
    return lambda zone, records: records.change(None, "RRSIG", change)


def _of(owner, kind, change):
    """Changes the signature over one RRset."""
    def apply(zone, records):
        records.change(f"{owner}.{zone.origin}" if owner else zone.origin.to_text(), "RRSIG", change, covers=kind)
    return apply


def _without(owner, kind, covers=None):
    def apply(zone, records):
        records.drop(f"{owner}.{zone.origin}" if owner else zone.origin.to_text(), kind, covers)
    return apply


# Each is made of a whole zone; the names are those of the zones.
DEFECTS = {
    "wrongwww": _of("www", "A", _flip),
    "wrongkeys": _of("", "DNSKEY", _flip),
    "wrongsoa": _of("", "SOA", _flip),
    "wrongalias": _of("alias", "CNAME", _flip),
    "wrongdname": _of("moved", "DNAME", _flip),
    "wrongwild": _of("*.wild", "A", _flip),
    "wrongall": _all_signatures(_flip),
    "forged": lambda zone, records: records.change(f"www.{zone.origin}", "A", _other_address),
    "norrsig": _without("www", "RRSIG", "A"),
    "norrsigalias": _without("alias", "RRSIG", "CNAME"),
    "norrsigkeys": _without("", "RRSIG", "DNSKEY"),
    "norrsigsoa": _without("", "RRSIG", "SOA"),
    "norrsigs": lambda zone, records: records.drop(None, "RRSIG"),
    "nokeys": lambda zone, records: (records.drop(zone.origin.to_text(), "DNSKEY"), records.drop(zone.origin.to_text(), "RRSIG", "DNSKEY")),
    "nodenial": lambda zone, records: (records.drop(None, _denial_kind(zone)), records.drop(None, "RRSIG", _denial_kind(zone))),
    "nodenialsig": lambda zone, records: records.drop(None, "RRSIG", _denial_kind(zone)),
    "nocover": lambda zone, records: _drop_denial(zone, records, "nothing"),
    "nowildcover": lambda zone, records: _drop_denial(zone, records, "any.wild"),
    "nowildmatch": lambda zone, records: _drop_denial(zone, records, "*.wild"),
    "noapexmatch": lambda zone, records: _drop_denial(zone, records, "*"),
    "emptybitmap": lambda zone, records: _empty_bitmap(zone, records, f"www.{zone.origin}"),
    "expiredwww": lambda zone, records: _resign(zone, records, f"www.{zone.origin}", "A", inception=int(time.time()) - 40 * DAY,
                                                expiration=int(time.time()) - 10 * DAY),
    "earlywww": lambda zone, records: _resign(zone, records, f"www.{zone.origin}", "A", inception=int(time.time()) + 10 * DAY,
                                              expiration=int(time.time()) + 40 * DAY),
    "invertedwww": lambda zone, records: _resign(zone, records, f"www.{zone.origin}", "A", inception=int(time.time()) + 10 * DAY,
                                                 expiration=int(time.time()) - 10 * DAY),
    "skewedwww": lambda zone, records: _resign(zone, records, f"www.{zone.origin}", "A", inception=int(time.time()) - 30 * DAY,
                                               expiration=int(time.time()) - 1800),
    "labelswww": lambda zone, records: _resign(zone, records, f"www.{zone.origin}", "A", labels=len(zone.origin) - 1),
    "manylabels": lambda zone, records: _resign(zone, records, f"www.{zone.origin}", "A", labels=9),
    "signerabove": lambda zone, records: _resign(zone, records, f"www.{zone.origin}", "A", signer=zone.origin.parent()),
    "signerbelow": lambda zone, records: _resign(zone, records, f"www.{zone.origin}", "A", signer=dns.name.from_text("x.", zone.origin)),
    "signeraside": lambda zone, records: _resign(zone, records, f"www.{zone.origin}", "A", signer=dns.name.from_text("signed.alpha.")),
    "wrongtag": lambda zone, records: _resign(zone, records, f"www.{zone.origin}", "A", key_tag=1),
    "wrongalgorithm": lambda zone, records: records.change(f"www.{zone.origin}", "RRSIG", lambda r: r.replace(algorithm=253), covers="A"),
    "raisedttl": lambda zone, records: [record.__setitem__(1, 9000) for record in records.matching(f"www.{zone.origin}", "A")],
}
EXPIRED = {"inception": int(time.time()) - 40 * DAY, "expiration": int(time.time()) - 10 * DAY}
EARLY = {"inception": int(time.time()) + 10 * DAY, "expiration": int(time.time()) + 40 * DAY}
# Made when the zone is signed, or by what the parent says of it.
OTHER_DEFECTS = ("expired", "early", "dsother", "dsdigest", "dsalgorithm", "dsunknown", "dsdigestunknown", "dssha1", "dssha384", "dsmissing", "notzonekey",
                 "revoked", "twokeys", "iterations100", "iterations600", "salted", "unsignedds")


class SignedWorld:
    """`defects` and `denials` limit what the domains hold; `extra(world)` may add zones."""

    def __init__(self, defects=None, denials=DENIALS, algorithms=(13,), extra=None):
        self.zones = {}  # origin -> SignedZone, or the text of an unsigned zone
        self.questions = []  # (zone, name, type)
        self._delegations = {}  # parent -> lines
        self._fill(tuple(DEFECTS) + OTHER_DEFECTS + ALL_ROLLS if defects is None else defects, denials, algorithms)
        if extra:
            extra(self)
        self._close()

    def zone_texts(self):
        return {origin: zone if isinstance(zone, str) else zone.text() for origin, zone in self.zones.items()}

    def anchors(self):
        """For dnssec.trust_anchors."""
        return [f". DS {self.zones['.'].ds().to_text()}"]

    def write_anchors(self, folder):
        """Files for unbound (`trust-anchor-file`) and delv (`-a`): their paths."""
        ds = self.zones["."].ds()
        paths = os.path.join(folder, "root.ds"), os.path.join(folder, "delv.anchors")
        with open(paths[0], "w", encoding="ascii") as file:
            file.write(f". 3600 IN DS {ds.to_text()}\n")
        with open(paths[1], "w", encoding="ascii") as file:
            file.write(f'trust-anchors {{ "." static-ds {ds.key_tag} {int(ds.algorithm)} {int(ds.digest_type)} "{ds.digest.hex()}"; }};\n')
        return paths

    def signed(self, origin, text=STANDARD, *, parent=None, ds=None, insecure_below=True, **how):
        """Adds a signed zone, delegated by its parent; `ds`: the DS texts that the parent has instead of the right one."""
        zone = SignedZone(origin, text, **how)
        self.zones[origin] = zone
        self._delegate(origin, parent, [zone.ds().to_text()] if ds is None else ds)
        if insecure_below and "\ninsecure " in text:
            self.zones[f"insecure.{origin}"] = _INSECURE
        return zone

    def unsigned(self, origin, text=_INSECURE, *, parent=None):
        self.zones[origin] = text
        self._delegate(origin, parent, [])

    def ask(self, origin, questions=QUESTIONS):
        """Notes questions about a zone."""
        self.questions += [(origin, f"{name}.{origin.lstrip('.')}" if name else origin, kind) for name, kind in questions]

    def _delegate(self, origin, parent, ds):
        name = dns.name.from_text(origin)
        above = parent or name.parent().to_text()
        lines = self._delegations.setdefault(above, [])
        lines.append(f"{origin} 300 NS ns.{origin}\nns.{origin} 300 A 192.0.2.53\n")
        lines += [f"{origin} 300 DS {text}\n" for text in ds]

    def _fill(self, defects, denials, algorithms):
        for tld, (_, denial) in TLDS.items():
            if tld != "alpha" and denial not in denials:
                continue
            for algorithm in ALGORITHMS:
                self.signed(f"a{algorithm}.{tld}.", algorithm=algorithm, denial=denial)
                self.ask(f"a{algorithm}.{tld}.")
            for algorithm in OLD_ALGORITHMS:
                self.signed(f"a{algorithm}.{tld}.", algorithm=algorithm, denial=NSEC if algorithm == 5 else denial)
                self.ask(f"a{algorithm}.{tld}.")
            self.signed(f"signed.{tld}.", denial=denial)
            self.ask(f"signed.{tld}.")
            self.unsigned(f"unsigned.{tld}.")
            self.ask(f"unsigned.{tld}.", (("www", "A"), ("", "A"), ("alias", "A"), ("nothing", "A"), ("", "DS"), ("www", "TXT")))
            self.ask(f"{tld}.", (("", "SOA"), ("", "NS"), ("", "DNSKEY"), ("", "DS"), ("nothing", "A"), ("a.nothing", "AAAA"), ("", "A")))
            for algorithm in algorithms:
                for defect in defects:
                    origin = f"{defect}{algorithm if algorithm != 13 else ''}.{tld}."
                    self._add_defective(origin, defect, algorithm, denial)
                    self.ask(origin)
        self.ask(".", (("", "SOA"), ("", "NS"), ("", "DNSKEY"), ("", "A"), ("nothing", "A")))

    def _add_defective(self, origin, defect, algorithm, denial):
        how = {"algorithm": algorithm, "denial": denial}
        if defect in DEFECTS:
            zone = self.signed(origin, **how)
            zone.defect(lambda records, zone=zone, change=DEFECTS[defect]: change(zone, records))
            return
        if defect in ALL_ROLLS:
            add_roll(self, origin, defect, STANDARD, denial)
            return
        right = signer.ds_of(origin, signer.dnskey(algorithm))
        ds = {
            "dsother": [signer.ds_of(origin, signer.dnskey(algorithm, 1)).to_text()],
            "dsdigest": [right.replace(digest=bytes(32)).to_text()],
            "dsalgorithm": [right.replace(algorithm=14 if algorithm != 14 else 13).to_text()],
            "dsunknown": [right.replace(algorithm=200).to_text()],
            "dsdigestunknown": [f"{right.key_tag} {int(right.algorithm)} 200 {right.digest.hex()}"],
            "dssha1": [signer.ds_of(origin, signer.dnskey(algorithm), "SHA1").to_text()],
            "dssha384": [signer.ds_of(origin, signer.dnskey(algorithm), "SHA384").to_text()],
            "dsmissing": [],
        }.get(defect)
        how |= {"expired": EXPIRED, "early": EARLY, "notzonekey": {"flags": 1}, "revoked": {"flags": 257 | 128}, "iterations100": {"iterations": 100},
                "iterations600": {"iterations": 600}, "salted": {"iterations": 5, "salt": b"\xab\xcd"}}.get(defect, {})
        text = STANDARD
        if defect == "twokeys":
            text += "".join(f"@ 300 DNSKEY {key.to_text()}\n" for key in (signer.dnskey(algorithm), signer.dnskey(algorithm, 1, 256)))
        if defect == "unsignedds":
            self.zones[origin] = STANDARD
            self.zones[f"insecure.{origin}"] = _INSECURE
            self._delegate(origin, None, [right.to_text()])
            return
        self.signed(origin, text, ds=ds, **how)

    def _close(self):
        """The domains and the root, now that it is known what they delegate."""
        for tld, (algorithm, denial) in TLDS.items():
            origin = f"{tld}."
            self.signed(origin, HEAD + "".join(self._delegations.get(origin, [])), algorithm=algorithm, denial=denial, insecure_below=False)
        self.zones["."] = SignedZone(".", HEAD.replace("hostmaster", "hostmaster.").replace("ns\n", "ns.\n").replace("\nns ", "\nns. ")
                                     .replace("SOA ns ", "SOA ns. ") + "".join(self._delegations.get(".", [])), algorithm=8)


JUDGE = """server:
  interface: 127.0.0.1@{port}
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  logfile: "{folder}/judge.log"
  verbosity: 1
  val-log-level: 2
  ede: yes
  module-config: "{modules}"
  do-not-query-localhost: no
  trust-anchor-file: "{anchor}"
  trust-anchor-signaling: no
  root-key-sentinel: no
  local-zone: "." transparent
  rrset-roundrobin: no
  minimal-responses: no
  val-bogus-ttl: 1
  aggressive-nsec: no
  msg-cache-size: 50m
  rrset-cache-size: 100m
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: {upstream}
  forward-tls-upstream: {tls}
"""


class Judge:
    """A validating unbound that forwards to an upstream's plain port, by the anchor of a world; a context manager.

    `tls_port`: it asks this port of the upstream's address by DoT instead."""

    def __init__(self, folder, anchor, upstream, *, modules="validator iterator", command=(), tls_port=None):
        self.port = scratch.free_port()
        self._command = [*command, "unbound"]
        self._folder = os.path.join(folder, scratch.unique_name("judge"))
        os.mkdir(self._folder)
        self._path = os.path.join(self._folder, "judge.conf")
        with open(self._path, "w", encoding="ascii") as file:
            file.write(JUDGE.format(port=self.port, folder=self._folder, anchor=anchor, upstream=f"{upstream.addresses[0]}@{tls_port or upstream.plain_port}",
                                     tls="yes" if tls_port else "no", modules=modules))

    def __enter__(self):
        self.process = scratch.start([*self._command, "-d", "-c", self._path])
        scratch.eventually(lambda: "start of service" in self.log(), within=60, what=lambda: f"the judge's readiness\n{self.log()}")
        return self

    def __exit__(self, *_):
        scratch.end(self.process)

    def log(self):
        path = os.path.join(self._folder, "judge.log")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()


def main(folder):
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o755)
    begun = time.monotonic()
    world = SignedWorld()
    anchor, for_delv = world.write_anchors(folder)
    authority = pki.Pki(folder)
    with servers.Unbound(folder, authority.good(), zones=world.zone_texts(), resolving=True) as upstream, Judge(folder, anchor, upstream) as judge:
        path = os.path.join(folder, "tacet.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"""listen: ["127.0.0.1:5353"]
upstreams:
  - {{url: "{upstream.dot_url()}", ca_file: "{authority.ca}"}}
  - {{url: "{upstream.doh_url()}", ca_file: "{authority.ca}"}}
control: {{socket: "{folder}/control.sock"}}
dnssec: {{mode: on, trust_anchors: ["{world.anchors()[0]}"]}}
""")
        print(f"{len(world.zones)} zones, {len(world.questions)} questions, made in {time.monotonic() - begun:.1f} s\n"
              f"tacet: tacet run --config {path}\nthe upstream: 127.0.0.1 port {upstream.plain_port}; the judge: 127.0.0.1 port {judge.port}\n"
              f"delv @127.0.0.1 -p {upstream.plain_port} -a {for_delv} +root=. www.signed.alpha\nCtrl-C ends it.", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    main(sys.argv[1])
