"""A connection that ends, or hangs, under its queries: they are asked again over others, and no name is lost."""
import asyncio
import collections
import contextlib
import time
import unittest

import dns.rcode
import dnsclient
import netlab
import scratch
from case import Case
from fake_upstream import ADDRESS, ANSWER, Behaviour
from query_stream import new_name


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


if __name__ == "__main__":
    unittest.main()
