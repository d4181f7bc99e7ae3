"""Identical questions share one upstream query."""
import unittest

import dns.message
import dnsclient
import scratch
from case import Case
from fake_upstream import ADDRESS, Behaviour


class InFlight(Case):
    def test_a_thousand_identical_misses_are_one_upstream_query(self):
        for scheme in ("doh", "dot"):
            fake = self.fake(lambda _: Behaviour(delay=0.25))
            daemon = self.tacet(getattr(fake, f"{scheme}_url")())
            queries = [dnsclient.query("same.example.com") for _ in range(1000)]
            for number, query in enumerate(queries):
                query.id = 1 + number
            answers = [dns.message.from_wire(wire) for wire in dnsclient.burst_udp(daemon.server, [query.to_wire() for query in queries])]
            self.assertEqual(sorted(answer.id for answer in answers), list(range(1, 1001)))
            self.assertEqual({tuple(dnsclient.addresses(answer)) for answer in answers}, {(ADDRESS,)})
            self.assert_asked_once(fake, "same.example.com.", daemon)

    def test_those_who_join_get_their_own_spelling_and_id_back(self):
        fake = self.fake(lambda _: Behaviour("hold"))
        daemon = self.tacet(fake.dot_url())
        spellings = ["joined.example.com.", "JOINED.example.com.", "jOiNeD.eXaMpLe.CoM."]
        with dnsclient.TcpClient(daemon.server) as client:
            queries = [dnsclient.query(spelling) for spelling in spellings]
            client.send(*(query.to_wire() for query in queries))
            scratch.eventually(lambda: fake.count("joined.example.com."), what="the query at the upstream")
            fake.release()
            answers = {answer.id: answer for answer in client.receive_messages(3)}
        for query, spelling in zip(queries, spellings):
            self.assertEqual(answers[query.id].question[0].name.to_text(), spelling)
        self.assert_asked_once(fake, "joined.example.com.", daemon)

    def test_questions_that_differ_do_not_share(self):
        fake = self.fake(lambda _: Behaviour("hold"))
        daemon = self.tacet(fake.doh_url())
        with dnsclient.TcpClient(daemon.server) as client:
            client.send(*(query.to_wire() for query in (dnsclient.query("a.example.com"), dnsclient.query("a.example.com", "AAAA"),
                                                        dnsclient.query("b.example.com"), dnsclient.query("a.example.com", dnssec=True))))
            scratch.eventually(lambda: len(fake.questions()) == 4, what=lambda: f"four upstream queries, not {fake.questions()}")
            fake.release()
            self.assertEqual(len(client.receive_messages(4)), 4)


if __name__ == "__main__":
    unittest.main()
