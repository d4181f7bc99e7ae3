"""DNS over QUIC (RFC 9250) against Debian's knotd, where OpenSSL has a QUIC client; elsewhere its refusal."""
import concurrent.futures
import os
import unittest

import knot
import scratch
import servers
import tacet
from case import Case

_UNUSED = "quic://192.0.2.1"


def _checked(directory, *upstreams, **settings):
    """What `tacet check` says of a configuration."""
    daemon = tacet.Tacet(directory, upstreams=list(upstreams), **settings)
    return daemon.verb("check")


def _why_not():
    with scratch.directory() as directory:
        if _checked(directory, {"url": _UNUSED}).returncode != 0:
            return "this OpenSSL has no QUIC client"
    return knot.why_not()


WHY_NOT = _why_not()


class WithoutQuic(Case):
    @unittest.skipIf(WHY_NOT != "this OpenSSL has no QUIC client", "this build speaks QUIC")
    def test_a_build_without_quic_says_what_it_needs_and_what_else_there_is(self):
        refused = _checked(self.directory, {"url": _UNUSED})
        self.assertIn("needs a tacet that was built with OpenSSL 3.5 or later", refused.stdout + refused.stderr)
        self.assertIn("allowed: https://", refused.stdout + refused.stderr)


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Doq(Case):
    def knot(self, **options):
        return self.enterContext(knot.Knot(self.directory, options.pop("certificate", None) or self.pki.good(), **options))

    def test_it_answers_padded_over_a_verified_connection(self):
        server = self.knot()
        daemon = self.tacet(server.quic_url())
        self.assertEqual(daemon.ask("www.example.com").answer[0][0].address, servers.ADDRESS)
        [upstream] = daemon.status()["upstreams"]
        [connection] = [one for one in upstream["connections"] if one["answers"]]
        self.assertEqual((upstream["transport"], connection["tls"]["version"]), ("DoQ", "TLSv1.3"))
        self.assertEqual(connection["tls"]["verified"], "127.0.0.1")
        shown = daemon.verb("query", "www.example.com").stdout
        self.assertRegex(shown, r"the question was encrypted and padded to 128 octets; the answer \(468 octets\) was padded")

    def test_an_answer_longer_than_a_datagram_is_whole(self):
        server = self.knot()
        daemon = self.tacet(server.quic_url())
        self.assertGreater(len(daemon.ask("long.example.com", "TXT", tcp=True).answer[0][0].to_text()), 3500)

    def test_a_certificate_for_another_name_or_out_of_date_is_refused(self):
        for certificate, words in ((self.pki.wrong_name(), "is not valid for"), (self.pki.expired(), "expired"),
                                   (self.pki.self_signed(), "is not trusted")):
            with self.subTest(words), self.subTest(certificate.chain):
                server = self.knot(certificate=certificate)
                daemon = self.tacet(server.quic_url())
                self.assertEqual(daemon.ask("www.example.com").rcode(), 2)
                daemon.await_log(f"upstream {server.quic_url()} fails: certificate of 127.0.0.1:{server.quic_port} .*{words}")

    def test_a_server_that_comes_back_is_asked_again(self):
        server = self.knot()
        daemon = self.tacet(server.quic_url())
        self.assertTrue(daemon.ask("1.many.example.com").answer)
        server.stop()
        self.assertEqual(daemon.ask("2.many.example.com").rcode(), 2)
        server.start()
        scratch.eventually(lambda: daemon.ask("3.many.example.com").answer, within=30, what="an answer of the server that came back")

    def test_a_connection_that_runs_out_of_streams_loses_no_query(self):
        count = int(os.environ.get("TACET_DOQ_QUERIES", "3000"))
        server = self.knot()
        daemon = self.tacet(server.quic_url())
        with concurrent.futures.ThreadPoolExecutor(8) as clients:
            answers = clients.map(lambda number: bool(daemon.ask(f"{number}.many.example.com").answer), range(count))
            self.assertEqual(sum(answers), count)
        [upstream] = daemon.status()["upstreams"]
        self.assertGreaterEqual(sum(one["connections_made"] for one in upstream["connections"]), count // 1024)
        self.assertEqual(daemon.log_lines("fails"), [])

    def test_a_proxy_is_refused(self):
        refused = _checked(self.directory, {"url": _UNUSED, "proxy": "socks5://127.0.0.1:1080"})
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("goes through no proxy", refused.stdout + refused.stderr)


if __name__ == "__main__":
    unittest.main()
