"""A TLS handshake that fails: over DoH and DoT by the same rules, with the same Extended DNS Error and the same words."""
import datetime
import re
import socket
import ssl
import struct
import threading
import unittest

import dns.rcode
import dnsclient
import scratch
from case import Case
from fake_upstream import ADDRESS
from pki import NAME

UNREACHABLE, NETWORK, INVALID = 22, 23, 24  # INFO-CODEs (RFC 8914 section 4)


class Server:
    """Calls `serve(socket)` on a thread of its own for each connection, then closes it."""

    def __init__(self, serve):
        self._serve, self.port = serve, scratch.free_port(["127.0.0.1"])
        self.accepted = 0

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._one, args=[connection], daemon=True).start()

    def _one(self, connection):
        connection.settimeout(10)
        try:
            with connection:
                self._serve(connection)
        except OSError:  # ssl.SSLError among them
            pass


def _says(octets):
    """Takes the ClientHello and says this."""
    def serve(connection):
        connection.recv(65536)
        connection.sendall(octets)
        while connection.recv(65536):
            pass
    return serve


def _alert(number):
    return _says(bytes([21, 3, 3, 0, 2, 2, number]))


def _closes(connection):
    connection.recv(65536)


def _resets(connection):
    connection.recv(1)  # the rest is unread
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _speaks(certificate, *, alpn=None, change=lambda context: None):
    """A TLS server without a word inside; `change` may spoil its SSLContext."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    if alpn:
        context.set_alpn_protocols(alpn)
    change(context)

    def serve(connection):
        with context.wrap_socket(connection, server_side=True) as tls:
            while tls.recv(65536):
                pass
    return serve


def _only(version, ciphers=None):
    def change(context):
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = version
        context.set_ciphers(ciphers or "ALL:@SECLEVEL=0")
    return change


def _minute():
    """Now, as a fault of a certificate tells the time."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


