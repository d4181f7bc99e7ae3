"""When one way is gone another is taken, never an unencrypted one, and the first is taken again when it is back."""
import os
import resource
import time
import unittest

import dns.rcode
import dnsclient
import scratch
import servers
from case import Case
from fake_upstream import ADDRESS, ANSWER, Behaviour
from query_stream import new_name
from tcp_proxy import TcpProxy


class Failover(Case):
    def setUp(self):
        self.number = 0

    def ask_new(self, daemon, timeout=15.0):
        """A name never asked before; returns its addresses."""
        self.number += 1
        return dnsclient.addresses(daemon.ask(f"f{self.number}.many.example.com", timeout=timeout))

    def test_doh_fails_over_to_dot_and_comes_back(self):
        doh, dot = self.unbound(), self.unbound()
        daemon = self.tacet(doh.doh_url(), dot.dot_url())
        self.assertEqual(self.ask_new(daemon), ["192.0.2.7"])
        scratch.eventually(doh.asked, what="a query over DoH")
        doh.stop()
        for _ in range(5):
            self.assertEqual(self.ask_new(daemon), ["192.0.2.7"], daemon.log())
        self.assertGreaterEqual(len(dot.asked()), 5)
        dot.stop()
        doh.start()
        before = len(doh.asked())
        scratch.eventually(lambda: self.ask_new(daemon) == ["192.0.2.7"], within=10, what=lambda: f"an answer over DoH again\n{daemon.log()}")
        self.assertGreater(len(doh.asked()), before)

    def test_dot_first_fails_over_to_doh(self):
        upstream = self.unbound()
        daemon = self.tacet(f"tls://127.0.0.1:{scratch.free_port()}", upstream.doh_url())
        for _ in range(3):
            self.assertEqual(self.ask_new(daemon), ["192.0.2.7"], daemon.log())

    def test_a_server_that_accepts_and_stays_silent_is_passed_over(self):
        upstream = self.unbound()
        with servers.silent_port() as silent:
            port = silent.getsockname()[1]
            for dead, alive in ((f"https://127.0.0.1:{port}/dns-query", upstream.dot_url()), (f"tls://127.0.0.1:{port}", upstream.doh_url())):
                daemon = self.tacet(dead, alive)
                self.assertEqual(self.ask_new(daemon), ["192.0.2.7"], daemon.log())

    def test_a_connection_that_goes_dead_in_use_does_not_stop_answers(self):
        upstream = self.unbound()
        with TcpProxy(("127.0.0.1", upstream.doh_port)) as proxy:
            daemon = self.tacet(f"https://127.0.0.1:{proxy.port}/dns-query", upstream.dot_url())
            self.assertEqual(self.ask_new(daemon), ["192.0.2.7"])
            proxy.mode = "stall"
            for _ in range(3):
                self.assertEqual(self.ask_new(daemon), ["192.0.2.7"], daemon.log())

    def test_with_every_upstream_gone_a_client_is_told_in_time_and_why(self):
        daemon = self.tacet(f"https://127.0.0.1:{scratch.free_port()}/dns-query", f"tls://127.0.0.1:{scratch.free_port()}")
        begun = time.monotonic()
        response = daemon.ask("www.example.com")
        self.assertLess(time.monotonic() - begun, 9)  # a deadline is 4.5 s, two of them were one too many
        self.assertEqual(response.rcode(), dns.rcode.SERVFAIL)
        code, text = dnsclient.ede(response)
        self.assertEqual(code, 22)  # No Reachable Authority
        self.assertTrue(text)
        self.assertIsNone(dnsclient.ede(daemon.ask("other.example.com", edns=False)))

    def test_with_every_upstream_silent_a_client_is_answered_within_its_deadline(self):
        silent = self.fake(lambda _: Behaviour("drop"))
        daemon = self.tacet(silent.doh_url(), silent.dot_url())
        begun = time.monotonic()
        response = daemon.ask("www.example.com", timeout=15)
        self.assertLess(time.monotonic() - begun, 9)  # a deadline is 4.5 s, two of them were one too many
        self.assertEqual(response.rcode(), dns.rcode.SERVFAIL)
        self.assertEqual(dnsclient.ede(response)[0], 22)

    def test_the_first_answer_after_an_outage_does_not_wait_for_a_back_off(self):
        upstream = self.unbound()
        upstream.stop()
        daemon = self.tacet(upstream.doh_url(), upstream.dot_url())
        for number in range(5):
            self.assertEqual(daemon.ask(f"outage{number}.example.com").rcode(), dns.rcode.SERVFAIL)
        upstream.start()
        begun = time.monotonic()
        scratch.eventually(lambda: self.ask_new(daemon) == ["192.0.2.7"], within=30, what=lambda: f"an answer after the outage\n{daemon.log()}")
        self.assertLess(time.monotonic() - begun, 5)


