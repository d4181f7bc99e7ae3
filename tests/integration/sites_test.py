"""tacet remembers which site answers at each address of an upstream, and says when it is another one."""
import unittest
import urllib.request

import dns.edns
import dns.message
import scratch
import servers
from case import Case
from fake_upstream import ANSWER

_NSID = dns.edns.NSID


class Sites(Case):
    def named(self, name, ports=None):
        return servers.Unbound(self.directory, self.pki.good(), local_data=(f'nsid: "ascii_{name}"',), ports=ports)

    def one_query_later(self, daemon):
        daemon.ask(f"{scratch.unique_name('n')}.many.example.com")
        [site] = daemon.status()["sites"]
        return site

    def test_another_site_is_shown_within_one_query_after_the_connection_was_lost(self):
        for url in (servers.Unbound.dot_url, servers.Unbound.doh_url):
            with self.subTest(url=url.__name__):
                with self.named("res100.fra.example.net") as first:
                    page = scratch.free_port()
                    daemon = self.tacet(url(first), metrics={"listen": f"127.0.0.1:{page}"})
                    seen = self.one_query_later(daemon)
                    self.assertEqual((seen["server"], seen["site"], seen["change"]), ("res100.fra.example.net", "fra.example.net", None))
                ports = first.plain_port, first.dot_port, first.doh_port
                with self.named("res7.muc.example.net", ports):
                    seen = self.one_query_later(daemon)
                    self.assertEqual((seen["site"], seen["change"]["before"], seen["change"]["elsewhere"]), ("muc.example.net", "fra.example.net", False))
                    self.assertIn("is answered from muc.example.net (res7.muc.example.net); before from fra.example.net, until ", daemon.verb("status").stdout)
                    self.assertEqual(len(daemon.log_lines("answers from the site muc.example.net now .*; before from fra.example.net$")), 1)
                with urllib.request.urlopen(f"http://127.0.0.1:{page}/", timeout=5) as answer:
                    self.assertIn("<small>site muc.<wbr>example.<wbr>net, before fra.<wbr>example.<wbr>net</small>", answer.read().decode())
                metrics = daemon.control("GET /metrics").decode()
                self.assertIn('site="muc.example.net",server="res7.muc.example.net"} 1\n', metrics)
                self.assertIn("tacet_upstream_site_changes_total 1\n", metrics)

    def test_the_first_query_of_a_connection_asks_for_the_name_and_is_no_larger_for_it(self):
        fake = self.fake(lambda received: ANSWER)
        daemon = self.tacet(fake.dot_url())
        for _ in range(3):
            daemon.ask(f"{scratch.unique_name('n')}.example.com")
        queries = [received.message for received in fake.received]
        asks = [[option.otype for option in query.options].count(_NSID) for query in queries]
        self.assertEqual(asks, [1] + [0] * (len(queries) - 1))
        self.assertEqual({len(received.wire) % 128 for received in fake.received}, {0})
        self.assertEqual(daemon.status()["sites"], [])  # this server has no name

    def test_clients_do_not_get_the_name(self):
        with self.named("fra") as upstream:
            daemon = self.tacet(upstream.dot_url())
            query = dns.message.make_query("www.example.com", "A", use_edns=0, options=[dns.edns.GenericOption(_NSID, b"")])
            for _ in ("asked upstream", "from the cache"):
                answer = daemon.exchange(query)
                self.assertEqual([option.otype for option in answer.options if option.otype == _NSID], [])
            self.assertEqual(daemon.status()["sites"][0]["site"], "fra")


if __name__ == "__main__":
    unittest.main()
