"""The process stands still for a while, as in a suspend, and goes on; with its server's memory of it intact, or gone;
with clocks that tell of a suspend, or not."""
import os
import signal
import struct
import time
import unittest

import sanitizer
from fault_case import CLOCK_JUMP, WAYS, FaultCase, here, local_ends

STOPPED = here(3, 60)


class Resume(FaultCase):
    def check(self, word, meanwhile):
        lab = self.lab()
        server = self.server(lab)
        daemons = self.daemons(lab)
        clients = {way: self.client(lab, daemon) for way, daemon in daemons.items()}
        for way, daemon in daemons.items():
            self.assertFalse(clients[way].ask().failed)
            daemon.process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        meanwhile(lab, server)
        time.sleep(max(0.0, begun + STOPPED - time.monotonic()))
        for way, daemon in daemons.items():
            daemon.process.send_signal(signal.SIGCONT)
            asked = [clients[way].ask() for _ in range(3)]
            self.none(f"{word}, {way}: queries that fail after it", [each for each in asked if each.failed])
            self.at_most(f"{word}, {way}: first answer after it", asked[0].took, 0.5)
            self.at_most(f"{word}, {way}: slowest of the next", max(each.took for each in asked), 0.5)

    def test_stopped(self):
        self.check(f"SIGSTOP {STOPPED} s", lambda lab, server: None)

    def test_stopped_while_the_server_forgets(self):
        def forget(lab, server):  # unseen: no FIN and no RST comes through
            lab.cut()
            server.stop()
            server.start()
            lab.heal()

        self.check(f"SIGSTOP {STOPPED} s, server restarted unseen", forget)

    @sanitizer.unless_built_with_one("its runtime has to be the first library that is loaded")
    def test_suspended(self):
        lab = self.lab()
        self.server(lab)
        for number, way in enumerate(WAYS, 1):
            clock = self.clock_of(way)
            daemon = self.daemon(lab, way, number=number, environment={"LD_PRELOAD": CLOCK_JUMP, "TACET_SUSPENDED": clock})
            client = self.client(lab, daemon)
            word = f"suspended for 10 min, {way}"
            self.assertFalse(client.ask().failed)
            before = local_ends(daemon, lab)
            time.sleep(1.2)
            self.assertFalse(client.ask().failed)
            self.row(f"awake for 1.2 s, {way}: connections that are used on", "all", "all" if local_ends(daemon, lab) == before else "not all",
                     before and local_ends(daemon, lab) == before)
            daemon.process.send_signal(signal.SIGSTOP)
            self.set_clock(clock, 600)
            time.sleep(0.2)
            daemon.process.send_signal(signal.SIGCONT)
            asked = [client.ask() for _ in range(3)]
            self.none(f"{word}: queries that fail after it", [each for each in asked if each.failed])
            self.at_most(f"{word}: first answer after it", asked[0].took, 0.5)
            self.none(f"{word}: connections from before that are still there", before & local_ends(daemon, lab))

    @sanitizer.unless_built_with_one("its runtime has to be the first library that is loaded")
    def test_suspended_and_awake_without_a_network(self):
        """Wi-Fi comes back seconds after the machine does; what was to be done far from now (an idle connection's end) is overdue."""
        lab = self.lab()
        self.server(lab)
        for number, way in enumerate(("DoH", "DoT"), 1):
            clock = self.clock_of(way)
            daemon = self.daemon(lab, way, number=number, workers=1, environment={"LD_PRELOAD": CLOCK_JUMP, "TACET_SUSPENDED": clock})
            client = self.client(lab, daemon)
            word = f"suspended for 10 min, no network at first, {way}"
            self.assertFalse(client.ask().failed)
            time.sleep(1.5)  # until nothing nearer is left to wait for
            daemon.process.send_signal(signal.SIGSTOP)
            lab.cut()
            self.set_clock(clock, 600)
            daemon.process.send_signal(signal.SIGCONT)
            asked = [client.ask() for _ in range(2)]
            self.row(f"{word}: queries until then", "SERVFAIL", " ".join(str(each.rcode) for each in asked), all(each.rcode == 2 for each in asked))
            self.at_most(f"{word}: slowest of those", max(each.took for each in asked), 4.5)
            lab.heal()
            after = client.ask()
            self.none(f"{word}: queries that fail after the heal", [after] if after.failed else [])
            self.at_most(f"{word}: first answer after the heal", after.took, 1.0)

    def clock_of(self, way):
        """A new file that says by how much the suspend-aware clock is ahead."""
        path = os.path.join(self.directory, f"suspended-{way}")
        self.set_clock(path, 0)
        return path

    @staticmethod
    def set_clock(path, seconds):
        with open(path, "wb" if not os.path.exists(path) else "r+b") as file:
            file.write(struct.pack("=q", seconds))


if __name__ == "__main__":
    unittest.main()
