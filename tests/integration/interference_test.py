"""The daemon notices by its own connections what a network does to them, and says so once: in its log, its status and its metrics."""
import os
import unittest

import netlab
import pki
import scratch
import servers
from case import Case
from doctor_world import CLOUDFLARE, QUAD9, ROUTER, CanaryWorld, World
from tacet import Tacet


@unittest.skipIf(netlab.why_not(), netlab.why_not())
class Interference(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world = cls.enterClassContext(World(cls.directory, cls.pki, CanaryWorld(), resolvers={CLOUDFLARE: "FRA", QUAD9: "res1.fra"}))
        folder = os.path.join(cls.directory, "stranger")
        os.mkdir(folder)
        stranger = pki.Pki(folder).named(f"IP:{CLOUDFLARE}", f"IP:{QUAD9}")
        cls.enterClassContext(servers.Unbound(cls.directory, stranger, addresses=(ROUTER,), ports=(5300, 8853, 8443), command=cls.world.lab.command("b"),
                                              zones=cls.world.signed.texts, resolving=True))

    def setUp(self):
        lab = self.world.lab
        self.addCleanup(lab.run, "b", ["nft", "flush ruleset"], check=True)
        self.addCleanup(lab.set, drop_ports=())
        self.daemon = self.enterContext(Tacet(self.directory, command=lab.command("a"), upstreams=[
            self.entry(f"tls://{CLOUDFLARE}", operator="cloudflare"), self.entry(f"https://{CLOUDFLARE}/dns-query", operator="cloudflare")]))
        self.ask()
        self.assertEqual(self.kinds(), [])

    def ask(self):
        """A name that nobody asked for yet."""
        self.daemon.dig("+timeout=2", f"{scratch.unique_name('n')}.{CanaryWorld.NAMES[0]}")

    def kinds(self):
        return [each["kind"] for each in self.daemon.status()["path_interference"]]

    def asked_until(self, kinds):
        def seen():
            self.ask()
            return self.kinds() == kinds
        scratch.eventually(seen, within=60, what=lambda: f"{kinds}, not {self.kinds()}\n{self.daemon.log()}")

    def to_another_network(self):
        """All connections end, and the daemon hears of it."""
        self.world.lab.down("a")
        self.world.lab.up("a")

    def test_a_certificate_of_another_authority_is_an_interference_until_the_true_one_is_back(self):
        self.world.nft(f"ip liar nat tcp dport 853 ip daddr != {ROUTER} dnat to {ROUTER}:8853")
        self.to_another_network()
        self.asked_until(["tls"])
        self.assertEqual(len(self.daemon.log_lines("this network interferes")), 1)
        self.assertIn("network   interferes (tls): somebody without a valid certificate", self.daemon.verb("status").stdout)
        self.assertIn('tacet_path_interference{kind="tls"} 1', self.daemon.control("GET /metrics").decode())
        self.world.forget_rules()
        self.to_another_network()
        self.asked_until([])

    def test_where_every_certificate_is_another_ones_it_is_a_portal(self):
        self.world.nft(f"ip liar nat tcp dport 853 ip daddr != {ROUTER} dnat to {ROUTER}:8853\nip liar nat tcp dport 443 ip daddr != {ROUTER} dnat to {ROUTER}:8443")
        self.to_another_network()
        self.asked_until(["portal"])

    def test_a_blocked_port_is_named(self):
        self.world.lab.set(drop_ports=(853,))
        self.to_another_network()
        self.asked_until(["port"])
        self.assertIn("port 853 is blocked", str(self.daemon.status()["summary"]["warnings"]))


class Certificates(Case):
    def interference_with(self, certificate):
        """Of the first upstream's certificate, once both upstreams have been tried."""
        other, good = self.fake(certificate=certificate), self.unbound()
        daemon = self.tacet(self.entry(other.dot_url(), operator="other"), self.entry(good.dot_url(), operator="good"))
        daemon.ask("www.example.com")
        daemon.await_log("upstream .* fails: certificate of")
        return [each["kind"] for each in daemon.status()["path_interference"]]

    def test_an_operators_own_certificate_that_has_expired_is_none(self):
        self.assertEqual(self.interference_with(self.pki.expired()), [])

    def test_the_certificate_of_another_authority_is_one(self):
        self.assertEqual(self.interference_with(self.pki.self_signed()), ["tls"])


if __name__ == "__main__":
    unittest.main()
