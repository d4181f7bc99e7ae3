"""What tacet doctor says of real browsers in several settings equals what their greetings and questions show.

Needs chromium and firefox-esr, which packaging/install-packages.sh does not install.
"""
import base64
import json
import os
import subprocess
import unittest

import scratch
import servers
import tacet
from desktop import COVER, Site, zone_with_ech
from desktop_case import CONFIG, NAME, URL, DesktopCase

PAST, WITHOUT, WITH = "goes past tacet", "shows the names of sites in clear", "hides the names of sites"
OTHER = "192.0.2.53"  # another DNS server, not on loopback


class Settings(DesktopCase):
    def setUp(self):
        super().setUp()
        self.desktop.succeed("ip", "address", "add", f"{OTHER}/32", "dev", "lo")
        self.other = self.enterContext(servers.Unbound(
            self.directory, self.authority.named(f"IP:{OTHER}"), addresses=(OTHER,), ports=(5354, 8854, 8443), command=self.desktop.command(),
            zones={"example.com.": zone_with_ech("example.com.", Site.ADDRESS)}))
        self.home = os.path.join(self.directory, scratch.unique_name("home"))
        os.mkdir(self.home)
        self.start()

    def der(self):
        return base64.b64encode(self.desktop.succeed("openssl", "x509", "-in", self.authority.ca, "-outform", "DER", text=False)).decode()

    def open(self, *words):
        """A browser of this test's home."""
        return self.desktop.popen("env", f"HOME={self.home}", *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def said(self, browser):
        """What doctor says of it."""
        done = self.desktop.run("env", f"HOME={self.home}", tacet.BINARY, "doctor", "--only", "host", "--json", "--config", CONFIG)
        found = [each for each in json.loads(done.stdout)["findings"] if each["check"] == "host.browser" and f"of {browser}" in each["asked"]]
        self.assertEqual(len(found), 1, done.stdout + done.stderr)
        return found[0]["means"]

    def shown(self, browser):
        """What the site and the servers see of the second visit: a key may come too late for the first one."""
        for _ in range(2):
            before = len(self.other.asked())
            greeted = self.site.greeting_of(browser, URL)
        if any(name == f"{NAME}." for name, _ in self.other.asked()[before:]):
            return PAST
        return {NAME: WITHOUT, COVER: WITH}[greeted]

    def assert_told(self, name, browser, expected):
        self.assertEqual(self.shown(browser), expected)
        self.assertIn(expected, self.said(name))


class Chromium(Settings):
    programs = ("chromium",)

    def chromium(self, url):
        return self.open("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", url)

    def order(self, **policies):
        self.desktop.write("/etc/chromium/policies/managed/test.json", json.dumps(policies))

    def test_as_it_comes(self):
        self.assert_told("Chromium", self.chromium, WITHOUT)

    def test_with_dns_over_https_turned_off(self):
        self.order(DnsOverHttpsMode="off")
        self.assert_told("Chromium", self.chromium, WITHOUT)

    def test_after_browser_setup(self):
        self.set_up()
        self.assert_told("Chromium", self.chromium, WITH)

    def test_with_another_server(self):
        self.order(DnsOverHttpsMode="secure", DnsOverHttpsTemplates=f"https://{OTHER}:8443/dns-query{{?dns}}", CACertificates=[self.der()])
        self.assert_told("Chromium", self.chromium, PAST)


class Firefox(Settings):
    programs = ("firefox-esr",)

    def setUp(self):
        super().setUp()
        self.profile = os.path.join(self.home, ".mozilla", "firefox", "test.default")
        os.makedirs(self.profile)
        self.prefer()

    def prefer(self, **preferences):
        with open(os.path.join(self.profile, "user.js"), "w", encoding="ascii") as file:
            for name, value in preferences.items():
                file.write(f'user_pref("{name.replace("__", ".")}", {json.dumps(value)});\n')

    def order(self, **policies):
        self.desktop.write("/etc/firefox/policies/policies.json", json.dumps({"policies": policies}))

    def firefox(self, url):
        return self.open("firefox-esr", "--headless", "--no-remote", "--profile", self.profile, url)

    def test_as_it_comes(self):
        self.assert_told("Firefox ESR", self.firefox, WITH)

    def test_with_ech_turned_off(self):
        self.prefer(network__dns__echconfig__enabled=False)
        self.assert_told("Firefox ESR", self.firefox, WITHOUT)

    def test_after_browser_setup(self):
        self.set_up("--firefox")
        self.assert_told("Firefox ESR", self.firefox, WITH)

    def test_with_another_server(self):
        self.order(DNSOverHTTPS={"Enabled": True, "ProviderURL": f"https://{OTHER}:8443/dns-query", "Fallback": False}, Certificates={"Install": [self.authority.ca]})
        self.assert_told("Firefox ESR", self.firefox, PAST)


if __name__ == "__main__":
    unittest.main()
