"""Clients that ask over TLS and over HTTPS, with the clients that people use."""
import base64
import contextlib
import http.client
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
import scratch
from case import UnboundCase

import pki
from tacet import Tacet


def client_context(authority, *protocols):
    context = ssl.create_default_context(cafile=authority)
    context.set_alpn_protocols(list(protocols))
    return context


class EncryptedCase(UnboundCase):
    """With a way to start a tacet that listens encrypted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        good = cls.pki.good()
        cls.ports = {kind: scratch.free_port(["127.0.0.1"]) for kind in ("tls", "https")}
        listeners = {kind: {"listen": [f"127.0.0.1:{port}"], "certificate": good.chain, "key": good.key} for kind, port in cls.ports.items()}
        cls.daemon = cls.enterClassContext(Tacet(cls.directory, upstreams=[{"url": cls.upstream.doh_url(), "ca_file": cls.pki.ca}], **listeners))

    def served(self, *kinds):
        """The class's tacet, and the port of each of these listeners."""
        return self.daemon, *(self.ports[kind] for kind in kinds)

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


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


class OverHttps(EncryptedCase):
    """By curl, with both versions of HTTP."""

    VERSIONS = {"--http1.1": "1.1", "--http2": "2"}

    def curl(self, port, *words, path="/dns-query", body=None):
        """The status, the headers (in lower case) and the body of one request, and the version of HTTP."""
        with scratch.directory() as folder:
            out, head = os.path.join(folder, "out"), os.path.join(folder, "head")
            done = subprocess.run(["curl", "-sS", "--cacert", self.pki.ca, "-o", out, "-D", head, "-w", "%{http_code} %{http_version}",
                                   *words, *(("--data-binary", "@-") if body is not None else ()), f"https://127.0.0.1:{port}{path}"],
                                  input=body, capture_output=True, timeout=30)
            self.assertEqual(done.returncode, 0, done.stderr)
            status, version = done.stdout.decode().split()
            with open(head, encoding="ascii") as file:
                lines = [line.split(": ", 1) for line in file.read().splitlines() if ": " in line]
            content = b""
            if os.path.exists(out):
                with open(out, "rb") as file:
                    content = file.read()
        return int(status), {name.lower(): value for name, value in lines}, content, version

    def test_get_and_post_are_answered_with_the_id_as_sent_and_the_least_ttl(self):
        _, port = self.served("https")
        query = dnsclient.query("www.example.com", edns=True)
        query.id = 0x1234
        wire = query.to_wire()
        for option, version in self.VERSIONS.items():
            for ways in ({"path": f"/dns-query?dns={base64url(wire)}"}, {"path": f"/dns-query?x=1&dns={base64url(wire)}&y"},
                         {"body": wire}):
                with self.subTest(option, ways=ways):
                    words = ["-H", "Content-Type: application/dns-message"] if "body" in ways else []
                    status, headers, content, spoken = self.curl(port, option, *words, **ways)
                    self.assertEqual((status, spoken, headers["content-type"]), (200, version, "application/dns-message"))
                    answer = dns.message.from_wire(content)
                    self.assertEqual((answer.id, len(content) % 468), (0x1234, 0))
                    self.assertEqual(headers["cache-control"], f"max-age={min(rrset.ttl for rrset in answer.answer)}")

    def test_what_is_wrong_with_a_request_is_told_by_the_status(self):
        _, port = self.served("https")
        wire = dnsclient.query("www.example.com").to_wire()
        dns_type = ["-H", "Content-Type: application/dns-message"]
        rows = [
            (404, [], {"path": "/"}), (404, [], {"path": "/dns-query/"}), (404, [], {"path": f"/other?dns={base64url(wire)}"}),
            (400, [], {}), (400, [], {"path": "/dns-query?dns="}), (400, [], {"path": "/dns-query?dns=AA=="}),
            (400, [], {"path": "/dns-query?dns=AAAA"}), (400, [], {"path": "/dns-query?dns=A"}),
            (400, dns_type, {"body": b""}), (400, dns_type, {"body": b"short"}),
            (400, dns_type, {"body": wire[:2] + b"\x80" + wire[3:]}),  # a response
            (415, [], {"body": wire}), (415, ["-H", "Content-Type: text/plain"], {"body": wire}),
            (413, dns_type, {"body": wire + bytes(100000)}),
            (405, ["-X", "PUT"], {}), (405, ["-X", "DELETE"], {}), (414, [], {"path": "/dns-query?dns=" + "A" * 9000}),
        ]
        # HTTP/2 once for each status; HTTP/1.1 all of them on one connection, which a refusal does not end.
        seen = set()
        for expected, words, ways in rows:
            if expected in seen:
                continue
            seen.add(expected)
            with self.subTest(expected=expected, words=words, ways=str(ways)[:80]):
                status, headers, content, _ = self.curl(port, "--http2", *words, **ways)
                self.assertEqual(status, expected, content)
                self.assertEqual(headers.get("allow"), "GET, HEAD, POST" if expected == 405 else None)
        client = http.client.HTTPSConnection("127.0.0.1", port, timeout=15, context=client_context(self.pki.ca, "http/1.1"))
        self.addCleanup(client.close)
        client.connect()
        connection = client.sock
        for expected, words, ways in rows:
            body = ways.get("body")
            headers = dict(word.split(": ") for word in words if ": " in word)
            method = words[1] if words[:1] == ["-X"] else "GET" if body is None else "POST"
            with self.subTest(expected=expected, words=words, ways=str(ways)[:80]):
                client.request(method, ways.get("path", "/dns-query"), body, headers)
                answer = client.getresponse()
                self.assertEqual(answer.status, expected, answer.read())
                answer.read()
                self.assertEqual(answer.getheader("allow"), "GET, HEAD, POST" if expected == 405 else None)
                self.assertIs(client.sock, connection)

    def test_a_request_in_absolute_form_and_one_behind_an_empty_line_are_answered(self):
        _, port = self.served("https")
        path = f"/dns-query?dns={base64url(dnsclient.query('www.example.com').to_wire())}"
        client = self.tls_client(port, "http/1.1")
        for before, target in (("", f"https://localhost:{port}{path}"), ("\r\n", path)):
            client.sendall(f"{before}GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            answer = http.client.HTTPResponse(client)
            answer.begin()
            self.assertEqual((answer.status, dns.message.from_wire(answer.read()).rcode()), (200, dns.rcode.NOERROR), target)

    def test_a_client_that_waits_with_its_body_is_told_to_go_on(self):
        _, port = self.served("https")
        for option, version in self.VERSIONS.items():
            done = subprocess.run(["curl", "-sS", option, "--cacert", self.pki.ca, "-D", "-", "-H", "Expect: 100-continue", "--expect100-timeout", "25", "-H",
                                   "Content-Type: application/dns-message", "--data-binary", "@-", f"https://127.0.0.1:{port}/dns-query"],
                                  input=dnsclient.query("www.example.com").to_wire(), capture_output=True, timeout=30)
            self.assertEqual([line.split()[1] for line in done.stdout.split(b"\r\n") if line.startswith(f"HTTP/{version}".encode())], [b"100", b"200"], done)

    def test_a_body_in_chunks_is_put_together_and_the_connection_lives_on(self):
        """As clients send it that do not know its length before: fetch with a stream, Go with a reader."""
        _, port = self.served("https")
        wire = dnsclient.query("www.example.com").to_wire()
        typed = {"Content-Type": "application/dns-message"}
        client = http.client.HTTPSConnection("127.0.0.1", port, timeout=15, context=client_context(self.pki.ca, "http/1.1"))
        self.addCleanup(client.close)
        client.connect()
        connection = client.sock
        for chunks in ([wire], [wire[:1], wire[1:30], wire[30:]], [bytes([octet]) for octet in wire]):
            client.request("POST", "/dns-query", iter(chunks), typed)  # of no known length
            answer = client.getresponse()
            self.assertEqual((answer.status, dnsclient.addresses(dns.message.from_wire(answer.read()))), (200, ["192.0.2.80"]), chunks)
            self.assertIs(client.sock, connection)
        status, _, content, _ = self.curl(port, "--http1.1", "-H", "Transfer-Encoding: chunked", "-H", "Content-Type: application/dns-message",
                                          "-H", "Expect: 100-continue", body=wire)
        self.assertEqual((status, dnsclient.addresses(dns.message.from_wire(content))), (200, ["192.0.2.80"]))

    def test_a_body_in_another_coding_or_of_two_lengths_is_refused(self):
        _, port = self.served("https")
        for status, version, fields in ((501, "1.1", "Transfer-Encoding: gzip, chunked"), (501, "1.1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
                                        (400, "1.1", "Transfer-Encoding: chunked\r\nContent-Length: 5"), (400, "1.0", "Transfer-Encoding: chunked")):
            client = self.tls_client(port, "http/1.1")
            client.sendall(f"POST /dns-query HTTP/{version}\r\nHost: localhost\r\n{fields}\r\n\r\n0\r\n\r\n".encode())
            answer = http.client.HTTPResponse(client)
            answer.begin()
            self.assertEqual((answer.status, answer.getheader("connection")), (status, "close"), fields)

    def test_close_in_any_place_of_the_list_ends_the_connection(self):
        _, port = self.served("https")
        path = f"/dns-query?dns={base64url(dnsclient.query('www.example.com').to_wire())}"
        for fields in ("Connection: TE, close", "Connection: keep-alive\r\nConnection: Close"):
            client = self.tls_client(port, "http/1.1")
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nTE: trailers\r\n{fields}\r\n\r\n".encode())
            answer = http.client.HTTPResponse(client)
            answer.begin()
            self.assertEqual((answer.status, answer.getheader("connection"), len(answer.read()) > 12), (200, "close", True), fields)
            self.assertEqual(client.recv(1), b"")

    def test_head_has_the_head_of_a_get_and_no_body(self):
        _, port = self.served("https")
        path = f"/dns-query?dns={base64url(dnsclient.query('www.example.com').to_wire())}"
        for option in self.VERSIONS:
            status, headers, content, _ = self.curl(port, option, "-I", path=path)
            self.assertEqual((status, headers["content-type"], int(headers["content-length"]) > 12), (200, "application/dns-message", True))
            self.assertTrue(content.endswith(b"\r\n\r\n"))  # curl writes the head there

    def test_a_broken_query_gets_a_reply_of_dns(self):
        _, port = self.served("https")
        wire = dnsclient.query("www.example.com").to_wire() + b"rest"
        status, _, content, _ = self.curl(port, "-H", "Content-Type: application/dns-message", body=wire)
        self.assertEqual((status, dns.message.from_wire(content).rcode()), (200, dns.rcode.FORMERR))

    def test_health_and_readiness_are_told(self):
        daemon, port = self.served("https")
        daemon.ask("www.example.com")
        for option in self.VERSIONS:
            for path in ("/healthz", "/readyz"):
                self.assertEqual(self.curl(port, option, path=path)[::2], (200, b"ok\n"))

    def test_curl_resolves_by_it(self):
        _, port = self.served("https")
        for option in self.VERSIONS:
            done = subprocess.run(["curl", "-sv", option, "--cacert", self.pki.ca, "--doh-url", f"https://localhost:{port}/dns-query",
                                   "--resolve", f"localhost:{port}:127.0.0.1", "--connect-timeout", "0.3", "http://www.example.com:1/"],
                                  capture_output=True, text=True, timeout=30)
            self.assertRegex(done.stderr, r"(DoH A|IPv4): 192\.0\.2\.")  # in the words of curl 7 and of curl 8

    def test_kdig_asks_by_get_and_by_post(self):
        _, port = self.served("https")
        for method in ("+https", "+https-get"):
            said = subprocess.run(["kdig", "@127.0.0.1", "-p", str(port), method, f"+tls-ca={self.pki.ca}", f"+tls-hostname={pki.NAME}",
                                   "www.example.com"], capture_output=True, text=True, timeout=30).stdout
            self.assertIn("status: NOERROR", said)

    def test_dnsperf_loses_nothing_over_either_transport(self):
        daemon, tls, https = self.served("tls", "https")
        before = daemon.status()["queries"]
        with scratch.directory() as folder:
            names = os.path.join(folder, "names")
            with open(names, "w", encoding="ascii") as file:
                file.writelines(f"p{number}.many.example.com A\n" for number in range(300))
            for mode, port in (("dot", tls), ("doh", https)):
                said = subprocess.run(["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-m", mode, "-d", names, "-n", "3", "-c", "4"],
                                      capture_output=True, text=True, timeout=60).stdout[-1500:]
                self.assertRegex(said, r"Queries completed:\s+900 \(100\.00%\)")
        after = daemon.status()["queries"]
        self.assertEqual([after[kind] - before[kind] for kind in ("tls", "https")], [900, 900])


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
