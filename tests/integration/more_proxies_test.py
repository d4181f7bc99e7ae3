"""Proxies that are too large for every run: dante with a password, squid with a password and an ACL, Tor's isolation. Label `long`."""
import contextlib
import re
import shutil
import socket
import statistics
import subprocess
import threading
import time
import unittest

import dns.rcode
import dnsclient
import scratch
from proxies import Dante, Microsocks, ProxyLab, Squid, Tinyproxy, Tor
from proxy_case import ProxyCase
from wire import Wire

USER, PASSWORD = "tacetproxy", "s3cret"


class MoreProxies(ProxyCase):
    def need(self, program):
        if not shutil.which(program):
            self.skipTest(f"needs {program}")

    def start(self, proxy):
        return self.enterContext(proxy)

    def check_all(self, proxy):
        with Wire(self.lab.client.name, ProxyLab.DEVICE) as wire:
            for host in (None, ProxyLab.NAME):
                for url in (self.upstream.dot_url(host), self.upstream.doh_url(host)):
                    with self.subTest(proxy=proxy.url(""), url=url), self.short_lived(proxy.url(), url) as daemon:
                        for number in range(20):
                            response = self.ask(daemon, f"a{number}.many.example.com")
                            self.assertEqual(dnsclient.addresses(response), ["192.0.2.7"], daemon.log() + proxy.log())
                        self.assertNotIn(PASSWORD, daemon.log())
            self.assertEqual(wire.addresses(), {ProxyLab.PROXY})
            self.assertEqual({kind for kind, _, _ in wire.sent}, {"tcp"})

    def check_refusal(self, proxy, words):
        with self.subTest(words=words), self.short_lived(proxy, self.upstream.dot_url()) as daemon:
            self.assertEqual(self.ask(daemon, "refused.many.example.com").rcode(), dns.rcode.SERVFAIL)
            self.assertIn(words, daemon.await_log("fails: "))

    def test_dante_open_and_with_a_password(self):
        self.need("danted")
        self.check_all(self.start(Dante(self.lab, self.directory)))
        subprocess.run(["useradd", "--system", "--no-create-home", USER], check=True)
        self.addCleanup(subprocess.run, ["userdel", USER])
        subprocess.run(["chpasswd"], input=f"{USER}:{PASSWORD}", text=True, check=True)
        closed = self.start(Dante(self.lab, self.directory, f"{USER}:{PASSWORD}"))
        self.check_all(closed)
        self.check_refusal(closed.url(f"{USER}:wrong"), "refuses the user name or the password")
        self.check_refusal(closed.url(""), "asks for a user name and a password")

    def test_squid_open_with_a_password_and_with_a_rule(self):
        self.need("squid")
        self.check_all(self.start(Squid(self.lab, self.directory)))
        closed = self.start(Squid(self.lab, self.directory, f"{USER}:{PASSWORD}"))
        self.check_all(closed)
        self.check_refusal(closed.url(""), "asks for a user name and a password (status 407)")
        self.check_refusal(closed.url(f"{USER}:wrong"), "refuses the user name or the password (status 407)")
        self.check_refusal(self.start(Squid(self.lab, self.directory, only=9)).url(), "its rules may forbid this port")

    def test_tor_gets_a_user_name_of_its_own_for_each_connection(self):
        self.need("tor")
        tor = self.start(Tor(self.lab, self.directory))
        control = self.lab.middle.call(lambda: socket.create_connection(("127.0.0.1", tor.control_port), 10))
        self.addCleanup(control.close)
        control.sendall(b"AUTHENTICATE\r\nSETEVENTS STREAM\r\n")
        heard = []

        def listen():
            with contextlib.suppress(OSError):  # the test is over
                while octets := control.recv(65536):
                    heard.append(octets.decode())

        threading.Thread(target=listen, daemon=True).start()
        with self.short_lived(tor.url(), self.upstream.dot_url(), self.upstream.doh_url()) as daemon:
            self.ask(daemon, "isolated.many.example.com")

            def users():
                return set(re.findall(r'SOCKS_USERNAME="?(tacet-[0-9a-f]{32})', "".join(heard)))

            scratch.eventually(lambda: len(users()) >= 2, what=lambda: f"two user names in {heard}")
            self.assertIn(f" {ProxyLab.SERVER}:{self.upstream.dot_port} ", "".join(heard))  # an address, no name

    def test_a_proxy_that_returns_brings_the_answers_back_at_once_every_time(self):
        for kind in (Microsocks, Tinyproxy):
            proxy = self.start(kind(self.lab, self.directory))
            waits = []
            with self.short_lived(proxy.url(), self.upstream.dot_url(), self.upstream.doh_url()) as daemon:
                for trial in range(10):
                    proxy.stop()
                    begun = time.monotonic()
                    while time.monotonic() < begun + 1.5:
                        self.ask(daemon, f"gone{trial}-{time.monotonic_ns()}.many.example.com")
                        time.sleep(0.05)
                    proxy.start()
                    back = time.monotonic()
                    scratch.eventually(lambda: self.ask(daemon, f"back{time.monotonic_ns()}.many.example.com").rcode() == dns.rcode.NOERROR)
                    waits.append(time.monotonic() - back)
            print(kind.__name__, "returns, first answer after", *(f"{wait:.3f}" for wait in sorted(waits)), "s")
            self.assertLessEqual(statistics.median(waits), 0.3)

    def test_a_path_behind_the_proxy_that_goes_silent_is_left_and_found_again(self):
        proxy = self.start(Microsocks(self.lab, self.directory))
        waits = []
        with self.short_lived(proxy.url(), self.upstream.dot_url(), self.upstream.doh_url()) as daemon:
            for trial in range(5):
                self.assertEqual(self.ask(daemon, f"before{trial}.many.example.com").rcode(), dns.rcode.NOERROR)
                block = ["nft", "add table inet cut; add chain inet cut out { type filter hook output priority 0; }; add rule inet cut out oifname lab2 drop"]
                self.lab.middle.run(block, check=True)
                begun = time.monotonic()
                while time.monotonic() < begun + 4:
                    threading.Thread(target=lambda: self.lab.client.call(lambda: self._try(daemon, "silent"))).start()
                    time.sleep(0.2)
                self.lab.middle.run(["nft", "delete table inet cut"], check=True)
                back = time.monotonic()
                scratch.eventually(lambda: self.lab.client.call(lambda: self._try(daemon, "back", 0.3)))
                waits.append(time.monotonic() - back)
        print("path behind the proxy healed, first answer after", *(f"{wait:.3f}" for wait in sorted(waits)), "s")

    @staticmethod
    def _try(daemon, word, timeout=5.0):
        try:
            return daemon.ask(f"{word}{time.monotonic_ns()}.many.example.com", timeout=timeout).rcode() == dns.rcode.NOERROR
        except AssertionError:
            return False


if __name__ == "__main__":
    unittest.main()
