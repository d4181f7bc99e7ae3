"""Clients that ask over TLS, and what the encrypted listeners have in common."""
import base64
import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import unittest

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dnsclient
import pki
import scratch
from encrypted_case import EncryptedCase, client_context


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
        self.assertGreaterEqual(daemon.status()["queries"]["tls"], 100)

    def test_a_client_without_edns_gets_no_padding(self):
        _, port = self.served("tls")
        answer = dns.query.tls(dnsclient.query("www.example.com", edns=False), "127.0.0.1", port=port, timeout=15,
                               ssl_context=client_context(self.pki.ca), server_hostname=pki.NAME)
        self.assertLess(len(answer.to_wire()), 468)

    def test_unbound_forwards_to_it(self):
        _, port = self.served("tls")
        own = scratch.free_port(["127.0.0.1"])
        with scratch.directory() as folder:
            config = os.path.join(folder, "unbound.conf")
            with open(config, "w", encoding="ascii") as file:
                file.write(f"""server:
  interface: 127.0.0.1@{own}
  username: ""
  chroot: ""
  pidfile: ""
  directory: "{folder}"
  use-syslog: no
  do-not-query-localhost: no
  module-config: "iterator"
  tls-cert-bundle: "{self.pki.ca}"
  local-zone: "example.com" nodefault
forward-zone:
  name: "."
  forward-tls-upstream: yes
  forward-addr: 127.0.0.1@{port}#{pki.NAME}
""")
            self.child("unbound", "-d", "-c", config, stderr=subprocess.DEVNULL)

            def answer():
                try:
                    return dns.query.udp(dnsclient.query("www.example.com"), "127.0.0.1", port=own, timeout=2)
                except (dns.exception.Timeout, OSError):
                    return None
            self.assertEqual(dnsclient.addresses(scratch.eventually(answer, 20)), ["192.0.2.80"])

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

    def ask_and_end(self, octets, *, goodbye, fin):
        """Sends all in one piece behind the handshake, ends the sending side, and returns what comes until the other side ends, too."""
        _, port = self.served("tls")
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = client_context(self.pki.ca, "dot").wrap_bio(incoming, outgoing, server_hostname=pki.NAME)
        with socket.create_connection(("127.0.0.1", port), 30) as client:  # the idle limit is a minute
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    client.sendall(outgoing.read())
                    incoming.write(client.recv(65536))
            tls.write(octets)
            if goodbye:
                with contextlib.suppress(ssl.SSLWantReadError):
                    tls.unwrap()
            client.sendall(outgoing.read())
            if fin:
                client.shutdown(socket.SHUT_WR)
            while received := client.recv(65536):
                incoming.write(received)
        incoming.write_eof()
        answers = b""
        with contextlib.suppress(ssl.SSLError):  # its end, of one kind or another
            while more := tls.read(65536):
                answers += more
        return answers

    def test_a_client_that_ends_its_sending_side_gets_all_answers_and_then_the_end(self):
        for kind, name, count in (("misses", "n{}g{}f{}.many.example.com", 100), ("hits", "aa.localhost", 512)):  # 512 fill what is read at once
            for goodbye, fin in ((True, True), (True, False), (False, True)):
                with self.subTest(kind, goodbye=goodbye, fin=fin):
                    queries = [dnsclient.query(name.format(number, goodbye, fin), edns=False).to_wire() for number in range(count)]
                    answers = self.ask_and_end(b"".join(len(wire).to_bytes(2, "big") + wire for wire in queries), goodbye=goodbye, fin=fin)
                    found = 0
                    while answers:
                        found, answers = found + 1, answers[2 + int.from_bytes(answers[:2], "big"):]
                    self.assertEqual(found, count)

    def test_a_client_of_another_protocol_is_turned_away(self):
        _, port = self.served("tls")
        with self.assertRaisesRegex(ssl.SSLError, "(?i)no.application.protocol"):
            self.tls_client(port, "h2")

    def test_old_versions_of_tls_are_refused(self):
        _, port = self.served("tls")
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
        self.assertIn("alert protocol version", done.stderr)


