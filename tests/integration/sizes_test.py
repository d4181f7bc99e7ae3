"""What does not fit a datagram is cut to nothing with TC=1 and fetched again over TCP."""
import unittest

import dns.flags
from case import UnboundCase


class Sizes(UnboundCase):
    def setUp(self):
        self.daemon = self.tacet(self.upstream.dot_url())

    def assert_truncated(self, response, payload):
        self.assertTrue(response.flags & dns.flags.TC)
        self.assertEqual((response.answer, response.authority, response.additional), ([], [], []))
        self.assertLessEqual(len(response.to_wire()), payload)

    def test_a_long_answer_is_truncated_over_udp_and_whole_over_tcp(self):
        for _ in range(2):  # from upstream, then from the cache
            self.assert_truncated(self.daemon.ask("long.example.com", "TXT"), 1232)
            whole = self.daemon.ask("long.example.com", "TXT", tcp=True)
            self.assertFalse(whole.flags & dns.flags.TC)
            self.assertEqual(whole.answer, self.upstream.ask_plainly("long.example.com", "TXT").answer)

    def test_no_client_gets_more_than_1232_octets_over_udp(self):
        self.assert_truncated(self.daemon.ask("long.example.com", "TXT", payload=65535), 1232)

    def test_the_client_decides_what_fits_below_that(self):
        name = "medium.example.com"  # about 950 octets
        self.assertFalse(self.daemon.ask(name, "TXT").flags & dns.flags.TC)
        self.assertFalse(self.daemon.ask(name, "TXT", payload=1000).flags & dns.flags.TC)
        self.assert_truncated(self.daemon.ask(name, "TXT", payload=900), 900)
        self.assert_truncated(self.daemon.ask(name, "TXT", payload=100), 512)  # less than 512 means 512 (RFC 6891 §6.2.3)
        self.assert_truncated(self.daemon.ask(name, "TXT", edns=False), 512)
        self.assertFalse(self.daemon.ask(name, "TXT", edns=False, tcp=True).flags & dns.flags.TC)

    def test_dig_retries_over_tcp_by_itself(self):
        output = self.daemon.dig("long.example.com", "TXT")
        self.assertIn("retrying in TCP mode", output)
        self.assertIn("015-", output)

    def test_dig_that_ignores_truncation_sees_the_bit_and_nothing_else(self):
        output = self.daemon.dig("+ignore", "+notcp", "long.example.com", "TXT")
        self.assertRegex(output, r"flags:[a-z ]* tc[ ;]")
        self.assertIn("ANSWER: 0", output)

    def test_kdig_gets_all_of_it(self):
        self.assertIn("015-", self.daemon.kdig("long.example.com", "TXT"))

    def test_an_answer_carries_an_opt_only_if_the_query_did(self):
        for tcp in (False, True):
            self.assertEqual(self.daemon.ask("www.example.com", edns=False, tcp=tcp).edns, -1)
            self.assertEqual(self.daemon.ask("www.example.com", tcp=tcp).edns, 0)


if __name__ == "__main__":
    unittest.main()
