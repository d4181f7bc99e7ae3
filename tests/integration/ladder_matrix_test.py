"""What each kind of block costs, over DoT and DoH, and that nothing climbs where nothing is blocked. TACET_LADDER_RUNS: how often (20)."""
import os
import statistics
import time
import unittest

import dns.rcode
import dnsclient
import knot
import netlab
import pki
import scratch
import servers
from case import Case
from doq_test import WHY_NOT as WHY_NO_QUIC
from filter_proxy import FilterProxy, anything, is_whole, nothing, shows_name

RUNS = int(os.environ.get("TACET_LADDER_RUNS", "20"))
HOSTS = ["10.9.0.2", "10.9.0.3", "fd09::2"]
CLOUDFLARE = "1.1.1.1"
HOME, CAFE = ("10.9.0.1", "fd09::1"), ("10.8.0.1", "fd08::1")


@unittest.skipIf(netlab.why_not(), netlab.why_not())
class Matrix(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab = cls.enterClassContext(netlab.Lab("ladder", delay=0.01))
        cls.lab.run("b", ["ip", "addr", "add", "10.9.0.3/32", "dev", "lo"], check=True)
        cls.lab.run("b", ["ip", "addr", "add", f"{CLOUDFLARE}/32", "dev", "lo"], check=True)
        cls.certificate = cls.pki.named(f"DNS:{pki.NAME}", f"IP:{CLOUDFLARE}")
        cls.upstream = cls.enterClassContext(servers.Unbound(cls.directory, cls.certificate, addresses=("10.9.0.2",), command=cls.lab.command("b")))
        cls.dot, cls.doh = (cls.enterClassContext(FilterProxy(("10.9.0.2", port), address=[*HOSTS, CLOUDFLARE], port=public, namespace=cls.lab.namespace("b")))
                            for port, public in ((cls.upstream.dot_port, 853), (cls.upstream.doh_port, 443)))

    def setUp(self):
        self.addCleanup(self.open)
        self.open()

    def open(self):
        self.lab.set(drop_ports=(), v4=True, v6=True, loss=0.0, up=True)
        self.lab.run("b", ["nft", "flush", "ruleset"], check=True)
        self.filter(nothing)

    def filter(self, blocks, silently=False):
        for way in (self.dot, self.doh):
            way.blocks, way.silently = blocks, silently

    def drop(self, *addresses):
        self.rules(*(f"{'ip6' if ':' in address else 'ip'} daddr {address} drop" for address in addresses))

    def rules(self, *rules):
        """What the network does with packets to the server; those of a proxy there do not pass."""
        lines = "\n".join(f"iifname tunb {rule}" for rule in rules)
        self.lab.run("b", ["nft", "-f", "-"], input=f"table inet block {{\nchain in {{\ntype filter hook input priority 0\n{lines}\n}}\n}}\n", text=True, check=True)

    def dot_entry(self, **more):
        return self.entry(f"tls://{pki.NAME}", *HOSTS, **more)

    def doh_entry(self, **more):
        return self.entry(f"https://{pki.NAME}/dns-query", *HOSTS, **more)

    def start(self, *entries, **settings):
        return self.tacet(*entries, command=self.lab.command("a"), **settings)

    def ask(self, daemon):
        """Seconds until a fresh name had its answer, by one query."""
        begun = time.monotonic()
        answer = netlab.Namespace.call(self.lab._sides["a"], lambda: daemon.ask(f"a{time.monotonic_ns()}.many.example.com"))
        self.assertEqual(dnsclient.addresses(answer), ["192.0.2.7"], daemon.log())
        return time.monotonic() - begun

    @staticmethod
    def rungs(daemon):
        return [upstream["ladder"]["rung"] for upstream in daemon.status()["upstreams"]]

    @staticmethod
    def used(daemon):
        """The rungs of the open connections."""
        return {connection["path"]["rung"] for upstream in daemon.status()["upstreams"] for connection in upstream["connections"]
                if connection["state"] == "open" and connection["path"]}

    def row(self, title, entries, rung, block, **settings):
        """Times of the first query, and of the first one after the network was left and found again."""
        first, again = [], []
        for _ in range(RUNS):
            self.open()
            block()
            daemon = self.start(*entries, **settings)
            first.append(self.ask(daemon))
            if rung == "QUIC":
                daemon.await_log("tacet uses quic://")
            elif rung != "other entry":
                self.assertIn(rung, self.rungs(daemon))
            if rung != "configured":
                daemon.await_log("this network seems to block")
                self.assertEqual(len(daemon.log_lines("this network seems to block")), 1, daemon.log())
            for place in (CAFE, HOME):
                changes = len(daemon.log_lines("the network has changed"))
                self.lab.readdress("a", *place)
                scratch.eventually(lambda: len(daemon.log_lines("the network has changed")) > changes)
                time.sleep(0.3)  # both families have come
            again.append(self.ask(daemon))
            daemon.stop()
        print(f"{title}: first answer {statistics.median(first):.3f} s, at most {max(first):.3f} s; at the next visit "
              f"{statistics.median(again):.3f} s, at most {max(again):.3f} s", flush=True)
        return first, again

    def judged(self, *row, **settings):
        first, again = self.row(*row, **settings)
        self.assertLessEqual(statistics.median(first), 2.0)
        self.assertLessEqual(statistics.median(again), 0.3)

    def both(self, title, rung, block, **settings):
        self.judged(f"DoT, {title}", [self.dot_entry()], rung, block, **settings)
        self.judged(f"DoH, {title}", [self.doh_entry()], rung, block, **settings)

    def test_853_dropped(self):
        self.judged("853 dropped", [self.dot_entry(operator="one"), self.doh_entry(operator="one")], "other entry", lambda: self.lab.set(drop_ports=(853,)))

    def test_443_dropped(self):
        self.judged("443 dropped", [self.doh_entry(operator="one"), self.dot_entry(operator="one")], "other entry", lambda: self.lab.set(drop_ports=(443,)))

    def test_the_transport_of_cloudflare_that_is_not_configured(self):
        for title, url, port in (("853", f"tls://{CLOUDFLARE}", 853), ("443", f"https://{CLOUDFLARE}/dns-query", 443)):
            self.judged(f"Cloudflare by one entry, {title} dropped", [self.entry(url)], "other entry", lambda port=port: self.lab.set(drop_ports=(port,)))

    def test_reset_by_name(self):
        self.both("reset by SNI", "no-sni", lambda: self.filter(shows_name))

    def test_silence_by_name(self):
        self.both("silence by SNI", "no-sni", lambda: self.filter(shows_name, silently=True))

    def test_reset_unless_split(self):
        self.both("reset unless split", "split-greeting", lambda: self.filter(is_whole))

    def test_silence_unless_split(self):
        self.both("silence unless split", "split-greeting", lambda: self.filter(is_whole, silently=True))

    def test_both_transports_reset_by_name(self):
        self.judged("DoH and DoT, reset by SNI", [self.doh_entry(operator="one"), self.dot_entry(operator="one")], "no-sni", lambda: self.filter(shows_name))
        self.judged("DoH and DoT, silence by SNI", [self.doh_entry(operator="one"), self.dot_entry(operator="one")], "no-sni", lambda: self.filter(shows_name, silently=True))

    @unittest.skipIf(WHY_NO_QUIC, WHY_NO_QUIC)
    def test_tcp_is_blocked_and_quic_is_not(self):
        server = self.enterContext(knot.Knot(self.directory, self.certificate, addresses=("10.9.0.2",), command=self.lab.command("b"), ports=(53, 853, 8853)))
        quic = self.entry(server.quic_url(pki.NAME), "10.9.0.2", operator="one")
        entries = [self.dot_entry(operator="one"), self.doh_entry(operator="one"), quic]
        self.judged("853 and 443 by TCP reset, QUIC open", entries, "QUIC", lambda: self.filter(anything))
        self.judged("853 and 443 by TCP silent, QUIC open", entries, "QUIC", lambda: self.filter(anything, silently=True))
        self.judged("853 and 443 by TCP dropped, QUIC open", entries, "QUIC", lambda: self.rules("tcp dport { 443, 853 } drop"))

    def test_each_address_dropped(self):
        for kept in HOSTS:
            self.both(f"all addresses but {kept} dropped", "configured", lambda kept=kept: self.drop(*(host for host in HOSTS if host != kept)))

    def test_one_family_only(self):
        self.both("IPv4 only", "configured", lambda: self.lab.set(v6=False))
        self.both("IPv6 only", "configured", lambda: self.lab.set(v4=False))

    def test_all_but_the_proxy(self):
        self.lab.popen("b", ["microsocks", "-i", "10.9.0.2", "-p", "1080"])
        self.both("all but the proxy", "proxy", lambda: self.lab.set(drop_ports=(853, 443)), ladder_proxy="socks5://10.9.0.2:1080")
        self.both("all but the proxy refused", "proxy", lambda: self.rules("tcp dport { 443, 853 } reject with tcp reset"), ladder_proxy="socks5://10.9.0.2:1080")

    # --- nothing is blocked ------------------------------------------------------------------------------------------

    def assert_nothing_climbed(self, daemon):
        self.assertEqual(set(self.rungs(daemon)), {"configured"}, daemon.log())
        self.assertEqual(daemon.log_lines("seems to block"), [])

    def entries(self):
        return [self.doh_entry(operator="one"), self.dot_entry(operator="two")]

    def test_five_per_cent_loss(self):
        for run in range(5 * RUNS):
            self.lab.set(loss=0.05)
            daemon = self.start(self.entries()[run % 2])
            for _ in range(3):
                self.ask(daemon)
            scratch.eventually(lambda: self.used(daemon) <= {"configured"})
            self.assert_nothing_climbed(daemon)
            daemon.stop()

    def test_outages(self):
        daemon = self.start(*self.entries())
        for run in range(5 * RUNS):
            self.lab.cut()
            netlab.Namespace.call(self.lab._sides["a"], lambda: daemon.ask(f"out{run}.many.example.com"))
            self.lab.heal()
            self.ask(daemon)
            self.assert_nothing_climbed(daemon)

    def test_captive_portals(self):
        for silently in (False, True):
            daemon = self.start(*self.entries())
            for run in range(max(RUNS // 4, 2)):
                self.filter(anything, silently)
                netlab.Namespace.call(self.lab._sides["a"], lambda: daemon.ask(f"portal{run}.many.example.com"))
                self.assert_nothing_climbed(daemon)
                self.filter(nothing)
                scratch.eventually(lambda: netlab.Namespace.call(self.lab._sides["a"], lambda: daemon.ask(f"p{time.monotonic_ns()}.many.example.com")).rcode() == dns.rcode.NOERROR)
                self.assertEqual(daemon.log_lines("seems to block"), [])
            daemon.stop()

    def test_roaming(self):
        daemon = self.start(*self.entries())
        for _ in range(5 * RUNS // 2):
            for place in (CAFE, HOME):
                self.lab.readdress("a", *place)
                self.ask(daemon)
                self.assert_nothing_climbed(daemon)


if __name__ == "__main__":
    unittest.main()
