"""The other words of the command line, against a running daemon."""
import json
import os
import re
import signal
import socket
import stat
import subprocess
import time
import unittest

import dnsclient
import scratch
import servers
import tacet
from case import UnboundCase


class Query(UnboundCase):
    def test_it_prints_what_dig_prints_and_how_it_was_asked(self):
        for url, transport in ((self.upstream.doh_url(), "DoH"), (self.upstream.dot_url(), "DoT")):
            daemon = self.tacet(url)
            daemon.stop()  # it asks upstream by itself
            done = daemon.verb("query", "www.example.com", "A")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, rf"(?m)^www\.example\.com\.\s+\d+\s+IN\s+A\s+{re.escape(servers.ADDRESS)}$")
            for word in ("NOERROR", transport, url):
                self.assertIn(word, done.stdout)
            self.assertRegex(done.stdout, r"\d ms")
            self.assertRegex(done.stdout, r"(?m)^exposed\n  - no server name was sent in clear \(no SNI\)$")

    def test_the_type_is_a_unless_given(self):
        daemon = self.tacet(self.upstream.doh_url())
        self.assertIn(servers.ADDRESS, daemon.verb("query", "www.example.com").stdout)
        self.assertIn("2001:db8::80", daemon.verb("query", "www.example.com", "AAAA").stdout)
        self.assertIn("ech=", daemon.verb("query", "secure.example.com", "HTTPS").stdout)
        self.assertRegex(daemon.verb("query", "unknown.example.com", "TYPE65280").stdout, r"\\# 5 0102030405")

    def test_a_name_that_does_not_exist_is_an_answer(self):
        done = self.tacet(self.upstream.doh_url()).verb("query", "nothing.example.com")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("NXDOMAIN", done.stdout)

    def test_no_answer_is_a_failure_with_a_reason(self):
        daemon = self.tacet(f"tls://127.0.0.1:{scratch.free_port()}")
        done = daemon.verb("query", "www.example.com")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no answer: ", done.stderr)
        self.assertIn("Connection refused", done.stderr)

    def test_a_type_that_is_none_is_refused(self):
        done = self.tacet(self.upstream.doh_url()).verb("query", "www.example.com", "NOSUCHTYPE")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("NOSUCHTYPE", done.stderr + done.stdout)


