"""A cached answer costs little more than the kernel's own work, and none is lost.

Rounds of tacet and of a bare recvfrom/sendto echo alternate, each loaded by dnsperf, so that both meet the same machine;
medians are compared. CPU time is that of the server process, user and system. Seconds: TACET_LOAD_SECONDS per round.
"""
import os
import re
import statistics
import subprocess
import unittest

import scratch
import tacet
from case import UnboundCase

ECHO = os.environ.get("TACET_UDP_ECHO", "udp_echo")
SECONDS = float(os.environ.get("TACET_LOAD_SECONDS", "2.5"))
ROUNDS = 3
NAMES = 1000
MOST = 1.3
OUTSTANDING = 200


def why_not():
    if os.environ.get("TACET_SANITIZE"):
        return "sanitizers cost more than what is measured"
    if os.environ.get("TACET_BUILD_TYPE") not in (None, "", "Release", "RelWithDebInfo"):
        return "measures optimised builds only"
    if len(os.sched_getaffinity(0)) < 2:
        return "needs a core for the server and one for the load"
    return ""


@unittest.skipIf(why_not(), why_not())
class CachedCpu(UnboundCase):
    def setUp(self):
        self.server_core, self.load_core = sorted(os.sched_getaffinity(0))[:2]
        self.names = os.path.join(self.directory, "names")
        with open(self.names, "w", encoding="ascii") as file:
            file.writelines(f"n{number}.many.example.com A\n" for number in range(NAMES))

    def echo(self, *words):
        port = scratch.free_port()
        process = self.child(ECHO, "127.0.0.1", port, *words, stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process.pid, port

    def load(self, port, *words):
        """What dnsperf reports: (sent, completed, latency text)."""
        done = subprocess.run(["taskset", "-c", str(self.load_core), "dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", self.names, "-c", "4", "-q",
                               str(OUTSTANDING), "-t", "2", *words], capture_output=True, text=True, timeout=SECONDS + 30)
        sent, completed = (int(re.search(rf"Queries {word}:\s+(\d+)", done.stdout).group(1)) for word in ("sent", "completed"))
        return sent, completed

    def microseconds_per_query(self, pid, port):
        before = tacet.cpu_seconds(pid)
        sent, completed = self.load(port, "-l", str(SECONDS))
        return (tacet.cpu_seconds(pid) - before) * 1e6 / completed, sent - completed

    def test_cpu_per_cached_answer_is_within_1_3_of_a_bare_echo_and_nothing_is_lost(self):
        daemon = self.tacet(self.upstream.dot_url())
        self.load(daemon.port, "-n", "1")  # each name once: now they are cached
        asked = len(self.upstream.asked())
        servers = {"tacet": (daemon.process.pid, daemon.port), "echo": self.echo()}
        for pid, _ in servers.values():
            for thread in os.listdir(f"/proc/{pid}/task"):
                os.sched_setaffinity(int(thread), {self.server_core})
        costs, lost = {name: [] for name in servers}, {name: 0 for name in servers}
        for turn in range(ROUNDS):
            for name in sorted(servers, reverse=turn % 2 == 0):
                cost, missing = self.microseconds_per_query(*servers[name])
                costs[name].append(cost)
                lost[name] += missing
        medians = {name: statistics.median(values) for name, values in costs.items()}
        ratio = medians["tacet"] / medians["echo"]
        print(f"\nCPU per answer, µs: {costs}; medians {medians}; ratio {ratio:.2f}; lost {lost}")
        self.assertEqual(lost["tacet"], 0)
        self.assertLessEqual(ratio, MOST, costs)
        self.assertLessEqual(len(self.upstream.asked()) - asked, NAMES, "it was not the cache that was measured")


if __name__ == "__main__":
    unittest.main()
