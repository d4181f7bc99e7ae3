"""Random faults for a while; when they are over everything is as it was."""
import random
import signal
import time
import unittest

from fault_case import DOH_PORT, DOT_PORT, FaultCase, here, sockets, upstreams

SECONDS = here(20, 3600)
RATE = 20
CACHE, NAMES = "1MiB", 256
MIB = 1 << 20


class Chaos(FaultCase):
    def test_all_returns_to_idle(self):
        lab = self.lab()
        self.server_here = self.server(lab, idle_ms=5000)
        # Small, so that they are full before an hour is over: memory that grows then is not the cache's, nor the ledger's.
        self.daemon_here = daemon = self.daemon(lab, "both", cache={"size": CACHE}, exposure={"names": NAMES})
        draw = random.Random(7)
        self.settle(lab, daemon)
        descriptors, resident = daemon.open_descriptors(), daemon.resident_octets()
        stream = self.stream(lab, daemon, RATE)
        end, told, most = time.monotonic() + SECONDS, [], 0
        faults = [self.cut, self.loss, self.readdress, self.stand_still, self.drop_a_port, self.drop_a_family, self.restart_server, self.bounce]
        while time.monotonic() < end:
            fault = draw.choice(faults)
            told.append(fault.__name__)
            fault(lab, draw)
            most = max(most, sockets(daemon, lab))
            time.sleep(draw.uniform(0, 2))
        healed = time.time()
        time.sleep(3)
        stream.stop()
        word = f"{SECONDS} s of random faults ({len(told)})"
        after = [each for each in stream.asked if each.asked_at >= healed]
        self.none(f"{word}: queries without an answer, of {len(stream.asked)}", [each for each in self.fair(stream) if each.rcode is None])
        self.at_most(f"{word}: slowest answer", max(each.took for each in self.fair(stream)), 4.5)
        self.none(f"{word}: queries that fail after them", [each for each in after if each.failed])
        self.at_most(f"{word}: slowest query after them", max(each.took for each in after), 1.0)
        self.at_most(f"{word}: upstream sockets meanwhile", most, 8, "", 0)
        self.settle(lab, daemon)
        self.at_most(f"{word}: descriptors afterwards, against idle before", daemon.open_descriptors(), descriptors, "", 0)
        self.at_most(f"{word}: growth of resident memory", (daemon.resident_octets() - resident) / MIB, 5, "MiB", 1)
        self.at_most(f"{word}: outstanding queries afterwards", sum(upstream["outstanding"] for upstream in upstreams(daemon)), 0, "", 0)

    def settle(self, lab, daemon):
        """Some traffic, then quiet until no connection is left (DoH keeps its own until the server closes it)."""
        client = self.client(lab, daemon)
        self.assertTrue(all(not client.ask().failed for _ in range(20)))
        begun = time.monotonic()
        while sockets(daemon, lab) and time.monotonic() < begun + 60:
            time.sleep(0.5)
        self.at_most("quiet: upstream sockets", sockets(daemon, lab), 0, "", 0)

    def fair(self, stream):
        """Without those that waited because the process itself stood still."""
        return [each for each in stream.asked if not any(a - 5 <= each.asked_at <= b for a, b in self.stood_still)]

    def setUp(self):
        self.stood_still = []

    # --- faults: each comes and goes ---------------------------------------------------------------------------------

    def cut(self, lab, draw):
        lab.cut()
        time.sleep(draw.choice((0.3, 1, 3, 6)))
        lab.heal()

    def loss(self, lab, draw):
        lab.set(loss=draw.choice((0.02, 0.1, 0.3)))
        time.sleep(3)
        lab.set(loss=0.0)

    def readdress(self, lab, draw):
        host = draw.randrange(10, 250)
        lab.readdress("a", f"10.9.0.{host}", f"fd09::{host:x}")

    def stand_still(self, lab, draw):
        begun = time.time()
        self.daemon_here.process.send_signal(signal.SIGSTOP)
        time.sleep(draw.choice((0.5, 2)))
        self.daemon_here.process.send_signal(signal.SIGCONT)
        self.stood_still.append((begun, time.time()))

    def drop_a_port(self, lab, draw):
        lab.set(drop_ports=(draw.choice((DOT_PORT, DOH_PORT)),))
        time.sleep(3)
        lab.set(drop_ports=())

    def drop_a_family(self, lab, draw):
        family = draw.choice(("v4", "v6"))
        lab.set(**{family: False})
        time.sleep(3)
        lab.set(**{family: True})

    def restart_server(self, lab, draw):
        self.server_here.stop()
        time.sleep(draw.choice((0.1, 2)))
        self.server_here.start()

    def bounce(self, lab, draw):
        lab.down("a")
        time.sleep(draw.choice((0.2, 2)))
        lab.up("a")


if __name__ == "__main__":
    unittest.main()