class Status(EncryptedCase):
    def test_status_counts_the_queries_and_the_open_connections_of_every_transport(self):
        daemon, tls, https = self.served("tls", "https")
        with self.tls_client(tls, "dot") as dot, self.tls_client(https, "http/1.1") as doh:
            dns.query.send_tcp(dot, dnsclient.query("www.example.com"))
            dns.query.receive_tcp(dot)
            wire = base64.urlsafe_b64encode(dnsclient.query("www.example.com").to_wire()).rstrip(b"=").decode()
            doh.sendall(f"GET /dns-query?dns={wire} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            self.assertTrue(doh.recv(4096).startswith(b"HTTP/1.1 200"))
            self.assertRegex(daemon.verb("status").stdout, r"queries .* by TCP \(0 clients now\), 1 by TLS \(1 clients now\), 1 by HTTPS \(1 clients now\);")


class Designation(EncryptedCase):
    """RFC 9462: a client asks in clear which encrypted resolver it may use instead."""

    def test_https_comes_first_with_its_path_then_tls_and_both_have_port_and_address(self):
        daemon, tls, https = self.served("tls", "https")
        for transport in ("+notcp", "+tcp"):
            said = daemon.dig("_dns.resolver.arpa", "SVCB", "+short", transport)
            first, second = sorted(said.splitlines())
            self.assertEqual(first.split()[:5], ["1", f"{pki.NAME}.", 'alpn="h2"', f"port={https}", "ipv4hint=127.0.0.1"])
            self.assertIn("/dns-query{?dns}", first)
            self.assertEqual(second.split(), ["2", f"{pki.NAME}.", 'alpn="dot"', f"port={tls}", "ipv4hint=127.0.0.1"])

    def test_other_questions_get_no_data_and_nothing_goes_upstream(self):
        daemon, tls = self.served("tls")
        for name, kind in (("_dns.resolver.arpa", "A"), ("_dns.resolver.arpa", "HTTPS"), ("resolver.arpa", "SVCB"), ("x._dns.resolver.arpa", "SVCB")):
            self.assertEqual((daemon.ask(name, kind).rcode(), daemon.ask(name, kind).answer), (dns.rcode.NOERROR, []))
        encrypted = dns.query.tls(dnsclient.query("_dns.resolver.arpa", "SVCB"), "127.0.0.1", port=tls, timeout=15, ssl_context=client_context(self.pki.ca),
                                  server_hostname=pki.NAME)
        self.assertEqual(encrypted.answer, [])  # this client has what it looks for
        self.assertEqual(self.upstream.count("_dns.resolver.arpa.", "SVCB"), 0)


class Certificates(EncryptedCase):
    def served_with_own_files(self, certificate):
        """A tacet with copies of this certificate: the daemon, the port and a function that replaces the files."""
        folder = self.enterContext(scratch.directory())
        own = pki.Certificate(os.path.join(folder, "server.pem"), os.path.join(folder, "server.key"))

        def replace(*pair):
            for source, target in zip(pair, own):
                shutil.copy(source, target + ".new")
                os.chmod(target + ".new", 0o600)  # its owner's: if root started the daemon, it is somebody else by now
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

    def test_we_designate_our_listener_only_while_its_certificate_holds_the_address_that_was_asked(self):
        daemon, port, replace = self.served_with_own_files(self.pki.named("DNS:only.a.name.test"))
        ask = ("_dns.resolver.arpa", "SVCB", "+short", "+dnssec")
        self.assertEqual(daemon.dig(*ask), "")
        replace(*self.pki.good())
        daemon.await_log("have changed and were read again")
        self.assertEqual(daemon.dig(*ask).split(), ["1", f"{pki.NAME}.", 'alpn="dot"', f"port={port}", "ipv4hint=127.0.0.1"])

    def test_one_that_ends_soon_is_told_in_the_log_in_status_and_in_the_metrics(self):
        daemon, _, replace = self.served_with_own_files(self.pki.ending())
        daemon.await_log("The certificate of the tls listener ends within 3 days .* Renew .*server.pem")
        shown = daemon.status()
        self.assertEqual([(each["listener"], each["days_left"]) for each in shown["certificates"]], [("tls", 2)])
        self.assertEqual(len(shown["summary"]["warnings"]), 1, shown["summary"])
        self.assertRegex(daemon.verb("status").stdout, r"(?m)^certificate of the tls listener until \d{4}-\d\d-\d\d, 2 more days$")
        replace(*self.pki.good())
        daemon.await_log("have changed and were read again")
        shown = daemon.status()
        self.assertEqual(shown["summary"]["warnings"], [])
        self.assertEqual(shown["certificates"][0]["days_left"], 29)
        self.assertEqual(daemon.log().count("ends within"), 1)

    def test_a_start_with_an_unusable_pair_is_refused_and_says_why(self):
        good, other = self.pki.good(), self.pki.named("DNS:other.test")
        with self.assertRaisesRegex(AssertionError, "does not fit the certificate"):
            self.tacet(self.upstream.doh_url(), tls={"listen": ["127.0.0.1:0853"], "certificate": good.chain, "key": other.key})


if __name__ == "__main__":
    unittest.main()
