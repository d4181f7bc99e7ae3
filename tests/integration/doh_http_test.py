"""What HTTP says about a DoH answer beside the message."""
import unittest

import dns.message
import dns.rcode
import dnsclient
from case import Case
from fake_upstream import ADDRESS, ANSWER, TTL, Behaviour

_TYPE = ("content-type", "application/dns-message")


class Age(Case):
    """An answer out of an HTTP cache has lived for its Age already (RFC 8484 section 5.1). The fake's TTL is 300, its SOA's MINIMUM 60."""

    def aged(self, *ages):
        fake = self.fake()
        fake.headers = [("cache-control", "max-age=86400"), *(("age", age) for age in ages)]
        return fake, self.tacet(fake.doh_url())

    def ttls(self, *ages, asked=1):
        """Of a first answer and of the same asked again; the server was asked so often."""
        fake, daemon = self.aged(*ages)
        answers = [daemon.ask("www.example.com") for _ in range(2)]
        for answer in answers:
            self.assertEqual(dnsclient.addresses(answer), [ADDRESS], daemon.log())
        self.assert_sent(fake.count("www.example.com."), asked, daemon)
        return [answer.answer[0].ttl for answer in answers]

    def test_the_age_of_an_answer_is_taken_from_its_ttl_and_from_how_long_it_is_kept(self):
        for ttl in self.ttls("250"):
            self.assertLessEqual(ttl, TTL - 250)
            self.assertGreater(ttl, TTL - 250 - 10)

    def test_an_answer_older_than_its_ttl_is_told_with_ttl_0_and_not_kept(self):
        for age in ("300", "301", "4294967296", "99999999999999999999"):
            with self.subTest(age=age):
                self.assertEqual(self.ttls(age, asked=2), [0, 0])

    def test_a_negative_answer_older_than_the_soas_minimum_is_not_kept(self):
        fake, daemon = self.aged("61")
        for _ in range(2):
            answer = daemon.ask("www.example.com", "TXT")
            self.assertEqual(answer.rcode(), dns.rcode.NOERROR)
            self.assertEqual(answer.authority[0].ttl, 0)
        self.assert_sent(fake.count("www.example.com.", "TXT"), 2, daemon)

    def test_of_several_ages_the_first_counts_and_what_is_no_age_counts_nothing(self):
        for ages in (("250, 7",), ("250", "7")):
            self.assertLessEqual(self.ttls(*ages)[0], TTL - 250, ages)
        for ages in (("-250",), ("25O",), ("2.5e2",)):
            self.assertGreater(self.ttls(*ages)[0], TTL - 10, ages)


def _whole(status, *headers, tail=b""):
    """A right answer under this status, with octets behind it."""
    async def attack(reply):
        await reply.send(reply.right().to_wire() + tail, ((":status", str(status)), *headers))
    return Behaviour("attack", value=attack)


class Status(Case):
    """Any successful status may carry an answer (RFC 8484 section 4.2.1); another says why there is none."""

    def ask(self, behaviour, **settings):
        fake = self.fake(lambda _: behaviour)
        daemon = self.tacet(fake.doh_url(), **settings)
        return daemon.ask("www.example.com"), daemon, fake

    def test_a_message_is_an_answer_under_every_successful_status(self):
        for status in (200, 201, 202, 203, 206, 226, 299):
            answer, daemon, _ = self.ask(_whole(status, _TYPE))
            self.assertEqual(dnsclient.addresses(answer), [ADDRESS], f"{status}: {daemon.log()}")

    def test_a_success_without_a_message_is_a_failure_that_says_so(self):
        for behaviour, words in ((Behaviour("status", value=204), "HTTP 204 without a DNS message"),
                                 (_whole(203, ("content-type", "text/html")), "media type")):
            answer, daemon, _ = self.ask(behaviour)
            self.assertEqual(answer.rcode(), dns.rcode.SERVFAIL)
            self.assertIn(words, dnsclient.ede(answer)[1], daemon.log())

    def test_what_a_failure_means_is_told_to_the_client_and_in_the_log(self):
        for status, words in ((401, "does not serve this machine"), (404, "nothing under the URL's path"), (429, "asked less often"),
                              (503, "out of order")):
            answer, daemon, _ = self.ask(Behaviour("status", value=status))
            self.assertEqual(answer.rcode(), dns.rcode.SERVFAIL)
            for text in (dnsclient.ede(answer)[1], daemon.await_log(r"upstream .* fails")):
                self.assertIn(f"HTTP {status}", text)
                self.assertIn(words, text)

    def test_a_redirect_is_not_followed(self):
        elsewhere = self.fake()
        for status in (301, 302, 303, 307, 308):
            answer, daemon, _ = self.ask(_whole(status, _TYPE, ("location", elsewhere.doh_url())))
            self.assertEqual(answer.rcode(), dns.rcode.SERVFAIL)
            self.assertIn("redirects are not followed", dnsclient.ede(answer)[1], daemon.log())
        self.assertEqual(elsewhere.connections, [])

    def test_octets_behind_the_last_record_are_ignored_over_both(self):
        fake = self.fake(lambda received: _whole(200, _TYPE, tail=b"\0\0\x29\0") if received.http else
                         Behaviour("attack", value=lambda reply: reply.send(reply.right().to_wire() + b"\0\0\x29\0")))
        for url in (fake.doh_url(), fake.dot_url()):
            daemon = self.tacet(url)
            self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [ADDRESS], daemon.log())


