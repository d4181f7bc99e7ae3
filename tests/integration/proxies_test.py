"""Upstreams through real proxies: nothing goes past the proxy, nothing is looked up, and a proxy's end and return are seen."""
import json
import os
import time
import unittest

import dns.rcode
import dnsclient
import scratch
import tacet
from proxies import Microsocks, ProxyLab, Tinyproxy
from proxy_case import ProxyCase
from wire import Wire


class Proxies(ProxyCase):
    def wire(self):
        return self.enterContext(Wire(self.lab.client.name, ProxyLab.DEVICE))

    def microsocks(self, credentials=""):
        return self.enterContext(Microsocks(self.lab, self.directory, credentials))

    def tinyproxy(self, credentials="", only=None):
        return self.enterContext(Tinyproxy(self.lab, self.directory, credentials, only))

    def daemon(self, *urls, **settings):
        return self.tacet(*urls, command=self.lab.client.command(), **settings)

    def assert_answers(self, daemon, name):
        self.assertEqual(dnsclient.addresses(self.ask(daemon, name)), ["192.0.2.7"], daemon.log())

    def assert_fails(self, daemon, name):
        self.assertEqual(self.ask(daemon, name).rcode(), dns.rcode.SERVFAIL)

    def test_dot_and_doh_go_through_each_kind_of_proxy_and_no_packet_goes_past_it(self):
        proxies = (self.microsocks(), self.microsocks("me:s3cret"), self.tinyproxy(), self.tinyproxy("me:s3cret"))
        wire = self.wire()
        for proxy in proxies:
            # With an address, and by a name that only the proxy's machine can look up.
            dot_by_name = bool(proxy.credentials)
            for number, url in enumerate((self.upstream.dot_url(ProxyLab.NAME if dot_by_name else None),
                                          self.upstream.doh_url(None if dot_by_name else ProxyLab.NAME))):
                with self.subTest(proxy=proxy.url(""), url=url), self.short_lived(proxy.url(), url) as daemon:
                    for query in range(5):
                        self.assert_answers(daemon, f"q{query}-{number}.many.example.com")
                    path = daemon.status()["upstreams"][0]["connections"][0]["path"]
                    self.assertEqual((path["proxy"], path["interface"]), (proxy.url(""), ProxyLab.DEVICE))
                    self.assertIn(f"through the proxy {proxy.url('')}", daemon.log())
                    self.assertNotIn("s3cret", daemon.log())
        self.assertEqual(wire.addresses(), {ProxyLab.PROXY})
        self.assertEqual({kind for kind, _, _ in wire.sent}, {"tcp"})
        self.assertEqual({port for _, _, port in wire.sent}, {proxy.port for proxy in proxies})

    def test_every_view_shows_the_proxy_and_none_shows_its_password(self):
        proxy = self.microsocks("me:secret")
        daemon = self.daemon(self.upstream.dot_url(), proxy=proxy.url())
        self.assert_answers(daemon, "views.many.example.com")
        shown = [daemon.verb(*words).stdout for words in (("status",), ("status", "--json"), ("exposure",), ("exposure", "--json"),
                                                          ("explain", "other.example.com"), ("check",), ("query", "www.example.com"))]
        shown.append(daemon.control("GET /metrics").decode())
        for text in shown:
            self.assertIn(f"{ProxyLab.PROXY}:{proxy.port}", text)
            self.assertNotIn("secret", text)
        self.assertIn(f'proxy="{proxy.url("")}"', shown[-1])
        self.assertIn("***@", shown[5])

    def test_each_refusal_of_a_proxy_is_told_in_clear_words(self):
        password, http, narrow = self.microsocks("me:right"), self.tinyproxy("me:right"), self.tinyproxy(only=9)
        gone = f"socks5://{ProxyLab.PROXY}:{scratch.free_port()}"
        for proxy, words in ((password.url("me:wrong"), "refuses the user name or the password: correct them in `proxy`"),
                             (password.url(""), "asks for a user name and a password: give them in `proxy: socks5://"),
                             (http.url(""), "give them in `proxy: http://USER:PASSWORD@HOST:PORT`"),
                             (narrow.url(), "its rules may forbid this port"),
                             (gone, f"the proxy {gone}: Connection refused")):
            with self.subTest(words=words), self.short_lived(proxy, self.upstream.dot_url()) as daemon:
                self.assert_fails(daemon, "refused.many.example.com")
                self.assertIn(words, daemon.await_log("fails: "))
                self.assertIn(words, daemon.status()["upstreams"][0]["last_error"])
                self.assertNotIn("wrong", daemon.log())

    def test_a_proxy_that_ends_stops_the_answers_and_its_return_brings_them_back_at_once(self):
        wire = self.wire()
        proxy = self.microsocks()
        daemon = self.daemon(self.upstream.dot_url(), self.upstream.doh_url(), proxy=proxy.url())
        self.assert_answers(daemon, "before.many.example.com")
        waits = []
        for trial in range(2):
            proxy.stop()
            self.assert_fails(daemon, f"gone{trial}.many.example.com")
            begun = time.monotonic()
            while time.monotonic() < begun + 1:  # clients go on asking meanwhile, as they do
                self.assert_fails(daemon, f"gone{trial}-{time.monotonic_ns()}.many.example.com")
                time.sleep(0.1)
            proxy.start()
            back = time.monotonic()
            scratch.eventually(lambda: self.ask(daemon, f"back{trial}-{time.monotonic_ns()}.many.example.com").rcode() == dns.rcode.NOERROR)
            waits.append(time.monotonic() - back)
        print("first answer after the proxy's return:", *(f"{wait:.3f}" for wait in waits), "s")
        self.assertLessEqual(min(waits), 0.3)
        self.assertEqual(wire.addresses(), {ProxyLab.PROXY})

    def test_a_reload_takes_another_proxy_and_an_exception(self):
        first, second = self.microsocks(), self.tinyproxy()
        wire = self.wire()
        daemon = self.daemon(self.upstream.dot_url(), proxy=first.url())
        self.assert_answers(daemon, "one.many.example.com")
        daemon.settings["proxy"] = second.url()
        daemon.write()
        self.assertEqual(daemon.verb("reload").returncode, 0)
        self.assert_answers(daemon, "two.many.example.com")
        self.assertGreater(wire.to_port(second.port), 0)
        self.assertEqual(wire.to_address(ProxyLab.SERVER), 0)
        daemon.settings["upstreams"][0]["proxy"] = "none"
        daemon.write()
        self.assertEqual(daemon.verb("reload").returncode, 0)
        self.assert_answers(daemon, "three.many.example.com")
        self.assertGreater(wire.to_address(ProxyLab.SERVER), 0)

    def test_zones_stay_direct_unless_they_say_otherwise(self):
        proxy = self.microsocks()
        plain = f"{ProxyLab.SERVER}:{self.upstream.plain_port}"
        entry = self.entry(self.upstream.dot_url())
        daemon = self.daemon(self.upstream.dot_url(), proxy=proxy.url(),
                             forward={"plain.many.example.com": [plain], "direct.many.example.com": [entry],
                                      "proxied.many.example.com": {"servers": [entry], "proxy": proxy.url()}})
        wire = self.wire()
        self.assert_answers(daemon, "a.proxied.many.example.com")
        self.assertEqual(wire.to_address(ProxyLab.SERVER), 0)
        self.assert_answers(daemon, "a.plain.many.example.com")
        scratch.eventually(lambda: wire.to_port(self.upstream.plain_port) > 0)
        self.assertEqual(wire.to_port(self.upstream.dot_port), 0)
        self.assert_answers(daemon, "a.direct.many.example.com")
        scratch.eventually(lambda: wire.to_port(self.upstream.dot_port) > 0)

    def test_query_asks_through_a_proxy_of_the_command_line(self):
        proxy = self.tinyproxy()
        wire = self.wire()
        config = os.path.join(self.directory, "query.yaml")
        with open(config, "w", encoding="ascii") as file:
            json.dump({"upstreams": [self.entry(self.upstream.doh_url())]}, file)
        done = self.lab.client.run([tacet.BINARY, "query", "www.example.com", "--config", config, "--proxy", proxy.url()],
                                   capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"by {ProxyLab.DEVICE}, through the proxy {proxy.url()}, connected in", done.stdout)
        self.assertIn("the network sees that you connect to the proxy", done.stdout)
        self.assertEqual(wire.addresses(), {ProxyLab.PROXY})


if __name__ == "__main__":
    unittest.main()
