"""The first query after a pause: the connection is still there, or a NAT in between has forgotten it."""
import shutil
import statistics
import time
import unittest

import servers
from fault_case import DOH_PORT, DOT_PORT, LONG, RTT, SERVER, FaultCase, sockets, wakeups

PAUSES = (20, 60, 200)  # seconds
FORGETS_AFTER = 60
DAEMONS = 4  # with two connections each: as many as the lab can cut
LULL = 60


@unittest.skipUnless(LONG, "pauses take minutes: the long run has them")
@unittest.skipUnless(shutil.which(servers.Dnsdist.PROGRAM), "dnsdist is not installed; unbound closes what is idle for two minutes")
class Pause(FaultCase):
    def patient_server(self, lab):
        """It keeps idle connections for ten minutes."""
        unbound = self.server(lab, addresses=(SERVER,), ports=(53, 8853, 8443))
        self.enterContext(servers.Dnsdist(self.directory, self.pki.good(), unbound, port=DOT_PORT, doh_port=DOH_PORT, command=lab.command("b")))

    def started(self, lab):
        """Daemons over DoH, each with a connection that knows its times."""
        daemons = [self.daemon(lab, "DoH", number=number, addresses=(SERVER,)) for number in range(1, DAEMONS + 1)]
        clients = [self.client(lab, daemon) for daemon in daemons]
        for client in clients:
            self.assertTrue(all(not client.ask().failed for _ in range(20)))
        return daemons, clients

    def test_a_pause(self):
        lab = self.lab()
        self.patient_server(lab)
        daemons, clients = self.started(lab)
        for pause in PAUSES:
            time.sleep(pause)
            took = [client.ask().took for client in clients]
            self.at_most(f"first query after {pause} s, DoH, median of {DAEMONS}", statistics.median(took), RTT + 0.005)
        time.sleep(16)  # nothing is left to be done by then
        carried, woken = lab.carried, [wakeups(daemon) for daemon in daemons]
        time.sleep(LULL)
        self.at_most(f"packets in {LULL} s without a query, {DAEMONS} daemons with open connections", lab.carried - carried, 0, "", 0)
        self.at_least("open connections meanwhile, least", min(sockets(daemon, lab) for daemon in daemons), 1, "", 0)
        self.at_most(f"wake-ups in {LULL} s, most", max(wakeups(daemon) - before for daemon, before in zip(daemons, woken)), 1, "", 0)

    def test_a_forgetful_nat(self):
        lab = self.lab()
        self.patient_server(lab)
        daemons, clients = self.started(lab)
        for word, most in (("first", 5.5), ("second", 5.5), ("third", 4.0)):
            time.sleep(FORGETS_AFTER)
            done = lab.run("a", ["ss", "-Hatn", f"( dport = :{DOH_PORT} )"], capture_output=True, text=True)
            ports = [int(line.split()[3].rpartition(":")[2]) for line in done.stdout.splitlines()]
            lab.set(drop_ports=ports)  # the old connections lead nowhere, in silence; new ones work
            took = [client.ask() for client in clients]
            self.none(f"a NAT forgot within {FORGETS_AFTER} s, {word} time: failures", [each for each in took if each.failed])
            self.at_most(f"a NAT forgot, {word} time: first query, median, in round trips", statistics.median(each.took for each in took) / RTT, most, "RTT", 1)


if __name__ == "__main__":
    unittest.main()
