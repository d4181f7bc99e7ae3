"""What a server and a listener on the way get to see, and what the log tells the user about it."""
import unittest

import dns.edns
import dns.flags
import dns.rcode
import dnsclient
from case import Case
from fake_upstream import ADDRESS

CLIENT_SUBNET = dns.edns.ECSOption("198.51.100.0", 24)
COOKIE = dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678")
PADDING = dns.edns.GenericOption(dns.edns.OptionType.PADDING, b"\0" * 7)
KEEPALIVE = dns.edns.GenericOption(11, b"")
NAMES = ("a.example.com", "www.example.com", "a-much-longer-name-than-that." + "x" * 60 + ".example.com", ".".join(["y" * 60] * 3) + ".example.com")


class OnTheWire(Case):
    def check(self, transport):
        fake = self.fake()
        daemon = self.tacet(getattr(fake, f"{transport}_url")())
        for name in NAMES:
            daemon.ask(name)
            daemon.ask(name, "AAAA", edns=False)
            daemon.ask(name, "MX", dnssec=True, options=[CLIENT_SUBNET, COOKIE, PADDING])
            daemon.ask(name, "TXT", tcp=True, options=[KEEPALIVE])
        self.assertEqual(len({(received.name, received.kind) for received in fake.received}), 4 * len(NAMES))  # a late answer makes a copy
        greeted = []
        for received in fake.received:
            self.assertEqual(len(received.wire) % 128, 0, f"{len(received.wire)} octets for {received.name}")
            self.assertLessEqual(len(received.wire), 384)
            options = {int(option.otype) for option in received.message.options}
            if received.connection not in greeted:  # its first query asks for the server's name, which says nothing of the client
                greeted.append(received.connection)
                self.assertEqual([option.to_wire() for option in received.message.options if option.otype == dns.edns.NSID], [b""])
                options.discard(dns.edns.NSID)
            self.assertEqual(options, {int(dns.edns.OptionType.PADDING)}, received.name)
            self.assertTrue(received.message.flags & dns.flags.RD)
        return fake

    def test_doh_queries_are_padded_and_carry_no_client_subnet(self):
        for received in self.check("doh").received:
            self.assertEqual(received.message.id, 0)  # RFC 8484 §4.1
            self.assertNotIn("user-agent", received.http)
            self.assertNotIn("cookie", received.http)
            self.assertNotIn("accept-language", received.http)

    def test_dot_queries_are_padded_and_carry_no_client_subnet(self):
        idents = {received.message.id for received in self.check("dot").received}
        self.assertGreater(len(idents), 12)  # fresh, not counted up from a constant

    def test_an_answer_carries_no_option_that_the_client_did_not_ask_for(self):
        fake = self.fake()
        daemon = self.tacet(fake.doh_url())
        for _ in range(2):
            self.assertEqual(daemon.ask("www.example.com").options, ())

    def test_a_server_that_sets_a_cookie_does_not_get_it_back(self):
        fake = self.fake()
        fake.headers = [("set-cookie", "id=1234; Path=/"), ("alt-svc", 'h3=":443"')]
        daemon = self.tacet(fake.doh_url())
        for number in range(3):
            self.assertEqual(dnsclient.addresses(daemon.ask(f"n{number}.example.com")), [ADDRESS])
        self.assertEqual({received.http.get("cookie") for received in fake.received}, {None})


class Exposure(Case):
    """Server names in clear (SNI) are told in the log, once per upstream."""

    def exposure(self, *entries, queries=5):
        daemon = self.tacet(*entries)
        for number in range(queries):
            self.assertEqual(dnsclient.addresses(daemon.ask(f"n{number}.example.com")), [ADDRESS], daemon.log())
        return daemon

    def test_a_name_sent_in_clear_is_warned_of_once_per_upstream(self):
        for transport in ("doh", "dot"):
            fake = self.fake()
            daemon = self.exposure(self.entry(getattr(fake, f"{transport}_url")("dns.test"), "127.0.0.1"))
            self.assertEqual({connection.sni for connection in fake.connections}, {"dns.test"})
            fake.drop_connections()  # a second connection is no second warning
            daemon.ask("later.example.com")
            self.assertGreaterEqual(len(fake.connections), 2)
            warnings = [line for line in daemon.log_lines(r"(?i)SNI|in clear|server name") if "dns.test" in line]
            self.assertEqual(len(warnings), 1, daemon.log())
            self.assertRegex(warnings[0], r"(?i)\bwarn")

    def test_an_upstream_named_by_address_sends_no_name_and_says_so_at_info(self):
        for transport in ("doh", "dot"):
            fake = self.fake()
            daemon = self.exposure(getattr(fake, f"{transport}_url")())
            self.assertEqual({connection.sni for connection in fake.connections}, {None})
            lines = daemon.log_lines(r"(?i)SNI|server name")
            self.assertEqual(len(lines), 1, daemon.log())
            self.assertRegex(lines[0], r"\binfo\b")

    def test_two_upstreams_that_send_their_names_are_two_warnings(self):
        first, second = self.fake(), self.fake()
        daemon = self.tacet(self.entry(first.doh_url("dns.test"), "127.0.0.1"), self.entry(second.dot_url("localhost"), "127.0.0.1"))
        daemon.ask("a.example.com")
        first.stop()
        daemon.ask("b.example.com")
        self.assertEqual(len([line for line in daemon.log_lines(r"(?i)warn.*(SNI|in clear)") if "dns.test" in line]), 1, daemon.log())
        self.assertEqual(len([line for line in daemon.log_lines(r"(?i)warn.*(SNI|in clear)") if "localhost" in line]), 1, daemon.log())

    def test_no_queried_name_is_logged_unless_asked_for(self):
        fake = self.fake()
        daemon = self.tacet(fake.doh_url())
        daemon.ask("a-secret-of-mine.example.com")
        fake.stop()
        daemon.ask("another-secret-of-mine.example.com")
        daemon.stop()
        self.assertNotIn("secret-of-mine", daemon.log())


