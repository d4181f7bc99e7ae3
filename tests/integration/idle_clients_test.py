"""What an idle client over TLS or HTTPS costs. TACET_IDLE_CLIENTS says how many there are; without it there are 200, over TLS only."""
import os
import resource
import socket
import ssl
import unittest

import dns.message
import dnsclient
import h2.config
import h2.connection
import h2_raw
import sanitizer
import scratch
from case import UnboundCase
from encrypted_case import base64url, client_context

LONG = "TACET_IDLE_CLIENTS" in os.environ
CLIENTS = int(os.environ.get("TACET_IDLE_CLIENTS", "200"))
WARM = 50  # clients before the first measurement, so that what all share is there


@sanitizer.unless_built_with_one("it measures memory")
class IdleClients(UnboundCase):
    """The bars are octets for each client. OpenSSL 3.0 alone keeps 13 KiB of each, OpenSSL 3.5 twice as much: a record layer of
    4.4 KB for each direction, and 6 KB of the client's share in a hybrid key exchange. No setting of it lets them go."""

    TLS_BAR, HTTPS_BAR = (19000, 35000) if ssl.OPENSSL_VERSION_INFO < (3, 5) else (36000, 47000)

    def setUp(self):
        self.needed = CLIENTS + WARM + 200
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard not in (resource.RLIM_INFINITY,) and hard < self.needed:
            self.skipTest(f"needs {self.needed} descriptors, and this machine allows {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, self.needed), hard))
        good = self.pki.good()
        self.ports = {kind: scratch.free_port(["127.0.0.1"]) for kind in ("tls", "https")}
        listeners = {kind: {"listen": [f"127.0.0.1:{port}"], "certificate": good.chain, "key": good.key} for kind, port in self.ports.items()}
        self.daemon = self.tacet(self.upstream.doh_url(), workers=1, limits={"tcp_clients": self.needed}, **listeners)
        self.daemon.ask("www.example.com")

    def test_over_tls(self):
        wire = dnsclient.query("www.example.com").to_wire()
        self.judge("tls", "dot", len(wire).to_bytes(2, "big") + wire, self.TLS_BAR)

    def test_over_tls_behind_a_burst(self):
        """200 KB of answers leave no buffers behind, but some pages between those of others."""
        wire = dnsclient.query("long.example.com", "TXT").to_wire()
        self.daemon.exchange(dns.message.from_wire(wire), tcp=True)
        frame = len(wire).to_bytes(2, "big") + wire
        self.judge("tls", "dot", frame * 50, self.TLS_BAR + 6000, answer=50 * 4000)

    @unittest.skipUnless(LONG, "one of both suffices for a short run")
    def test_over_https(self):
        http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        http.initiate_connection()
        path = "/dns-query?dns=" + base64url(dnsclient.query("www.example.com").to_wire())
        http.send_headers(1, [(":method", "GET"), (":scheme", "https"), (":authority", "127.0.0.1"), (":path", path)], end_stream=True)
        self.judge("https", "h2", http.data_to_send(), self.HTTPS_BAR, again=h2_raw.frame(h2_raw.PING, payload=bytes(8)))

    def judge(self, kind, protocol, question, bar, again=None, answer=1):
        """Connects clients that ask each and stay, and compares the memory. The answer has so many octets at least. `again` keeps a
        connection."""
        context = client_context(self.pki.ca, protocol)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        clients = []

        def connect(count):
            for _ in range(count):
                clients.append(context.wrap_socket(socket.create_connection(("127.0.0.1", self.ports[kind]), 30)))
                clients[-1].sendall(question)
                received = 0
                while received < answer:
                    received += len(clients[-1].recv(65536)) or self.fail("the connection has ended")
                if len(clients) % 1000 == 0:  # a busy machine takes a minute for all of them, and then the first ones are closed
                    for client in clients:
                        client.sendall(again or question)
                        self.assertTrue(client.recv(4096))
            scratch.eventually(lambda: self.daemon.status()[f"{kind}_clients"] == len(clients), 30)
            return self.resident()

        try:
            each = (connect(WARM) * -1 + connect(CLIENTS)) / CLIENTS
            print(f"{each:.0f} octets for each of {CLIENTS} idle clients over {protocol}", flush=True)
            self.assertLess(each, bar)
        finally:
            for client in clients:
                client.close()

    def resident(self):
        """Octets of memory that the daemon has."""
        with open(f"/proc/{self.daemon.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    unittest.main()
