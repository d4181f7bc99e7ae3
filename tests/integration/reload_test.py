"""A new configuration while tacet serves: in use at once and whole, or refused whole, and no query is lost over it."""
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
from case import Case
from fake_upstream import Behaviour

RATE = 2000
RELOADS = 10


def ttl_of(answer):
    return answer.answer[0].ttl


class ReloadCase(Case):
    def reload(self, daemon, **settings):
        """Writes these settings over those in the file and reloads: what `tacet reload` prints."""
        daemon.settings.update(settings)
        daemon.write()
        done = daemon.verb("reload")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + daemon.log())
        return done.stdout.strip()

    def refused(self, daemon, **settings):
        """The same for settings that are refused; the file is as it was afterwards. What the verb complains of."""
        before = dict(daemon.settings)
        daemon.settings.update(settings)
        daemon.write()
        done = daemon.verb("reload", "--socket", before["control"]["socket"])
        daemon.settings = before
        daemon.write()
        self.assertEqual(done.returncode, 1, done.stdout)
        return done.stderr


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
        time.sleep(1)
        for number in range(RELOADS):
            self.assertIn("upstreams", self.reload(daemon, **kinds[number % 2]))
            time.sleep(1)
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
        self.assertEqual(len(quick.asked()), before + 1)
        scratch.eventually(lambda: daemon.upstream_sockets(slow.dot_port) == 0, what="an end of the former connections")

    def test_a_flood_of_sighup_is_one_reload_a_second_and_the_last_file_counts(self):
        upstream = self.unbound()
        daemon = self.tacet(upstream.doh_url())
        daemon.ask("www.example.com")
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
        self.assertLessEqual(len(daemon.log_lines("reload: ")), 2 + seconds)

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
                time.sleep(0.2)
                try:
                    daemon.stop()
                finally:
                    stop.set()
                    for thread in threads:
                        thread.join()


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


class Refusals(ReloadCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.upstream = cls.enterClassContext(servers.Unbound(cls.directory, cls.pki.good()))

    def setUp(self):
        self.daemon = self.tacet(self.upstream.doh_url(), cache={"max_ttl": 100})
        self.daemon.ask("www.example.com")

    def assert_as_before(self):
        asked = len(self.upstream.asked())
        self.assertTrue(80 < ttl_of(self.daemon.ask("www.example.com")) <= 100)
        self.assertEqual(len(self.upstream.asked()), asked)
        self.assertEqual(dnsclient.addresses(self.daemon.ask(f"n{asked}.many.example.com")), ["192.0.2.7"])

    def test_every_fault_is_told_by_line_column_and_key(self):
        told = self.refused(self.daemon, cache={"max_ttl": -1, "sise": 3}, limits={"pending": 0})
        # The file itself cannot be read by the verb: what it says is what `tacet check` says.
        for key in ("cache.max_ttl", "cache.sise", "limits.pending"):
            self.assertRegex(told, rf"tacet\.yaml:\d+:\d+: {re.escape(key)}: ")
        self.assert_as_before()

    def test_the_running_one_refuses_it_too_and_says_the_same(self):
        self.daemon.settings.update(cache={"max_ttl": -1}, limits={"pending": 0})
        self.daemon.write()
        done = tacet.run("reload", "--socket", self.daemon.settings["control"]["socket"])
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        lines = done.stderr.splitlines()
        self.assertIn("the former one stays in use", lines[0])
        self.assertRegex(lines[1], r"tacet\.yaml:\d+:\d+: cache\.max_ttl: ")
        self.assertRegex(lines[2], r"tacet\.yaml:\d+:\d+: limits\.pending: ")
        self.assert_as_before()
        self.daemon.process.send_signal(signal.SIGHUP)
        scratch.eventually(lambda: len(self.daemon.log_lines(r"refused: .*tacet\.yaml:\d+:\d+: limits\.pending: ")) == 2, what="the faults in the log")
        self.assert_as_before()

    def test_a_file_that_is_gone_is_a_fault_too(self):
        os.unlink(self.daemon.config)
        done = tacet.run("reload", "--socket", self.daemon.settings["control"]["socket"])
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot be read", done.stderr)
        self.assert_as_before()

    def test_sealed_keys_are_named_and_a_restart_is_advised_and_nothing_else_of_the_file_is_used(self):
        told = self.refused(self.daemon, workers=5, listen=["127.0.0.1:5399"], control={"socket": "/run/elsewhere.sock"}, cache={"max_ttl": 7})
        for key in ("workers", "listen", "control"):
            self.assertRegex(told, rf"(?m)^{key}: .*restart")
        self.assert_as_before()

    def test_authorities_that_cannot_be_loaded_refuse_it(self):
        path = os.path.join(self.daemon.directory, "nobody.pem")
        with open(path, "w", encoding="ascii") as file:
            file.write("nobody\n")
        told = self.refused(self.daemon, upstreams=[{"url": self.upstream.dot_url(), "ca_file": path}], cache={"max_ttl": 7})
        self.assertIn(path, told)
        self.assert_as_before()

    def test_an_option_of_the_command_line_that_no_longer_fits_refuses_it(self):
        url = "tls://dns.example.net"
        entry = {"url": url, "addresses": ["192.0.2.1"]}
        daemon = self.enterContext(tacet.Tacet(self.directory, arguments=["--upstream", url], upstreams=[entry]))
        daemon.settings["upstreams"] = [self.entry(self.upstream.doh_url())]
        daemon.write()
        done = daemon.verb("reload")
        self.assertEqual(done.returncode, 1)
        self.assertIn("dns.example.net cannot be looked up", done.stderr)

    def test_metrics_tell_of_it(self):
        self.refused(self.daemon, workers=7)
        text = self.metrics()
        self.assertIn('tacet_config_reloads_total{outcome="refused"} 1', text)
        self.assertIn("tacet_config_last_reload_successful 0", text)
        self.reload(self.daemon, answer_chaos=True)
        text = self.metrics()
        self.assertIn('tacet_config_reloads_total{outcome="good"} 1', text)
        self.assertIn("tacet_config_last_reload_successful 1", text)
        at = float(re.search(r"(?m)^tacet_config_last_reload_success_timestamp_seconds (\S+)", text)[1])
        self.assertLess(abs(at - time.time()), 10)

    def metrics(self):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.daemon.settings["control"]["socket"])
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return b"".join(iter(lambda: client.recv(65536), b"")).decode()


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
            while not over.is_set():
                if daemon.process and handles_sighup(daemon.process.pid):
                    daemon.process.send_signal(signal.SIGHUP)
                time.sleep(0.0005)

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
