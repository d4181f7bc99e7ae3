"""The test servers, proxies and links do what the other tests rely on."""
import random
import socket
import ssl
import subprocess
import time
import unittest

import dns.flags
import dns.message
import dns.query
import dnsclient
import netlab
import pki
import scratch
import servers
from fake_upstream import ADDRESS, Behaviour, FakeUpstream, response_wire
from tcp_proxy import TcpProxy


class TestBench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(scratch.directory())
        cls.pki = pki.Pki(cls.directory, ["10.9.0.2"])

    def kdig(self, port, *words):
        return subprocess.run(["kdig", "@127.0.0.1", "-p", str(port), f"+tls-ca={self.pki.ca}", "+tls-hostname=dns.test", "+retry=0", "+time=3",
                               *words], capture_output=True, text=True).stdout

    def test_no_two_servers_are_given_the_same_port(self):
        self.addCleanup(random.seed)
        random.seed(53)
        first = scratch.free_port()  # free as long as nobody binds it
        random.seed(53)
        self.assertNotEqual(scratch.free_port(), first)

    def test_what_settles_is_told_once_it_stays_and_what_goes_on_or_never_begins_is_a_failure(self):
        values = iter([0, 1, 2] + [3] * 10000)
        self.assertEqual(scratch.settled(lambda: next(values), quiet=0.1), 3)
        numbers = iter(range(1, 10000))
        for value in (lambda: next(numbers), lambda: 0):
            with self.assertRaises(AssertionError):
                scratch.settled(value, quiet=0.1, within=0.3)

    def test_unbound_serves_doh_and_dot_and_counts_what_it_is_asked(self):
        with servers.Unbound(self.directory, self.pki.good()) as unbound:
            self.assertIn(servers.ADDRESS, self.kdig(unbound.doh_port, "+https=/dns-query", "www.example.com"))
            self.assertIn(servers.ADDRESS, self.kdig(unbound.dot_port, "+tls", "www.example.com"))
            self.assertEqual(unbound.count("www.example.com."), 2)
            unbound.stop()
            unbound.start()
            self.assertIn(servers.ADDRESS, self.kdig(unbound.dot_port, "+tls", "www.example.com"))

    def test_the_fake_upstream_serves_doh_by_get_and_post_and_dot(self):
        with FakeUpstream(self.pki.good()) as fake:
            for words in (("+https=/dns-query",), ("+https=/dns-query", "+https-get"), ("+tls",)):
                port = fake.dot_port if "+tls" in words else fake.doh_port
                self.assertIn(ADDRESS, self.kdig(port, *words, "www.example.com"), words)
            self.assertEqual([received.connection.transport for received in fake.received], ["DoH", "DoH", "DoT"])
            self.assertEqual([received.http.get(":method") for received in fake.received], ["POST", "GET", None])
            self.assertEqual({connection.sni for connection in fake.connections}, {"dns.test"})
            self.assertEqual(fake.count("www.example.com."), 3)

    def test_the_fake_upstream_misbehaves_as_told(self):
        query = dnsclient.query("www.example.com")
        self.assertNotEqual(dnsclient.header(response_wire(query, Behaviour("wrong_id")))[0], query.id)
        self.assertIn("attacker", dns.message.from_wire(response_wire(query, Behaviour("wrong_question"))).question[0].to_text())
        self.assertLess(len(response_wire(query, Behaviour("truncated"))), len(response_wire(query, Behaviour())) - 10)
        for action, value in (("drop", None), ("close", None), ("mid_answer", None), ("status", 503), ("reset", None), ("goaway", None)):
            with FakeUpstream(self.pki.good(), lambda _, action=action, value=value: Behaviour(action, value=value)) as fake:
                for port, words in ((fake.doh_port, "+https=/dns-query"), (fake.dot_port, "+tls")):
                    self.assertNotIn(ADDRESS, self.kdig(port, words, "+time=1", "www.example.com"), action)
                self.assertEqual(fake.count("www.example.com."), 2, action)

    def test_the_fake_upstream_holds_answers_until_they_are_released(self):
        with FakeUpstream(self.pki.good(), lambda _: Behaviour("hold")) as fake:
            asking = subprocess.Popen(["kdig", "@127.0.0.1", "-p", str(fake.dot_port), "+tls", "www.example.com"], stdout=subprocess.PIPE, text=True)
            scratch.eventually(lambda: fake.count("www.example.com."), what="the query")
            self.assertIsNone(asking.poll())
            fake.release()
            self.assertIn(ADDRESS, asking.communicate(timeout=30)[0])

    def test_the_bad_certificates_are_bad_each_in_its_own_way(self):
        words = {self.pki.expired: "expired", self.pki.not_yet_valid: "not yet valid", self.pki.wrong_name: "mismatch", self.pki.self_signed: "self-signed"}
        for make, reason in words.items():
            with FakeUpstream(make()) as fake, self.assertRaisesRegex(ssl.SSLCertVerificationError, reason):
                with socket.create_connection(("127.0.0.1", fake.dot_port)) as plain:
                    ssl.create_default_context(cafile=self.pki.ca).wrap_socket(plain, server_hostname="dns.test")

    def test_the_proxy_passes_and_spoils(self):
        query = dnsclient.query("www.example.com")
        with servers.Unbound(self.directory, self.pki.good()) as unbound, TcpProxy(("127.0.0.1", unbound.plain_port)) as proxy:
            def ask(timeout=0.3):
                return dns.query.tcp(query, "127.0.0.1", port=proxy.port, timeout=timeout)

            self.assertEqual(dnsclient.addresses(ask()), [servers.ADDRESS])
            for mode, fault in (("stall", dns.exception.Timeout), ("silence", dns.exception.Timeout), ("reset", ConnectionResetError)):
                proxy.mode = mode
                with self.assertRaises(fault, msg=mode):
                    ask()
            proxy.mode = "garble"
            with self.assertRaises(Exception):
                ask()
            proxy.mode, proxy.cut_after = "pass", 20
            with self.assertRaises((EOFError, ConnectionResetError)):
                ask()
            proxy.mode, proxy.cut_after, proxy.delay = "pass", None, 0.1
            begun = time.monotonic()
            self.assertEqual(dnsclient.addresses(ask(2)), [servers.ADDRESS])
            self.assertGreater(time.monotonic() - begun, 0.2)

    @unittest.skipIf(netlab.why_not(), netlab.why_not())
    def test_the_lab_delays_loses_cuts_and_black_holes(self):
        with netlab.Lab(delay=0.010) as lab, servers.Unbound(
                self.directory, self.pki.good(), addresses=("10.9.0.2", "fd09::2"), command=lab.command("b")) as unbound:
            def answer_time(server="10.9.0.2"):
                done = lab.run("a", ["dig", f"@{server}", "-p", str(unbound.plain_port), "+tries=1", "+time=1", "www.example.com"], capture_output=True, text=True)
                return float(done.stdout.partition("Query time: ")[2].split()[0]) if servers.ADDRESS in done.stdout else None

            def is_quick():
                took = answer_time()
                return took is not None and took < 18

            for server in ("10.9.0.2", "fd09::2"):  # a busy machine adds to the delay and takes nothing from it
                self.assertGreaterEqual(scratch.eventually(lambda: answer_time(server), what="an answer"), 18)
            lab.set(delay=0.0, v6=False)
            self.assertIsNone(answer_time("fd09::2"))
            scratch.eventually(is_quick, within=60, what="an answer without the delay")
            lab.set(v6=True, drop_ports=(unbound.plain_port,))
            self.assertIsNone(answer_time())
            lab.set(drop_ports=(), loss=1.0)
            self.assertIsNone(answer_time())
            lab.set(loss=0.0)
            lab.cut()
            self.assertIsNone(answer_time())
            lab.heal()
            scratch.eventually(lambda: answer_time() is not None, what="an answer")
            lab.readdress("a", "10.9.0.7", "fd09::7")
            scratch.eventually(lambda: answer_time("fd09::2") is not None, what="an answer")
            lab.down("a")
            self.assertIsNone(answer_time())
            lab.up("a")
            scratch.eventually(lambda: answer_time() is not None, what="an answer")
            self.assertGreater(lab.carried, 10)
            self.assertGreater(lab.dropped, 3)


if __name__ == "__main__":
    unittest.main()
