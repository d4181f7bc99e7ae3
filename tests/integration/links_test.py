"""Machines with several links: by which of them a reply leaves."""
import socket
import unittest

import dns.message
import dnsclient
import netlab
import servers
from case import Case


class Links(Case):
    """A server and a client with two links between them, where nothing but the routing tables says which one is used."""

    NETS = (("0", "10.71.0", "fd71:0"), ("1", "10.71.1", "fd71:1"))

    def setUp(self):
        if netlab.why_not():
            self.skipTest(netlab.why_not())
        self.server = self.enterContext(netlab.Namespace("server"))
        self.client = self.enterContext(netlab.Namespace("client"))
        for number, v4, v6 in self.NETS:
            self.server.run(["ip", "link", "add", f"s{number}", "type", "veth", "peer", "name", f"c{number}", "netns", self.client.name], check=True)
            for place, device, last in ((self.server, f"s{number}", 1), (self.client, f"c{number}", 2)):
                self.settle(place, "sysctl", "-qw", f"net.ipv6.conf.{device}.accept_dad=0")
                self.settle(place, "ip", "link", "set", device, "up")
            for place, device, last in ((self.server, f"s{number}", 1), (self.client, f"c{number}", 2)):
                for address in (f"{v4}.{last}", f"{v6}::{last}"):
                    place.give(device, address)
        for place in (self.server, self.client):
            for device in ("all", "default", *(f"{'s' if place is self.server else 'c'}{number}" for number, *_ in self.NETS)):
                # A way back that differs from the way there is no fault; and each link knows its own addresses only.
                self.settle(place, "sysctl", "-qw", f"net.ipv4.conf.{device}.rp_filter=0", f"net.ipv4.conf.{device}.arp_ignore=1",
                            f"net.ipv4.conf.{device}.arp_announce=2")
        self.upstream = self.unbound(command=self.server.command())

    def settle(self, place, *command):
        place.run(command, check=True)

    def asked(self, source, server, name, scope=0):
        """The response to a query from one address to another in the client's namespace."""
        def ask():
            family = socket.AF_INET6 if ":" in server else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
                if source:
                    datagrams.bind((source, 0))
                datagrams.settimeout(5)
                datagrams.sendto(dnsclient.query(name).to_wire(), (server, 53, 0, scope) if scope else (server, 53))
                try:
                    return dns.message.from_wire(datagrams.recv(65535))
                except TimeoutError:
                    return None

        return self.client.call(ask)

    def test_a_reply_goes_where_the_routing_table_says_not_where_the_query_came_from(self):
        daemon = self.tacet(self.upstream.dot_url(), command=self.server.command(), listen=["0.0.0.0:53", "[::]:53"],
                            allow=["10.0.0.0/8", "fd00::/8", "fe80::/10"])
        # The client's own address is behind its second link only; it asks by the first one.
        for roaming, back in (("10.72.0.9", "10.71.1.2"), ("fd72::9", "fd71:1::2")):
            self.client.give("lo", roaming, 128 if ":" in roaming else 32)
            self.settle(self.server, "ip", "route", "add", roaming, "via", back)
        for source, server in (("10.72.0.9", "10.71.0.1"), ("fd72::9", "fd71:0::1")):
            for name in ("www.example.com", "www.example.com", "a.many.example.com"):  # fetched, kept, fetched
                response = self.asked(source, server, name)
                self.assertIsNotNone(response, f"{source} asked {server} for {name}, and heard nothing\n{daemon.log()}")
                self.assertTrue(dnsclient.addresses(response), response)
        self.assertEqual(daemon.status()["events"]["send_failures"], 0)

    def test_a_link_local_client_is_answered_on_its_link_by_wildcard_sockets(self):
        daemon = self.tacet(self.upstream.dot_url(), command=self.server.command(), listen=["[::]:53"], allow=["fe80::/10", "fd00::/8"])
        for number, _, v6 in self.NETS:
            self.server.give(f"s{number}", "fe80::53")  # the same on both
            self.client.give(f"c{number}", "fe80::99")
            shown = self.client.run(["cat", f"/sys/class/net/c{number}/ifindex"], capture_output=True, text=True, check=True)
            scope = int(shown.stdout)
            for source in ("", f"{v6}::2"):
                for name in ("www.example.com", f"n{number}{len(source)}.many.example.com"):
                    response = self.asked(source, "fe80::53", name, scope)
                    self.assertIsNotNone(response, f"{source or 'a link-local address'} on link {number}, {name}\n{daemon.log()}")
                    self.assertTrue(dnsclient.addresses(response), response)
        self.assertEqual(servers.ADDRESS, dnsclient.addresses(self.asked("", "fd71:0::1", "www.example.com"))[0])


if __name__ == "__main__":
    unittest.main()
