"""Upstreams and zones that leave this machine by one interface or address: never by another, and back as soon as it is."""
import json
import os
import time
import unittest

import dns.rcode
import dnsclient
import netlab
import sanitizer
import scratch
import servers
import tacet
from case import Case
from wire import Wire

SERVER = "10.9.0.2"  # in the server's namespace, reached by both links


class Links:
    """A client and a server with two links between them. The routing table prefers the first one, "main"."""

    def __init__(self, case):
        self.client = case.enterClassContext(netlab.Namespace("client"))
        self.server = case.enterClassContext(netlab.Namespace("server"))
        self._run(self.server, "ip addr add 10.9.0.2/32 dev lo")
        for device in ("main", "side"):
            self.add(device)

    @staticmethod
    def _run(place, words):
        place.run(words.split(), check=True)

    def add(self, device):
        number, metric = ("71", 100) if device == "main" else ("72", 200)
        self._run(self.client, f"ip link add {device} type veth peer name {device} netns {self.server.name}")
        for place, last in ((self.client, 2), (self.server, 1)):
            self._run(place, f"ip addr add 10.{number}.0.{last}/24 dev {device}")
            self._run(place, f"sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.{device}.rp_filter=0")
            self._run(place, f"ip link set {device} up")
        self._run(self.client, f"ip route add default via 10.{number}.0.1 dev {device} metric {metric}")

    def remove(self, device):
        self._run(self.client, f"ip link del {device}")

    def down(self, device):
        self._run(self.client, f"ip link set {device} down")

    def up(self, device):
        """Its addresses stayed, its routes did not."""
        number, metric = ("71", 100) if device == "main" else ("72", 200)
        self._run(self.client, f"ip link set {device} up")
        self._run(self.client, f"ip route replace default via 10.{number}.0.1 dev {device} metric {metric}")


@unittest.skipIf(netlab.why_not(), netlab.why_not())
class Via(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.links = Links(cls)
        cls.upstream = cls.enterClassContext(servers.Unbound(cls.directory, cls.pki.good(), addresses=(SERVER,),
                                                             command=cls.links.server.command()))
        cls.plain = f"{SERVER}:{cls.upstream.plain_port}"

    def setUp(self):
        self.main, self.side = (self.enterContext(Wire(self.links.client.name, device)) for device in ("main", "side"))

    def daemon(self, *entries, **settings):
        return self.tacet(*entries, command=self.links.client.command(), **settings)

    def ask(self, daemon, name, kind="A", **options):
        return self.links.client.call(lambda: daemon.ask(name, kind, **options))

    def assert_answers(self, daemon, name):
        self.assertEqual(dnsclient.addresses(self.ask(daemon, name)), ["192.0.2.7"], daemon.log())

    def await_answer(self, daemon, word):
        """Seconds until a fresh name has an answer."""
        begun = time.monotonic()
        scratch.eventually(lambda: self.ask(daemon, f"{word}{time.monotonic_ns()}.many.example.com").rcode() == dns.rcode.NOERROR)
        return time.monotonic() - begun

    def test_dot_doh_and_plain_dns_leave_by_their_interface_or_address_and_by_no_other(self):
        for via in ({"interface": "side"}, {"address": "10.72.0.2"}):
            with self.subTest(via=via):
                if "address" in via:  # an address alone moves no packet: the routing table must know it
                    Links._run(self.links.client, "ip rule add from 10.72.0.2 lookup 72")
                    Links._run(self.links.client, "ip route add default via 10.72.0.1 dev side table 72")
                before = self.main.to_address(SERVER)
                for url in (self.upstream.dot_url(), self.upstream.doh_url()):
                    daemon = self.daemon(self.entry(url, via=via), forward={"plain.many.example.com": {"servers": [self.plain], "via": via}})
                    for number in range(5):
                        self.assert_answers(daemon, f"a{number}.many.example.com")
                        self.assert_answers(daemon, f"a{number}.plain.many.example.com")
                    self.assertEqual(daemon.status()["upstreams"][0]["connections"][0]["path"]["interface"], "side")
                    if not sanitizer.BUILT_WITH:  # such a build keeps its user
                        self.assertNotEqual(daemon.status()["confinement"]["user"], "root")
                    self.assertIn(", by side,", daemon.verb("status").stdout)
                    daemon.stop()
                self.assertEqual(self.main.to_address(SERVER), before)
        scratch.eventually(lambda: self.side.to_address(SERVER) > 0)

    def test_an_answer_too_large_for_udp_comes_by_the_zones_interface_too(self):
        daemon = self.daemon(self.entry(self.upstream.dot_url()), forward={"long.example.com": {"servers": [self.plain], "via": {"interface": "side"}}})
        self.assertEqual(self.ask(daemon, "long.example.com", "TXT", tcp=True).rcode(), dns.rcode.NOERROR)
        self.assertGreater(self.side.sent["tcp", SERVER, self.upstream.plain_port], 0)
        self.assertEqual(self.main.to_port(self.upstream.plain_port), 0)

    def test_a_missing_interface_is_no_network_for_its_own_upstream_only_and_its_return_is_seen(self):
        daemon = self.daemon(self.entry(self.upstream.dot_url(), via={"interface": "side"}), forward={"plain.many.example.com": [self.plain]})
        self.assert_answers(daemon, "before.many.example.com")
        waits = []
        for trial, (leave, come) in enumerate(((self.links.remove, self.links.add), (self.links.down, self.links.up))):
            before = self.main.to_port(self.upstream.dot_port)
            leave("side")
            scratch.eventually(lambda: self.ask(daemon, f"gone{trial}-{time.monotonic_ns()}.many.example.com").rcode() == dns.rcode.SERVFAIL)
            self.assert_answers(daemon, f"other{trial}.plain.many.example.com")
            if leave == self.links.remove:
                self.assertIn("there is no interface side now", daemon.status()["upstreams"][0]["last_error"])
            time.sleep(0.5)  # it is away for a while
            come("side")
            waits.append(self.await_answer(daemon, f"back{trial}-"))
            self.assertEqual(self.main.to_port(self.upstream.dot_port), before)
        print("first answer after the interface's return:", *(f"{wait:.3f}" for wait in waits), "s")
        self.assertLessEqual(min(waits), 0.5)
        self.assertEqual(self.main.to_port(self.upstream.dot_port), 0)

    def test_an_interface_that_comes_late_serves_the_start_too_and_a_reload_takes_another(self):
        self.links.remove("side")
        daemon = self.daemon(self.entry(self.upstream.dot_url(), via={"interface": "side"}))
        self.assertEqual(self.ask(daemon, "early.many.example.com").rcode(), dns.rcode.SERVFAIL)
        self.links.add("side")
        self.await_answer(daemon, "late")
        self.assertEqual(self.main.to_address(SERVER), 0)
        daemon.settings["upstreams"][0]["via"] = {"interface": "main"}
        daemon.write()
        self.assertEqual(daemon.verb("reload").returncode, 0)
        self.assert_answers(daemon, "moved.many.example.com")
        self.assertGreater(self.main.to_port(self.upstream.dot_port), 0)

    def test_query_leaves_by_the_interface_of_the_command_line(self):
        config = os.path.join(self.directory, "query.yaml")
        with open(config, "w", encoding="ascii") as file:
            json.dump({"upstreams": [self.entry(self.upstream.dot_url())]}, file)
        done = self.links.client.run([tacet.BINARY, "query", "www.example.com", "--config", config, "--via", "side"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("by side, connected in", done.stdout)
        self.assertEqual(self.main.to_address(SERVER), 0)


if __name__ == "__main__":
    unittest.main()
