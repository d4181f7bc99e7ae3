"""TCP clients: many queries at once, answers in any order, and no way to hold the server up."""
import os
import threading
import unittest

import dns.message
import dnsclient
import sanitizer
import scratch
from case import Case, UnboundCase
from fake_upstream import ADDRESS, ANSWER, Behaviour


class Pipelining(UnboundCase):
    def test_a_hundred_pipelined_queries_are_all_answered(self):
        daemon = self.tacet(self.upstream.doh_url())
        self.pipeline(daemon)

    def test_a_hundred_pipelined_queries_are_all_answered_over_dot(self):
        daemon = self.tacet(self.upstream.dot_url())
        self.pipeline(daemon)

    def test_more_new_names_than_are_asked_at_a_time_are_all_answered(self):
        self.pipeline(self.tacet(self.upstream.dot_url()), 1500)

    def pipeline(self, daemon, count=100):
        queries = {number: dnsclient.query(f"p{number}.many.example.com") for number in range(count)}
        for number, query in queries.items():
            query.id = 1000 + number
        with dnsclient.TcpClient(daemon.server) as client:
            client.send(*(query.to_wire() for query in queries.values()))
            responses = client.receive_messages(count)
        self.assertEqual(sorted(response.id for response in responses), [1000 + number for number in range(count)])
        for response in responses:
            self.assertEqual(response.question, queries[response.id - 1000].question)
            self.assertEqual(dnsclient.addresses(response), ["192.0.2.7"])

    def test_a_client_that_reads_late_loses_nothing_and_is_kept_little_for(self):
        daemon = self.tacet(self.upstream.doh_url())
        wire = dnsclient.query("long.example.com", "TXT").to_wire()
        daemon.exchange(dns.message.from_wire(wire), tcp=True)
        before, count = daemon.resident_octets(), 5000  # 20 MiB of answers
        with dnsclient.TcpClient(daemon.server) as client:
            sender = threading.Thread(target=client.send, args=[wire] * count)
            sender.start()
            scratch.settled(client.unsent, what="what waits to be read by the daemon")
            kept = daemon.resident_octets() - before
            if not sanitizer.BUILT_WITH:  # whose own notes of that memory count as well
                self.assertLess(kept, 1 << 20)
            for number in range(count):
                self.assertEqual(client.receive()[:2], wire[:2], number)
            sender.join()
            client.send(dnsclient.query("www.example.com").to_wire())  # and the connection lives on
            self.assertEqual(len(dnsclient.addresses(client.receive_messages(1)[0])), 1)

    def test_queries_that_arrive_octet_by_octet_are_put_together(self):
        daemon = self.tacet(self.upstream.doh_url())
        wire = dnsclient.query("www.example.com").to_wire()
        with dnsclient.TcpClient(daemon.server) as client:
            for octet in len(wire).to_bytes(2, "big") + wire:
                client.send_raw(bytes([octet]))
            self.assertEqual(len(dnsclient.addresses(dns.message.from_wire(client.receive()))), 1)
            client.send(wire, wire)  # and the connection lives on
            self.assertEqual(len(client.receive_messages(2)), 2)

    def test_a_client_that_half_closes_still_gets_its_answers(self):
        daemon = self.tacet(self.upstream.doh_url())
        with dnsclient.TcpClient(daemon.server) as client:
            client.send(dnsclient.query("half.many.example.com").to_wire())
            client.half_close()
            self.assertEqual(dnsclient.addresses(client.receive_messages(1)[0]), ["192.0.2.7"])
            self.assertIsNone(client.receive())


