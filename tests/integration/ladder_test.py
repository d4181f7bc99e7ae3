"""The ladder: names are answered again in a network that blocks the configured way, and nothing climbs where none is blocked."""
import concurrent.futures
import time
import unittest

import dns.rcode
import dnsclient
import pki
import scratch
from case import UnboundCase
from filter_proxy import FilterProxy, anything, is_whole, nothing, shows_name


class Ladder(UnboundCase):
    def path(self, port, blocks=nothing, silently=False):
        """A way to the server's port through a network that blocks."""
        return self.enterContext(FilterProxy(("127.0.0.1", port), blocks, silently))

    def dot(self, *blocks, **more):
        way = self.path(self.upstream.dot_port, *blocks)
        return way, self.entry(f"tls://{pki.NAME}:{way.port}", "127.0.0.1", **more)

    def doh(self, *blocks, **more):
        way = self.path(self.upstream.doh_port, *blocks)
        return way, self.entry(f"https://{pki.NAME}:{way.port}/dns-query", "127.0.0.1", **more)

    def assert_answers(self, daemon):
        self.assertEqual(dnsclient.addresses(daemon.ask(f"a{time.monotonic_ns()}.many.example.com")), ["192.0.2.7"], daemon.log())

    @staticmethod
    def rungs(daemon):
        return [upstream["ladder"]["rung"] for upstream in daemon.status()["upstreams"]]

    def climbs(self, daemon, case):
        """The first query is answered, the way is proven, and it is said and shown once."""
        (way, entry), rung, greetings = case
        self.assert_answers(daemon)
        line = daemon.await_log("this network seems to block")
        self.assertIn(entry["url"], line)
        self.assertEqual(self.rungs(daemon), [rung])
        self.assertEqual(way.ways[: len(greetings)], greetings)
        connection = daemon.status()["upstreams"][0]["connections"][0]
        self.assertEqual((connection["path"]["rung"], connection["tls"]["verified"]), (rung, pki.NAME))
        self.assertEqual(connection["tls"]["sni"], None if rung == "no-sni" else pki.NAME)
        self.assertIn(f"on the rung {rung}", daemon.verb("status").stdout)
        self.assertIn(f"on the rung {rung}", daemon.verb("explain", "other.example.com").stdout)
        self.assert_answers(daemon)
        self.assertEqual(len(daemon.log_lines("this network seems to block")), 1)

    def test_a_blocked_name_is_withheld_and_a_blocked_greeting_is_split_over_dot_and_doh_alike(self):
        cases = []
        for make in (self.dot, self.doh):
            for silently in (False, True):
                cases.append((make(shows_name, silently), "no-sni", ["named", "named", "nameless"]))
            cases.append((make(is_whole), "split-greeting", ["named", "named", "nameless", "split"]))
        daemons = [self.tacet(entry) for (_, entry), _, _ in cases]
        with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
            for done in [pool.submit(self.climbs, daemon, case) for daemon, case in zip(daemons, cases)]:
                done.result()

    def test_an_entry_that_works_comes_before_any_other_way(self):
        (doh, first), (dot, second) = self.doh(shows_name, operator="one"), self.dot(operator="one")
        daemon = self.tacet(first, second)
        for _ in range(5):
            self.assert_answers(daemon)
        self.assertEqual(self.rungs(daemon), ["configured", "configured"])
        self.assertNotIn("nameless", doh.ways + dot.ways)

    def test_a_portal_changes_nothing(self):
        (doh, first), (dot, second) = self.doh(anything), self.dot(anything)
        daemon = self.tacet(first, second)
        self.assertEqual(daemon.ask("portal.many.example.com").rcode(), dns.rcode.SERVFAIL)
        doh.blocks = dot.blocks = nothing
        scratch.eventually(lambda: daemon.ask(f"back{time.monotonic_ns()}.many.example.com").rcode() == dns.rcode.NOERROR)
        scratch.eventually(lambda: self.rungs(daemon) == ["configured", "configured"], what=daemon.log)
        self.assertEqual(daemon.log_lines("this network seems to block"), [])

    def test_off_changes_nothing_and_ask_only_says_what_would_work_and_a_reload_takes_both(self):
        dot, entry = self.dot(shows_name)
        daemon = self.tacet(entry, ladder="off")
        self.assertEqual(daemon.ask("off.many.example.com").rcode(), dns.rcode.SERVFAIL)
        self.assertEqual(set(dot.ways), {"named"})
        self.reload(daemon, "ask-only")
        self.assertEqual(daemon.ask("ask.many.example.com").rcode(), dns.rcode.SERVFAIL)
        daemon.await_log("it would be reached without its name in the greeting, which `ladder: on` allows")
        self.assertEqual(daemon.status()["upstreams"][0]["ladder"],
                         {"rung": "configured", "blocked_by": "reset after the greeting", "would_work": "no-sni"})
        self.assertIn("with `ladder: on` it would be reached by the rung no-sni", daemon.verb("status").stdout)
        self.assertEqual(daemon.ask("asked.many.example.com").rcode(), dns.rcode.SERVFAIL)
        self.reload(daemon, "on")
        self.assert_answers(daemon)

    def reload(self, daemon, mode):
        daemon.settings["ladder"] = mode
        daemon.write()
        self.assertEqual(daemon.verb("reload").returncode, 0)


if __name__ == "__main__":
    unittest.main()
