"""Reloads under load, one on top of another, and at the end: no query is lost over them."""
import concurrent.futures
import os
import re
import signal
import subprocess
import threading
import time
import unittest

import dns.rcode
import dnsclient
import scratch
import servers
import tacet
from fake_upstream import Behaviour
from reload_case import ReloadCase, ttl_of

RATE = 2000
RELOADS = 10


def received(daemon):
    """How many queries the daemon has had by UDP."""
    return daemon.status()["queries"]["udp"]


def reloads(daemon):
    """How often the daemon has read its configuration again."""
    return sum(daemon.status()["reloads"].values())


class UnderLoad(ReloadCase):
    def test_ten_reloads_at_2000_queries_a_second_lose_nothing(self):
        first, second = self.unbound(), self.unbound()
        lan = {"lan.": "$ORIGIN lan.\n@ 300 SOA ns hostmaster 1 3600 900 604800 60\n@ 300 NS ns\n*.many 300 A 192.168.1.7\n"}
        routers = self.unbound(zones=lan), self.unbound(zones=lan)
        plain = [[f"127.0.0.1:{router.plain_port}"] for router in routers]
        kinds = [
            {"upstreams": [self.entry(second.dot_url(), operator="second")], "cache": {"size": "1MiB", "max_ttl": 20}, "forward": {"lan": plain[1]},
             "limits": {"pending": 3000, "tcp_clients": 50}, "answer_chaos": True, "exposure": {"mode": "off"}},
            {"upstreams": [self.entry(first.doh_url()), self.entry(second.doh_url())], "cache": {"min_ttl": 5}, "forward": {"lan": plain[0]},
             "limits": {"pending": 4096}, "answer_chaos": False, "exposure": {"mode": "passive"}},
        ]
        daemon = self.enterContext(tacet.Tacet(self.directory, workers=2, **kinds[1]))
        seconds = RELOADS + 4
        names = os.path.join(self.directory, "names")
        with open(names, "w", encoding="ascii") as file:  # half of them hits; a tenth of the others a zone's
            for number in range(RATE * seconds // 2):
                file.write(f"www.example.com A\nn{number}.many.{'lan' if number % 10 == 0 else 'example.com'} A\n")
        load = subprocess.Popen(["dnsperf", "-s", "127.0.0.1", "-p", str(daemon.port), "-d", names, "-Q", str(RATE), "-l", str(seconds), "-c", "4", "-t", "5"],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(scratch.end, load)
        for number in range(RELOADS):
            scratch.eventually(lambda number=number: received(daemon) > number * RATE, what="a second's queries")
            self.assertIn("upstreams", self.reload(daemon, **kinds[number % 2]))
        report = load.communicate(timeout=60)[0]
        told = {what: int(count) for what, count in re.findall(r"Queries (sent|completed|lost): +(\d+)", report)}
        self.assertGreater(told["sent"], 0.9 * RATE * seconds, report)
        self.assertEqual(told["lost"], 0, report + daemon.log())
        self.assertEqual(told["completed"], told["sent"], report)
        self.assertRegex(report, r"Response codes: +NOERROR \d+ \(100\.00%\)\s*\n", report)
        for server in (first, second):
            self.assertGreater(len(server.asked()), RATE, "both were asked in turn")
        for router in routers:
            self.assertGreater(len(router.asked()), RATE / 20)
        self.assertEqual(len(daemon.log_lines("reload: changed")), RELOADS)
        state = daemon.status()
        self.assertEqual(state["answers"]["failure"], 0)
        self.assertEqual(state["events"]["overloaded"], 0)
        self.assertEqual(state["pending"], 0)

    def test_what_waits_for_an_upstream_that_goes_is_still_answered_by_it(self):
        slow, quick = self.fake(lambda _: Behaviour(delay=1.0)), self.unbound()
        daemon = self.tacet(slow.dot_url())
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            waiting = [pool.submit(daemon.ask, f"n{number}.many.example.com") for number in range(20)]
            scratch.eventually(lambda: len(set(slow.names())) == 20, what="20 queries at the slow upstream")
            self.reload(daemon, upstreams=[self.entry(quick.doh_url())])
            self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com", timeout=4)), [servers.ADDRESS])
            for answer in waiting:
                self.assertEqual(answer.result().rcode(), dns.rcode.NOERROR)
        self.assertEqual(slow.count("www.example.com."), 0)
        self.assertEqual(daemon.status()["pending"], 0)
        # Its answers are not kept: others are asked now.
        before = len(quick.asked())
        self.assertEqual(dnsclient.addresses(daemon.ask("n1.many.example.com")), ["192.0.2.7"])
        self.assert_sent(len(quick.asked()), before + 1, daemon)
        scratch.eventually(lambda: daemon.upstream_sockets(slow.dot_port) == 0, what="an end of the former connections")

    def test_a_flood_of_sighup_is_one_reload_a_second_and_the_last_file_counts(self):
        upstream = self.unbound()
        daemon = self.tacet(upstream.doh_url())
        daemon.ask("www.example.com")
        before = reloads(daemon)
        begun = time.monotonic()
        for number in range(500):
            daemon.settings["cache"] = {"max_ttl": 100 + number % 2}
            daemon.write()
            daemon.process.send_signal(signal.SIGHUP)
            if number % 100 == 0:
                self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com", timeout=4)), [servers.ADDRESS])
        daemon.settings["cache"] = {"max_ttl": 7}
        daemon.write()
        daemon.process.send_signal(signal.SIGHUP)
        scratch.eventually(lambda: ttl_of(daemon.ask("www.example.com")) <= 7, what="the last configuration in use")
        seconds = time.monotonic() - begun
        self.assertLessEqual(reloads(daemon) - before, 2 + seconds)

    def test_reloads_at_the_same_time_come_one_after_another(self):
        upstream = self.unbound()
        daemon = self.tacet(upstream.doh_url(), workers=2)
        daemon.settings["answer_chaos"] = True
        daemon.write()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            told = [done.stdout for done in pool.map(lambda _: daemon.verb("reload"), range(8))]
        self.assertEqual(sorted(told), ["changed answer_chaos\n"] + ["nothing has changed\n"] * 7)

    def test_the_end_waits_for_no_reload_and_a_reload_for_no_end(self):
        upstream = self.unbound()
        for _ in range(5):
            with tacet.Tacet(self.directory, upstreams=[self.entry(upstream.doh_url())]) as daemon:
                stop = threading.Event()

                def reload_on(daemon=daemon, stop=stop):
                    while not stop.is_set():
                        daemon.verb("reload")

                threads = [threading.Thread(target=reload_on) for _ in range(2)]
                for thread in threads:
                    thread.start()
                daemon.await_log("reload: ")
                try:
                    daemon.stop()
                finally:
                    stop.set()
                    for thread in threads:
                        thread.join()


if __name__ == "__main__":
    unittest.main()
