"""The other words of the command line, against a running daemon."""
import json
import os
import re
import socket
import stat
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
            self.assertRegex(done.stdout, r"(?i)SNI|server name|in clear|expos")

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
        self.assertNotEqual(done.returncode, 0)
        self.assertTrue(done.stderr.strip() or done.stdout.strip())

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

    def test_the_control_socket_is_not_for_everybody(self):
        path = self.daemon.settings["control"]["socket"]
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o660)
        self.daemon.stop()
        self.assertFalse(os.path.exists(path))

    def test_a_socket_that_a_killed_daemon_left_does_not_hinder_the_next(self):
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.daemon.start()
        self.assertTrue(self.daemon.status())

    def test_without_a_daemon_the_verbs_say_so(self):
        self.daemon.stop()
        for words in (("status",), ("flush",)):
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


class Version(unittest.TestCase):
    def test_it_names_the_version_of_every_library(self):
        done = tacet.run("--version")
        self.assertEqual(done.returncode, 0, done.stderr)
        for library in ("libcurl", "OpenSSL", "c-ares", "ldns", "yaml-cpp"):
            self.assertRegex(done.stdout, rf"(?i){library}\S*[ :/]+v?\d+\.\d+")


if __name__ == "__main__":
    unittest.main()
