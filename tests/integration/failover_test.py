"""When one way is gone another is taken, never an unencrypted one, and the first is taken again when it is back."""
import asyncio
import collections
import contextlib
import os
import resource
import time
import unittest

import dns.message
import dns.rcode
import dnsclient
import netlab
import scratch
import servers
from case import Case
from fake_upstream import ADDRESS, ANSWER, Behaviour, right_answer
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


class BadAnswers(Case):
    """An upstream that answers wrongly is never believed; another is asked."""

    def check(self, action, value=None, transport="doh"):
        bad = self.fake(lambda _: Behaviour(action, value=value))
        good = self.fake()
        daemon = self.tacet(getattr(bad, f"{transport}_url")(), getattr(good, "dot_url" if transport == "doh" else "doh_url")())
        response = daemon.ask("www.example.com")
        self.assertEqual(dnsclient.addresses(response), [ADDRESS], daemon.log())
        self.assertEqual(response.question[0].to_text(), "www.example.com. IN A")
        self.assertGreaterEqual(bad.count("www.example.com."), 1)
        self.assert_asked_once(good, "www.example.com.", daemon)


def _each(action, value=None, transports=("doh", "dot")):
    for transport in transports:
        def test(self, transport=transport):
            self.check(action, value, transport)
        words = f"{action}_{value}" if value else action
        setattr(BadAnswers, f"test_{words.lower()}_over_{transport}_is_answered_from_elsewhere", test)


for _action in ("wrong_question", "garbage", "truncated", "mid_answer", "close", "reset"):
    _each(_action)
_each("wrong_id", transports=("dot",))  # over DoH the ID has no meaning (RFC 8484 §4.1)
_each("goaway", transports=("doh",))
for _status in (400, 403, 404, 429, 500, 503):
    _each("status", _status, transports=("doh",))
_each("rcode", "SERVFAIL")


class WrongIds(Case):
    """A single server that answers under other IDs (over DoT): a client hears of it at once, and not at its deadline."""

    def test_the_client_is_told_at_once(self):
        fake = self.fake(lambda _: Behaviour("wrong_id"))
        daemon = self.tacet(fake.dot_url(), workers=1)
        self.assertEqual(dnsclient.ede(daemon.ask("www.example.com")), (24, "127.0.0.1:%d sent an answer under another ID" % fake.dot_port), daemon.log())


class StrayAnswers(Case):
    """A server that answers what nobody asked before it answers, and ends each connection."""

    def test_the_log_tells_of_them_once_a_minute_whatever_connection_brings_them(self):
        async def stray_then_end(reply):
            stray = right_answer(dns.message.make_query("nobody.asked.example.", "A"))
            await reply.send(stray.to_wire())
            await reply.send(reply.right().to_wire())
            reply.writer.close()

        fake = self.fake(lambda _: Behaviour("attack", value=stray_then_end))
        daemon = self.tacet(fake.dot_url(), workers=1)
        for _ in range(8):
            self.assertEqual(dnsclient.addresses(daemon.ask(new_name())), [ADDRESS])
        self.assertGreater(len(fake.connections), 2)
        self.assertEqual(len(daemon.log_lines("sent an answer without a question")), 1, daemon.log())


class FailuresOnly(Case):
    """An upstream that is there and answers in time, but each name with a failure: nothing else would tell."""

    def test_log_and_status_say_that_new_names_fail_until_one_resolves(self):
        broken = True
        fake = self.fake(lambda _: Behaviour("rcode", value="REFUSED") if broken else ANSWER)
        daemon = self.tacet(fake.dot_url())
        for number in range(5):
            self.assertEqual(daemon.status()["summary"]["state"], "good")
            self.assertNotIn(daemon.ask(f"www.example{number}.com").rcode(), (dns.rcode.NOERROR, dns.rcode.NXDOMAIN))
        summary = daemon.status()["summary"]
        self.assertEqual((summary["state"], summary["sentence"].split(";")[0]), ("bad", "Upstreams answer, but the last new names all failed"))
        self.assertEqual(len(daemon.log_lines("new names do not resolve: the last ones all failed, in 5 domains")), 1, daemon.log())
        broken = False
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [ADDRESS])
        self.assertEqual(daemon.status()["summary"]["state"], "good")


