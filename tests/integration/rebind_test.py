"""Public names do not lead into the local network, neither by addresses nor by hints, unless the user allows them to."""
import concurrent.futures
import unittest

import dns.flags
import dns.rcode
import dns.rdatatype
import dns.rrset
import dnsclient
import scratch
from case import Case
from fake_upstream import Behaviour

PUBLIC = """$ORIGIN example.com.
@ 300 SOA ns hostmaster 1 3600 900 604800 60
@ 300 NS ns
ns 300 A 192.0.2.53
www 300 A 192.0.2.80
www 300 HTTPS 1 . alpn=h2 ipv4hint=192.0.2.80
router 300 A 192.168.1.1
mixed 300 A 192.0.2.80
mixed 300 A 127.0.0.1
six 300 AAAA fd00::1
mapped 300 AAAA ::ffff:192.168.1.1
hint 300 HTTPS 1 . alpn=h2 ipv4hint=10.0.0.1
hint6 300 HTTPS 1 . alpn=h2 ipv6hint=fe80::1
svcb 300 SVCB 1 . alpn=dot ipv4hint=100.64.0.1
alias 300 CNAME router
plex 300 CNAME 192-168-1-5.plex
192-168-1-5.plex 300 A 192.168.1.5
metadata 300 A 169.254.169.254
nowhere 300 A 0.0.0.0
"""
LAN = """$ORIGIN lan.
@ 300 SOA ns hostmaster 1 3600 900 604800 60
@ 300 NS ns
nas 300 A 192.168.1.5
"""
INWARD = (("router", "A"), ("mixed", "A"), ("six", "AAAA"), ("mapped", "AAAA"), ("hint", "HTTPS"), ("hint6", "HTTPS"), ("svcb", "SVCB"),
          ("alias", "A"), ("plex", "A"), ("metadata", "A"), ("nowhere", "A"))


def _lead_inside(response):
    """Changes a right answer into the router's address."""
    name = response.question[0].name
    response.answer = [dns.rrset.from_text(name, 300, "IN", "A", "192.168.1.1")]


class Rebind(Case):
    def setUp(self):
        self.upstream = self.unbound(zones={"example.com.": PUBLIC})

    def daemon(self, **settings):
        return self.tacet(self.upstream.doh_url(), **settings)

    def assert_blocked(self, response):
        self.assertEqual((response.rcode(), response.answer, response.additional), (dns.rcode.NOERROR, [], []), response)
        self.assertEqual(dnsclient.ede(response)[0], 15, response)
        self.assertEqual([rrset.rdtype for rrset in response.authority], [dns.rdatatype.SOA])
        self.assertFalse(response.flags & (dns.flags.AA | dns.flags.AD))

    def test_private_addresses_and_hints_of_public_names_are_no_data_by_miss_and_by_hit_udp_and_tcp(self):
        daemon = self.daemon(rebind={"protect": True})
        for name, kind in INWARD:
            for tcp in (False, True):
                with self.subTest(name, tcp=tcp):
                    self.assert_blocked(daemon.ask(f"{name}.example.com", kind, tcp=tcp))
        asked = [name for name, _ in self.upstream.asked()]
        self.assert_sent(len(asked), len(INWARD), daemon)  # a refusal is kept like the answer it stands for
        self.assertEqual(daemon.status()["events"]["rebinds_refused"], len(INWARD))

    def test_public_addresses_pass_as_they_are(self):
        daemon = self.daemon(rebind={"protect": True})
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), ["192.0.2.80"])
        self.assertIn("192.0.2.80", daemon.ask("www.example.com", "HTTPS").answer[0][0].to_text())
        self.assertEqual(daemon.status()["events"]["rebinds_refused"], 0)

    def test_without_the_option_nothing_is_refused(self):
        daemon = self.daemon()
        for name, kind in INWARD:
            self.assertTrue(daemon.ask(f"{name}.example.com", kind).answer, name)

    def test_allowed_zones_pass_by_the_name_that_was_asked_for(self):
        daemon = self.daemon(rebind={"protect": True, "allow": ["plex.example.com", "ROUTER.example.com."]})
        self.assertEqual(dnsclient.addresses(daemon.ask("router.example.com")), ["192.168.1.1"])
        self.assertEqual(dnsclient.addresses(daemon.ask("192-168-1-5.plex.example.com")), ["192.168.1.5"])
        self.assert_blocked(daemon.ask("alias.example.com"))

    def test_an_allowed_zone_may_be_written_with_a_star_and_in_letters_beyond_ascii(self):
        upstream = self.unbound(zones={"xn--bcher-kva.example.": LAN.replace("lan.", "xn--bcher-kva.example.")})
        for written in ("*.b\u00fccher.example", "B\u00fccher.example.", "*.XN--bcher-kva.example"):
            daemon = self.tacet(upstream.doh_url(), rebind={"protect": True, "allow": [written]})
            self.assertEqual(dnsclient.addresses(daemon.ask("nas.xn--bcher-kva.example")), ["192.168.1.5"], written)

    def test_a_name_allowed_itself_may_be_an_alias_of_one_that_is_not(self):
        daemon = self.daemon(rebind={"protect": True, "allow": ["plex.example.com"]})
        self.assertEqual(dnsclient.addresses(daemon.ask("plex.example.com")), ["192.168.1.5"])

    def reload(self, daemon, rebind):
        daemon.settings["rebind"] = rebind
        daemon.write()
        done = daemon.verb("reload")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_an_answer_kept_before_the_protection_was_switched_on_does_not_slip_by_nor_a_refusal_when_it_is_off(self):
        for workers in (1, 3):
            daemon = self.daemon(workers=workers)
            self.assertEqual(dnsclient.addresses(daemon.ask("router.example.com")), ["192.168.1.1"])
            self.reload(daemon, {"protect": True})
            self.assert_blocked(daemon.ask("router.example.com"))
            self.reload(daemon, {"protect": True, "allow": ["router.example.com"]})
            self.assertEqual(dnsclient.addresses(daemon.ask("router.example.com")), ["192.168.1.1"])
            self.reload(daemon, {"protect": False})
            self.assertEqual(dnsclient.addresses(daemon.ask("alias.example.com")), ["192.168.1.1"])

    def test_an_answer_under_way_when_the_protection_is_switched_on_is_judged(self):
        fake = self.fake(lambda _: Behaviour("answer", delay=0.6, value=_lead_inside))
        daemon = self.tacet(fake.dot_url())
        with concurrent.futures.ThreadPoolExecutor() as pool:
            asked = pool.submit(daemon.ask, "late.example.com")
            scratch.eventually(lambda: fake.count("late.example.com."), what="the query")
            self.reload(daemon, {"protect": True})
            self.assert_blocked(asked.result())

    def test_zones_of_the_local_network_and_the_hosts_file_are_not_judged(self):
        router = self.unbound(zones={"lan.": LAN})
        hosts = f"{self.directory}/hosts"
        with open(hosts, "w", encoding="ascii") as file:
            file.write("192.168.1.9 printer.example.com\n")
        daemon = self.daemon(rebind={"protect": True}, forward={"lan": [f"127.0.0.1:{router.plain_port}"]}, hosts={"file": hosts})
        self.assertEqual(dnsclient.addresses(daemon.ask("nas.lan")), ["192.168.1.5"])
        self.assertEqual(dnsclient.addresses(daemon.ask("printer.example.com")), ["192.168.1.9"])


if __name__ == "__main__":
    unittest.main()
