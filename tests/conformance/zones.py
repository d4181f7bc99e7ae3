"""The zones that the conformance table, the clients and the differential ask: every kind of record, wildcards, chains of
aliases, names with odd octets, and one zone that is signed well and one that is signed badly.

None lies under a special-use name: those never leave tacet. `resolver()` is an unbound that answers from them as a
recursive server does: validating, with AD, from its own cache.
"""
import struct
import time

import dns.dnssec
import dns.name
import dns.rdataset
import dns.rdatatype
import dns.zone
import servers
from cryptography.hazmat.primitives.asymmetric import ed25519
from dns.rdtypes.ANY.RRSIG import RRSIG

PLAIN, SIGNED, BOGUS = "example.com.", "example.org.", "example.net."
TTL, NEGATIVE_TTL = 300, 60
_LONG = " ".join('"' + f"{number:03d}-".ljust(255, "x") + '"' for number in range(16))
_MEDIUM = " ".join('"' + f"{number:03d}-".ljust(220, "y") + '"' for number in range(4))
ECH = servers.ECH

_PLAIN_TEXT = f"""$ORIGIN {PLAIN}
@ {TTL} SOA ns1 hostmaster 1 3600 900 604800 {NEGATIVE_TTL}
@ {TTL} NS ns1
@ {TTL} NS ns2
@ {TTL} MX 10 mail
@ {TTL} MX 20 mail2
@ {TTL} TXT "v=spf1 -all"
@ {TTL} CAA 0 issue "ca.example.com"
ns1 {TTL} A 192.0.2.53
ns2 {TTL} A 192.0.2.54
ns2 {TTL} AAAA 2001:db8::54
mail {TTL} A 192.0.2.25
mail2 {TTL} A 192.0.2.26
www {TTL} A 192.0.2.80
www {TTL} AAAA 2001:db8::80
short 2 A 192.0.2.2
second 1 A 192.0.2.1
zero 0 A 192.0.2.0
forever 2147483647 A 192.0.2.99
many6 {TTL} AAAA 2001:db8::1
many6 {TTL} AAAA 2001:db8::2
many6 {TTL} AAAA 2001:db8::3
alias {TTL} CNAME alias2
alias2 {TTL} CNAME alias3
alias3 {TTL} CNAME www
dangling {TTL} CNAME nothing
nodata {TTL} CNAME mixed
outside {TTL} CNAME www.{SIGNED}
secure {TTL} HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1 ech={ECH}
service {TTL} HTTPS 0 secure.{PLAIN}
several {TTL} HTTPS 1 h3.{PLAIN} alpn=h3 port=8443
several {TTL} HTTPS 2 . mandatory=alpn,port alpn=h2 port=443
several {TTL} HTTPS 3 pool.{PLAIN} no-default-alpn alpn=h2 key65000="private" key65279="\\001\\002\\255"
_dns {TTL} SVCB 1 secure.{PLAIN} alpn=dot,h2 port=8443 key7="/dns-query{{?dns}}" key65000="private"
_dns2 {TTL} SVCB 65535 . key667="" key668="hello\\210qoo"
raw64 {TTL} TYPE64 \\# 7 000100ff000000
raw65 {TTL} TYPE65 \\# 10 00010000010003026832
mixed 60 TXT "one" "two"
odd 60 TYPE16 \\# 6 00 0200ff 01 22
unknown {TTL} TYPE65400 \\# 5 0102030405
unknown {TTL} TYPE65400 \\# 0
unknown2 {TTL} TYPE1234 \\# 16 c00cc00c00000000c0ffeec0ffeec00c
looks {TTL} TYPE65280 \\# 6 036e7331c00c
long {TTL} TXT {_LONG}
medium {TTL} TXT {_MEDIUM}
*.many {TTL} A 192.0.2.7
*.many {TTL} AAAA 2001:db8::7
*.many {TTL} TXT "wild"
*.wildalias {TTL} CNAME www
deep.empty.nonterminal {TTL} A 192.0.2.8
_sip._tcp {TTL} SRV 1 2 5060 ns1
naptr {TTL} NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .
ptr {TTL} PTR www
rp {TTL} RP hostmaster mixed
afsdb {TTL} AFSDB 1 ns1
kx {TTL} KX 1 ns1
dname {TTL} DNAME many
hinfo {TTL} HINFO "RISC" "tacet"
loc {TTL} LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
sshfp {TTL} SSHFP 4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789
tlsa {TTL} TLSA 3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971
uri {TTL} URI 10 1 "https://www.example.com/"
ds {TTL} DS 12345 13 2 1111111111111111111111111111111111111111111111111111111111111111
cert {TTL} CERT PGP 0 0 AAAA
apl {TTL} APL 1:192.0.2.0/24
dhcid {TTL} DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=
eui {TTL} EUI48 00-00-5e-00-53-2a
openpgp {TTL} OPENPGPKEY AAAA
\\000\\001\\255 {TTL} A 192.0.2.100
a\\.b {TTL} A 192.0.2.101
CamelCase {TTL} CNAME MiXeD
"""


