"""More than one machine: Debian's dnsdist in front of three tacets, each name always at the same one."""
import os
import random
import re
import shutil
import subprocess
import unittest

import dns.exception
import dns.query
import dnsclient
import scratch
from case import UnboundCase

NAMES, QUERIES = 3000, 20000
BACK_END = "127.0.0.1"


@unittest.skipUnless(shutil.which("dnsdist"), "dnsdist is not installed")
class Fleet(UnboundCase):
    def front_end(self, folder, daemons):
        port = scratch.free_port(["127.0.0.1"])
        config = os.path.join(folder, "dnsdist.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(f'setLocal("127.0.0.1:{port}")\nsetServerPolicy(chashed)\nsetMaxUDPOutstanding(10000)\n')
            for number, daemon in enumerate(daemons):
                identity = f"00000000-0000-4000-8000-00000000000{number}"
                file.write(f'newServer{{address="{BACK_END}:{daemon.port}", name="t{number}", id="{identity}", checkName="localhost.", '
                           'checkInterval=1, maxCheckFailures=1, checkTimeout=500}\n')
        log = self.enterContext(open(os.path.join(folder, "dnsdist.log"), "wb"))
        self.child("dnsdist", "-C", config, "--supervised", stdout=log, stderr=log)

        def answers():
            try:
                return dns.query.udp(dnsclient.query("www.example.com"), "127.0.0.1", port=port, timeout=1).rcode() == 0
            except (dns.exception.Timeout, OSError):
                return False
        scratch.eventually(answers, 20)
        return port

    def names(self, folder):
        """A file with few names that are asked often and many that are asked once or twice."""
        pick = random.Random(1)
        path = os.path.join(folder, "names")
        with open(path, "w", encoding="ascii") as file:
            for _ in range(QUERIES):
                file.write(f"f{min(NAMES - 1, int(pick.paretovariate(0.5)))}.many.example.com A\n")
        return path

    def ask_all(self, port, path, *words):
        return subprocess.run(["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", path, "-q", "20", *words], capture_output=True, text=True,
                              timeout=120).stdout

    def test_three_caches_behind_consistent_hashing_hit_as_one_does(self):
        with scratch.directory() as folder:
            path = self.names(folder)
            alone = self.tacet(self.upstream.doh_url())
            self.ask_all(alone.port, path, "-n", "1")
            fleet = [self.tacet(self.upstream.doh_url()) for _ in range(3)]
            self.ask_all(self.front_end(folder, fleet), path, "-n", "1")
            each = [daemon.status()["answers"]["cache"] for daemon in fleet]
            print(f"\nhits: one cache {alone.status()['answers']['cache']}, three caches {each} = {sum(each)}")
            self.assertGreater(min(each), 0)
            self.assertGreater(sum(each), 0.95 * alone.status()["answers"]["cache"])

    def test_one_that_dies_under_load_makes_few_answers_late(self):
        with scratch.directory() as folder:
            path = self.names(folder)
            fleet = [self.tacet(self.upstream.doh_url()) for _ in range(3)]
            port = self.front_end(folder, fleet)
            self.ask_all(port, path, "-n", "1")
            load = scratch.start(["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", path, "-l", "60", "-Q", "1000", "-t", "5"],
                                 stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
            self.addCleanup(scratch.end, load)
            asked = fleet[0].status()["queries"]["udp"]
            scratch.eventually(lambda: fleet[0].status()["queries"]["udp"] > asked + 1000, 30)
            fleet[0].process.kill()
            fleet[0].process.wait()
            fleet[0].process = None
            said = load.communicate(timeout=90)[0]
            lost = float(re.search(r"Queries lost:\s+\d+ \(([\d.]+)%\)", said).group(1))
            print(f"\nlate or lost in a minute in which one of three dies: {lost} %")
            self.assertLessEqual(lost, 1.0)


if __name__ == "__main__":
    unittest.main()
