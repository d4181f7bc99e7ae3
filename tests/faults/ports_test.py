"""One transport's port is dropped by the network: the other takes over, and the first is taken again when it can be."""
import time
import unittest

import scratch
from fault_case import DOH_PORT, DOT_PORT, RTT, FaultCase, upstreams

RATE = 10


class Ports(FaultCase):
    def at_start(self, order, port):
        lab = self.lab()
        self.server(lab)
        lab.set(drop_ports=(port,))
        daemon = self.daemon(lab, order)
        client = self.client(lab, daemon)
        asked = [client.ask() for _ in range(8)]
        word = f"tcp/{port} dropped at start"
        self.none(f"{word}: queries that fail", [each for each in asked if each.failed])
        usual = min(each.took for each in asked)
        self.at_most(f"{word}: extra time of the slowest query", max(each.took for each in asked) - usual, 1.0)
        self.at_most(f"{word}: queries with more than 0.3 s extra", sum(each.took > usual + 0.3 for each in asked), 1, "", 0)

    def under_way(self, order, port):
        lab = self.lab()
        self.server(lab)
        daemon = self.daemon(lab, order)
        stream = self.stream(lab, daemon, RATE)
        time.sleep(2)
        lab.set(drop_ports=(port,))
        dropped = time.time()
        time.sleep(5)
        lab.set(drop_ports=())
        lifted = time.monotonic()
        before = self.answers(daemon, port)
        scratch.eventually(lambda: self.answers(daemon, port) > before + 5, within=60, what=lambda: f"use of port {port} again\n{daemon.log()}", every=0.2)
        back = time.monotonic() - lifted
        stream.stop()
        word = f"tcp/{port} dropped under way"
        slow = [each.asked_at for each in stream.asked if each.asked_at >= dropped - 0.1 and each.took > 0.3]
        self.none(f"{word}: queries that fail", stream.failures())
        self.at_most(f"{word}: slowest query", max(stream.times()), 1 + RTT)
        self.at_most(f"{word}: time from the first slow query to the last", max(slow, default=0) - min(slow, default=0), 1.0)
        self.at_most(f"{word}: used again after the drop ends", back, 30, digits=1)

    @staticmethod
    def answers(daemon, port):
        scheme = {DOH_PORT: "https", DOT_PORT: "tls"}[port]
        return sum(upstream["answers"] for upstream in upstreams(daemon) if upstream["id"].startswith(scheme))

    def test_dot_dropped_at_start(self):
        self.at_start(("dot", "doh"), DOT_PORT)

    def test_doh_dropped_at_start(self):
        self.at_start(("doh", "dot"), DOH_PORT)

    def test_dot_dropped_under_way(self):
        self.under_way(("dot", "doh"), DOT_PORT)

    def test_doh_dropped_under_way(self):
        self.under_way(("doh", "dot"), DOH_PORT)


if __name__ == "__main__":
    unittest.main()
