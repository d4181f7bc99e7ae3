"""Servers before this one that tell the client's address (PROXY protocol, version 2), and the name that this one tells."""
import json
import os
import socket
import ssl
import unittest

import dns.edns
import dns.message
import dns.rcode
import dnsclient
import scratch
from case import UnboundCase

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
FRONT_END = "127.0.0.9"
NSID = 3


def proxied(client, octets=b""):
    """The header of a front end that passes `octets` on for `client`."""
    addresses = socket.inet_aton(client) + socket.inet_aton("192.0.2.53") + (40000).to_bytes(2, "big") + (53).to_bytes(2, "big")
    return SIGNATURE + b"\x21\x12" + len(addresses).to_bytes(2, "big") + addresses + octets


LOCAL = SIGNATURE + b"\x20\0\0\0"


class FrontEnd(UnboundCase):
    def served(self, **settings):
        good, self.tls = self.pki.good(), scratch.free_port(["127.0.0.1"])
        self.log_file = os.path.join(self.enterContext(scratch.directory()), "queries.log")
        os.chmod(os.path.dirname(self.log_file), 0o777)
        return self.tacet(self.upstream.doh_url(), proxy_protocol=[FRONT_END], allow=["198.51.100.0/24"], query_log={"to": self.log_file},
                          tls={"listen": [f"127.0.0.1:{self.tls}"], "certificate": good.chain, "key": good.key}, **settings)

    def logged(self, count):
        def lines():
            with open(self.log_file, encoding="utf-8") as file:
                found = [json.loads(line) for line in file]
            return found if len(found) >= count else None
        return [(line["transport"], line["client"]) for line in scratch.eventually(lines, 20)]

    def by_udp(self, daemon, octets, source=FRONT_END):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
            made.bind((source, 0))
            made.settimeout(10)
            made.sendto(octets, daemon.server)
            return dns.message.from_wire(made.recv(4096))

    def by_stream(self, port, header, wire, *, tls=False, pieces=1, source=FRONT_END):
        with socket.create_connection(("127.0.0.1", port), 10, source_address=(source, 0)) as plain:
            for at in range(0, len(header), max(1, len(header) // pieces)):
                plain.sendall(header[at:at + max(1, len(header) // pieces)])
            stream = plain
            if tls:
                context = ssl.create_default_context(cafile=self.pki.ca)
                stream = self.enterContext(context.wrap_socket(plain, server_hostname="127.0.0.1"))
            stream.sendall(len(wire).to_bytes(2, "big") + wire)
            told = stream.recv(4096)
            return dns.message.from_wire(told[2:]) if len(told) > 2 else None

    def test_the_client_that_the_header_names_is_the_client(self):
        daemon = self.served()
        wire = dnsclient.query("www.example.com").to_wire()
        good, stranger = proxied("198.51.100.7"), proxied("203.0.113.7")
        answers = [self.by_udp(daemon, good + wire), self.by_stream(daemon.port, good, wire), self.by_stream(self.tls, good, wire, tls=True),
                   self.by_stream(self.tls, good, wire, tls=True, pieces=len(good)), self.by_udp(daemon, LOCAL + wire)]
        for answer in answers:
            self.assertEqual((answer.rcode(), len(dnsclient.addresses(answer))), (dns.rcode.NOERROR, 1))
        clients = self.logged(5)
        self.assertEqual([transport for transport, _ in clients], ["udp", "tcp", "tls", "tls", "udp"])
        self.assertEqual([address.partition(":")[0] for _, address in clients], ["198.51.100.7"] * 4 + [FRONT_END])
        self.assertEqual(self.by_udp(daemon, stranger + wire).rcode(), dns.rcode.REFUSED)
        with self.assertRaises((ConnectionError, ssl.SSLError, OSError)):
            self.assertIsNone(self.by_stream(self.tls, stranger, wire, tls=True))

    def test_a_front_end_without_a_header_is_not_served_and_others_need_none(self):
        daemon = self.served()
        wire = dnsclient.query("www.example.com").to_wire()
        self.assertEqual(self.by_udp(daemon, wire, source="127.0.0.1").rcode(), dns.rcode.NOERROR)
        for header in (b"", SIGNATURE + b"\x31\x11\0\0", b"PROXY TCP4 198.51.100.7 192.0.2.53 1 53\r\n"):
            with self.subTest(header), self.assertRaises(TimeoutError):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
                    made.bind((FRONT_END, 0))
                    made.settimeout(0.3)
                    made.sendto(header + wire, daemon.server)
                    made.recv(4096)
        try:
            self.assertIsNone(self.by_stream(daemon.port, b"", wire + bytes(40)))
        except ConnectionError:
            pass
        daemon.await_log(f"{FRONT_END} is in `proxy_protocol`, but does not begin its connections with a PROXY header")
        # Somebody else cannot speak for others.
        self.assertNotEqual(self.by_udp(daemon, proxied("198.51.100.7") + wire, source="127.0.0.1").rcode(), dns.rcode.NOERROR)

    def test_a_header_inside_tls_or_of_a_stranger_ends_the_connection_and_the_log_says_so_once(self):
        daemon = self.served()
        header, wire = proxied("198.51.100.7"), dnsclient.query("www.example.com").to_wire()
        for source in ("127.0.0.1", FRONT_END):  # the second one is a front end, and its connection does not begin with a header
            with self.assertRaises(OSError), socket.create_connection(("127.0.0.1", self.tls), 10, source_address=(source, 0)) as plain:
                context = ssl.create_default_context(cafile=self.pki.ca)
                with context.wrap_socket(plain, server_hostname="127.0.0.1") as client:
                    client.sendall(header + len(wire).to_bytes(2, "big") + wire)
                    self.assertEqual(client.recv(4096), b"")
                    raise ConnectionError
        daemon.await_log("127.0.0.1 sends a PROXY header where none is taken, so its connection is closed. .* over TLS it must send the header before TLS")
        daemon.await_log(f"{FRONT_END} is in `proxy_protocol`, but does not begin its connections with a PROXY header")

    def test_the_log_says_each_of_it_once_a_minute_however_many_listeners_and_workers_see_it(self):
        daemon = self.served(workers=4)
        header, wire = proxied("198.51.100.7"), dnsclient.query("www.example.com").to_wire()
        for _ in range(20):
            for source, octets, port in (("127.0.0.1", header, daemon.port), (FRONT_END, bytes(16), daemon.port), (FRONT_END, bytes(16), self.tls)):
                with socket.create_connection(("127.0.0.1", port), 10, source_address=(source, 0)) as plain:
                    plain.sendall(octets + len(wire).to_bytes(2, "big") + wire)
                    self.assertIn(self.first_octets(plain), (b"", None))
        for words in ("sends a PROXY header where none is taken", "does not begin its connections with a PROXY header"):
            self.assertEqual(len(daemon.log_lines(words)), 1, daemon.log())

    @staticmethod
    def first_octets(client):
        """What comes; None for a reset."""
        try:
            return client.recv(4096)
        except ConnectionError:
            return None

    def test_a_reload_changes_the_front_ends(self):
        daemon = self.served()
        wire = dnsclient.query("www.example.com").to_wire()
        daemon.settings["proxy_protocol"] = []
        daemon.write()
        self.assertEqual(daemon.verb("reload").returncode, 0)
        self.assertEqual(self.by_udp(daemon, wire).rcode(), dns.rcode.NOERROR)


class Identity(UnboundCase):
    def nsid_of(self, daemon, name, *, asks=True, tcp=False, **options):
        query = dnsclient.query(name, options=[dns.edns.GenericOption(NSID, b"")] if asks else [], **options)
        answer = daemon.exchange(query, tcp=tcp)
        found = [bytes(option.to_wire()) for option in answer.options if int(option.otype) == NSID]
        self.assertLessEqual(len(found), 1)
        return found[0].decode() if found else None

    def test_the_name_of_this_server_is_told_to_clients_that_ask(self):
        daemon = self.tacet(self.upstream.doh_url(), nsid="rack 7")
        for tcp in (False, True):
            for name in ("www.example.com", f"new{tcp}.many.example.com", "www.example.com", "localhost"):
                self.assertEqual(self.nsid_of(daemon, name, tcp=tcp), "rack 7")
                self.assertIsNone(self.nsid_of(daemon, name, tcp=tcp, asks=False))
        self.assertIn('"rack 7"', daemon.dig("CH", "TXT", "id.server", "+short"))
        self.assertIn('"rack 7"', daemon.dig("CH", "TXT", "hostname.bind", "+short"))
        self.assertIn("status: REFUSED", daemon.dig("CH", "TXT", "version.bind"))
        daemon.settings["nsid"] = "auto"
        daemon.write()
        self.assertEqual(daemon.verb("reload").returncode, 0)
        self.assertEqual(self.nsid_of(daemon, "www.example.com"), socket.gethostname()[:64])

    def test_nobody_is_told_by_default(self):
        daemon = self.tacet(self.upstream.doh_url())
        self.assertIsNone(self.nsid_of(daemon, "www.example.com"))
        self.assertIn("status: REFUSED", daemon.dig("CH", "TXT", "id.server"))


if __name__ == "__main__":
    unittest.main()
