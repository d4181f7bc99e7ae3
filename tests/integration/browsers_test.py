"""Real browsers: what the network reads in their greetings before `tacet browser setup`, after it, and after `undo`.

Needs chromium, firefox-esr and libnss3-tools (some 700 MB), which packaging/install-packages.sh does not install:
    apt-get install --no-install-recommends chromium firefox-esr
"""
import base64
import json
import subprocess
import unittest

import desktop
import dns.rdatatype
import dns.rrset
import pki
import scratch
import tacet
from desktop import COVER
from desktop_case import CONFIG, NAME, URL, DesktopCase
from fake_upstream import Behaviour, FakeUpstream


class Chromium(DesktopCase):
    programs = ("chromium",)

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


class FirstVisit(DesktopCase):
    """Chromium waits some 60 ms for a key that comes later than the addresses."""

    programs = ("chromium",)
    VISITS, LATE = 10, 0.15

    def setUp(self):
        super().setUp()
        self.ech = desktop.ech_config()
        fake = self.enterContext(FakeUpstream(self.authority.good(), self.behave, namespace=self.desktop.enter_network, ports=(8854, 8444)))
        self.desktop.write(CONFIG, f'control: {{socket: "{self.directory}/control.sock"}}\ndnssec: {{mode: off}}\nupstreams:\n'
                                   f'  - {{url: "{fake.doh_url()}", ca_file: "{self.authority.ca}"}}')

    def behave(self, received):
        return Behaviour(delay=0.02 + (self.LATE if received.kind == "HTTPS" else 0), value=self.answer)

    def answer(self, message):
        question = message.question[0]
        message.answer.clear()
        texts = {dns.rdatatype.A: desktop.Site.ADDRESS, dns.rdatatype.HTTPS: f"1 . alpn=h2 ech={self.ech}"}
        if "example.com" in question.name.to_text() and (text := texts.get(question.rdtype)):
            message.answer.append(dns.rrset.from_text(question.name, 300, "IN", question.rdtype, text))

    def test_shows_the_cover_though_the_key_comes_150_ms_later_than_the_addresses(self):
        self.start_with_fake()
        self.assertIn("Start tacet again", self.browser_verb("setup", fails=True))
        seen = []
        for _ in range(self.VISITS):
            self.stop()  # so that nothing is kept
            self.start_with_fake()
            if not seen:
                self.browser_verb("setup")
            seen.append(self.site.greeting_of(self.desktop.chromium, URL))
        self.assertEqual(seen, [COVER] * self.VISITS)

    def start_with_fake(self):
        with open(f"{self.directory}/tacet.log", "ab") as log:
            self.daemon = self.desktop.popen(tacet.BINARY, "run", "--config", CONFIG, stdout=log, stderr=log)
        ask = ["dig", "@127.0.0.1", "+short", "+tries=1", "+time=2", "ns1.example.com"]
        scratch.eventually(lambda: desktop.Site.ADDRESS in self.desktop.run(*ask).stdout, 60, self.log, 0.1)


class Firefox(DesktopCase):
    programs = ("firefox-esr",)

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
