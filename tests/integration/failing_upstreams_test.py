"""When many upstreams fail at once, the log names a few of them and counts the others."""
import re

import dns.rcode
import scratch
from case import Case
from fake_upstream import ANSWER

_FAILS = re.compile(r"upstream (\S+) fails: ")


def _counted(log):
    return sum(int(more) for more in re.findall(r"(\d+) more upstreams? fails?; `tacet status` names all", log))


class FailingUpstreams(Case):
    def test_an_upstream_that_fails_again_is_said_to_fail_again_though_it_worked_in_between(self):
        fake = self.fake(lambda _: ANSWER)
        daemon = self.tacet(fake.dot_url(), workers=1)
        for time in (1, 2):
            fake.stop()
            self.assertEqual(daemon.ask(f"broken{time}.example.com", timeout=15.0).rcode(), dns.rcode.SERVFAIL)
            self.assertEqual(len(daemon.log_lines("warn.*upstream .* fails")), time, daemon.log())
            fake.start()
            scratch.eventually(lambda: daemon.ask(f"works{time}.example.com", timeout=15.0).answer, what="an answer")
            self.assertEqual(len(daemon.log_lines("upstream .* works again")), time, daemon.log())

    def test_of_twelve_upstreams_that_fail_eight_are_named_four_counted_and_status_knows_all(self):
        urls = [f"tls://127.0.0.{1 + number}:{scratch.free_port()}" for number in range(12)]
        # With this watchdog tacet keeps house five times a second.
        daemon = self.tacet(*urls, workers=2, log={"level": "info"}, environment={"WATCHDOG_USEC": "400000"})
        for number in range(4):
            self.assertEqual(daemon.ask(f"name{number}.example.com", timeout=15.0).rcode(), dns.rcode.SERVFAIL)
        scratch.eventually(lambda: _counted(daemon.log()) == 4, what=daemon.log)
        named = _FAILS.findall(daemon.log())
        self.assertEqual((len(named), len(set(named))), (8, 8), daemon.log())
        self.assertEqual([upstream["state"] for upstream in daemon.status()["upstreams"]], ["failing"] * 12)