class LastWord(Case):
    """What the log says last of an upstream is true: a handshake is no answer."""

    def check(self, transport, action):
        fake = self.fake(lambda received: Behaviour(action) if received.name.startswith("lost") else ANSWER)
        daemon = self.tacet(getattr(fake, f"{transport}_url")(), log={"level": "info"})
        for number in range(3):
            self.assertEqual(daemon.ask(f"lost{number}.example.com", timeout=5.0).rcode(), dns.rcode.SERVFAIL)
        self.assertGreater(len(fake.connections), 1)
        self.assertIn(" fails: ", daemon.log())
        self.assertNotIn("works again", daemon.log())
        self.assertEqual(dnsclient.addresses(daemon.ask("found.example.com")), [ADDRESS])
        scratch.eventually(lambda: "works again" in daemon.log(), what="the good word")

    def test_over_dot_of_a_server_that_closes_behind_each_query(self):
        self.check("dot", "close")

    def test_over_dot_of_a_server_that_answers_nothing(self):
        self.check("dot", "drop")

    def test_over_doh_of_a_server_that_closes_behind_each_query(self):
        self.check("doh", "close")


class LateAnswers(Case):
    def test_a_slow_answer_is_waited_for(self):
        slow = self.fake(lambda _: Behaviour(delay=0.8))
        for url in (slow.doh_url(), slow.dot_url()):
            daemon = self.tacet(url)
            self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [ADDRESS], daemon.log())

    def test_one_name_that_is_never_answered_does_not_cost_the_others(self):
        fake = self.fake(lambda received: Behaviour("drop") if received.name.startswith("lame") else ANSWER)
        for url in (fake.doh_url(), fake.dot_url()):
            daemon = self.tacet(url)
            query = dnsclient.query("lame.example.com").to_wire()
            with dnsclient.TcpClient(daemon.server) as client:
                client.send(query)
                for number in range(20):
                    begun = time.monotonic()
                    self.assertEqual(dnsclient.addresses(daemon.ask(f"fine{number}.example.com")), [ADDRESS])
                    self.assertLess(time.monotonic() - begun, 4)  # less than the deadline of the lame name

    def test_an_upstream_that_closes_idle_connections_causes_no_failure(self):
        fake = self.fake()
        for url in (fake.doh_url(), fake.dot_url()):
            daemon = self.tacet(url)
            for number in range(6):
                self.assertEqual(dnsclient.addresses(daemon.ask(f"idle{number}.{url[:3]}.example.com")), [ADDRESS], daemon.log())
                fake.drop_connections()

    def test_a_second_connection_that_the_server_closes_unused_is_let_go_and_no_failure(self):
        upstream = self.unbound(idle_ms=1000)
        for url in (upstream.doh_url(), upstream.dot_url()):
            with self.subTest(url):
                daemon = self.tacet(url, workers=1)
                made = lambda: daemon.status()["upstreams"][0]["connections_made"]
                while made() < 2:  # several queries within a second open the second one
                    for _ in range(4):
                        self.assertEqual(dnsclient.addresses(daemon.ask(new_name())), ["192.0.2.7"])
                ports = (upstream.doh_port, upstream.dot_port)
                scratch.eventually(lambda: daemon.upstream_sockets(*ports) == 0, what="no connection left")
                self.assertEqual(daemon.log_lines("upstream .* fails"), [])
                self.assertIsNone(daemon.status()["upstreams"][0]["last_error"])


class WithoutDescriptors(Case):
    """This machine has no descriptor left for a connection: the log says so, and no upstream is blamed."""

    def check(self, transport, left):
        fake = self.fake()
        daemon = self.tacet(getattr(fake, f"{transport}_url")(), workers=1, user="root")  # ours, so that its limits may be changed
        self.assertEqual(dnsclient.addresses(daemon.ask(new_name())), [ADDRESS])
        fake.drop_connections()
        scratch.eventually(lambda: daemon.upstream_sockets(fake.dot_port, fake.doh_port) == 0, what="no connection left")
        pid = daemon.process.pid
        held = {int(number) for number in os.listdir(f"/proc/{pid}/fd")}
        free = [number for number in range(len(held) + left + 1) if number not in held]
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (free[left], hard))
        self.assertEqual(daemon.ask(new_name(), timeout=8).rcode(), dns.rcode.SERVFAIL)
        daemon.await_log("cannot connect to upstream .*: Too many open files .*LimitNOFILE=")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
        self.assertEqual(dnsclient.addresses(daemon.ask(new_name(), timeout=8)), [ADDRESS], daemon.log())
        self.assertEqual(daemon.log_lines("upstream .* fails"), [])

    def test_over_dot_there_is_none_for_the_socket(self):
        self.check("dot", 0)

    def test_over_doh_there_is_one_for_the_socket_and_none_for_its_copy(self):
        self.check("doh", 1)


if __name__ == "__main__":
    unittest.main()