class SpecialNames(Case):
    """Names that RFC 6761, 6303, 8375, 9462 and others keep at home."""

    # They exist, for they name this machine or are the top of a zone that is served here.
    EXISTING = ["localhost", "foo.localhost", "home.arpa", "resolver.arpa", "1.0.0.127.in-addr.arpa", "255.255.255.255.in-addr.arpa", "0.in-addr.arpa",
                "1." + "0." * 31 + "ip6.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"]
    MISSING = ["invalid", "foo.invalid", "abcdefg.onion", "onion", "test", "foo.test", "local", "printer.local", "nas.home.arpa", "internal", "db.internal", "alt",
               "foo.alt", "srp.service.arpa", "use-application-dns.net", "1.0.0.10.in-addr.arpa", "1.1.168.192.in-addr.arpa", "1.0.16.172.in-addr.arpa",
               "1.0.31.172.in-addr.arpa", "1.1.254.169.in-addr.arpa", "1.2.0.192.in-addr.arpa", "1.d.f.ip6.arpa", "1.8.e.f.ip6.arpa"]

    def setUp(self):
        self.upstream = self.fake()
        self.daemon = self.tacet(self.upstream.doh_url())

    def test_they_never_reach_an_upstream(self):
        for names, rcode in ((self.EXISTING, dns.rcode.NOERROR), (self.MISSING, dns.rcode.NXDOMAIN)):
            for name in names:
                for kind in ("A", "AAAA", "PTR", "TXT", "SOA", "HTTPS"):
                    self.assertEqual(self.daemon.ask(name, kind).rcode(), rcode, f"{name} {kind}")
        for name in ("_dns.resolver.arpa", "x.resolver.arpa"):
            response = self.daemon.ask(name, "SVCB")
            self.assertEqual((response.rcode(), response.answer), (dns.rcode.NOERROR, []), name)
        self.assertEqual(self.upstream.names(), [])

    def test_localhost_is_this_machine(self):
        for name in ("localhost", "LocalHost", "www.localhost"):
            self.assertEqual(dnsclient.addresses(self.daemon.ask(name)), ["127.0.0.1"])
            self.assertEqual(dnsclient.addresses(self.daemon.ask(name, "AAAA")), ["::1"])
        self.assertEqual(self.daemon.ask("localhost", "MX").rcode(), dns.rcode.NOERROR)

    def test_names_that_cannot_exist_do_not_exist(self):
        for name in ("invalid", "foo.invalid", "foo.onion", "foo.test", "foo.internal", "use-application-dns.net", "1.1.168.192.in-addr.arpa"):
            response = self.daemon.ask(name)
            self.assertEqual(response.answer, [])
            if name != "use-application-dns.net":
                self.assertEqual(response.rcode(), dns.rcode.NXDOMAIN, name)

    def test_a_name_of_one_label_is_no_address_but_its_delegation_may_be_asked_for(self):
        for kind in ("A", "AAAA", "HTTPS", "SVCB"):
            self.daemon.ask("printer", kind)
        self.assertEqual(self.upstream.names(), [])
        for name, rcode in (("com", dns.rcode.NOERROR), ("printer2", dns.rcode.NXDOMAIN)):
            response = self.daemon.ask(name)
            self.assertEqual((response.rcode(), [rrset.name.to_text() for rrset in response.authority]), (rcode, ["."]), name)
        self.assertEqual(self.upstream.names(), [])
        passing = [(".", "NS"), ("com", "DS"), ("com", "NS"), ("home.arpa", "DS"), ("arpa", "NS")]
        for name, kind in passing:
            self.daemon.ask(name, kind)
        asked = [(received.name.rstrip("."), received.kind) for received in self.upstream.received]
        self.assertEqual(list(dict.fromkeys(asked)), [(name.rstrip("."), kind) for name, kind in passing])  # a late query goes out twice

    def test_validators_are_told_of_a_name_of_one_label_by_the_root(self):
        self.daemon.ask("com", dnssec=True)
        self.daemon.ask("printer2", flags=dns.flags.RD | dns.flags.CD)
        self.assertEqual(list(dict.fromkeys(self.upstream.names())), ["com.", "printer2."])

    def test_their_neighbours_pass(self):
        for name in ("nottest.example.com", "test.example.com", "localhost.example.com", "mylocal.net", "1.0.32.172.in-addr.arpa", "1.1.1.1.in-addr.arpa", "example.arpa"):
            self.daemon.ask(name, "PTR")
            self.assertGreaterEqual(self.upstream.count(name + ".", "PTR"), 1, name)


if __name__ == "__main__":
    unittest.main()
