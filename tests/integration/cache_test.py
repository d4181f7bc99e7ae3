"""What was asked once is answered from memory, for as long as its owner allows."""
import time
import unittest

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dnsclient
import scratch
import servers
from case import UnboundCase


class Cache(UnboundCase):
    def setUp(self):
        self.daemon = self.tacet(self.upstream.doh_url())
        self.before = {}

    def watch(self, name, kind="A"):
        """asked() counts from here."""
        self.before[name, kind] = self.upstream.count(name, kind)

    def asked(self, name, kind="A"):
        return self.upstream.count(name, kind) - self.before[name, kind]

    def test_a_second_question_is_answered_without_asking_upstream(self):
        self.watch("www.example.com.")
        for response in (self.daemon.ask("www.example.com"), self.daemon.ask("www.example.com"), self.daemon.ask("www.example.com", tcp=True)):
            self.assertEqual(dnsclient.addresses(response), [servers.ADDRESS])
            self.assertTrue(response.flags & dns.flags.RA)
        self.assertEqual(self.asked("www.example.com."), 1)

    def test_the_spelling_of_a_name_does_not_matter_to_the_cache(self):
        self.watch("www.example.com.")
        self.daemon.ask("www.example.com")
        self.daemon.ask("WWW.eXample.COM")
        self.assertEqual(self.asked("www.example.com."), 1)

    def test_type_do_bit_and_cd_bit_are_cached_apart(self):
        self.watch("www.example.com.")
        self.watch("www.example.com.", "AAAA")
        self.daemon.ask("www.example.com")
        self.daemon.ask("www.example.com", "AAAA")
        self.daemon.ask("www.example.com", dnssec=True)
        self.daemon.ask("www.example.com", flags=dns.flags.RD | dns.flags.CD)
        for _ in range(2):
            self.daemon.ask("www.example.com", dnssec=True)
        self.assertEqual(self.asked("www.example.com."), 3)
        self.assertEqual(self.asked("www.example.com.", "AAAA"), 1)

    def test_a_cached_answer_counts_its_ttl_down_and_is_renewed_when_it_is_over(self):
        self.watch("short.example.com.")
        first = self.daemon.ask("short.example.com").answer[0].ttl
        self.assertEqual(first, 2)
        begun = time.monotonic()
        aged = scratch.eventually(lambda: self._ttl_below("short.example.com", 2), within=30, what="a TTL below 2")
        self.assertGreaterEqual(time.monotonic() - begun, 0.9)
        self.assertEqual(aged, 1)
        self.assertEqual(self.asked("short.example.com."), 1)
        scratch.eventually(lambda: self.daemon.ask("short.example.com") and self.asked("short.example.com.") == 2, within=30, what="a second upstream query", every=0.1)

    def _ttl_below(self, name, bound):
        ttl = self.daemon.ask(name).answer[0].ttl
        return ttl if ttl < bound else None

    def test_an_answer_with_ttl_zero_is_passed_on_and_not_kept(self):
        self.watch("zero.example.com.")
        for _ in range(3):
            response = self.daemon.ask("zero.example.com")
            self.assertEqual(response.answer[0].ttl, 0)
        self.assertEqual(self.asked("zero.example.com."), 3)

    def test_a_name_that_does_not_exist_is_remembered_for_the_soa_minimum(self):
        self.watch("nothing.example.com.")
        for _ in range(3):
            response = self.daemon.ask("nothing.example.com")
            self.assertEqual(response.rcode(), dns.rcode.NXDOMAIN)
            self.assertEqual(response.authority[0].rdtype, dns.rdatatype.SOA)
            self.assertLessEqual(response.authority[0].ttl, servers.NEGATIVE_TTL)
        self.assertEqual(self.asked("nothing.example.com."), 1)

    def test_a_type_that_does_not_exist_is_remembered_as_nodata(self):
        self.watch("www.example.com.", "MX")
        for _ in range(3):
            response = self.daemon.ask("www.example.com", "MX")
            self.assertEqual((response.rcode(), response.answer), (dns.rcode.NOERROR, []))
            self.assertEqual(response.authority[0].rdtype, dns.rdatatype.SOA)
        self.assertEqual(self.asked("www.example.com.", "MX"), 1)

    def test_a_chain_of_aliases_is_kept_whole(self):
        self.watch("alias.example.com.")
        for _ in range(2):
            response = self.daemon.ask("alias.example.com")
            self.assertEqual([rrset.rdtype for rrset in response.answer], [dns.rdatatype.CNAME] * 3 + [dns.rdatatype.A])
        self.assertEqual(self.asked("alias.example.com."), 1)

    def test_without_recursion_desired_only_the_cache_answers(self):
        self.watch("www.example.com.")
        cold = self.daemon.ask("www.example.com", flags=0)
        self.assertEqual(cold.answer, [])
        self.assertEqual(self.asked("www.example.com."), 0)
        self.daemon.ask("www.example.com")
        warm = self.daemon.ask("www.example.com", flags=0)
        self.assertEqual(dnsclient.addresses(warm), [servers.ADDRESS])
        self.assertEqual(self.asked("www.example.com."), 1)


if __name__ == "__main__":
    unittest.main()
