"""Packets are lost, each way, or overtake each other, while new names are asked: what the tail looks like."""
import shutil
import time
import unittest

import scratch
import servers
from fault_case import LONG, RTT, SERVER, FaultCase, here, total
from query_stream import EchoStream, percentile

BURST = 50  # extra queries beyond the share that a budget may hold
EXTRA_SHARE, IN_VAIN_SHARE = 0.1, 0.05
WARM_UP = 2
JITTER = 0.030  # seconds, the most that a packet is late by; one that is less late overtakes it


class Loss(FaultCase):
    def run_once(self, seed, link, rate, seconds, way, count, rtt, brisk):
        """The times of the streams of `count` daemons at once, the times of an echo beside them, and the hedges."""
        with self.subTest(seed=seed):
            lab = self.lab(seed=seed, delay=rtt / 2)
            (self.brisk_server if brisk else self.prompt_server if way == "DoT" else self.server)(lab)
            port = scratch.free_port([])
            self.helper(lab, "b", "echo_server.py", SERVER, port)
            daemons = [self.daemon(lab, way, number=number) for number in range(1, count + 1)]
            echo = self.enterContext(EchoStream((SERVER, port), rate, namespace=lab.namespace("a")))
            streams = [self.stream(lab, daemon, rate) for daemon in daemons]
            time.sleep(WARM_UP)
            lab.set(**link)
            begun = time.time()
            time.sleep(seconds)
            for paced in (*streams, echo):
                paced.stop()
            asked = [each for stream in streams for each in stream.asked if each.asked_at >= begun]
            events = [daemon.status()["events"] for daemon in daemons]
            lateness = percentile([late for stream in streams for late in stream.lateness], 0.99)
            return asked, echo.times(), events, lateness, sum(total(daemon, "connections_made") for daemon in daemons)

    def check(self, word, *, rate, seconds, runs, limits, way="both", count=1, rtt=RTT, brisk=False, **link):
        results = [self.run_once(seed, link, rate, seconds, way, count, rtt, brisk) for seed in range(1, runs + 1)]
        asked = [each for result in results for each in result[0]]
        times = [1000 * each.took for each in asked]
        echo = [1000 * each for result in results for each in result[1]]
        p50, p99, p999 = (percentile(times, share) for share in (0.5, 0.99, 0.999))
        bare = [percentile(echo, share) for share in (0.5, 0.99, 0.999)]
        self.none(f"{word}: failures in {len(asked)} queries", [each for each in asked if each.failed])
        if "p50" in limits:
            self.row(f"{word}: p50 over a bare TCP echo's ({bare[0]:.1f} ms)", f"≤ {limits['p50']:g} ms", f"{p50 - bare[0]:.2f} ms", p50 - bare[0] <= limits["p50"])
        most = limits.get("p99") or limits["p99 of echo"] * bare[1] / (1000 * rtt)
        self.at_most(f"{word}: p99 (bare echo's {bare[1]:.1f})", p99 / (1000 * rtt), round(most, 2), "RTT", 2)
        if "p99.9" in limits:
            self.at_most(f"{word}: p99.9 (bare echo's {bare[2]:.1f})", p999 / (1000 * rtt), limits["p99.9"], "RTT", 2)
        extra = max(event["hedges_sent"] for result in results for event in result[2])
        in_vain = max(event["hedges_sent"] - event["hedges_won"] for result in results for event in result[2])
        each = (seconds + WARM_UP) * rate
        won, sent = (sum(event[key] for result in results for event in result[2]) for key in ("hedges_won", "hedges_sent"))
        self.at_most(f"{word}: extra queries of one daemon ({won} of {sent} won)", extra, each * EXTRA_SHARE + BURST, "", 0)
        self.at_most(f"{word}: of these in vain", in_vain, each * IN_VAIN_SHARE + BURST, "", 0)
        late = max(result[3] for result in results)
        print(f"{word}: senders late by {1000 * late:.1f} ms (p99), {sum(result[4] for result in results)} connections, "
              f"mean {sum(times) / len(times):.2f} ms, worst {max(times):.0f} ms", flush=True)

    def test_one_percent_at_100_a_second(self):
        # A short run has a dozen samples beyond the 99th percentile and one or two beyond the 99.9th: its bars say that
        # nothing broke, no more. The long run has the bars that are meant, and so has unit.resolve on a simulated TCP.
        limits = here({"p50": 2.0, "p99": 4.0}, {"p50": 0.5, "p99": 2.2, "p99.9": 3.0})
        self.check(here("1 % loss, 100/s (short bars)", "1 % loss, 100/s"), loss=0.01, rate=100, seconds=here(15, 60), runs=here(1, 3), limits=limits)

    def test_two_percent_at_10_a_second(self):
        limits = here({"p99": 5.0}, {"p99": 3.0, "p99.9": 5.0})
        self.check(here("2 % loss, 10/s (short bars)", "2 % loss, 10/s"), loss=0.02, rate=10, seconds=here(15, 120), runs=here(1, 3), limits=limits,
                   count=5)

    def check_rough(self, word, rtt, **link):
        """Bars for a busy machine; unit.pool has the row of jitter without one, with p99 ≤ 2.5 round trips and the jitter."""
        for rate, count in ((100, 1), (10, 5)):
            for way in ("both", "DoT", "DoH"):
                self.check(f"{word}, {rate}/s, {way}", rate=rate, seconds=40, runs=1, limits={"p99 of echo": 2.0}, way=way, count=count, rtt=rtt, brisk=True, **link)

    @unittest.skipUnless(LONG, "rough links: only in the long run")
    @unittest.skipUnless(shutil.which(servers.Dnsdist.PROGRAM), "dnsdist is not installed; unbound 1.17 waits for acknowledgements")
    def test_thirty_ms_of_jitter(self):
        self.check_rough("30 ms of jitter each way, 80 ms", 0.080, jitter=JITTER)

    @unittest.skipUnless(LONG, "rough links: only in the long run")
    @unittest.skipUnless(shutil.which(servers.Dnsdist.PROGRAM), "dnsdist is not installed; unbound 1.17 waits for acknowledgements")
    def test_five_percent(self):
        """A tenth of the queries loses a packet, and a tenth may be copied."""
        self.check_rough("5 % loss each way, 30 ms", 0.030, loss=0.05)

    def check_alone(self, way):
        self.check(f"1 % loss, 100/s, {way}", loss=0.01, rate=100, seconds=60, runs=3, limits={"p50": 0.5, "p99": 2.2, "p99.9": 3.0}, way=way)

    @unittest.skipUnless(LONG, "one transport alone: only in the long run")
    def test_doh_alone(self):
        self.check_alone("DoH")

    @unittest.skipUnless(LONG, "one transport alone: only in the long run")
    @unittest.skipUnless(shutil.which(servers.Dnsdist.PROGRAM), "dnsdist is not installed; unbound 1.17 waits for acknowledgements")
    def test_dot_alone(self):
        self.check_alone("DoT")


if __name__ == "__main__":
    unittest.main()
