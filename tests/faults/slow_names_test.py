"""Some names take long upstream, which is no loss: they must not eat the budget of what helps against loss."""
import time
import unittest

import scratch
from fault_case import RTT, FaultCase, here
from query_stream import new_name, percentile

SLOW_SHARE, LEAST_MS, MOST_MS = 0.08, 150, 800
RATE, SECONDS = 100, here(10, 60)
FAST_BAR = here(5, 2.5)  # RTT; the 99th percentile of a short run is nine samples
EXTRA_SHARE, IN_VAIN_SHARE = 0.1, 0.05
BURST = 50  # that a budget may begin with: 0.8 % of the queries of a long run
SLOW_ZONE = "slow.example.net."


class SlowNames(FaultCase):
    def check(self, loss):
        lab = self.lab()
        port = scratch.free_port([])
        self.helper(lab, "b", "slow_authority.py", "127.0.0.1", port, LEAST_MS, MOST_MS)
        stub = f'local-zone: "{SLOW_ZONE}" transparent\nstub-zone:\n  name: "{SLOW_ZONE}"\n  stub-addr: 127.0.0.1@{port}'
        self.server(lab, local_data=[stub])  # the last of the "server:" clause, so a clause of its own may follow
        daemon = self.daemon(lab, "both")
        every = round(1 / SLOW_SHARE)
        stream = self.stream(lab, daemon, RATE, name=lambda number: f"s{number}.{SLOW_ZONE}" if number % every == every - 1 else new_name())
        time.sleep(2)
        lab.set(loss=loss)
        begun = time.time()
        time.sleep(SECONDS)
        stream.stop()
        asked = [each for each in stream.asked if each.asked_at >= begun]
        fast, slow = ([each for each in asked if (SLOW_ZONE in each.name) == is_slow] for is_slow in (False, True))
        events = daemon.status()["events"]
        word = f"{100 * SLOW_SHARE:g} % slow names, {100 * loss:g} % loss"
        self.none(f"{word}: failures in {len(asked)} queries", [each for each in asked if each.failed])
        self.at_least(f"{word}: median of the slow ones", 1000 * percentile([each.took for each in slow], 0.5), LEAST_MS, "ms", 0)
        self.at_most(f"{word}: fast names' p99", percentile([each.took for each in fast], 0.99) / RTT, FAST_BAR, "RTT", 2)
        sent, won = events["hedges_sent"], events["hedges_won"]
        self.at_most(f"{word}: extra queries ({won} won, {events['hedges_denied']} denied, {events['retries']} retries)",
                     sent, len(stream.asked) * EXTRA_SHARE + BURST, "", 0)
        self.at_most(f"{word}: of these in vain", sent - won, len(stream.asked) * IN_VAIN_SHARE + BURST, "", 0)

    def test_no_loss(self):
        self.check(0.0)

    def test_one_percent_loss(self):
        self.check(0.01)


if __name__ == "__main__":
    unittest.main()
