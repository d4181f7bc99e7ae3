"""Runs on a machine that may be suspended, which integration/suspend_test.py makes: not a test by itself.

Bars allow for a machine that is emulated. A deadline that waits for a far alarm is late by half a minute and more."""
import json
import subprocess
import time
import unittest

from fault_case import FaultCase

_SUSPENDED = 90


def suspend():
    """Suspends the machine to memory until its clock wakes it. Returns for how many seconds its monotonic clock stood still."""
    before = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
    subprocess.run(["rtcwake", "--mode", "mem", "--seconds", str(_SUSPENDED)], check=True, stdout=subprocess.DEVNULL)
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic() - before


class SuspendedMachine(FaultCase):
    """In each test the only alarm that is set before the suspend is a far one: the idle connection's end."""

    def awake_again(self, way, cut):
        lab = self.lab()
        self.server(lab)
        daemon = self.daemon(lab, way, workers=1)
        client = self.client(lab, daemon)
        self.assertFalse(client.ask().failed)
        time.sleep(6)
        if cut:
            lab.cut()
        self.at_least(f"{way}: the machine was suspended", suspend(), _SUSPENDED - 10, "s")
        return lab, client

    def check_a_network_that_is_up(self, way):
        _, client = self.awake_again(way, cut=False)
        asked = [client.ask() for _ in range(3)]
        self.none(f"{way}: queries that fail after a suspend", [each for each in asked if each.failed])
        self.at_most(f"{way}: slowest of them", max(each.took for each in asked), 2.5)

    def check_a_network_that_comes_later(self, way):
        lab, client = self.awake_again(way, cut=True)
        asked = [client.ask() for _ in range(2)]
        self.row(f"{way}, no network at first: queries until it comes", "SERVFAIL", " ".join(str(each.rcode) for each in asked),
                 all(each.rcode == 2 for each in asked))
        self.at_most(f"{way}, no network at first: slowest of those", max(each.took for each in asked), 6)
        lab.heal()
        after = client.ask()
        self.none(f"{way}, no network at first: queries that fail when it is there", [after] if after.failed else [])
        self.at_most(f"{way}, no network at first: first answer when it is there", after.took, 3)

    def test_doh_and_a_network_that_is_up(self):
        self.check_a_network_that_is_up("DoH")

    def test_dot_and_a_network_that_is_up(self):
        self.check_a_network_that_is_up("DoT")

    def test_doh_and_a_network_that_comes_later(self):
        self.check_a_network_that_comes_later("DoH")

    def test_dot_and_a_network_that_comes_later(self):
        self.check_a_network_that_comes_later("DoT")


if __name__ == "__main__":
    outcome = unittest.main(exit=False, verbosity=2).result
    print(json.dumps({"run": outcome.testsRun, "failed": len(outcome.failures) + len(outcome.errors) + len(outcome.skipped)}), flush=True)
