"""The process stands still for a while, as in a suspend, and goes on; with its server's memory of it intact, or gone."""
import signal
import time
import unittest

from fault_case import FaultCase, here

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


if __name__ == "__main__":
    unittest.main()
