"""What is fetched before a client asks: the names behind a page's first name, by a confined daemon as a service runs it."""
import time
import unittest

import dns.rrset
import scratch
from case import Case
from fake_upstream import Behaviour

BEHIND = ["cdn.example.com", "img.example.com", "fonts.example.com"]


def with_ttl(ttl):
    def change(response):
        response.answer = [dns.rrset.from_text(response.question[0].name, ttl, "IN", "A", "192.0.2.1")]
    return change


class Ahead(Case):
    def setUp(self):
        self.server = self.fake(lambda received: Behaviour(value=with_ttl(600 if received.name.startswith("www") else 1)))

    def count(self, name):
        return sum(received.name == name + "." for received in self.server.received)

    def load(self, daemons, names):
        """A page: silence, its first name, and those behind it."""
        time.sleep(1.3)  # longer than the page before, and than its names live
        for daemon in daemons:
            daemon.ask("www.example.com")
        time.sleep(0.05)
        for name in names:
            for daemon in daemons:
                daemon.ask(name)

    def test_the_names_behind_a_page_are_there_when_they_are_asked_for(self):
        daemons = [self.tacet(url, workers=1) for url in (self.server.doh_url(), self.server.dot_url())]
        self.load(daemons, BEHIND)
        self.load(daemons, [])
        for daemon in daemons:
            scratch.eventually(lambda daemon=daemon: daemon.status()["events"]["followers_asked"] == 3, what="a fetch ahead of each name")
        scratch.eventually(lambda: all(self.count(name) >= 4 for name in BEHIND), what="a fetch ahead of each name for both")
        for name in BEHIND:
            daemons[0].ask(name)
        self.assertIn("ahead     3 answers fetched before a client asked, ", daemons[0].verb("status").stdout)
        copies = sum(daemon.status()["events"]["hedges_sent"] for daemon in daemons)
        self.assertIn(self.count("www.example.com"), range(2, 3 + copies))

    def test_a_reload_turns_it_off_and_on(self):
        daemon = self.tacet(self.server.dot_url(), workers=1, cache={"followers": False})
        self.load([daemon], BEHIND)
        self.load([daemon], [])
        self.assertEqual(daemon.status()["events"]["followers_asked"], 0)
        daemon.settings["cache"] = {"followers": True}
        daemon.write()
        self.assertEqual(daemon.verb("reload").returncode, 0)
        self.load([daemon], BEHIND)
        self.load([daemon], [])
        scratch.eventually(lambda: daemon.status()["events"]["followers_asked"] == 3)

    def test_a_stale_answer_goes_out_at_once_if_the_key_says_so(self):
        answers = {"first": Behaviour(value=with_ttl(1))}
        server = self.fake(lambda received: answers.get("first", Behaviour("hold", value=with_ttl(60))))
        daemon = self.tacet(server.dot_url(), workers=1, cache={"stale": "at_once"})
        daemon.ask("www.example.com")
        answers.clear()
        time.sleep(1.2)
        stale = daemon.ask("www.example.com")  # no upstream answers meanwhile
        self.assertEqual(stale.answer[0].ttl, 30)
        self.assertEqual(daemon.status()["answers"]["stale"], 1)
        server.release()
        scratch.eventually(lambda: daemon.ask("www.example.com").answer[0].ttl > 30)


if __name__ == "__main__":
    unittest.main()
