"""Nothing comes through, at a hundred queries a second: who asks is told in time, and it costs next to nothing."""
import itertools
import statistics
import time
import unittest

from fault_case import FaultCase, here, local_ends

RATE, SECONDS = 100, here(12, 600)
MIB = 1 << 20


class BlackHole(FaultCase):
    def check(self, way):
        lab = self.lab()
        self.server(lab)
        daemon = self.daemon(lab, way)
        stream = self.stream(lab, daemon, RATE)
        time.sleep(3)
        idle = daemon.resident_octets()
        lab.cut()
        begun, most = time.time(), 0
        spent = [(begun, daemon.cpu_seconds())]  # the CPU time, second by second
        resident, before, tried = idle, local_ends(daemon, lab), set()
        while time.time() < begun + SECONDS:
            ends = local_ends(daemon, lab)
            most = max(most, len(ends))
            tried |= ends - before  # each lives for longer than the time between two looks
            resident = max(resident, daemon.resident_octets())
            if time.time() >= spent[-1][0] + 1:
                spent.append((time.time(), daemon.cpu_seconds()))
            time.sleep(0.23)
        elapsed = time.time() - begun
        cpu = statistics.median((after - before) / (end - start) for (start, before), (end, after) in itertools.pairwise(spent))
        stream.stop()
        asked = [each for each in stream.asked if each.asked_at >= begun]
        word = f"black-holed, {RATE}/s, {SECONDS} s, {way}"
        self.none(f"{word}: queries without an answer, of {len(asked)}", [each for each in asked if each.rcode is None])
        self.at_most(f"{word}: slowest answer", max(each.took for each in asked), 4.5)
        self.at_most(f"{word}: upstream sockets", most, 8, "", 0)
        self.at_most(f"{word}: connection attempts", (len(tried) - 1) / elapsed, 5, "a second", 2)
        self.at_least(f"{word}: connection attempts", len(tried) / elapsed, 3, "a second", 2)
        # Some 430 queries wait: measured 3.7 to 3.9.
        self.at_most(f"{word}: growth of resident memory", (resident - idle) / MIB, 5, "MiB", 1)
        self.at_most(f"{word}: CPU, the median second", 100 * cpu, 3, "% of a core", 2)
        self.at_most(f"{word}: log lines", len(daemon.log().splitlines()), 10 + SECONDS // 60, "", 0)

    def test_both(self):
        self.check("both")

    @unittest.skipUnless(here(False, True), "one transport alone: only in the long run")
    def test_one_transport_alone(self):
        for way in ("DoH", "DoT"):
            self.check(way)


if __name__ == "__main__":
    unittest.main()