def _dnssec_text(origin):
    return f"""$ORIGIN {origin}
@ {TTL} SOA ns1 hostmaster 1 3600 900 604800 {NEGATIVE_TTL}
@ {TTL} NS ns1
ns1 {TTL} A 192.0.2.53
www {TTL} A 192.0.2.81
www {TTL} AAAA 2001:db8::81
alias {TTL} CNAME www
secure {TTL} HTTPS 1 . alpn=h2 ech={ECH}
text {TTL} TXT "signed"
*.many {TTL} A 192.0.2.9
deep.empty {TTL} TXT "below"
"""


def _key():
    private = ed25519.Ed25519PrivateKey.generate()
    return private, dns.dnssec.make_dnskey(private.public_key(), dns.dnssec.Algorithm.ED25519, flags=257)


def signed(origin, expired=False):
    """The text of a signed zone and its trust anchor. `expired`: the signatures are five days over their time (resolvers forgive one)."""
    name = dns.name.from_text(origin)
    zone = dns.zone.from_text(_dnssec_text(origin), name, relativize=False)
    private, key = _key()
    zone.replace_rdataset(name, dns.rdataset.from_rdata(TTL, key))
    _add_nsec(zone)
    until = int(time.time()) + (-5 if expired else 10) * 86400
    for owner, node in list(zone.items()):
        for rdataset in list(node.rdatasets):
            signatures = zone.find_rdataset(owner, dns.rdatatype.RRSIG, rdataset.rdtype, create=True)
            signatures.add(_signature(owner, rdataset, private, name, key, until), rdataset.ttl)
    return zone.to_text(relativize=False), f"{origin} {TTL} IN DNSKEY {key.to_text()}"


def _signature(owner, rdataset, private, signer, key, until):
    """RFC 4034 §3.1.8.1. dnspython's own counts the asterisk of a wildcard as a label."""
    labels = len(owner) - 1 - (1 if owner.is_wild() else 0)
    unsigned = RRSIG(rdataset.rdclass, dns.rdatatype.RRSIG, rdataset.rdtype, key.algorithm, labels, rdataset.ttl, until,
                     until - 20 * 86400, dns.dnssec.key_id(key), signer, b"")
    head = owner.to_digestable() + struct.pack("!HHI", rdataset.rdtype, rdataset.rdclass, rdataset.ttl)
    records = (head + len(data).to_bytes(2, "big") + data for data in sorted(rdata.to_digestable() for rdata in rdataset))
    return unsigned.replace(signature=private.sign(unsigned.to_digestable() + b"".join(records)))


def _add_nsec(zone):
    owners = sorted(zone.keys())
    for owner, following in zip(owners, owners[1:] + owners[:1]):
        kinds = {rdataset.rdtype for rdataset in zone[owner].rdatasets} | {dns.rdatatype.RRSIG, dns.rdatatype.NSEC}
        text = f"{following.to_text()} {' '.join(dns.rdatatype.to_text(kind) for kind in sorted(kinds))}"
        zone.replace_rdataset(owner, dns.rdataset.from_text("IN", "NSEC", NEGATIVE_TTL, text))


def resolver(directory, certificate, **options):
    """A servers.Unbound that resolves these zones and validates."""
    good, anchor = signed(SIGNED)
    bad, bad_anchor = signed(BOGUS, expired=True)
    lines = ['module-config: "validator iterator"', "ede: yes", "minimal-responses: no", "rrset-roundrobin: no", "val-log-level: 1",
             "aggressive-nsec: no", "cache-max-ttl: 86400", "so-rcvbuf: 1m", f'trust-anchor: "{anchor}"', f'trust-anchor: "{bad_anchor}"']
    return servers.Unbound(directory, certificate, zones={PLAIN: _PLAIN_TEXT, SIGNED: good, BOGUS: bad}, local_data=lines, resolving=True, **options)


def questions():
    """Every (name, type) that the zones hold, as texts."""
    for origin, text in ((PLAIN, _PLAIN_TEXT), (SIGNED, _dnssec_text(SIGNED)), (BOGUS, _dnssec_text(BOGUS))):
        zone = dns.zone.from_text(text, origin, relativize=False)
        for owner, rdataset in zone.iterate_rdatasets():
            yield owner.to_text(), dns.rdatatype.to_text(rdataset.rdtype)