class Control(UnboundCase):
    def setUp(self):
        self.daemon = self.tacet(self.upstream.doh_url(), self.upstream.dot_url())

    def test_status_is_json_on_request_and_counts(self):
        before = json.dumps(self.daemon.status())
        self.daemon.ask("www.example.com")
        self.daemon.ask("www.example.com")
        after = self.daemon.status()
        self.assertNotEqual(before, json.dumps(after))
        text = json.dumps(after)
        self.assertIn(self.upstream.doh_url(), text)
        self.assertIn(self.upstream.dot_url(), text)
        self.assertRegex(text, r"(?i)uptime")

    def test_status_is_for_people_otherwise(self):
        done = self.daemon.verb("status")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(self.upstream.doh_url(), done.stdout)
        with self.assertRaises(json.JSONDecodeError):
            json.loads(done.stdout)

    def test_status_tells_rates_times_shares_and_exposure(self):
        for _ in range(4):
            self.daemon.ask("www.example.com")
        status = self.daemon.status()
        self.assertEqual(status["hit_rate"], 0.75)
        self.assertEqual([status["times"][which]["count"] for which in ("all", "at_once", "waited")], [4, 3, 1])
        for which in ("at_once", "waited"):
            times = status["times"][which]
            self.assertTrue(0 < times["p50_ms"] <= times["p95_ms"] <= times["p99_ms"], times)
        self.assertEqual([upstream["share"] for upstream in status["upstreams"] if upstream["answers"]], [1.0])
        self.assertEqual((status["exposure"]["names"], status["exposure"]["mode"]), (1, "passive"))
        text = self.daemon.verb("status").stdout
        for words in ("hit rate 75 %", "p50", "p95", "p99", "TLSv1.3", "100 % of answers", "exposure  of 1 names"):
            self.assertIn(words, text)
        self.assertNotIn("www.example.com", text)
        self.assertLessEqual(len(text.splitlines()), 24)

    def test_status_lists_the_configured_upstreams_and_below_each_its_connections(self):
        daemon = self.tacet(self.upstream.doh_url(), self.upstream.dot_url(), workers=2)
        self.assertEqual([upstream["connections"] for upstream in daemon.status()["upstreams"]], [[], []])
        daemon.ask("www.example.com")
        used, unused = daemon.status()["upstreams"]
        self.assertEqual((used["id"], used["transport"], unused["id"], unused["transport"]),
                         (self.upstream.doh_url(), "DoH", self.upstream.dot_url(), "DoT"))
        self.assertEqual({connection["transport"] for connection in used["connections"]}, {"DoH"})
        self.assertEqual([connection["tls"]["version"] for connection in used["connections"] if connection["answers"]], ["TLSv1.3"])
        for key in ("answers", "failures", "connections_made", "resumptions", "reissued", "outstanding"):
            self.assertEqual(used[key], sum(connection[key] for connection in used["connections"]), key)
        self.assertEqual(used["open_connections"], sum(connection["state"] == "open" for connection in used["connections"]))
        self.assertGreater(used["p50_ms"], 0)

    def watch(self, *words, **streams):
        return self.child(tacet.BINARY, "status", "--watch", "--interval", "1", *words, "--config", self.daemon.config, **streams)

    def test_watching_shows_blocks_and_ends_cleanly_by_ctrl_c(self):
        watch = self.watch(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        begun = time.monotonic()
        blocks = 0
        while blocks < 3:
            blocks += watch.stdout.readline().startswith("tacet ")
        self.assertGreater(time.monotonic() - begun, 1)
        watch.send_signal(signal.SIGINT)
        rest, errors = watch.communicate(timeout=30)
        self.assertEqual((watch.returncode, errors), (0, ""))
        self.assertNotIn("\x1b", rest)

    def test_watching_outlives_a_restart_of_the_daemon_and_says_so(self):
        watch = self.watch(stdout=subprocess.PIPE, text=True)
        self.assertTrue(watch.stdout.readline().startswith("tacet 0"))
        self.daemon.stop()
        while not (line := watch.stdout.readline()).startswith("tacet: no tacet is running"):
            self.assertTrue(line)
        self.assertIn("trying again every 1 s", line)
        self.daemon.start()
        while not (line := watch.stdout.readline()).startswith("tacet 0"):
            self.assertTrue(line)
        watch.terminate()
        self.assertEqual(watch.wait(5), 0)

    def test_watching_with_json_is_an_object_a_line(self):
        watch = self.watch("--json", stdout=subprocess.PIPE, text=True)
        first, second = (json.loads(watch.stdout.readline()) for _ in range(2))
        self.assertLess(first["uptime_seconds"], second["uptime_seconds"])

    def test_watching_ends_when_nobody_reads(self):
        watch = self.watch(stdout=subprocess.PIPE, text=True)
        watch.stdout.readline()
        watch.stdout.close()
        self.assertEqual(watch.wait(10), 1)

    def test_watching_refreshes_a_terminal_in_place(self):
        ours, theirs = os.openpty()
        watch = self.watch(stdout=theirs)
        os.close(theirs)
        shown = b""
        while shown.count(b"\x1b[H") < 3:
            shown += os.read(ours, 65536)
        watch.send_signal(signal.SIGINT)
        self.assertEqual(watch.wait(5), 0)
        os.close(ours)
        self.assertEqual(shown.count(b"\x1b[2J"), 1)
        self.assertIn(b"\x1b[K\r\n", shown)

    def test_status_tells_the_last_error_of_an_endpoint(self):
        port = scratch.free_port()
        daemon = self.tacet(f"tls://127.0.0.1:{port}", self.upstream.doh_url())
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])
        scratch.eventually(lambda: re.search(r"(?i)refused", json.dumps(daemon.status())), what=lambda: f"the error in {daemon.status()}")

    def test_the_log_level_can_be_changed_while_it_runs(self):
        self.assertEqual(self.daemon.status()["log_level"], "info")
        self.daemon.ask("www.example.com")
        self.assertEqual(self.daemon.log_lines("www.example.com"), [])
        self.assertEqual(self.daemon.verb("log-level", "debug").returncode, 0)
        self.daemon.ask("alias.example.com")
        self.daemon.await_log("alias.example.com")
        self.assertEqual(self.daemon.status()["log_level"], "debug")
        self.assertIn("log level debug", self.daemon.verb("status").stdout)
        self.assertEqual(self.daemon.verb("log-level", "warn").returncode, 0)
        self.daemon.ask("short.example.com")
        self.assertEqual(self.daemon.log_lines("short.example.com"), [])
        self.assertEqual(self.daemon.verb("log-level", "loud").returncode, 2)

    def test_flush_forgets_what_was_cached(self):
        before = self.upstream.count("www.example.com.")
        for _ in range(2):
            self.daemon.ask("www.example.com")
        self.assertEqual(self.upstream.count("www.example.com."), before + 1)
        done = self.daemon.verb("flush")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.daemon.ask("www.example.com")
        self.assertEqual(self.upstream.count("www.example.com."), before + 2)

    def test_flush_takes_a_name_a_zone_or_all_and_no_two_of_them(self):
        for name in ("www.example.com", "a.many.example.com", "b.many.example.com"):
            self.daemon.ask(name)
        for words, count in ((("www.example.com",), 1), (("--below", "many.example.com"), 2), (("--all",), 0)):
            self.assertEqual(self.daemon.verb("flush", *words).stdout, f"{count} answers forgotten\n".replace("1 answers", "1 answer"))
        self.daemon.ask("www.example.com")
        self.assertEqual(self.daemon.verb("flush", "--all").stdout, "1 answer forgotten\n")
        for words in (("--all", "www.example.com"), ("--all", "--below", "example.com"), ("--below", "example.com", "www.example.com")):
            self.assertEqual(self.daemon.verb("flush", *words).returncode, 2, words)

    def test_the_control_socket_is_not_for_everybody(self):
        path = self.daemon.settings["control"]["socket"]
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o660)
        left_root = os.geteuid() == 0 and self.daemon.status()["confinement"]["user"] != "root"
        self.daemon.stop()
        self.assertEqual(os.path.exists(path), left_root)  # who is root no more can remove nothing from root's directory

    def test_a_socket_that_a_killed_daemon_left_does_not_hinder_the_next(self):
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.daemon.start()
        self.assertTrue(self.daemon.status())

    def test_without_a_daemon_the_verbs_say_so(self):
        self.daemon.stop()
        for words in (("status",), ("flush",), ("cache",), ("explain", "www.example.com"), ("log-level", "info")):
            done = self.daemon.verb(*words)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(self.daemon.settings["control"]["socket"], done.stderr)

    def test_the_control_socket_survives_nonsense(self):
        for octets in (b"\0" * 100, b"GET / HTTP/1.1\r\n", b"GET /" + b"x" * 100000):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(self.daemon.settings["control"]["socket"])
                try:
                    client.sendall(octets)
                except BrokenPipeError:
                    pass
        self.assertTrue(self.daemon.status())