class Order(Case):
    def test_a_fast_answer_overtakes_a_slow_one(self):
        fake = self.fake(lambda received: Behaviour("hold") if received.name.startswith("slow") else ANSWER)
        for url in (fake.doh_url(), fake.dot_url()):
            daemon = self.tacet(url)
            with dnsclient.TcpClient(daemon.server) as client:
                client.send(dnsclient.query(f"slow.{url[:3]}.example.com").to_wire(), dnsclient.query(f"fast.{url[:3]}.example.com").to_wire())
                self.assertTrue(client.receive_messages(1)[0].question[0].name.to_text().startswith("fast"))
                fake.release()
                self.assertTrue(client.receive_messages(1)[0].question[0].name.to_text().startswith("slow"))
            fake.stop()
            fake.start()

    def test_a_client_that_goes_away_does_not_take_the_answer_from_another(self):
        fake = self.fake(lambda _: Behaviour("hold"))
        daemon = self.tacet(fake.doh_url(), workers=1)  # who waits at another shares nothing
        query = dnsclient.query("shared.example.com").to_wire()
        with dnsclient.TcpClient(daemon.server) as stays:
            with dnsclient.TcpClient(daemon.server) as leaves:
                leaves.send(query)
                scratch.eventually(lambda: fake.count("shared.example.com."), what="the query at the upstream")
                stays.send(query)
            fake.release()
            self.assertEqual(dnsclient.addresses(stays.receive_messages(1)[0]), [ADDRESS])
        self.assert_asked_once(fake, "shared.example.com.", daemon)


class Endings(Case):
    def test_a_client_that_has_to_go_loses_no_answer_that_it_was_given(self):
        fake = self.fake(lambda _: Behaviour("hold"))
        hosts = os.path.join(self.directory, "hosts")
        with open(hosts, "w", encoding="ascii") as file:
            file.writelines(f"192.0.2.{number} many.example.com\n" for number in range(1, 65))
        daemon = self.tacet(fake.dot_url(), workers=1, hosts={"file": hosts})
        with dnsclient.TcpClient(daemon.server) as pipelines, dnsclient.TcpClient(daemon.server) as waits:
            pipelines.send_in_background(*[dnsclient.query("many.example.com").to_wire()] * 20000)  # 20 MiB of answers, read late
            scratch.settled(pipelines.unsent, what="what waits to be read by the daemon")
            waits.send(dnsclient.query("held.example.com").to_wire())
            scratch.eventually(lambda: fake.count("held.example.com."), what="the query at the upstream")
            daemon.settings["limits"] = {"tcp_clients": 1}
            daemon.write()
            self.assertEqual(daemon.verb("reload").returncode, 0)
            answers = 0
            while (answer := pipelines.receive()) is not None:
                self.assertEqual(len(dns.message.from_wire(answer).answer[0]), 64)
                answers += 1
            self.assertTrue(0 < answers < 20000, answers)
            self.assertTrue(pipelines.at_end_of_message())


class Limits(UnboundCase):
    def test_beyond_the_client_limit_the_longest_idle_makes_room(self):
        daemon = self.tacet(self.upstream.doh_url(), limits={"tcp_clients": 4}, workers=1)  # the limit is each worker's
        query = dnsclient.query("www.example.com").to_wire()
        clients = [self.enterContext(dnsclient.TcpClient(daemon.server)) for _ in range(4)]
        for client in clients:
            client.send(query)
            client.receive_messages(1)
        clients[0].send(query)  # now the second is the longest idle
        clients[0].receive_messages(1)
        newcomer = self.enterContext(dnsclient.TcpClient(daemon.server))
        newcomer.send(query)
        self.assertEqual(len(dnsclient.addresses(newcomer.receive_messages(1)[0])), 1)
        self.assertTrue(clients[1].is_closed_within(2))
        for client in (clients[0], clients[2], clients[3]):
            client.send(query)
            self.assertEqual(len(client.receive_messages(1)), 1)

    def test_a_frame_that_is_never_finished_does_not_hold_its_connection_for_ever(self):
        daemon = self.tacet(self.upstream.doh_url())
        with dnsclient.TcpClient(daemon.server) as client:
            client.send_raw(b"\x00")
            self.assertTrue(client.is_closed_within(30))

    def test_a_frame_too_short_for_a_header_ends_at_most_its_own_connection(self):
        daemon = self.tacet(self.upstream.doh_url())
        for garbage in (b"\0\0", b"\0\x01\xff", b"\0\x0b" + b"\xff" * 11, b"\xff\xff" + b"\xaa" * 65535):
            with dnsclient.TcpClient(daemon.server) as client:
                client.send_raw(garbage)
            self.assertEqual(len(dnsclient.addresses(daemon.ask("www.example.com", tcp=True))), 1)


if __name__ == "__main__":
    unittest.main()
