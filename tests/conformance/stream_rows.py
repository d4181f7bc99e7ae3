"""TCP clients (RFC 7766, 7828)."""
import time

import dns.edns
import dnsclient
from fake_upstream import ANSWER, Behaviour
from requirement import ConformanceCase, requirement

IDLE_LIMIT = 10.0
KEEPALIVE = dns.edns.OptionType(11)


def keepalive(value=b""):
    return dns.edns.GenericOption(KEEPALIVE, value)


def keepalive_of(message):
    """The TIMEOUT in seconds, or None."""
    found = [option for option in message.options if int(option.otype) == KEEPALIVE]
    assert len(found) <= 1
    return int.from_bytes(found[0].to_wire(), "big") / 10 if found else None


class Streams(ConformanceCase):
    def client(self):
        return dnsclient.TcpClient(self.daemon.server, timeout=IDLE_LIMIT + 5)

    @requirement(7766, "5", "every query is answered over TCP as over UDP, first or not: there need be no UDP query before it")
    def test_tcp_first(self):
        with self.client() as client:
            client.send(dnsclient.query("first.many.example.com").to_wire())
            self.assertEqual(dnsclient.addresses(client.receive_messages(1)[0]), ["192.0.2.7"])

    @requirement(7766, "6.2.1", "one connection serves many queries")
    def test_reuse(self):
        with self.client() as client:
            for number in range(20):
                client.send(dnsclient.query(f"r{number}.many.example.com").to_wire())
                self.assertEqual(len(client.receive_messages(1)), 1)

    @requirement(7766, "6.2.1.1", "a hundred pipelined queries are all answered")
    def test_pipelining(self):
        queries = [dnsclient.query(f"p{number}.many.example.com") for number in range(100)]
        for number, query in enumerate(queries):
            query.id = number
        with self.client() as client:
            client.send(*(query.to_wire() for query in queries))
            self.assertEqual(sorted(message.id for message in client.receive_messages(100)), list(range(100)))

    @requirement(7766, "6.2.3", "an idle connection is closed after ten seconds, not before and not much later")
    @requirement(7828, "3.3.2", "the timeout that was told is kept")
    def test_idle(self):
        with self.client() as client:
            client.send(dnsclient.query("idle.many.example.com", options=[keepalive()]).to_wire())
            told = keepalive_of(client.receive_messages(1)[0])
            begun = time.monotonic()
            self.assertTrue(client.is_closed_within(IDLE_LIMIT + 3))
            self.assertEqual(told, IDLE_LIMIT)
            self.assertGreaterEqual(time.monotonic() - begun, told - 0.2)

    @requirement(7766, "6.2.4", "a client that closes its sending side still gets what it asked for")
    def test_half_close(self):
        with self.client() as client:
            client.send(dnsclient.query("half.many.example.com").to_wire())
            client.half_close()
            self.assertEqual(dnsclient.addresses(client.receive_messages(1)[0]), ["192.0.2.7"])

    @requirement(7766, "7", "answers go out as they come: a fast one overtakes a slow one")
    def test_order(self):
        fake = self.fake(lambda received: Behaviour("hold") if received.name.startswith("slow") else ANSWER)
        daemon = self.tacet(fake.doh_url())
        with dnsclient.TcpClient(daemon.server) as client:
            client.send(dnsclient.query("slow.example.com").to_wire(), dnsclient.query("fast.example.com").to_wire())
            self.assertTrue(client.receive_messages(1)[0].question[0].name.to_text().startswith("fast"))
            fake.release()
            self.assertTrue(client.receive_messages(1)[0].question[0].name.to_text().startswith("slow"))

    @requirement(7766, "8", "length and message may come in one segment or octet by octet, and answers leave each in one piece")
    def test_segments(self):
        wire = dnsclient.query("segments.many.example.com").to_wire()
        with self.client() as client:
            client.send_raw(len(wire).to_bytes(2, "big"))
            time.sleep(0.05)
            client.send_raw(wire[:7])
            time.sleep(0.05)
            client.send_raw(wire[7:])
            self.assertEqual(len(client.receive_messages(1)), 1)

    @requirement(7766, "10", "beyond the limit of clients the longest idle makes room; a message that is never finished holds nothing for ever")
    def test_limits(self):
        daemon = self.tacet(self.upstream.doh_url(), limits={"tcp_clients": 2}, workers=1)
        wire = dnsclient.query("www.example.com").to_wire()
        with dnsclient.TcpClient(daemon.server) as first, dnsclient.TcpClient(daemon.server) as second, dnsclient.TcpClient(daemon.server) as third:
            third.send(wire)
            self.assertEqual(len(third.receive_messages(1)), 1)
            self.assertTrue(first.is_closed_within(2))
            second.send_raw(b"\0")
            self.assertTrue(second.is_closed_within(IDLE_LIMIT))

    @requirement(7828, "3.3.2", "a client that sends the option over TCP is told how long an idle connection is kept: on misses, hits, local answers and errors")
    def test_keepalive(self):
        with self.client() as client:
            for name in ("alive.many.example.com", "alive.many.example.com", "localhost", "nothing.example.com", "www.example.net"):
                client.send(dnsclient.query(name, options=[keepalive()]).to_wire())
                answer = client.receive_messages(1)[0]
                self.assertEqual(keepalive_of(answer), IDLE_LIMIT, name)
                self.assertEqual(answer.edns, 0)

    @requirement(7828, "3.3.2", "a client that does not send the option is not told")
    def test_not_asked(self):
        with self.client() as client:
            client.send(dnsclient.query("www.example.com").to_wire(), dnsclient.query("www.example.com", edns=False).to_wire())
            self.assertEqual([keepalive_of(message) for message in client.receive_messages(2)], [None, None])

    @requirement(7828, "3.2.1", "over UDP the option is ignored")
    def test_udp(self):
        self.assertIsNone(keepalive_of(self.daemon.ask("www.example.com", options=[keepalive()])))

    @requirement(7828, "3.1", "the option beside an extended error: both are there, in one OPT")
    def test_beside_extended_error(self):
        with self.client() as client:
            client.send(dnsclient.query("www.example.net", options=[keepalive()]).to_wire())
            answer = client.receive_messages(1)[0]
            self.assertIsNotNone(dnsclient.ede(answer))
            self.assertEqual(keepalive_of(answer), IDLE_LIMIT)
