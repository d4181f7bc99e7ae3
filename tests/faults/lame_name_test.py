"""One name that its server never answers, asked again and again beside names that it does answer."""
import collections
import time
import unittest

from fake_upstream import ANSWER, Behaviour
from fault_case import FaultCase, here, total, upstreams
from query_stream import QueryStream, new_name

SECONDS = here(8, 60)
LAME = "lame.example.com"


def spares_opened(fake, stream):
    """Names that a busy machine made late, so that a copy of each opened a spare: asked again while their connection stayed open."""
    names = {asked.name + "." for asked in stream.asked}
    times = collections.defaultdict(list)
    for received in list(fake.received):
        if received.name in names:
            times[received.name].append(received)
    return sum(len(all_of_one) > 1 and all_of_one[0].connection.is_open for all_of_one in times.values())


class LameName(FaultCase):
    def test_it_costs_no_connection(self):
        lab = self.lab()
        fake = self.fake_server(lab, lambda received: Behaviour("drop") if received.name == LAME + "." else ANSWER)
        daemons = self.daemons(lab, addresses=("10.9.0.2",), workers=1)  # one that has nothing but the lame name to go by may think ill of a server
        streams = {way: self.stream(lab, daemon, 10, name=lambda _: new_name()) for way, daemon in daemons.items()}
        time.sleep(2)
        before = {way: total(daemon, "connections_made") for way, daemon in daemons.items()}
        for way, daemon in daemons.items():
            self.enterContext(QueryStream(daemon.server, 1, namespace=lab.namespace("a"), name=lambda _: LAME))
        time.sleep(SECONDS)
        for way, daemon in daemons.items():
            word = f"a lame name once a second, {way}"
            made = total(daemon, "connections_made") - before[way]
            self.at_most(f"{word}: connections made since", made, self.allowed(way) + spares_opened(fake, streams[way]), "", 0)
            states = {upstream["state"] for upstream in upstreams(daemon)}
            self._figure(f"{word}: every connection's service", "good", " ".join(sorted(states)), states == {"good"})
            streams[way].stop()
            self.none(f"{word}: other names that fail", streams[way].failures())
            self.at_most(f"{word}: slowest of the other names", max(streams[way].times(lambda each: each.asked_at > streams[way].asked[0].asked_at + 1)), 0.3)
        self.assertGreater(fake.count(LAME + "."), 3)

    @staticmethod
    def allowed(way):
        """Asked elsewhere once: with two transports that is the other one, whose idle connection may close and reopen."""
        return 1 + SECONDS // 9 if way == "both" else 0


if __name__ == "__main__":
    unittest.main()
