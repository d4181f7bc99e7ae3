"""Without queries nothing happens; without a network little does."""
import statistics
import time
import unittest

from fault_case import WAYS, FaultCase, here, sockets, wakeups

QUIET = here(70, 240)  # seconds without a query
WATCHED = here(15, 180)  # at the end of those, wake-ups are counted
RATE = 10
OFFLINE = here(15, 120)
STARTS = 3


class Quiet(FaultCase):
    def test_idle_and_offline(self):
        lab = self.lab()
        self.server(lab)
        daemons = self.daemons(lab)
        for daemon in daemons.values():
            client = self.client(lab, daemon)
            self.assertTrue(all(not client.ask().failed for _ in range(10)))
        last = time.monotonic()
        self.every_way_offline()  # in another lab, while this one is quiet
        time.sleep(max(0.0, last + QUIET - WATCHED - time.monotonic()))
        before = {way: wakeups(daemon) for way, daemon in daemons.items()}
        time.sleep(WATCHED)
        for way, daemon in daemons.items():
            self.at_most(f"idle {QUIET} s, {way}: upstream sockets", sockets(daemon, lab), 0, "", 0)
            self.at_most(f"idle, {way}: wake-ups in {WATCHED} s", wakeups(daemon) - before[way], max(1, WATCHED // 60), "", 0)

    def every_way_offline(self):
        lab = self.lab()
        self.server(lab)
        lab.down("a")
        for number, way in enumerate(WAYS, 1):
            word = f"no route, {RATE}/s, {way}"
            started = [self.daemon(lab, way, number=STARTS * number + each) for each in range(STARTS)]
            self.at_most(f"{word}: ready after, median of {STARTS}", statistics.median(each.ready_after for each in started), 0.5)
            self.offline(lab, started[0], word)

    def offline(self, lab, daemon, word):
        stream = self.stream(lab, daemon, RATE)
        cpu_before = daemon.cpu_seconds()
        time.sleep(OFFLINE / 3)
        cpu = (daemon.cpu_seconds() - cpu_before) / (OFFLINE / 3)
        self.none(f"{word}: queries without an answer", [each for each in stream.asked[:-RATE * 3] if each.rcode is None])
        self.at_most(f"{word}: slowest SERVFAIL", max(each.took for each in stream.asked[:-RATE * 3]), 2)
        self.at_most(f"{word}: CPU", 100 * cpu, 1, "% of a core", 2)
        self.at_most(f"{word}: log lines", len(daemon.log().splitlines()), 8 + OFFLINE // 60, "", 0)
        lab.up("a")
        up = time.time()
        time.sleep(2.5)
        stream.stop()
        first = min((each.answered_at - up for each in stream.asked if not each.failed and each.answered_at >= up), default=99)
        self.at_most(f"{word}: first answer after the network came up", first, 0.5)
        lab.down("a")


if __name__ == "__main__":
    unittest.main()
