"""The server closes what is idle, just as the next query comes."""
import random
import threading
import time
import unittest

from fault_case import FaultCase, here, total
from query_stream import Client

DAEMONS = here(16, 100)  # half of them by each transport
QUERIES = here(12, 10)
IDLE = here(1.0, 10.0)  # seconds; queries come after 0.8 to 1.2 of it


class IdleClose(FaultCase):
    def test_queries_that_meet_the_close(self):
        lab = self.lab()
        self.server(lab, idle_ms=int(IDLE * 1000))
        ways = [("DoH", "DoT")[number % 2] for number in range(DAEMONS)]
        daemons = [self.daemon(lab, way, number=number) for number, way in enumerate(ways, 1)]
        trials = [[] for _ in daemons]
        threads = [threading.Thread(target=self.trials, args=(lab, daemon, random.Random(number), trials[number]))
                   for number, daemon in enumerate(daemons)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for way in sorted(set(ways)):
            chosen = [number for number in range(DAEMONS) if ways[number] == way]
            self.check(way, [daemons[number] for number in chosen], [trials[number] for number in chosen])

    def check(self, way, daemons, trials):
        asked = [each for some in trials for each in some[1:]]  # the first finds nothing to resume
        full = sum(total(daemon, "connections_made") - total(daemon, "resumptions") - 1 for daemon in daemons)
        word = f"server closes after {IDLE:g} s idle, {way}"
        self.none(f"{word}: failures in {len(asked)} trials", [each for each in asked if each.failed])
        self.at_least(f"{word}: on an open or resumed connection", 100 * (1 - full / len(asked)), 95, "%")
        self.at_most(f"{word}: slowest", max(each.took for each in asked), 0.5)

    @staticmethod
    def trials(lab, daemon, draw, into):
        with Client(daemon.server, lab.namespace("a")) as client:
            into.append(client.ask())
            for _ in range(QUERIES):
                time.sleep(IDLE * draw.uniform(0.8, 1.2))
                into.append(client.ask())


if __name__ == "__main__":
    unittest.main()
