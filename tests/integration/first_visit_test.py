"""A browser asks for the key of ECH and for the addresses of a name at once: the addresses must not be there long before the key."""
import socket
import time
import unittest

import dns.message
import dns.rdatatype
import dnsclient
import h2.config
import h2.connection
import h2.events
import pki
import scratch
from case import Case
from encrypted_case import base64url, client_context
from fake_upstream import ANSWER, Behaviour

NAME = "www.example.com"
PATIENCE = 0.25


class FirstVisit(Case):
    def setUp(self):
        good = self.pki.good()
        self.ports = {kind: scratch.free_port(["127.0.0.1"]) for kind in ("tls", "https")}
        self.fake = self.fake(lambda received: Behaviour("hold") if received.kind == "HTTPS" else ANSWER)
        listeners = {kind: {"listen": [f"127.0.0.1:{port}"], "certificate": good.chain, "key": good.key} for kind, port in self.ports.items()}
        self.daemon = self.tacet(self.fake.doh_url(), exposure={"mode": "off"}, **listeners)

    def connect(self, kind, protocol):
        plain = socket.create_connection(("127.0.0.1", self.ports[kind]), 15)
        return self.enterContext(client_context(self.pki.ca, protocol).wrap_socket(plain, server_hostname=pki.NAME))

    def test_over_tls(self):
        client = self.connect("tls", "dot")
        stream = client.makefile("rb")

        def ask(*queries):
            client.sendall(b"".join(len(wire).to_bytes(2, "big") + wire for wire in queries))

        self.judge(ask, lambda: stream.read(int.from_bytes(stream.read(2), "big")))

    def test_over_https(self):
        client = self.connect("https", "h2")
        http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        http.initiate_connection()
        answers, bodies = [], {}

        def ask(*queries):
            for wire in queries:
                path = "/dns-query?dns=" + base64url(wire)
                http.send_headers(http.get_next_available_stream_id(), [(":method", "GET"), (":scheme", "https"), (":authority", pki.NAME), (":path", path)],
                                  end_stream=True)
            client.sendall(http.data_to_send())

        def answer():
            while not answers:
                for event in http.receive_data(client.recv(65536)):
                    if isinstance(event, h2.events.DataReceived):
                        bodies[event.stream_id] = bodies.get(event.stream_id, b"") + event.data
                    if isinstance(event, h2.events.StreamEnded):
                        answers.append(bodies[event.stream_id])
            return answers.pop(0)

        self.judge(ask, answer)

    def judge(self, ask, answer):
        """`ask` sends queries, `answer` waits for the next message."""
        keys, addresses = (dnsclient.query(NAME, kind, edns=True).to_wire() for kind in ("HTTPS", "A"))
        self.daemon.ask(NAME)  # now the addresses are kept
        begun = time.monotonic()
        ask(keys, addresses)
        self.assertEqual(self.question(answer()), f"{NAME}. A")  # the key never comes
        self.assertGreaterEqual(time.monotonic() - begun, PATIENCE)
        other = "new.example.com"
        begun = time.monotonic()
        ask(*(dnsclient.query(other, kind, edns=True).to_wire() for kind in ("HTTPS", "AAAA", "A")))
        scratch.eventually(lambda: self.fake.count(f"{other}.", "A") and self.fake.count(f"{other}.", "AAAA"), 20)
        self.fake.release()
        answered = [self.question(answer()) for _ in range(3 + 1)]  # with the key of the first name
        waited = time.monotonic() - begun
        order = [answered.index(f"{other}. {kind}") for kind in ("HTTPS", "AAAA", "A")]
        if waited < PATIENCE:
            self.assertEqual(order[0], min(order), answered)

    @staticmethod
    def question(wire):
        asked = dns.message.from_wire(wire).question[0]
        return f"{asked.name} {dns.rdatatype.to_text(asked.rdtype)}"


if __name__ == "__main__":
    unittest.main()
