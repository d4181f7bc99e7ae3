"""Real browsers: what the network reads in their greetings before `tacet browser setup`, after it, and after `undo`.

Needs chromium, firefox-esr and libnss3-tools (some 700 MB), which packaging/install-packages.sh does not install:
    apt-get install --no-install-recommends chromium firefox-esr
"""
import base64
import json
import subprocess
import unittest

import desktop
import pki
import scratch
import servers
import tacet
from desktop import COVER, Desktop, Site

NAME = "www.example.com"
URL = f"https://{NAME}/"
CONFIG = "/etc/tacet/tacet.yaml"


class Browsers(unittest.TestCase):
    """A desktop whose tacet asks a real unbound, which knows a site that offers ECH."""

    def setUp(self):
        if reason := desktop.why_not(self.browser):
            self.skipTest(reason)
        self.directory = self.enterContext(scratch.directory("browsers"))
        self.desktop = self.enterContext(Desktop(self.directory))
        self.site = self.enterContext(Site(self.desktop.enter_network))
        authority = self.authority = pki.Pki(self.directory)
        self.unbound = self.enterContext(servers.Unbound(self.directory, authority.good(), ports=(5353, 8853, 8443), zones={"example.com.": desktop.zone_with_ech("example.com.", Site.ADDRESS)},
                                                         command=self.desktop.command()))
        self.desktop.write(CONFIG, f'# mine\ncontrol: {{socket: "{self.directory}/control.sock"}}\nupstreams:\n'
                                   f'  - {{url: "{self.unbound.doh_url()}", ca_file: "{authority.ca}"}}')
        self.daemon = None
        self.addCleanup(self.stop)

    def start(self):
        with open(f"{self.directory}/tacet.log", "ab") as log:
            self.daemon = self.desktop.popen(tacet.BINARY, "run", "--config", CONFIG, stdout=log, stderr=log)
        ask = ["dig", "@127.0.0.1", "+short", "+tries=1", "+time=2", "ns1.example.com"]
        scratch.eventually(lambda: "192.0.2.53" in self.desktop.run(*ask).stdout, 60, self.log, 0.1)

    def stop(self):
        if self.daemon:
            scratch.end(self.daemon)

    def restart(self):
        self.stop()
        self.start()

    def log(self):
        with open(f"{self.directory}/tacet.log", encoding="utf-8", errors="replace") as file:
            return file.read()

    def browser_verb(self, *words, fails=False):
        done = self.desktop.run(tacet.BINARY, "browser", *words)
        self.assertEqual(done.returncode, 1 if fails else 0, done.stdout + done.stderr + self.log())
        return done.stdout + done.stderr

    def set_up(self, *words):
        """There is no service to restart, so it takes two runs."""
        self.assertIn("Start tacet again", self.browser_verb("setup", *words, fails=True))
        self.restart()
        self.browser_verb("setup", *words)
        self.assertRegex(self.browser_verb("status"), r"(?m)^listener +answers at https://127.0.0.1:8453/dns-query$")

    def exposure(self):
        return self.desktop.succeed(tacet.BINARY, "exposure", "--config", CONFIG)


class Chromium(Browsers):
    browser = "chromium"

    def test_shows_the_name_before_setup_the_cover_after_it_and_the_name_after_undo_with_every_file_as_before(self):
        before = self.desktop.files()
        self.start()
        self.assertEqual(self.site.greeting_of(self.desktop.chromium, URL), NAME)
        self.assertNotIn((f"{NAME}.", "HTTPS"), self.unbound.asked())
        self.set_up()
        self.assertRegex(self.browser_verb("status"), r"(?m)^Chromium +policy in place, authority trusted$")
        self.assertEqual(self.site.greeting_of(self.desktop.chromium, URL), COVER)
        self.assertIn((f"{NAME}.", "HTTPS"), self.unbound.asked())
        self.assertIn("Of those that offer ECH, 1 came only from programs that ask tacet over HTTPS", self.exposure())
        self.browser_verb("undo")
        self.restart()
        self.assertEqual(self.site.greeting_of(self.desktop.chromium, URL), NAME)
        self.assertEqual(self.desktop.files(), before)

    def test_asks_nobody_else_while_tacet_is_stopped(self):
        self.start()
        self.set_up()
        self.stop()
        asked = len(self.unbound.asked())
        self.desktop.write("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        self.assertIsNone(self.site.greeting_of(self.desktop.chromium, URL, within=15))
        self.assertEqual(len(self.unbound.asked()), asked)

    def test_distrusts_what_a_thief_of_the_authoritys_key_signs_for_a_site(self):
        self.start()
        self.set_up()
        self.site.close()  # its place is taken
        self.desktop.succeed("sh", "-c", f"cp /var/lib/tacet/browser/authority.* {self.directory}")
        stolen = pki.Certificate(f"{self.directory}/authority.pem", f"{self.directory}/authority.key")
        self.assertEqual(self.asked_of_impostor(stolen), [])
        # The same with an authority that the browser trusts for all names: the page is asked for.
        careless = self.desktop.succeed("openssl", "x509", "-in", self.authority.ca, "-outform", "DER", text=False)
        self.desktop.write("/etc/chromium/policies/managed/careless.json", json.dumps({"CACertificates": [base64.b64encode(careless).decode()]}))
        trusted = pki.Certificate(self.authority.ca, self.authority.ca.replace(".pem", ".key"))
        self.assertTrue(self.asked_of_impostor(trusted))

    def asked_of_impostor(self, authority):
        """What Chromium asks of a site for which this authority vouches; it sees its certificate at least."""
        word = scratch.unique_name("impostor")
        made = pki.Certificate(f"{self.directory}/{word}.pem", f"{self.directory}/{word}.key")
        with open(f"{self.directory}/{word}.ext", "w", encoding="ascii") as file:
            file.write(f"subjectAltName=DNS:{NAME},DNS:{COVER}\nextendedKeyUsage=serverAuth\n")
        for words in (["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", made.key, "-out", made.chain + ".csr", "-subj", "/O=thief"],
                      ["x509", "-req", "-in", made.chain + ".csr", "-CA", authority.chain, "-CAkey", authority.key, "-set_serial", "7", "-days", "9",
                       "-extfile", f"{self.directory}/{word}.ext", "-out", made.chain]):
            subprocess.run(["openssl", *words], check=True, capture_output=True)
        with desktop.Impostor(self.desktop, made) as impostor:
            browser = self.desktop.chromium(URL)
            scratch.settled(lambda: impostor.greeted, quiet=4, within=90, what="the number of greetings")
            scratch.end(browser)
            return impostor.asked


class Firefox(Browsers):
    browser = "firefox-esr"

    def test_shows_the_cover_without_a_policy_and_also_with_one(self):
        before = self.desktop.files()
        self.start()
        self.assertEqual(self.site.greeting_of(self.desktop.firefox, URL), COVER)
        self.set_up("--firefox")
        self.assertEqual(self.site.greeting_of(self.desktop.firefox, URL), COVER)
        status = json.loads(self.desktop.succeed(tacet.BINARY, "status", "--json", "--config", CONFIG))
        self.assertGreater(status["queries"]["https"], 0)
        self.browser_verb("undo")
        self.assertEqual(self.desktop.files(), before)


if __name__ == "__main__":
    unittest.main()
