"""A clock that is wrong, and one that somebody sets: signatures have dates."""
import datetime
import os
import struct
import time
import unittest

import dns.flags
import dns.rcode
import dnsclient
import sanitizer
import scratch
import servers
from case import Case
from fault_case import CLOCK_JUMP
from signed_world import SignedWorld

DAY = 86400
LONG_AGO = -int(time.time() - datetime.datetime(1970, 1, 2, tzinfo=datetime.timezone.utc).timestamp())


@sanitizer.unless_built_with_one("its runtime has to be the first library that is loaded")
class Clock(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world = SignedWorld(defects=("expiredwww", "forged"), denials=())
        cls.upstream = cls.enterClassContext(servers.Unbound(cls.directory, cls.pki.good(), zones=cls.world.zone_texts(), resolving=True))

    def setUp(self):
        word = scratch.unique_name("clock")
        self.clock, self.told = os.path.join(self.directory, word), os.path.join(self.directory, word + ".told")
        os.mkfifo(self.told, 0o666)
        os.chmod(self.told, 0o666)

    def set_clock(self, seconds):
        with open(self.clock, "r+b" if os.path.exists(self.clock) else "wb") as file:
            file.write(struct.pack("=q", seconds))

    def daemon(self, seconds, mode="on"):
        self.set_clock(seconds)
        return self.tacet(self.upstream.dot_url(), dnssec={"mode": mode, "trust_anchors": self.world.anchors()},
                          environment={"LD_PRELOAD": CLOCK_JUMP, "TACET_CLOCK_SET": self.clock, "TACET_CLOCK_TOLD": self.told})

    def jump(self, seconds):
        self.set_clock(seconds)
        fifo = os.open(self.told, os.O_WRONLY | os.O_NONBLOCK)  # fails if the daemon does not listen to it
        os.write(fifo, bytes(8))
        os.close(fifo)

    def verdict(self, daemon, name):
        reply = daemon.ask(name, flags=dns.flags.RD | dns.flags.AD)
        return "bogus" if reply.rcode() == dns.rcode.SERVFAIL else "secure" if reply.flags & dns.flags.AD else "insecure", dnsclient.ede(reply)

    def test_in_1970_names_resolve_and_it_says_that_dates_are_not_checked(self):
        daemon = self.daemon(LONG_AGO)
        verdict, told = self.verdict(daemon, "www.signed.alpha")
        self.assertEqual(verdict, "secure", daemon.log())
        self.assertIn("clock is not set", told[1])
        self.assertEqual(self.verdict(daemon, "www.unsigned.alpha")[0], "insecure")
        self.assertEqual(self.verdict(daemon, "www.expiredwww.alpha")[0], "secure")  # its date is not checked
        self.assertEqual(self.verdict(daemon, "www.forged.alpha")[0], "bogus")  # all else is
        self.assertFalse(daemon.status()["dnssec"]["clock_is_set"])
        self.assertIn("clock", daemon.verb("status").stdout)
        self.assertEqual(len(daemon.log_lines("the clock is not set")), 1, daemon.log())

    def test_within_a_second_after_the_clock_was_set_nothing_counts_that_was_judged_before(self):
        daemon = self.daemon(LONG_AGO)
        self.assertEqual(self.verdict(daemon, "www.expiredwww.alpha")[0], "secure")
        self.assertEqual(self.verdict(daemon, "www.signed.alpha")[0], "secure")
        self.jump(0)
        begun = time.monotonic()
        scratch.eventually(lambda: self.verdict(daemon, "www.expiredwww.alpha")[0] == "bogus", 20, daemon.log)
        took = time.monotonic() - begun
        verdict, told = self.verdict(daemon, "www.signed.alpha")
        self.assertEqual((verdict, told), ("secure", None))
        self.assertTrue(daemon.status()["dnssec"]["clock_is_set"])
        print(f"verdicts of the former clock are gone after {took:.2f} s")

    def test_a_jump_ahead_makes_signatures_expire_and_a_jump_back_makes_them_good(self):
        daemon = self.daemon(0)
        self.assertEqual(self.verdict(daemon, "www.signed.alpha")[0], "secure")
        self.jump(60 * DAY)
        scratch.eventually(lambda: self.verdict(daemon, "www.signed.alpha")[0] == "bogus", 20, daemon.log)
        self.assertEqual(self.verdict(daemon, "www.unsigned.alpha")[0], "bogus")  # nor can that be proven now
        self.jump(0)
        scratch.eventually(lambda: self.verdict(daemon, "www.signed.alpha")[0] == "secure", 20, daemon.log)

    def test_a_small_step_of_the_clock_forgets_nothing(self):
        daemon = self.daemon(0)
        self.assertEqual(self.verdict(daemon, "www.signed.alpha")[0], "secure")
        self.jump(30)
        for _ in range(3):
            daemon.status()  # the same loop takes the word about the clock
        self.assertEqual(daemon.log_lines("the clock was set"), [])
        asked = len(self.upstream.asked())
        self.assertEqual(self.verdict(daemon, "www.signed.alpha")[0], "secure")
        self.assertEqual(len(self.upstream.asked()), asked)
        self.jump(3630)
        scratch.eventually(lambda: daemon.log_lines("the clock was set"), 20, daemon.log)


if __name__ == "__main__":
    unittest.main()
