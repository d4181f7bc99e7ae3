"""Names that never leave (RFC 6303, 6761, 6762, 7686, 8375, 9462)."""
import dns.rcode
import dns.rdatatype
import dnsclient
from requirement import ConformanceCase, requirement

KINDS = ("A", "AAAA", "HTTPS", "PTR", "TXT", "DS", "SOA", "NS", "ANY")
NET_172 = tuple(f"{net}.172.in-addr.arpa" for net in range(16, 32))
NET_100 = tuple(f"{net}.100.in-addr.arpa" for net in range(64, 128))
EMPTY_ZONES = ("10.in-addr.arpa", "168.192.in-addr.arpa", *NET_172, "0.in-addr.arpa", "127.in-addr.arpa", "254.169.in-addr.arpa",
               "2.0.192.in-addr.arpa", "100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa", "255.255.255.255.in-addr.arpa",
               "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", "d.f.ip6.arpa", "8.e.f.ip6.arpa", "9.e.f.ip6.arpa",
               "a.e.f.ip6.arpa", "b.e.f.ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa")


class SpecialNames(ConformanceCase):
    """No upstream is ever asked; what is answered is compared with each RFC's words."""

    def tearDown(self):
        allowed = ("example.com.", "example.org.", "example.net.", "home.arpa.", "32.172.in-addr.arpa.", "arpa.")
        asked = {(name, kind) for name, kind in self.upstream.asked() if not name.endswith(allowed[:3]) and name not in allowed and not name.startswith("_ta-")}
        self.assertEqual(asked, set(), "these names left the machine")

    def assert_nowhere(self, zone):
        for name in (zone, f"www.{zone}", f"a.b.{zone}", f"WWW.{zone.upper()}"):
            for kind in KINDS:
                answer = self.daemon.ask(name, kind)
                self.assertEqual((answer.rcode(), answer.answer), (dns.rcode.NXDOMAIN, []), (name, kind))
                self.assertEqual(answer.authority[0].rdtype, dns.rdatatype.SOA)

    @requirement(6761, "6.2", "test. and all below it does not exist")
    def test_test(self):
        self.assert_nowhere("test")

    @requirement(6761, "6.4", "invalid. and all below it does not exist")
    def test_invalid(self):
        self.assert_nowhere("invalid")

    @requirement(6761, "6.3", "localhost. and all below it is the loopback address, both families; no other type exists")
    def test_localhost(self):
        for name in ("localhost", "a.localhost", "A.B.LocalHost"):
            self.assertEqual(dnsclient.addresses(self.daemon.ask(name)), ["127.0.0.1"])
            self.assertEqual(dnsclient.addresses(self.daemon.ask(name, "AAAA")), ["::1"])
            for kind in ("MX", "HTTPS", "TXT", "SOA", "DS"):
                answer = self.daemon.ask(name, kind)
                self.assertEqual((answer.rcode(), answer.answer), (dns.rcode.NOERROR, []))

    @requirement(6761, "6.1", "reverse names of private addresses are answered here")
    @requirement(6303, "4", "each empty zone exists, holds SOA and NS, and nothing below it exists")
    def test_empty_zones(self):
        for zone in EMPTY_ZONES + NET_100:
            for kind in ("SOA", "NS"):
                apex = self.daemon.ask(zone, kind)
                self.assertEqual((apex.rcode(), [rrset.rdtype for rrset in apex.answer]), (dns.rcode.NOERROR, [dns.rdatatype.from_text(kind)]), (zone, kind))
            nodata = self.daemon.ask(zone, "TXT")
            self.assertEqual((nodata.rcode(), nodata.answer, nodata.authority[0].name.to_text()), (dns.rcode.NOERROR, [], f"{zone}."))
            below = self.daemon.ask(f"3.2.{zone}", "PTR")
            self.assertEqual((below.rcode(), below.authority[0].name.to_text()), (dns.rcode.NXDOMAIN, f"{zone}."))

    @requirement(6303, "3", "the SOA of an empty zone: MNAME the zone, RNAME nobody.invalid., serial 1, 3600 1200 604800 10800, TTL 10800; NS the zone itself")
    def test_soa(self):
        record = self.daemon.ask("10.in-addr.arpa", "SOA").answer[0]
        self.assertEqual((record.ttl, record[0].to_text()), (10800, "10.in-addr.arpa. nobody.invalid. 1 3600 1200 604800 10800"))
        record = self.daemon.ask("10.in-addr.arpa", "NS").answer[0]
        self.assertEqual((record.ttl, record[0].to_text()), (10800, "10.in-addr.arpa."))

    @requirement(6303, "4.4", "neighbours of the private ranges are asked for as any name")
    def test_neighbours(self):
        before = self.upstream.count("32.172.in-addr.arpa.", "SOA")
        self.daemon.ask("32.172.in-addr.arpa", "SOA")
        self.assertEqual(self.upstream.count("32.172.in-addr.arpa.", "SOA"), before + 1)

    @requirement(6303, "4.2", "the reverse names of 127.0.0.1 and ::1 are localhost")
    def test_loopback_reverse(self):
        for name in ("1.0.0.127.in-addr.arpa", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa"):
            self.assertEqual(self.daemon.ask(name, "PTR").answer[0][0].to_text(), "localhost.")

    @requirement(6762, "22.1", "local. and all below it is multicast DNS's, and does not exist here")
    def test_local(self):
        self.assert_nowhere("local")

    @requirement(6762, "12", "reverse names of link-local addresses are not asked for")
    def test_link_local(self):
        for name in ("1.1.254.169.in-addr.arpa", "1.8.e.f.ip6.arpa", "1.b.e.f.ip6.arpa"):
            self.assertEqual(self.daemon.ask(name, "PTR").rcode(), dns.rcode.NXDOMAIN)

    @requirement(7686, "2", "onion. and all below it does not exist and is never asked for")
    def test_onion(self):
        self.assert_nowhere("onion")
        self.assertEqual(self.daemon.ask("2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion").rcode(), dns.rcode.NXDOMAIN)

    @requirement(8375, "4", "home.arpa. is an empty zone here; only its DS is asked for, because the parent answers it")
    def test_home(self):
        self.assertEqual(self.daemon.ask("router.home.arpa").rcode(), dns.rcode.NXDOMAIN)
        self.assertEqual(self.daemon.ask("home.arpa").rcode(), dns.rcode.NOERROR)
        self.assertEqual(self.daemon.ask("home.arpa", "SOA").answer[0].name.to_text(), "home.arpa.")
        before = self.upstream.count("home.arpa.", "DS")
        self.daemon.ask("home.arpa", "DS")
        self.assertEqual(self.upstream.count("home.arpa.", "DS"), before + 1)

    @requirement(9476, "2", "alt. and all below it are no names of DNS")
    def test_alt(self):
        self.assert_nowhere("alt")

    @requirement(9462, "4", "who has no designated resolvers says NODATA for the whole of resolver.arpa.")
    @requirement(9462, "6.4", "resolver.arpa. is answered here and never forwarded")
    @requirement(9461, "5", "`_dns.resolver.arpa.` offers no upgrade: there is nothing to upgrade to on this machine")
    def test_resolver(self):
        for name in ("_dns.resolver.arpa", "resolver.arpa", "x._dns.resolver.arpa"):
            for kind in ("SVCB", "A", "HTTPS"):
                answer = self.daemon.ask(name, kind)
                self.assertEqual((answer.rcode(), answer.answer), (dns.rcode.NOERROR, []), (name, kind))
                self.assertEqual((answer.authority[0].name.to_text(), answer.authority[0].rdtype), ("resolver.arpa.", dns.rdatatype.SOA))
