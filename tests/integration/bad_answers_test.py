"""What an upstream answers wrongly is never believed: another is asked, or the client and the user hear of it."""
import unittest

import dns.message
import dns.rcode
import dnsclient
from case import Case
from fake_upstream import ADDRESS, ANSWER, Behaviour, right_answer
from query_stream import new_name


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


if __name__ == "__main__":
    unittest.main()