class Faults(Case):
    def told(self, serve, scheme, by_name, **more):
        """The Extended DNS Error and the log's line: PORT and URL stand for the server's, NOW for the time if it was told right."""
        with Server(serve) as server:
            begun = _minute()
            alpn_path = "/dns-query" if scheme == "https" else ""
            url = f"{scheme}://{NAME if by_name else '127.0.0.1'}:{server.port}{alpn_path}"
            daemon = self.tacet(self.entry(url, *(["127.0.0.1"] if by_name else []), **more))
            response = daemon.ask("www.example.com", timeout=8)
            self.assertEqual(response.rcode(), dns.rcode.SERVFAIL)
            code, text = dnsclient.ede(response)
            line = daemon.await_log(r"upstream .* fails: ").partition(" fails: ")[2]
            daemon.stop()
            named = {url: "URL", str(server.port): "PORT", begun: "NOW", _minute(): "NOW"}
            return code, *(re.sub("|".join(map(re.escape, named)), lambda found: named[found[0]], words) for words in (text, line))

    def check(self, serve, code, words, by_names=(True, False), **more):
        """`serve(alpn)` makes the server. Both transports say the same, and say `words` to the client and in the log."""
        for by_name in by_names:
            dot, doh = (self.told(serve([alpn]), scheme, by_name, **more) for scheme, alpn in (("tls", "dot"), ("https", "h2")))
            self.assertEqual(dot[0], code, dot)
            self.assertEqual(dot[1].replace("URL", ""), doh[1].replace("URL", ""))
            self.assertEqual(dot, doh)
            for said in dot[1:]:
                self.assertRegex(said, words)
            self.assertNotRegex(dot[2], r"error:[0-9A-F]{8}|curl|OpenSSL|SSL_connect|routines")
            if "SNI" not in words:
                self.assertNotIn("SNI", dot[2])

    def certificate(self, made, words, **more):
        self.check(lambda alpn: _speaks(made, alpn=alpn), NETWORK, words, **more)

    def test_expired(self):
        self.certificate(self.pki.expired(), "certificate of 127.0.0.1:PORT has expired; check this machine's clock, which says NOW")

    def test_not_yet_valid(self):
        self.certificate(self.pki.not_yet_valid(), "certificate of 127.0.0.1:PORT is not yet valid; check this machine's clock, which says NOW")

    def test_for_another_name(self):
        self.certificate(self.pki.wrong_name(), r"is not valid for the (name dns.test|address 127.0.0.1) \(it is for other.example\)")

    def test_named_in_the_subject_only(self):
        self.certificate(self.pki.named(common_name=NAME), r"is not valid for the name dns.test \(it is for no name", by_names=[True])
        self.certificate(self.pki.named(common_name="127.0.0.1"), r"is not valid for the address 127.0.0.1 \(it is for no name", by_names=[False])

    def test_a_right_subject_does_not_mend_a_wrong_alternative_name(self):
        self.certificate(self.pki.named("DNS:other.example", common_name=NAME), "not valid for the name dns.test", by_names=[True])
        self.certificate(self.pki.named("IP:192.0.2.1", common_name="127.0.0.1"), "not valid for the address", by_names=[False])
        self.certificate(self.pki.named("DNS:127.0.0.1"), "not valid for the address", by_names=[False])

    def test_alternative_names_that_are_spelled_otherwise(self):
        for san in (f"DNS:{NAME}.", "DNS:*.test", "DNS:d*.test", "DNS:*", f"DNS:*.{NAME}", "DNS:dns", f"email:x@{NAME}", f"URI:https://{NAME}/"):
            with self.subTest(san=san):
                self.certificate(self.pki.named(san), "not valid for the name dns.test", by_names=[True])

    def test_self_signed(self):
        self.certificate(self.pki.self_signed(), "is not trusted: it is self-signed")

    def test_from_an_authority_that_is_unknown(self):
        self.certificate(self.pki.good(), "is not trusted: its authority is unknown here", ca_file=self.pki.self_signed().chain)

    def test_tls_1_1_only(self):
        self.check(lambda alpn: _speaks(self.pki.good(), alpn=alpn, change=_only(ssl.TLSVersion.TLSv1_1)), INVALID,
                   "it speaks neither TLS 1.3 nor TLS 1.2")

    def test_tls_1_2_without_forward_secrecy_or_aead(self):
        for certificate, ciphers in ((self.pki.good(), "ECDHE-ECDSA-AES128-SHA256"), (self.pki.good(), "ECDHE-ECDSA-AES256-SHA"),
                                     (self.pki.named(f"DNS:{NAME}", rsa=True), "AES128-GCM-SHA256")):
            with self.subTest(ciphers=ciphers):
                self.check(lambda alpn, used=certificate, of=ciphers: _speaks(used, alpn=alpn, change=_only(ssl.TLSVersion.TLSv1_2, of)), INVALID,
                           "it shares no cipher suite or key exchange group with us", by_names=[True])

    def test_a_group_that_we_do_not_offer(self):
        self.check(lambda alpn: _speaks(self.pki.good(), alpn=alpn, change=lambda context: context.set_ecdh_curve("secp521r1")), INVALID,
                   "it shares no cipher suite or key exchange group with us")

    def test_a_server_for_something_else(self):
        for scheme, what in (("tls", "DNS over TLS"), ("https", "HTTP/2")):
            code, text, line = self.told(_alert(120), scheme, True)
            self.assertEqual(code, INVALID)
            for said in (text, line):
                self.assertIn(f"it does not speak {what} there", said)

    def test_a_server_that_agrees_to_no_protocol(self):
        code, text, line = self.told(_speaks(self.pki.good()), "https", True)
        self.assertEqual(code, INVALID)
        for said in (text, line):
            self.assertIn("127.0.0.1:PORT does not speak HTTP/2 there: it agrees to no protocol", said)

    def test_a_server_that_insists_on_a_name(self):
        self.check(lambda _: _alert(112), INVALID, r"it insists on a name \(SNI\)", by_names=[False])
        self.check(lambda _: _alert(112), INVALID, r"it insists on a name \(SNI\)", by_names=[True], sni="omit")
        self.check(lambda _: _alert(112), INVALID, "it does not know the name dns.test", by_names=[True])

    def test_closed_in_the_handshake(self):
        self.check(lambda _: _closes, UNREACHABLE, "127.0.0.1:PORT closed the connection during the TLS handshake")

    def test_reset_in_the_handshake(self):
        self.check(lambda _: _resets, UNREACHABLE, "127.0.0.1:PORT reset the connection during the TLS handshake")

    def test_something_else_on_the_port(self):
        for octets in (b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", b"SSH-2.0-OpenSSH_9.2p1\r\n", bytes([0, 12, 22, 3, 128, 1] + [0] * 8)):
            with self.subTest(octets=octets):
                self.check(lambda _, said=octets: _says(said), INVALID, "127.0.0.1:PORT does not speak TLS on this port", by_names=[False])


class Names(Case):
    """Certificates that are good, for both transports."""

    def test_names_that_count(self):
        for sans in ((f"DNS:{NAME}",), ("DNS:other.example", f"DNS:{NAME.upper()}")):
            fake = self.fake(certificate=self.pki.named(*sans))
            for url in (fake.doh_url(NAME), fake.dot_url(NAME), fake.doh_url(NAME + "."), fake.dot_url(NAME + ".")):
                daemon = self.tacet(self.entry(url, "127.0.0.1"))
                self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [ADDRESS], daemon.log())

    def test_a_wildcard_counts_for_one_label(self):
        fake = self.fake(certificate=self.pki.named("DNS:*.dns.test"))
        for host, works in (("a.dns.test", True), ("A.DNS.test", True), ("a.b.dns.test", False), ("dns.test", False)):
            for url in (fake.doh_url(host), fake.dot_url(host)):
                daemon = self.tacet(self.entry(url, "127.0.0.1"))
                self.assertEqual(daemon.ask("www.example.com").rcode() == dns.rcode.NOERROR, works, f"{url}\n{daemon.log()}")


if __name__ == "__main__":
    unittest.main()