class HungConnections(Case):
    """The server, or a balancer before it, keeps a connection open and acknowledges everything, but answers on it no more."""

    def check(self, *transports, connections=1):
        hung = []
        fake = self.fake(lambda received: Behaviour("drop") if received.connection in hung else ANSWER)
        daemon = self.tacet(*(getattr(fake, f"{transport}_url")() for transport in transports), workers=1)
        for number in range(20 if connections > 1 else 1):  # many together open more than one
            self.assertEqual(dnsclient.addresses(daemon.ask(f"first{number}.example.com")), [ADDRESS])
        scratch.eventually(lambda: len(fake.connections) >= connections, what="connections")
        hung.extend(fake.connections)
        answered = []
        for number in range(4):
            for kind in ("A", "AAAA"):  # as programs ask
                answered.append(daemon.ask(f"n{number}.example.com", kind, timeout=5.0).rcode() == dns.rcode.NOERROR)
        self.assertTrue(all(answered[2 * (connections - 1):]), f"{answered}\n{daemon.log()}")
        begun = time.monotonic()
        self.assertEqual(dnsclient.addresses(daemon.ask("last.example.com")), [ADDRESS])
        self.assertLess(time.monotonic() - begun, 0.8, "it was late on one that hangs")

    def test_over_dot_names_one_at_a_time_are_answered_over_a_new_one(self):
        self.check("dot")

    def test_over_doh_names_one_at_a_time_are_answered_over_a_new_one(self):
        self.check("doh")

    def test_with_two_upstreams_that_hang_both_they_are_answered_too(self):
        self.check("doh", "dot")

    def test_where_two_connections_hang_one_name_is_lost_at_most(self):
        self.check("dot", connections=2)
        self.check("doh", connections=2)

    def test_one_name_that_is_never_answered_retires_nothing(self):
        fake = self.fake(lambda received: Behaviour("drop") if received.name.startswith("lame") else ANSWER)
        for url in (fake.doh_url(), fake.dot_url()):
            daemon = self.tacet(url, workers=1)
            self.assertEqual(dnsclient.addresses(daemon.ask("fine.example.com")), [ADDRESS])
            first = fake.connections[-1]
            for kind in ("A", "AAAA"):
                self.assertEqual(daemon.ask("lame.example.com", kind, timeout=5.0).rcode(), dns.rcode.SERVFAIL)
            self.assertTrue(first.is_open, daemon.log())
            self.assertLessEqual(daemon.status()["upstreams"][0]["connections"][0]["connections_made"], 1)


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


class ClosingBehindAnswers(Case):
    """A server that closes each connection behind its first answer, whatever else was asked over it."""

    def closing(self, close):
        async def answer_one_later(reply):
            await asyncio.sleep(0.01)
            if reply.writer.is_closing():
                return
            await reply.send(reply.right().to_wire())
            await close(reply)

        return self.fake(lambda _: Behaviour("attack", value=answer_one_later))

    def check(self, url):
        daemon = self.tacet(url, workers=1)
        with dnsclient.TcpClient(daemon.server) as client:
            for _ in range(2):
                client.send(*(dnsclient.query(new_name()).to_wire() for _ in range(15)))
                answers = client.receive_messages(15)
                self.assertEqual({dns.rcode.to_text(answer.rcode()) for answer in answers}, {"NOERROR"}, daemon.log())
        for _ in range(10):
            self.assertEqual(dnsclient.addresses(daemon.ask(new_name(), timeout=4)), [ADDRESS], daemon.log())
        return daemon

    def test_each_is_asked_on_over_the_next_connection(self):
        async def goodbye(reply):  # its FIN comes when it has ours
            reply.close()

        async def abort_later(reply):
            await asyncio.sleep(0.005)
            reply.writer.transport.abort()

        for close in (goodbye, abort_later):
            fake = self.closing(close)
            for url in (fake.dot_url(), fake.doh_url()):
                with self.subTest(f"{close.__name__}, {url}"):
                    daemon = self.check(url)
                    if close is goodbye:  # what breaks off may have lost answers
                        self.assertEqual(daemon.log_lines("upstream .* fails"), [])


