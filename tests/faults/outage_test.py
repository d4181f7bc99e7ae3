"""The link is cut in silence under traffic, then heals: with the old addresses, or with new ones."""
import time
import unittest

from fault_case import WAYS, FaultCase, here

CUT = here(5, 20)
ROUNDS = here(1, 3)
RATE = 5
AFTERWARDS = 3
ANSWERED_WITHIN = 4.5


class Outage(FaultCase):
    def check(self, word, readdress):
        lab = self.lab()
        self.server(lab)
        daemons = self.daemons(lab)
        streams = {way: self.stream(lab, daemon, RATE) for way, daemon in daemons.items()}
        time.sleep(2)
        healed = [self.outage(lab, readdress and f"10.9.0.{20 + turn}", f"fd09::{20 + turn}") for turn in range(ROUNDS)]
        for way, stream in streams.items():
            stream.stop()
            asked = stream.asked
            first = max(min(each.answered_at for each in asked if not each.failed and each.answered_at >= at) - at for at in healed)
            after = [each for each in asked if any(at <= each.asked_at < at + AFTERWARDS for at in healed)]
            self.at_most(f"{word}, {way}: first new name answered after the heal", first, 0.3)
            self.none(f"{word}, {way}: queries asked after the heal that fail", [each for each in after if each.failed])
            self.at_most(f"{word}, {way}: slowest query asked after the heal", max(each.took for each in after), 1.0)
            self.at_most(f"{word}, {way}: slowest answer of any kind", max(stream.times()), ANSWERED_WITHIN)
            self.at_most(f"{word}, {way}: warnings in the log", len(daemons[way].log_lines(" warn ")), 4 * ROUNDS, "lines", 0)

    def outage(self, lab, v4, v6):
        """The moment of the heal."""
        lab.cut()
        time.sleep(CUT)
        if v4:
            lab.readdress("a", v4, v6)
        lab.heal()
        healed = time.time()
        time.sleep(AFTERWARDS + 0.5)  # what is asked just before the next cut meets that one
        return healed

    def test_silent_cut(self):
        self.check(f"link cut {CUT} s", None)

    def test_silent_cut_and_new_addresses(self):
        self.check(f"link cut {CUT} s, new addresses", "new")


class ShortCut(FaultCase):
    """Shorter than the limit of silence: the connection may live, a query must not wait for TCP's back-off."""

    def test_a_cut_shorter_than_any_limit(self):
        lab = self.lab()
        self.server(lab)
        streams = {way: self.stream(lab, daemon, RATE) for way, daemon in self.daemons(lab).items()}
        time.sleep(2)
        lab.cut()
        time.sleep(1.2)
        lab.heal()
        healed = time.time()
        time.sleep(AFTERWARDS)
        for way in WAYS:
            streams[way].stop()
            after = [each for each in streams[way].asked if each.asked_at >= healed]
            first = min(each.answered_at for each in streams[way].asked if not each.failed and each.answered_at >= healed) - healed
            self.at_most(f"link cut 1.2 s, {way}: first new name answered after the heal", first, 0.3)
            self.none(f"link cut 1.2 s, {way}: queries that fail", streams[way].failures())
            self.at_most(f"link cut 1.2 s, {way}: slowest query asked after the heal", max(each.took for each in after), 1.0)


if __name__ == "__main__":
    unittest.main()
