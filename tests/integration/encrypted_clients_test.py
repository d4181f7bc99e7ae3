"""Clients that ask over TLS and over HTTPS, with the clients that people use."""
import os
import shutil
import socket
import ssl
import subprocess
import unittest

import dns.message
import dns.query
import dnsclient
import scratch
from case import UnboundCase

import pki


def client_context(authority, *protocols):
    context = ssl.create_default_context(cafile=authority)
    context.set_alpn_protocols(list(protocols))
    return context


class EncryptedCase(UnboundCase):
    """With a way to start a tacet that listens encrypted."""

    def served(self, *kinds, **settings):
        """A tacet with these listeners: the daemon, and the port of each kind."""
        good, ports = self.pki.good(), [scratch.free_port(["127.0.0.1"]) for _ in kinds]
        for kind, port in zip(kinds, ports):
            settings[kind] = {"listen": [f"127.0.0.1:{port}"], "certificate": good.chain, "key": good.key}
        return self.tacet(self.upstream.doh_url(), **settings), *ports

    def tls_client(self, port, *protocols):
        """A connected TLS socket to a local port."""
        plain = socket.create_connection(("127.0.0.1", port), 15)
        return self.enterContext(client_context(self.pki.ca, *protocols).wrap_socket(plain, server_hostname=pki.NAME))


class OverTls(EncryptedCase):
    def test_kdig_gets_an_answer_and_verifies_us(self):
        _, port = self.served("tls")
        said = subprocess.run(["kdig", "@127.0.0.1", "-p", str(port), f"+tls-ca={self.pki.ca}", f"+tls-hostname={pki.NAME}", "+padding",
                               "www.example.com"], capture_output=True, text=True, timeout=30).stdout
        self.assertIn("status: NOERROR", said)
        self.assertRegex(said, r"TLS session \(TLS1\.3\)")
        self.assertIn("; PADDING:", said)

    def test_many_queries_on_one_connection_are_answered_and_padded_to_blocks_of_468_octets(self):
        daemon, port = self.served("tls")
        queries = {number: dnsclient.query(f"p{number}.many.example.com", edns=True) for number in range(100)}
        with self.tls_client(port, "dot") as client:
            self.assertEqual(client.selected_alpn_protocol(), "dot")
            for number, query in queries.items():
                query.id = 1000 + number
                wire = query.to_wire()
                client.sendall(len(wire).to_bytes(2, "big") + wire)
            stream = client.makefile("rb")
            for _ in range(len(queries)):
                wire = stream.read(int.from_bytes(stream.read(2), "big"))
                response = dns.message.from_wire(wire)
                self.assertEqual(response.question, queries.pop(response.id - 1000).question)
                self.assertEqual(len(wire) % 468, 0)
        status = daemon.status()
        self.assertEqual(status["queries"]["tls"], 100)

    def test_a_client_without_edns_gets_no_padding(self):
        _, port = self.served("tls")
        answer = dns.query.tls(dnsclient.query("www.example.com", edns=False), "127.0.0.1", port=port, timeout=15,
                               ssl_context=client_context(self.pki.ca), server_hostname=pki.NAME)
        self.assertLess(len(answer.to_wire()), 468)

    def test_a_client_resumes_its_session_by_a_ticket(self):
        _, port = self.served("tls")
        context = client_context(self.pki.ca, "dot")
        wire = dnsclient.query("www.example.com").to_wire()
        session = None
        for resumed in (False, True):
            with context.wrap_socket(socket.create_connection(("127.0.0.1", port), 15), server_hostname=pki.NAME, session=session) as client:
                client.sendall(len(wire).to_bytes(2, "big") + wire)
                self.assertTrue(client.recv(2048))
                session = client.session
                self.assertEqual(client.session_reused, resumed)

    def test_a_client_of_another_protocol_is_turned_away(self):
        _, port = self.served("tls")
        with self.assertRaisesRegex(ssl.SSLError, "(?i)no.application.protocol"):
            self.tls_client(port, "h2")

    def test_old_versions_of_tls_are_refused(self):
        _, port = self.served("tls")
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
        self.assertIn("alert protocol version", done.stderr)


class Certificates(EncryptedCase):
    def served_with_own_files(self, certificate):
        """A tacet with copies of this certificate: the daemon, the port and a function that replaces the files."""
        folder = self.enterContext(scratch.directory())
        own = pki.Certificate(os.path.join(folder, "server.pem"), os.path.join(folder, "server.key"))

        def replace(*pair):
            for source, target in zip(pair, own):
                shutil.copy(source, target + ".new")
                os.rename(target + ".new", target)

        replace(*certificate)
        port = scratch.free_port(["127.0.0.1"])
        daemon = self.tacet(self.upstream.doh_url(), tls={"listen": [f"127.0.0.1:{port}"], "certificate": own.chain, "key": own.key})
        return daemon, port, replace

    def serial(self, port):
        context = ssl.create_default_context(cafile=self.pki.ca)
        context.check_hostname = False
        with context.wrap_socket(socket.create_connection(("127.0.0.1", port), 15)) as client:
            return client.getpeercert()["serialNumber"]

    def test_a_renewed_pair_is_used_at_once(self):
        daemon, port, replace = self.served_with_own_files(self.pki.good())
        before = self.serial(port)
        replace(*self.pki.named("DNS:renewed.test"))
        daemon.await_log("have changed and were read again")
        self.assertNotEqual(self.serial(port), before)

    def test_a_pair_that_does_not_fit_is_refused_and_the_former_one_stays(self):
        daemon, port, replace = self.served_with_own_files(self.pki.good())
        before = self.serial(port)
        replace(self.pki.named("DNS:a.test").chain, self.pki.named("DNS:b.test").key)
        daemon.await_log("does not fit the certificate.*The former certificate stays in use")
        self.assertEqual(self.serial(port), before)

    def test_a_start_with_an_unusable_pair_is_refused_and_says_why(self):
        good, other = self.pki.good(), self.pki.named("DNS:other.test")
        with self.assertRaisesRegex(AssertionError, "does not fit the certificate"):
            self.tacet(self.upstream.doh_url(), tls={"listen": ["127.0.0.1:0853"], "certificate": good.chain, "key": other.key})


if __name__ == "__main__":
    unittest.main()