class FewAnswersOnEachConnection(Case):
    """A server that closes each connection in order behind so many answers loses no name of a burst, however many wait."""

    silent_to_come = 0  # so many of the next connections take queries and answer none

    def server_that_closes_behind(self, most, **options):
        served, silent = {}, set()

        async def answer_and_close(reply):
            if self.silent_to_come > 0 and reply.writer not in served:
                self.silent_to_come -= 1
                silent.add(reply.writer)
            served.setdefault(reply.writer, 0)
            if reply.writer in silent:
                return
            if reply.query.question[0].name.to_text().startswith("bad"):
                return reply.close()
            await asyncio.sleep(0.02)
            if served[reply.writer] >= most or reply.writer.is_closing():
                return
            served[reply.writer] += 1
            await reply.send(reply.right().to_wire())
            if served[reply.writer] == most:
                reply.close()

        return self.fake(lambda _: Behaviour("attack", value=answer_and_close), **options)

    def check(self, transport, most, first, second):
        fake = self.server_that_closes_behind(most)
        daemon = self.tacet(getattr(fake, f"{transport}_url")(), workers=1)
        idle = daemon.open_descriptors()
        self.assertEqual(self.failed(daemon, [new_name() for _ in range(first)]), [], daemon.log())
        self.assertEqual(daemon.log_lines("upstream .* fails"), [])
        self.assertEqual(len(daemon.log_lines("closes each connection behind")), 1)
        bad = [*(new_name() for _ in range(second)), "bad.example.com", *(new_name() for _ in range(second))]
        self.assertEqual(self.failed(daemon, bad), ["bad.example.com."], daemon.log())
        scratch.eventually(lambda: daemon.open_descriptors() <= idle + 3, what="one connection at most, and no client's")  # over DoH it has two

    def failed(self, daemon, names):
        """Asks for all names at once; returns those with SERVFAIL."""
        parts = [names[at : at + 20] for at in range(0, len(names), 20)]
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(dnsclient.TcpClient(daemon.server)) for _ in parts]
            for client, part in zip(clients, parts, strict=True):
                client.send(*(dnsclient.query(name).to_wire() for name in part))
            answers = [answer for client, part in zip(clients, parts, strict=True) for answer in client.receive_messages(len(part))]
        return [answer.question[0].name.to_text() for answer in answers if answer.rcode() == dns.rcode.SERVFAIL]

    def test_connections_that_answer_nothing_hold_up_no_name(self):
        for transport in ("dot", "doh"):
            with self.subTest(transport):
                self.silent_to_come = 0
                fake = self.server_that_closes_behind(3)
                daemon = self.tacet(getattr(fake, f"{transport}_url")(), workers=1)
                self.assertEqual(self.failed(daemon, [new_name() for _ in range(30)]), [], daemon.log())
                self.assertEqual(len(daemon.log_lines("closes each connection behind 3 answers")), 1)
                self.silent_to_come = 6  # those that a channel opens, and half of those that the other opens when the names are late
                self.assertEqual(self.failed(daemon, [new_name() for _ in range(10)]), [], daemon.log())
                self.assertEqual(self.silent_to_come, 0, "the queries met them")

    def test_over_dot_behind_each(self):
        self.check("dot", 1, 70, 10)

    def test_over_dot_behind_three(self):
        self.check("dot", 3, 120, 10)

    def test_over_doh_behind_each(self):
        self.check("doh", 1, 40, 10)

    @unittest.skipIf(netlab.why_not(), netlab.why_not())
    def test_far_away_all_connections_are_dialled_at_once(self):
        lab = self.enterContext(netlab.Lab(delay=0.05))  # one after the other, 60 connections would need 6 s to come up
        fake = self.server_that_closes_behind(1, address=lab.SIDES["b"][0], namespace=lab.namespace("b"), ports=(853, 443))
        daemon = self.tacet(fake.dot_url(), workers=1, command=lab.command("a"))
        for _ in range(2):
            self.assertEqual(netlab.call(lab.namespace("a"), lambda: self.failed(daemon, [new_name() for _ in range(60)])), [], daemon.log())