class Cache(UnboundCase):
    def setUp(self):
        self.daemon = self.tacet(self.upstream.doh_url())
        self.daemon.ask("www.example.com")
        self.daemon.ask("www.example.com", "AAAA")
        self.daemon.ask("www.example.com", dnssec=True)
        self.daemon.ask("nothing.example.com")
        self.daemon.ask("a.many.example.com")

    def report(self, *words):
        done = self.daemon.verb("cache", *words, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_without_a_name_there_are_numbers_and_no_names(self):
        text = self.daemon.verb("cache").stdout
        for words in ("5 answers in", "fresh   5; stale 0", "4 with records, 1 NXDOMAIN", "1 for clients that ask for signatures", "A 4, AAAA 1"):
            self.assertIn(words, text)
        self.assertNotIn("example", text + json.dumps(self.report()))

    def test_with_a_name_there_is_every_answer_of_it(self):
        answers = self.report("www.example.com")["answers"]
        self.assertEqual([(a["name"], a["type"], a["dnssec_ok"]) for a in answers],
                         [("www.example.com", "A", False), ("www.example.com", "A", True), ("www.example.com", "AAAA", False)])
        for answer in answers:
            self.assertEqual((answer["rcode"], answer["state"], answer["ttl_seconds"] + answer["age_seconds"]), ("NOERROR", "fresh", servers.TTL))
        self.assertRegex(self.daemon.verb("cache", "www.example.com").stdout, r"(?m)^www\.example\.com A DO  NOERROR, \d+ s old, fresh for .* more, \d+ octets$")
        self.assertEqual(self.daemon.verb("cache", "elsewhere.example.com").stdout, "nothing is kept\n")

    def test_below_a_zone_there_is_every_answer_below_it(self):
        self.assertEqual([a["name"] for a in self.report("--below", "many.example.com")["answers"]], ["a.many.example.com"])
        self.assertEqual(len(self.report("--below", "example.com")["answers"]), 5)

    def test_looking_is_no_use_of_an_answer(self):
        before = self.daemon.status()
        self.report("www.example.com")
        after = self.daemon.status()
        self.assertEqual((before["answers"], before["cache"]), (after["answers"], after["cache"]))


class Explain(UnboundCase):
    def explain(self, daemon, *words):
        done = daemon.verb("explain", *words, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_every_rule_says_that_it_would_answer_and_why_and_nobody_is_asked(self):
        hosts = os.path.join(self.directory, scratch.unique_name("hosts"))
        with open(hosts, "w", encoding="ascii") as file:
            file.write("192.0.2.9 nas.example.com\n")
        daemon = self.tacet(self.upstream.doh_url(), hosts={"file": hosts}, forward={"home.arpa": [f"127.0.0.1:{self.upstream.plain_port}"]})
        daemon.ask("www.example.com")
        asked = len(self.upstream.asked())
        for words, by, why in ((("nas.example.com",), "hosts", re.escape(hosts)),
                               (("printer.local",), "policy", "local is multicast DNS's"),
                               (("printer",), "policy", "one label"),
                               (("www.example.com",), "cache", r"kept \d+ s ago, and fresh for \d+ s more"),
                               (("www.example.com", "AAAA"), "upstream", "nothing is kept; https://.* is asked first"),
                               (("nas.home.arpa",), "upstream", "names in home.arpa go to its own servers; 127.0.0.1:"),
                               (("www.example.com", "AXFR"), "nobody", "REFUSED")):
            with self.subTest(words):
                told = self.explain(daemon, *words)
                self.assertEqual(told["answered_by"], by)
                self.assertRegex(told["why"], why)
                text = daemon.verb("explain", *words).stdout
                self.assertIn(told["why"], text)
        self.assertEqual(len(self.upstream.asked()), asked)
        self.assertRegex(daemon.verb("explain", "nas.home.arpa").stdout, r"policy +home\.arpa is the home network's .*; the zone below wins")

    def test_it_names_the_endpoint_that_works_first(self):
        daemon = self.tacet(f"tls://127.0.0.1:{scratch.free_port()}", self.upstream.doh_url(), workers=1)  # each has its own experience
        self.assertTrue(self.explain(daemon, "www.example.com")["upstreams"][0]["id"].startswith("tls://"))
        daemon.ask("www.example.com")
        self.assertEqual([(one["id"], one["state"]) for one in self.explain(daemon, "alias.example.com")["upstreams"]][0],
                         (self.upstream.doh_url(), "good"))

    def test_a_failure_of_a_moment_ago_is_told(self):
        daemon = self.tacet(f"tls://127.0.0.1:{scratch.free_port()}", workers=1)  # each remembers its own
        daemon.ask("www.example.com")
        told = self.explain(daemon, "www.example.com")
        self.assertEqual(told["answered_by"], "recent failure")
        self.assertIn("refused", told["why"])

    def test_what_is_no_name_or_no_type_is_refused(self):
        daemon = self.tacet(self.upstream.doh_url())
        for words in (("a..b",), ("www.example.com", "NONSENSE")):
            done = daemon.verb("explain", *words)
            self.assertEqual(done.returncode, 1)
            self.assertIn(words[-1], done.stderr)


class Version(unittest.TestCase):
    def test_it_names_the_version_of_every_library(self):
        done = tacet.run("--version")
        self.assertEqual(done.returncode, 0, done.stderr)
        for library in ("libcurl", "OpenSSL", "c-ares", "ldns", "yaml-cpp", "libidn2"):
            self.assertRegex(done.stdout, rf"(?i){library}\S*[ :/]+v?\d+\.\d+")


if __name__ == "__main__":
    unittest.main()
