"""Records of every kind pass as they were published (RFC 3597, 8482, 9460, 2181 §5)."""
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import dnsclient
import zones
from dnsclient import answer_rdata
from fake_upstream import Behaviour
from requirement import ConformanceCase, requirement


class Records(ConformanceCase):
    def rdata(self, server, name, kind):
        with dnsclient.TcpClient(server) as client:
            client.send(dnsclient.query(name, kind, dnssec=True).to_wire())
            return answer_rdata(client.receive(), kind)

    def assert_exact(self, name, kind):
        wanted = self.rdata(("127.0.0.1", self.upstream.plain_port), name, kind)
        self.assertTrue(wanted, (name, kind))
        for _ in range(2):  # a miss and a hit
            self.assertEqual(self.rdata(self.daemon.server, name, kind), wanted, (name, kind))

    @requirement(3597, "3", "records of unknown types pass octet for octet, the empty one too")
    def test_unknown_types(self):
        for name, kind in (("unknown", "TYPE65400"), ("unknown2", "TYPE1234"), ("looks", "TYPE65280")):
            self.assert_exact(f"{name}.example.com", kind)

    @requirement(3597, "4", "what looks like a compression pointer in the data of an unknown type is left alone")
    def test_pointers_in_unknown_data(self):
        self.assertEqual(self.rdata(self.daemon.server, "unknown2.example.com", "TYPE1234"), [bytes.fromhex("c00cc00c00000000c0ffeec0ffeec00c")])

    @requirement(3597, "6", "records of every kind that the zones hold are equal to the upstream's")
    def test_every_kind(self):
        for name, kind in zones.questions():
            if not name.endswith(zones.BOGUS):
                self.assertEqual(self.everything(self.daemon.server, name, kind), self.everything(("127.0.0.1", self.upstream.plain_port), name, kind))

    @staticmethod
    def everything(server, name, kind):
        with dnsclient.TcpClient(server) as client:
            client.send(dnsclient.query(name, kind).to_wire())
            message = client.receive_messages(1)[0]
        return sorted((rrset.name, rrset.rdtype, sorted(rdata.to_wire() for rdata in rrset)) for rrset in message.answer)

    @requirement(9460, "2.2", "HTTPS and SVCB records pass octet for octet: alias and service mode, ech, private keys, empty values")
    def test_service_bindings(self):
        for name, kind in (("secure", "HTTPS"), ("service", "HTTPS"), ("several", "HTTPS"), ("_dns", "SVCB"), ("_dns2", "SVCB"), ("raw64", "SVCB"), ("raw65", "HTTPS")):
            self.assert_exact(f"{name}.example.com", kind)

    @requirement(9460, "4.3", "HTTPS and SVCB are asked for and kept as any type; NODATA for a name without one")
    def test_no_service_binding(self):
        answer = self.daemon.ask("www.example.com", "HTTPS")
        self.assertEqual((answer.rcode(), answer.answer, len(answer.authority)), (dns.rcode.NOERROR, [], 1))

    @requirement(9461, "4", "SVCB for DNS servers (`_dns.`, dohpath, port) passes octet for octet")
    def test_dns_server_binding(self):
        self.assert_exact("_dns.example.com", "SVCB")
        self.assertIn(b"/dns-query{?dns}", self.rdata(self.daemon.server, "_dns.example.com", "SVCB")[0])


class Scripted(ConformanceCase):
    """Answers that no good server gives."""

    def asked_with(self, change):
        fake = self.fake(lambda _: Behaviour(value=change))
        return fake, self.tacet(fake.doh_url())

    @requirement(8482, "4.2", "ANY is passed to the upstream; its HINFO \"RFC8482\" reaches the client as it is")
    def test_any(self):
        def hinfo(response):
            if response.question[0].rdtype == dns.rdatatype.ANY:
                response.answer = [dns.rrset.from_text(response.question[0].name, 300, "IN", "HINFO", '"RFC8482" ""')]
                response.authority = []

        fake, daemon = self.asked_with(hinfo)
        for _ in range(2):
            answer = daemon.ask("www.example.com", "ANY")
            self.assertEqual(answer.answer[0].rdtype, dns.rdatatype.HINFO)
        self.assertEqual(fake.count("www.example.com.", "ANY"), 1)

    @requirement(2181, "5.2", "records of one RRset that differ in TTL all get the least")
    def test_levelled_ttls(self):
        def uneven(response):
            name = response.question[0].name
            response.answer = [dns.rrset.from_text(name, ttl, "IN", "A", f"192.0.2.{ttl}") for ttl in (200, 100, 250)]

        _, daemon = self.asked_with(uneven)
        raw = dnsclient.exchange_udp(daemon.server, dnsclient.query("uneven.example.com").to_wire())
        parsed = dns.message.from_wire(raw, one_rr_per_rrset=True)
        self.assertEqual([rrset.ttl for rrset in parsed.answer], [100, 100, 100])

    @requirement(2181, "5.4.1", "what comes beside an answer answers no other question: additional and chained records poison no other name")
    def test_no_poison(self):
        def more(response):
            name = response.question[0].name
            if str(name).startswith("trap"):
                response.answer = [dns.rrset.from_text(name, 300, "IN", "CNAME", "victim.example.com."),
                                   dns.rrset.from_text("other.example.com.", 300, "IN", "A", "192.0.2.66"),
                                   dns.rrset.from_text("victim.example.com.", 300, "IN", "A", "192.0.2.66")]
                response.additional.append(dns.rrset.from_text("aside.example.com.", 300, "IN", "A", "192.0.2.66"))

        fake, daemon = self.asked_with(more)
        self.assertEqual(len(daemon.ask("trap.example.com").answer), 3)  # we are a stub: passed on as it is
        for name in ("victim", "other", "aside"):
            self.assertEqual(dnsclient.addresses(daemon.ask(f"{name}.example.com")), ["192.0.2.9"])
            self.assertEqual(fake.count(f"{name}.example.com."), 1)
