"""A new configuration that cannot be used is refused whole, and the former one stays in use."""
import os
import re
import signal
import socket
import time
import unittest

import dnsclient
import scratch
import servers
import tacet
from reload_case import ReloadCase, ttl_of


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


if __name__ == "__main__":
    unittest.main()
