"""DoH and DoT, by name and by address, against a real server, for real clients."""
import unittest

import dnsclient
import netlab
import servers
from case import Case, UnboundCase


class Transports(UnboundCase):
    def answers_over(self, *entries):
        daemon = self.tacet(*entries)
        for kind, wanted in (("A", [servers.ADDRESS]), ("AAAA", ["2001:db8::80"])):
            self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com", kind)), wanted, daemon.log())
        return daemon

    def test_doh_by_address(self):
        self.answers_over(self.upstream.doh_url())

    def test_doh_by_name_with_pinned_address(self):
        self.answers_over(self.entry(self.upstream.doh_url("dns.test"), "127.0.0.1"))

    def test_dot_by_address(self):
        self.answers_over(self.upstream.dot_url())

    def test_dot_by_name_with_pinned_address(self):
        self.answers_over(self.entry(self.upstream.dot_url("dns.test"), "127.0.0.1"))

    def test_an_upstream_without_pinned_address_is_found_through_the_bootstrap_server(self):
        bootstrap = self.unbound(zones={"test.": "$ORIGIN test.\n@ 300 SOA a b 1 2 3 4 5\n@ 300 NS a\ndns 300 A 127.0.0.1\n"})
        servers_of_names = [f"127.0.0.1:{bootstrap.plain_port}"]
        for url in (self.upstream.doh_url("dns.test"), self.upstream.dot_url("dns.test")):
            daemon = self.tacet(url, bootstrap=servers_of_names)
            self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS], daemon.log())
        self.assertEqual({name for name, _ in bootstrap.asked()}, {"dns.test."}, "plain DNS was asked for more than the upstream's name")

    def test_one_connection_carries_many_queries(self):
        for url in (self.upstream.doh_url(), self.upstream.dot_url()):
            daemon = self.tacet(url, workers=1)  # each has its own
            for number in range(50):
                self.assertEqual(dnsclient.addresses(daemon.ask(f"n{number}.many.example.com")), ["192.0.2.7"])
            self.assertLessEqual(daemon.upstream_sockets(self.upstream.doh_port, self.upstream.dot_port), 2)

    def test_kdig_and_dig_are_served_over_udp_and_tcp(self):
        daemon = self.tacet(self.upstream.doh_url())
        for output in (daemon.kdig("www.example.com"), daemon.kdig("+tcp", "www.example.com"), daemon.dig("www.example.com"),
                       daemon.dig("+tcp", "www.example.com"), daemon.dig("+noedns", "www.example.com"), daemon.kdig("+edns", "+bufsize=4096", "www.example.com")):
            self.assertIn("status: NOERROR", output)
            self.assertIn(servers.ADDRESS, output)
            self.assertNotIn("WARNING", output.upper())

    def test_all_configured_addresses_are_served(self):
        daemon = self.tacet(self.upstream.doh_url(), address="::1")
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com", tcp=True)), [servers.ADDRESS])

    def test_several_workers_serve_one_address(self):
        daemon = self.tacet(self.upstream.dot_url(), workers=2)
        for number in range(20):  # a new client port each time, so both workers get some
            self.assertEqual(dnsclient.addresses(daemon.ask(f"w{number}.many.example.com")), ["192.0.2.7"])
            self.assertEqual(dnsclient.addresses(daemon.ask(f"w{number}.many.example.com", tcp=True)), ["192.0.2.7"])
        asked = sum(name.startswith("w") and name.endswith(".many.example.com.") for name, _ in self.upstream.asked())
        self.assert_sent(asked, 20, daemon)


@unittest.skipIf(netlab.why_not(), netlab.why_not())
class OneFamilyDead(Case):
    """A host with both families of which one does not carry: nothing but silence, or nobody there."""

    def check(self, scheme, **link):
        with netlab.Lab(delay=0.005) as lab:
            upstream = self.unbound(addresses=("10.9.0.2", "fd09::2"), command=lab.command("b"))
            url = upstream.doh_url("dns.test") if scheme == "https" else upstream.dot_url("dns.test")
            lab.set(**link)
            daemon = self.tacet(self.entry(url, "10.9.0.2", "fd09::2"), command=lab.command("a"))
            output = daemon.dig("www.example.com")
            self.assertIn(servers.ADDRESS, output, daemon.log())
            self.assertLess(int(output.partition("Query time: ")[2].split()[0]), 4000, daemon.log())
            daemon.stop()

    def test_doh_works_with_ipv6_black_holed(self):
        self.check("https", v6=False)

    def test_doh_works_with_ipv4_black_holed(self):
        self.check("https", v4=False)

    def test_dot_works_with_ipv6_black_holed(self):
        self.check("tls", v6=False)

    def test_dot_works_with_ipv4_black_holed(self):
        self.check("tls", v4=False)


class OneFamilyRefused(UnboundCase):
    def test_an_address_where_nobody_listens_costs_one_try(self):
        for url in (self.upstream.doh_url("dns.test"), self.upstream.dot_url("dns.test")):
            for addresses in (("::1", "127.0.0.1"), ("127.0.0.1", "::1")):  # it listens on 127.0.0.1 only
                daemon = self.tacet(self.entry(url, *addresses))
                self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com", timeout=10)), [servers.ADDRESS], daemon.log())


if __name__ == "__main__":
    unittest.main()