class OneNameThatEndsConnections(Case):
    """A server that closes the connection when it is asked for one name: the others do not suffer."""

    def check(self, transport, action):
        fake = self.fake(lambda received: Behaviour(action) if received.name.startswith("bad") else Behaviour(delay=0.02))
        daemon = self.tacet(getattr(fake, f"{transport}_url")(), workers=1)
        good = [new_name() for _ in range(12)]
        asked = [*good[:6], "bad.example.com", *good[6:]]
        with dnsclient.TcpClient(daemon.server) as client:
            client.send(*(dnsclient.query(name).to_wire() for name in asked))
            answers = client.receive_messages(len(asked))
        failed = [answer.question[0].name.to_text() for answer in answers if answer.rcode() == dns.rcode.SERVFAIL]
        self.assertEqual(failed, ["bad.example.com."], daemon.log())

    def test_over_dot(self):
        self.check("dot", "close")

    def test_over_doh(self):
        self.check("doh", "goaway")


class EndsForNoReason(Case):
    """A server that now and then closes the connection instead of an answer, whatever the name: each is answered in the end."""

    def check(self, transport, action):
        ended = collections.Counter()

        def behave(received):
            asked = int(received.name.partition(".")[0].removeprefix("ends"))
            ended[received.name] += 1
            return Behaviour(action) if ended[received.name] <= asked % 6 else ANSWER

        fake = self.fake(behave)
        daemon = self.tacet(getattr(fake, f"{transport}_url")(), workers=1)
        failed = [number for number in range(18) if daemon.ask(f"ends{number}.example.com", timeout=5.0).rcode() != dns.rcode.NOERROR]
        self.assertEqual(failed, [], daemon.log())

    def test_over_dot(self):
        self.check("dot", "close")

    def test_over_doh(self):
        self.check("doh", "close")


class WithoutEdns(Case):
    """An encrypted server that does not take EDNS is asked without it, and goes on so."""

    def test_its_answer_without_edns_is_the_answer(self):
        for rcode in ("FORMERR", "NOTIMP", "BADVERS"):
            fake = self.fake(lambda received, rcode=rcode: ANSWER if received.message.edns < 0 else Behaviour("rcode", value=rcode))
            for url in (fake.dot_url(), fake.doh_url()):
                with self.subTest(rcode, url=url):
                    daemon = self.tacet(url, workers=1)
                    for _ in range(4):
                        self.assertEqual(dnsclient.addresses(daemon.ask(new_name())), [ADDRESS], daemon.log())
                    self.assertGreater(sum(1 for each in fake.received if each.message.edns < 0), 3)
                    self.assertEqual(len(daemon.log_lines(f"upstream .* answers {rcode} to queries with EDNS")), 1)

    def test_what_one_name_gets_anyway_changes_nothing_for_the_others(self):
        fake = self.fake(lambda received: Behaviour("rcode", value="FORMERR") if received.name.startswith("odd") else ANSWER)
        daemon = self.tacet(fake.dot_url(), workers=1)
        for name, rcode in (("fine1", "NOERROR"), ("odd1", "FORMERR"), ("odd2", "FORMERR"), ("fine2", "NOERROR")):
            self.assertEqual(dns.rcode.to_text(daemon.ask(f"{name}.example.com").rcode()), rcode)
        self.assertGreaterEqual(fake.received[-1].message.edns, 0)


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
