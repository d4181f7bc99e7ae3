"""Link-local addresses with their interface, as routers announce themselves: fe80::1%eth0."""
import subprocess
import unittest

import netlab
import scratch
import servers
from case import Case

LAN = """$ORIGIN lan.
@ 300 SOA ns hostmaster 1 3600 900 604800 60
@ 300 NS ns
ns 300 A 192.168.1.1
nas 300 A 192.168.1.5
"""
BOOTSTRAP = """$ORIGIN test.
@ 300 SOA ns hostmaster 1 3600 900 604800 60
@ 300 NS ns
ns 300 A 127.0.0.1
dns 300 CNAME server
server 300 A 127.0.0.1
"""


@unittest.skipIf(netlab.why_not(), netlab.why_not())
class LinkLocal(Case):
    def setUp(self):
        self.namespace = self.enterContext(netlab.Namespace())

    def link(self, name):
        for words in (("tuntap", "add", "dev", name, "mode", "tun"), ("link", "set", name, "up")):
            subprocess.run(["ip", "-n", self.namespace.name, *words], check=True)
        for number in (1, 2):
            self.namespace.give(name, f"fe80::{number}")

    def router(self, *addresses):
        return self.unbound(addresses=addresses, command=self.namespace.command(),
                            zones={"lan.": LAN, "test.": BOOTSTRAP, servers.ORIGIN: servers.ZONE})

    def daemon(self, *upstreams, **settings):
        made = self.tacet(*upstreams, command=self.namespace.command(), **settings)
        self.addCleanup(made.__exit__, None)  # before the namespace ends it
        return made

    def dig(self, name, server="127.0.0.1"):
        return self.namespace.run(["dig", "+tries=1", "+time=6", "+short", f"@{server}", name], capture_output=True, text=True).stdout.strip()

    def test_a_zone_an_upstream_a_listener_and_its_clients_are_found_by_their_link(self):
        self.link("v0")
        router = self.router("fe80::1%v0")
        for upstream in (f"tls://[fe80::1%25v0]:{router.dot_port}", f"https://[fe80::1%v0]:{router.doh_port}/dns-query"):
            daemon = self.daemon(upstream, listen=["127.0.0.1:53", "[fe80::2%v0]:53"], allow=["fe80::%v0/64"],
                                 forward={"lan": [f"[fe80::1%v0]:{router.plain_port}"]})
            self.assertEqual(self.dig("nas.lan"), "192.168.1.5", daemon.log())
            self.assertEqual(self.dig("www.example.com"), servers.ADDRESS, daemon.log())
            self.assertEqual(self.dig("www.example.com", "fe80::2%v0"), servers.ADDRESS, daemon.log())
            daemon.stop()

    def test_an_upstreams_name_is_looked_up_at_a_router_of_the_link(self):
        self.link("v0")
        router = self.router("fe80::1%v0", "127.0.0.1")
        daemon = self.daemon(self.entry(f"tls://dns.test:{router.dot_port}"), bootstrap=[f"[fe80::1%v0]:{router.plain_port}"])
        self.assertEqual(self.dig("www.example.com"), servers.ADDRESS, daemon.log())

    def test_an_interface_that_comes_later_is_used_when_it_is_there(self):
        port = 5399
        daemon = self.daemon("tls://127.0.0.1:1", forward={"lan": [f"[fe80::1%late]:{port}"]})
        self.assertEqual(self.dig("nas.lan"), "")
        self.assertIn("there is no interface late now", daemon.log())
        self.link("late")
        self.enterContext(servers.Unbound(self.directory, self.pki.good(), addresses=("fe80::1%late",), ports=(port, 5398, 5397),
                                          zones={"lan.": LAN}, command=self.namespace.command()))
        scratch.eventually(lambda: self.dig("nas.lan") == "192.168.1.5", within=10, what=daemon.log)


if __name__ == "__main__":
    unittest.main()
