"""What does not fit a datagram is cut to the answer records that fit, with TC=1, and fetched again over TCP."""
import time
import unittest

import dns.flags
import dnsclient
import sanitizer
from case import Case, UnboundCase
from fake_upstream import Behaviour


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


# Addresses in an answer: around what a TLS record, libcurl's buffers and a message hold.
COUNTS = (1, 200, 254, 260, 300, 500, 1000, 1020, 1030, 1500, 2000, 2045, 2060, 3000, 4090)


async def many(reply):
    """Answers with as many addresses as the name begins with."""
    name = reply.query.question[0].name
    count = int(name.to_text().partition("-")[0])
    head = reply.query.id.to_bytes(2, "big") + b"\x81\x80\0\1" + count.to_bytes(2, "big") + bytes(4)
    records = (b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4" + (0xC0000200 + number).to_bytes(4, "big") for number in range(count))
    await reply.send(head + name.to_wire() + b"\0\1\0\1" + b"".join(records))


class LargeAnswers(Case):
    """From upstream. Nothing else is under way that could wake a transport which has stopped in the middle."""

    def large(self):
        return self.fake(lambda received: Behaviour("attack", value=many))

    def check(self, url):
        daemon = self.tacet(url, workers=1)
        for name in (f"{count}-{number}.example.com" for number in range(2) for count in COUNTS):
            begun = time.monotonic()
            answer = daemon.ask(name, tcp=True)
            took = time.monotonic() - begun
            self.assertEqual(len(dnsclient.addresses(answer)), int(name.partition("-")[0]))
            self.assertLess(took, 4 * sanitizer.PATIENCE, f"{name}\n{daemon.log()}")

    def check_together(self, url):
        daemon = self.tacet(url, workers=1)
        with dnsclient.TcpClient(daemon.server, timeout=20) as client:
            for round_number in range(3):
                begun = time.monotonic()
                for count in COUNTS:
                    client.send(dnsclient.query(f"{count}-{round_number}.together.example.com").to_wire())
                wires = [client.receive() for _ in COUNTS]
                self.assertLess(time.monotonic() - begun, 4 * sanitizer.PATIENCE, daemon.log())
                self.assertEqual(sorted(int.from_bytes(wire[6:8], "big") for wire in wires), sorted(COUNTS))

    def test_a_client_without_tcp_gets_the_addresses_that_fit(self):
        daemon = self.tacet(self.large().dot_url())
        expected = [f"192.0.2.{number}" for number in range(60)]
        for edns, payload, fit in ((False, 0, 29), (True, 512, 29), (True, 800, 47), (True, 1232, 60)):
            for _ in range(2):  # from upstream, then from the cache
                answer = daemon.ask("60-0.example.com", edns=edns, payload=payload)
                self.assertEqual(bool(answer.flags & dns.flags.TC), fit < 60)
                got = dnsclient.addresses(answer)
                self.assertGreaterEqual(len(got), fit - 1)
                self.assertEqual(got, expected[:len(got)])
                self.assertLessEqual(len(answer.to_wire()), payload or 512)

    def test_an_answer_of_any_size_comes_at_once_over_doh(self):
        self.check(self.large().doh_url())

    def test_an_answer_of_any_size_comes_at_once_over_dot(self):
        self.check(self.large().dot_url())

    def test_answers_of_all_sizes_come_together_over_doh(self):
        self.check_together(self.large().doh_url())

    def test_answers_of_all_sizes_come_together_over_dot(self):
        self.check_together(self.large().dot_url())


if __name__ == "__main__":
    unittest.main()
