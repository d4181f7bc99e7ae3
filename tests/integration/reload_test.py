"""A new configuration while tacet serves: in use at once and whole, and the service manager hears of it."""
import concurrent.futures
import os
import re
import signal
import socket
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


class Changes(ReloadCase):
    """Each live key, seen from outside."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.upstream = cls.enterClassContext(servers.Unbound(cls.directory, cls.pki.good()))

    def test_an_unchanged_file_keeps_cache_and_connections(self):
        daemon = self.tacet(self.upstream.doh_url(), workers=1)  # each has its own connections
        daemon.ask("www.example.com")
        before = daemon.status()["upstreams"][0]["connections_made"]
        self.assertEqual(self.reload(daemon), "nothing has changed")
        self.assertEqual(self.reload(daemon, cache={"max_ttl": 1000}, answer_chaos=True), "changed cache and answer_chaos")
        daemon.ask("n1.many.example.com")
        self.assertEqual(daemon.status()["upstreams"][0]["connections_made"], before)
        self.assertEqual(daemon.status()["cache"]["entries"], 2)

    def test_ttl_limits_show_at_once_in_what_is_cached_and_the_original_comes_back(self):
        daemon = self.tacet(self.upstream.doh_url())
        daemon.ask("www.example.com")
        daemon.ask("gone.example.com")
        asked = len(self.upstream.asked())
        self.reload(daemon, cache={"max_ttl": 60, "max_negative_ttl": 20})
        self.assertTrue(50 < ttl_of(daemon.ask("www.example.com")) <= 60)
        self.assertTrue(10 < daemon.ask("gone.example.com").authority[0].ttl <= 20)
        self.reload(daemon, cache={"min_ttl": 1000})
        self.assertTrue(990 < ttl_of(daemon.ask("www.example.com")) <= 1000)
        self.reload(daemon, cache={})
        self.assertTrue(250 < ttl_of(daemon.ask("www.example.com")) <= servers.TTL)
        self.assertEqual(len(self.upstream.asked()), asked, "nothing was asked again")

    def test_a_smaller_cache_evicts_and_none_keeps_nothing(self):
        daemon = self.tacet(self.upstream.doh_url())
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: daemon.ask(f"n{number}.many.example.com"), range(600)))
        self.assertEqual(daemon.status()["cache"]["entries"], 600)
        self.reload(daemon, cache={"size": "64KiB"})
        cache = daemon.status()["cache"]
        self.assertLess(cache["entries"], 600)
        self.assertLessEqual(cache["octets"], 64 << 10)
        self.assertEqual(cache["evicted"], 600 - cache["entries"])
        self.reload(daemon, cache={"size": 0})
        daemon.ask("www.example.com")
        self.assertEqual(daemon.status()["cache"]["entries"], 0)

    def test_another_operator_is_asked_afresh_and_the_same_one_by_another_way_is_not(self):
        other = self.unbound()
        daemon = self.tacet(self.entry(self.upstream.doh_url(), operator="one"))
        daemon.ask("www.example.com")
        asked = len(self.upstream.asked()), len(other.asked())
        self.assertEqual(self.reload(daemon, upstreams=[self.entry(self.upstream.dot_url(), operator="one")]), "changed upstreams")
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])
        self.assertEqual((len(self.upstream.asked()), len(other.asked())), asked)
        self.assertEqual(self.reload(daemon, upstreams=[self.entry(other.doh_url(), operator="two")]), "changed upstreams; 1 cached answer forgotten")
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])
        self.assertEqual((len(self.upstream.asked()), len(other.asked())), (asked[0], asked[1] + 1))

    def test_a_zone_comes_and_goes_with_its_names(self):
        zone = "$ORIGIN many.example.com.\n@ 300 SOA ns hostmaster 1 3600 900 604800 60\n@ 300 NS ns\n* 300 A 10.0.0.1\n"
        local = self.unbound(zones={"many.example.com.": zone})
        daemon = self.tacet(self.upstream.doh_url())
        for name in ("n1.many.example.com", "www.example.com"):
            daemon.ask(name)
        told = self.reload(daemon, forward={"many.example.com": [f"127.0.0.1:{local.plain_port}"]})
        self.assertEqual(told, "changed forward; 1 cached answer forgotten")
        self.assertTrue(daemon.log_lines("names in many.example.com travel in clear"))
        self.assertEqual(dnsclient.addresses(daemon.ask("n1.many.example.com")), ["10.0.0.1"])
        self.assertEqual(daemon.status()["zones"][0]["zone"], "many.example.com")
        self.reload(daemon, forward={})
        self.assertEqual(dnsclient.addresses(daemon.ask("n1.many.example.com")), ["192.0.2.7"])
        self.assertEqual(daemon.status()["zones"], [])

    def test_hosts_chaos_log_level_and_exposure_are_live(self):
        daemon = self.tacet(self.upstream.doh_url(), hosts={"file": ""})
        hosts = os.path.join(daemon.directory, "hosts-live")
        with open(hosts, "w", encoding="ascii") as file:
            file.write("192.0.2.99 here.example.com\n")
        self.assertEqual(daemon.ask("here.example.com").rcode(), dns.rcode.NXDOMAIN)
        self.reload(daemon, hosts={"file": hosts})
        self.assertEqual(dnsclient.addresses(daemon.ask("here.example.com")), ["192.0.2.99"])
        self.assertIn("REFUSED", daemon.dig("version.bind", "TXT", "CH"))
        self.reload(daemon, answer_chaos=True)
        self.assertIn("NOERROR", daemon.dig("version.bind", "TXT", "CH"))
        self.reload(daemon, log={"level": "debug"})
        daemon.ask("n5.many.example.com")
        daemon.await_log("n5.many.example.com")
        self.assertEqual(daemon.verb("exposure").returncode, 0)
        self.assertIn("example.com", daemon.verb("exposure").stdout)
        self.reload(daemon, exposure={"mode": "off"})
        self.assertNotIn("example.com", re.sub(r"https?://\S+", "", daemon.verb("exposure").stdout))

    def test_limits_are_live(self):
        silent = self.fake(lambda _: Behaviour("drop"))
        daemon = self.tacet(silent.dot_url(), limits={"pending": 1000, "tcp_clients": 10}, workers=1)  # limits are each worker's
        with dnsclient.TcpClient(daemon.server), dnsclient.TcpClient(daemon.server), dnsclient.TcpClient(daemon.server):
            scratch.eventually(lambda: daemon.status()["tcp_clients"] == 3, what="three clients")
            self.reload(daemon, limits={"pending": 2, "tcp_clients": 1})
            self.assertEqual(daemon.status()["tcp_clients"], 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(daemon.server)
            for number in range(5):
                client.send(dnsclient.query(f"n{number}.many.example.com").to_wire())
            scratch.eventually(lambda: daemon.status()["events"]["overloaded"] >= 3, what="three queries beyond the limit")

    def test_options_of_the_command_line_outlive_a_reload(self):
        other = self.unbound()
        url = self.upstream.doh_url()
        daemon = self.enterContext(tacet.Tacet(self.directory, arguments=["--upstream", url, "--log-level", "warn"],
                                               upstreams=[self.entry(other.doh_url()), self.entry(url)], workers=1))
        self.assertEqual(self.reload(daemon, log={"level": "debug"}), "nothing has changed")
        self.assertEqual(self.reload(daemon, upstreams=[self.entry(url, operator="named"), self.entry(other.doh_url())]),
                         "changed upstreams")
        daemon.ask("www.example.com")
        self.assertEqual(other.asked(), [])
        self.assertEqual({upstream["operator"] for upstream in daemon.status()["upstreams"]}, {"named"})
        self.assertEqual(daemon.status()["log_level"], "warn")

    def test_without_a_file_there_is_nothing_to_reload_and_that_is_said(self):
        port = scratch.free_port(["127.0.0.1"])
        path = os.path.join(self.directory, "no-file.sock")
        daemon = self.child(tacet.BINARY, "run", "--listen", f"127.0.0.1:{port}", "--socket", path, "--upstream", "tls://192.0.2.1",
                            stderr=subprocess.PIPE, text=True)
        self.addCleanup(daemon.stderr.close)
        scratch.eventually(lambda: os.path.exists(path), what="a control socket")
        done = tacet.run("reload", "--socket", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("no configuration file", done.stdout)
        daemon.send_signal(signal.SIGHUP)
        for line in daemon.stderr:
            if "reload: there is no configuration file" in line:
                break
        else:
            self.fail("the log does not tell")
        self.assertIsNone(daemon.poll())


class ServiceManager(ReloadCase):
    def test_the_service_manager_hears_of_begin_and_outcome(self):
        upstream = self.unbound()
        daemon = self.tacet(upstream.doh_url())
        path = os.path.join(daemon.directory, "notify.sock")
        os.unlink(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            os.chmod(path, 0o777)
            notify.settimeout(5)

            def heard():
                return dict(line.split("=", 1) for line in notify.recv(4096).decode().splitlines())

            before = time.clock_gettime(time.CLOCK_MONOTONIC)
            self.reload(daemon, answer_chaos=True)
            begin, end = heard(), heard()
            self.assertEqual(begin["RELOADING"], "1")
            self.assertTrue(before <= int(begin["MONOTONIC_USEC"]) / 1e6 <= time.clock_gettime(time.CLOCK_MONOTONIC))
            self.assertEqual((end["READY"], end["STATUS"]), ("1", "Reloaded: changed answer_chaos"))
            self.refused(daemon, workers=9)
            self.assertEqual(heard()["RELOADING"], "1")
            end = heard()
            self.assertEqual(end["READY"], "1")
            self.assertIn("workers: ", end["STATUS"])

    def test_sighup_during_the_start_is_kept_for_later(self):
        upstream = self.unbound()
        daemon = tacet.Tacet(self.directory, upstreams=[self.entry(upstream.doh_url())])
        over = threading.Event()

        def signal_all_the_time():
            while not over.wait(0.0005):
                if daemon.process and handles_sighup(daemon.process.pid):
                    daemon.process.send_signal(signal.SIGHUP)

        thread = threading.Thread(target=signal_all_the_time)
        thread.start()
        try:
            with daemon:
                daemon.await_log("reload: nothing has changed")
                over.set()
        finally:
            over.set()
            thread.join()


def handles_sighup(pid):
    """Whether SIGHUP is blocked or caught: before its main() has begun, a process can do neither."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        masks = re.findall(r"^Sig(?:Blk|Cgt):\s+(\S+)$", file.read(), re.MULTILINE)
    return any(int(mask, 16) & 1 << (signal.SIGHUP - 1) for mask in masks)


if __name__ == "__main__":
    unittest.main()
