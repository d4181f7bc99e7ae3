"""DNS over QUIC by IPv6, by one interface or address, and as the way out of a network that blocks TCP. Skipped where OpenSSL has no QUIC."""
import json
import os
import socket
import time
import unittest

import dnsclient
import knot
import netlab
import pki
import scratch
import tacet
from case import Case
from doq_test import WHY_NOT
from filter_proxy import FilterProxy, anything, nothing
from via_test import SERVER, Links
from wire import Wire


class Ways(Case):
    def knot(self, *addresses, **options):
        return self.enterContext(knot.Knot(self.directory, self.pki.good(), addresses=addresses or ("127.0.0.1",), **options))

    def answer(self, daemon):
        return dnsclient.addresses(daemon.ask(f"a{time.monotonic_ns()}.many.example.com"))

    def assert_answers(self, daemon):
        self.assertEqual(self.answer(daemon), ["192.0.2.7"], daemon.log())

    @staticmethod
    def paths(daemon, key):
        """Of the connections that have answered."""
        return {one["path"][key] for upstream in daemon.status()["upstreams"] for one in upstream["connections"] if one["answers"] and one["path"]}


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Addresses(Ways):
    def test_it_answers_by_an_ipv6_address_and_by_a_name_whose_other_family_is_dead(self):
        server = self.knot("::1")
        self.assertTrue(server.quic_url().startswith("quic://[::1]:"))
        daemon = self.tacet(server.quic_url())
        self.assert_answers(daemon)
        self.assertEqual(self.paths(daemon, "family"), {"IPv6"})
        daemon = self.tacet(self.entry(server.quic_url(pki.NAME), "127.0.0.1", "::1"))
        self.assert_answers(daemon)
        self.assertEqual(self.paths(daemon, "family"), {"IPv6"})

    def test_query_asks_by_an_ipv6_address(self):
        server = self.knot("::1")
        config = os.path.join(self.directory, "query.yaml")
        with open(config, "w", encoding="ascii") as file:
            json.dump({"upstreams": [self.entry(server.quic_url())]}, file)
        done = self.child_output(tacet.BINARY, "query", "www.example.com", "--config", config)
        self.assertIn(f"[::1]:{server.quic_port}", done)

    def child_output(self, *words):
        child = self.child(*words, stdout=-1, text=True)
        said = child.communicate(timeout=30)[0]
        self.assertEqual(child.returncode, 0, said)
        return said


@unittest.skipIf(WHY_NOT or netlab.why_not(), WHY_NOT or netlab.why_not())
class Via(Ways):
    def test_no_packet_leaves_by_another_interface_and_a_missing_one_is_no_network(self):
        links = Links(self)
        server = self.knot(SERVER, command=links.server.command(), ports=(53, 853, 8853))
        main, side = (self.enterContext(Wire(links.client.name, device)) for device in ("main", "side"))
        Links._run(links.client, "ip rule add from 10.72.0.2 lookup 72")
        Links._run(links.client, "ip route add default via 10.72.0.1 dev side table 72")
        for via in ({"address": "10.72.0.2"}, {"interface": "side"}):
            daemon = self.tacet(self.entry(server.quic_url(), via=via), command=links.client.command())
            for _ in range(5):
                self.assertEqual(links.client.call(lambda: self.answer(daemon)), ["192.0.2.7"], daemon.log())
            self.assertEqual(self.paths(daemon, "interface"), {"side"})
            self.assertNotEqual(daemon.status()["confinement"]["user"], "root")
            if "address" in via:
                daemon.stop()
        scratch.eventually(lambda: side.sent["udp", SERVER, 853] > 0)
        links.remove("side")
        scratch.eventually(lambda: links.client.call(lambda: self.answer(daemon)) == [])
        self.assertIn("there is no interface side now", daemon.status()["upstreams"][0]["last_error"])
        links.add("side")
        scratch.eventually(lambda: links.client.call(lambda: self.answer(daemon)) == ["192.0.2.7"])
        self.assertEqual(main.to_address(SERVER), 0)


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Ladder(Ways):
    """An operator with an entry over TLS and one over QUIC: each is the way out where the network blocks the other."""

    def entries(self, server, tls_port, quic_port):
        return (self.entry(f"tls://{pki.NAME}:{tls_port}", "127.0.0.1", operator="one"),
                self.entry(f"quic://{pki.NAME}:{quic_port}", "127.0.0.1", operator="one"))

    def assert_passes(self, daemon, blocked, used):
        """Names are answered by `used`, which is proven and said; no entry has climbed."""
        begun = time.monotonic()
        self.assert_answers(daemon)
        print(f"first answer by {used}: {time.monotonic() - begun:.3f} s", flush=True)
        line = daemon.await_log("this network seems to block")
        self.assertIn(blocked, line)
        self.assertIn(f"tacet uses {used} of the same operator", line)
        ladders = {upstream["id"]: upstream["ladder"] for upstream in daemon.status()["upstreams"]}
        self.assertEqual([ladders[url]["rung"] for url in (blocked, used)], ["configured", "configured"])
        self.assertTrue(ladders[blocked]["blocked_by"])
        self.assertIsNone(ladders[used]["blocked_by"])
        self.assert_answers(daemon)

    def test_where_tcp_is_blocked_names_come_by_quic(self):
        for silently in (False, True):
            server = self.knot()
            # At one port, as usual: 853.
            way = self.enterContext(FilterProxy(("127.0.0.1", server.tls_port), anything, silently, port=server.quic_port))
            tls, quic = self.entries(server, way.port, server.quic_port)
            self.assert_passes(self.tacet(tls, quic), tls["url"], quic["url"])

    def test_where_udp_is_dropped_names_come_by_tls_and_no_proxy_is_asked_by_udp(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hole, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as proxy:
            for each in (hole, proxy):
                each.bind(("127.0.0.1", 0))
            server = self.knot()
            way = self.enterContext(FilterProxy(("127.0.0.1", server.tls_port), nothing, port=hole.getsockname()[1]))
            tls, quic = self.entries(server, way.port, way.port)
            daemon = self.tacet(quic, tls, ladder_proxy=f"socks5://127.0.0.1:{proxy.getsockname()[1]}")
            self.assert_passes(daemon, quic["url"], tls["url"])
            proxy.setblocking(False)
            with self.assertRaises(BlockingIOError):
                proxy.recv(2048)


if __name__ == "__main__":
    unittest.main()
