"""Rows of hostile clients: threads that attack for a while, beside the neighbour."""
import contextlib
import socket
import threading
import time

import dnsclient
from hostile_case import LIMIT, Bar, HostileCase, Measured, be_modest

FOR = 1.5  # seconds that an attack lasts
KEPT = dnsclient.query("www.example.com").to_wire()


class ClientCase(HostileCase):
    def assail(self, words, answered, attacks, bar=Bar(), *, also=lambda daemon: [], settings=None, rare=False):
        """A row: each of `attacks` (a function of the daemon's address and an Event that ends it, which returns how many
        times it struck) on a thread of its own. `also(daemon)` is asked meanwhile for further faults."""
        self.row(words, answered, bar, lambda: self._assailed(attacks, also, settings or {}), rare=rare)

    def _assailed(self, attacks, also, settings):
        with self.daemon(**settings) as daemon:
            over, strikes = threading.Event(), []
            threads = [threading.Thread(target=_run, args=(attack, daemon.server, over, strikes), daemon=True) for attack in attacks]
            with Measured(daemon) as measured:
                begun = time.monotonic()
                for thread in threads:
                    thread.start()
                time.sleep(FOR / 2)
                faults = also(daemon)
                time.sleep(max(0.0, begun + FOR - time.monotonic()))
                over.set()
                for thread in threads:
                    thread.join()
            measured.cost.strikes = sum(strikes)
            if dnsclient.addresses(daemon.ask("after.many.example.com", tcp=True)) != ["192.0.2.7"]:
                faults.append("not served afterwards")
            return measured.cost, faults


def _run(attack, server, over, strikes):
    be_modest()
    with contextlib.suppress(OSError):
        strikes.append(attack(server, over))


def answered_over_tcp(daemon):
    """An `also`: somebody new is served over TCP in the time that every client is promised, kept and new names."""
    begun = time.monotonic()
    for name in ("www.example.com", f"tcp{time.monotonic_ns()}.many.example.com"):
        if not dnsclient.addresses(daemon.ask(name, tcp=True)):
            return [f"{name} is not answered over TCP"]
    took = time.monotonic() - begun
    return [] if took < LIMIT else [f"two answers over TCP took {took:.1f} s"]


def paced(over, rate, strike):
    """Calls strike(number) `rate` times a second until it is over, in bursts of a millisecond or two; how often it was."""
    begun, number = time.monotonic(), 0
    while not over.is_set():
        due = int((time.monotonic() - begun) * rate)
        for number in range(number, max(number, due)):
            strike(number)
        number = max(number, due)
        time.sleep(0.001)
    return number


def udp(server, source=None):
    """A socket from `source` (any by default)."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if source:
        made.bind(source)
    made.connect(server)
    made.setblocking(False)
    return made
