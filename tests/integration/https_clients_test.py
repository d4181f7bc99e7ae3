"""Clients that ask over HTTPS, with the clients that people use."""
import http.client
import os
import subprocess
import unittest

import dns.message
import dns.rcode
import dnsclient
import pki
import scratch
from encrypted_case import EncryptedCase, base64url, client_context


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


if __name__ == "__main__":
    unittest.main()