class Methods(Case):
    """Servers have to take GET and POST (RFC 8484 section 4.1), and some do not."""

    def refusing(self, *refused, status=405, path=None):
        fake = self.fake(lambda received: Behaviour("status", value=status) if received.http[":method"] in refused else ANSWER)
        return fake, self.tacet(fake.doh_url() + (path or ""), workers=1)

    def methods(self, fake, name):
        return [received.http[":method"] for received in list(fake.received) if received.name == name]

    def check(self, fake, daemon, *first):
        """The first query is asked by the methods of `first` in turn; no later one, over this connection or the next, meets a refusal."""
        for number in range(3):
            self.assertEqual(dnsclient.addresses(daemon.ask(f"n{number}.example.com")), [ADDRESS], daemon.log())
        self.assertEqual(self.methods(fake, "n0.example.com."), [*first])
        fake.drop_connections()
        self.assertEqual(dnsclient.addresses(daemon.ask("n3.example.com")), [ADDRESS], daemon.log())
        for number in (1, 2, 3):
            self.assertEqual(self.methods(fake, f"n{number}.example.com."), [first[-1]])
        self.assertEqual(daemon.log_lines(r"fails"), [], "a refusal of the method was taken for a failure")

    def test_a_server_that_refuses_get_is_asked_by_post_from_the_start(self):
        for status in (405, 501, 414):
            with self.subTest(status=status):
                self.check(*self.refusing("GET", status=status), "POST")

    def test_a_server_that_refuses_post_is_asked_by_get(self):
        for status in (405, 501):
            with self.subTest(status=status):
                self.check(*self.refusing("POST", status=status), "POST", "GET")

    def test_a_server_that_changes_its_mind_is_followed(self):
        refused = set()
        fake = self.fake(lambda received: Behaviour("status", value=405) if received.http[":method"] in refused else ANSWER)
        daemon = self.tacet(fake.doh_url())
        for number, method in enumerate(("GET", "POST", "GET", "POST")):
            refused.clear()
            refused.add(method)
            self.assertEqual(dnsclient.addresses(daemon.ask(f"n{number}.example.com")), [ADDRESS], daemon.log())

    def test_a_server_that_refuses_both_is_asked_by_each_once_a_query(self):
        fake, daemon = self.refusing("GET", "POST")
        answer = daemon.ask("www.example.com")
        self.assertEqual(answer.rcode(), dns.rcode.SERVFAIL)
        self.assertIn("takes neither GET nor POST", dnsclient.ede(answer)[1])
        self.assertEqual(sorted(self.methods(fake, "www.example.com.")), ["GET", "POST"])

    def test_many_queries_at_once_that_are_refused_are_all_answered(self):
        for refused in ("GET", "POST"):
            _, daemon = self.refusing(refused)
            answers = dnsclient.burst_udp(daemon.server, [dnsclient.query(f"b{number}.example.com").to_wire() for number in range(150)])
            self.assertEqual(len(answers), 150)
            for wire in answers:
                self.assertEqual(dnsclient.addresses(dns.message.from_wire(wire)), [ADDRESS])

    def test_a_post_carries_the_message_itself(self):
        fake, daemon = self.refusing("GET", path="?user=7")
        daemon.ask("www.example.com")
        received = fake.received[-1]
        self.assertEqual(received.http[":path"], "/dns-query?user=7")
        self.assertEqual((received.http["content-type"], received.http["accept"]), (_TYPE[1], _TYPE[1]))
        self.assertEqual(received.http["content-length"], "128")
        self.assertEqual((len(received.wire), received.message.id), (128, 0))


if __name__ == "__main__":
    unittest.main()
