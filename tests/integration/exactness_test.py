"""What the client wrote comes back octet for octet, and what the owner published arrives unchanged."""
import unittest

import dns.flags
import dnsclient
import scratch
from case import UnboundCase
from dnsclient import exchange_udp, name_wire, opt, raw_query
from fake_upstream import Behaviour


class Exactness(UnboundCase):
    def setUp(self):
        self.daemon = self.tacet(self.upstream.doh_url())

    def assert_question_echoed(self, query, answer):
        self.assertIsNotNone(answer, self.daemon.log())
        self.assertEqual(answer[:2], query[:2])
        end = 12 + query[12:].index(0) + 5
        self.assertEqual(answer[12:end], query[12:end])

    def test_mixed_case_questions_come_back_as_they_were_written(self):
        spellings = ["wWw.ExAmPlE.cOm", "WWW.EXAMPLE.COM", "www.example.com", "nOtHiNg.example.COM", "LOCALHOST", "Foo.TEST"]
        for spelling in spellings:
            for _ in range(2):  # a miss and a hit
                for behind, counts in ((b"", (1, 0, 0, 0)), (opt(), (1, 0, 0, 1))):
                    query = raw_query(name_wire(spelling), counts=counts, behind=behind, ident=0xBEEF)
                    self.assert_question_echoed(query, exchange_udp(self.daemon.server, query))
                    with dnsclient.TcpClient(self.daemon.server) as client:
                        client.send(query)
                        self.assert_question_echoed(query, client.receive())

    def test_names_with_any_octet_pass(self):
        for label in (b"\x00\x01\xff", b"a.b", b"sp ace", bytes(range(63)), b"_dns", b"*"):
            wire = bytes([len(label)]) + label + name_wire("many.example.com")
            query = raw_query(wire, counts=(1, 0, 0, 1), behind=opt())
            answer = exchange_udp(self.daemon.server, query)
            self.assert_question_echoed(query, answer)
            self.assertEqual(dnsclient.answer_rdata(answer, "A"), [bytes([192, 0, 2, 7])], label)

    def test_the_longest_name_there_can_be_passes(self):
        labels = b"".join(bytes([63]) + b"x" * 63 for _ in range(3)) + bytes([44]) + b"y" * 44
        wire = labels + name_wire("example.com")[:-1]
        wire = wire + b"\0"
        while len(wire) < 255:
            wire = b"\x01z" + wire if len(wire) <= 253 else bytes([wire[0] + 255 - len(wire)]) + b"x" * (255 - len(wire)) + wire[1:]
        self.assertEqual(len(wire), 255)
        query = raw_query(wire)
        answer = exchange_udp(self.daemon.server, query)
        self.assert_question_echoed(query, answer)
        self.assertEqual(dnsclient.header(answer)[2], 3)

    def test_https_and_svcb_records_are_bit_exact(self):
        for name, kind in (("secure", "HTTPS"), ("service", "HTTPS"), ("_dns", "SVCB")):
            wanted = self.rdata_upstream(name, kind)
            self.assertEqual(len(wanted), 1)
            for _ in range(2):
                self.assertEqual(self.rdata_here(name, kind), wanted)

    def test_records_of_every_other_kind_are_bit_exact(self):
        for name, kind in (("mixed", "TXT"), ("unknown", "TYPE65280"), ("www", "AAAA"), ("medium", "TXT"), ("long", "TXT")):
            wanted = self.rdata_upstream(name, kind)
            for _ in range(2):
                self.assertEqual(self.rdata_here(name, kind), wanted)

    def rdata_upstream(self, name, kind):
        return self._rdata(("127.0.0.1", self.upstream.plain_port), name, kind)

    def rdata_here(self, name, kind):
        return self._rdata(self.daemon.server, name, kind)

    def _rdata(self, server, name, kind):
        with dnsclient.TcpClient(server) as client:
            client.send(dnsclient.query(f"{name}.example.com", kind).to_wire())
            return dnsclient.answer_rdata(client.receive(), kind)

    def test_dig_prints_the_ech_parameter(self):
        self.assertIn("ech=", self.daemon.dig("secure.example.com", "HTTPS"))

    def test_the_header_says_what_the_client_said(self):
        recursion, checking = dns.flags.RD, dns.flags.CD
        for flags in (recursion, recursion | checking):
            answer = self.daemon.ask("www.example.com", flags=flags)
            self.assertEqual(answer.flags & (recursion | checking), flags)
            self.assertFalse(answer.flags & dns.flags.AA)

    def test_the_do_bit_comes_back(self):
        self.assertTrue(self.daemon.ask("www.example.com", dnssec=True).ednsflags & dns.flags.DO)
        self.assertFalse(self.daemon.ask("www.example.com").ednsflags & dns.flags.DO)


class Authenticated(UnboundCase):
    """The AD bit: asked for always, told only to those who understand it (RFC 6840 §5.7, §5.8)."""

    def test_ad_is_asked_for_and_told_only_to_those_who_want_it(self):
        def authenticated(response):
            response.flags |= dns.flags.AD

        fake = self.fake(lambda _: Behaviour(value=authenticated))
        daemon = self.tacet(fake.doh_url())
        wants = dns.flags.RD | dns.flags.AD
        for _ in range(2):
            self.assertFalse(daemon.ask("ad.example.com", flags=dns.flags.RD).flags & dns.flags.AD)
            self.assertTrue(daemon.ask("ad.example.com", flags=wants).flags & dns.flags.AD)
            self.assertTrue(daemon.ask("ad.example.com", flags=dns.flags.RD, dnssec=True).flags & dns.flags.AD)
        scratch.eventually(lambda: fake.received, what="a query")
        for received in fake.received:
            self.assertTrue(received.message.flags & dns.flags.AD)


if __name__ == "__main__":
    unittest.main()
