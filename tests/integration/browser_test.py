"""`tacet browser` on prepared roots: the files of machines with one browser or another."""
import json
import os
import shutil
import stat
import subprocess
import unittest

import scratch
import tacet
from desktop_case import DesktopCase
from install_root import Root

SETTINGS = "# mine\nlog: {level: info}"  # its last line has no end
CHROMIUM = {"usr/bin/chromium": "", "etc/tacet/tacet.yaml": SETTINGS, "var/lib/x": ""}
FIREFOX = {"usr/lib/firefox-esr/x": "", "etc/tacet/tacet.yaml": SETTINGS, "var/lib/x": ""}
POLICIES = '{"policies": {"Zoom": 1,\t"Certificates": {"Install": ["/corp.pem"]}}}'
ALL = {**CHROMIUM, **FIREFOX, "opt/google/chrome/x": "", "opt/brave.com/brave/x": "", "opt/microsoft/msedge/x": "", "opt/vivaldi/x": "", "snap/chromium/x": "",
       "var/lib/flatpak/app/com.brave.Browser/x": "", "etc/firefox/policies/policies.json": POLICIES, "etc/opt/chrome/policies/managed/corp.json": '{"HomepageLocation": "a"}'}
FOLDERS = ("chromium", "opt/chrome", "brave", "opt/edge", "vivaldi", "chromium-browser")
OURS = "etc/chromium/policies/managed/tacet.json"
FOLDER = "var/lib/tacet/browser"


class Browsers(Root):
    def browser(self, root, *words, fails=False):
        """Its whole output."""
        done = tacet.run("browser", *words, "--root", str(root))
        self.assertEqual(done.returncode, 1 if fails else 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def policy(self, root, folder="chromium"):
        return json.loads((root / "etc" / folder / "policies/managed/tacet.json").read_text())

    def verify(self, root, *words):
        """openssl's judgement of the listener's certificate."""
        folder = root / FOLDER
        done = subprocess.run(["openssl", "verify", "-CAfile", folder / "authority.pem", "-purpose", "sslserver", *words, folder / "listener.pem"],
                              capture_output=True, text=True)
        return done.returncode == 0


class EveryBrowser(Browsers):
    def test_undo_restores_byte_for_byte(self):
        root = self.make(ALL)
        before = self.snapshot(root)
        self.browser(root, "setup", "--firefox")
        self.assertNotEqual(self.snapshot(root), before)
        self.browser(root, "undo")
        self.assertEqual(self.snapshot(root), before)
        self.assertIn("nothing to do", self.browser(root, "undo"))

    def test_a_second_setup_changes_nothing(self):
        root = self.make(ALL)
        self.browser(root, "setup", "--firefox")
        after = self.snapshot(root)
        self.assertIn("nothing to do", self.browser(root, "setup"))
        self.assertEqual(self.snapshot(root), after)

    def test_a_rehearsal_changes_nothing_and_names_every_file(self):
        root = self.make(ALL)
        before = self.snapshot(root)
        said = self.browser(root, "setup", "--firefox", "--dry-run")
        self.assertEqual(self.snapshot(root), before)
        self.browser(root, "setup", "--firefox")
        after = self.snapshot(root)
        for path, facts in after.items():
            if facts != before.get(path) and facts[2] is not None and not path.startswith(FOLDER):
                self.assertIn(f"write {root / path}\n", said)
        undoing = self.browser(root, "undo", "--dry-run")
        self.assertEqual(self.snapshot(root), after)
        self.assertEqual(self.browser(root, "undo"), undoing)

    def test_every_browser_of_chromiums_family_asks_tacet_only(self):
        root = self.make(ALL)
        said = self.browser(root, "setup")
        for folder in FOLDERS:
            self.assertEqual(self.policy(root, folder)["DnsOverHttpsMode"], "secure")
            self.assertEqual(self.policy(root, folder)["DnsOverHttpsTemplates"], "https://127.0.0.1:8453/dns-query{?dns}")
        self.assertEqual((root / "etc/opt/chrome/policies/managed/corp.json").read_text(), ALL["etc/opt/chrome/policies/managed/corp.json"])
        self.assertIn("Firefox ESR: left alone", said)
        self.assertIn("Brave (Flatpak): left alone", said)
        self.assertEqual((root / "etc/firefox/policies/policies.json").read_text(), POLICIES)

    def test_all_users_can_read_the_policies_and_only_root_the_keys(self):
        root = self.make(CHROMIUM)
        old = os.umask(0o077)
        try:
            self.browser(root, "setup")
        finally:
            os.umask(old)
        for path, (kind, mode, _) in self.snapshot(root).items():
            if path.startswith("etc/chromium"):
                self.assertEqual(mode & 0o555, 0o555 if kind == stat.S_IFDIR else 0o444, path)
            if path.endswith("authority.key"):
                self.assertEqual(mode, 0o600)
            if path.endswith("listener.key"):
                self.assertIn(mode, (0o600, 0o640))

    def test_firefox_gets_a_policy_beside_those_of_the_administrator(self):
        root = self.make(ALL)
        self.browser(root, "setup", "--firefox")
        policies = json.loads((root / "etc/firefox/policies/policies.json").read_text())["policies"]
        self.assertEqual(policies["Zoom"], 1)
        self.assertEqual(policies["Certificates"]["Install"], ["/corp.pem", "/var/lib/tacet/browser/authority.pem"])
        self.assertEqual(policies["DNSOverHTTPS"], {"Enabled": True, "ProviderURL": "https://127.0.0.1:8453/dns-query", "Fallback": False, "Locked": True})


class TheAuthority(Browsers):
    def test_vouches_for_this_machine_and_for_nothing_else(self):
        root = self.make(CHROMIUM)
        self.browser(root, "setup")
        self.assertTrue(self.verify(root, "-verify_ip", "127.0.0.1"))
        self.assertTrue(self.verify(root, "-verify_ip", "::1"))
        for sans in ("DNS:www.example.com", "DNS:localhost", "IP:192.0.2.1", "IP:127.0.0.2", "IP:2001:db8::1"):
            self.assertFalse(self.forge(root, sans), sans)
        self.assertTrue(self.forge(root, "IP:127.0.0.1"))

    def forge(self, root, sans, days=9):
        """Whether a certificate passes that a thief of the authority's key makes."""
        folder, made = root / FOLDER, self.folder
        (made / "ext").write_text(f"subjectAltName={sans}\nextendedKeyUsage=serverAuth\n")
        for words in (["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", made / "k", "-out", made / "csr", "-subj", "/O=thief"],
                      ["x509", "-req", "-in", made / "csr", "-CA", folder / "authority.pem", "-CAkey", folder / "authority.key", "-set_serial", "7", "-days", days,
                       "-extfile", made / "ext", "-out", made / "pem"]):
            subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
        return subprocess.run(["openssl", "verify", "-CAfile", folder / "authority.pem", made / "pem"], capture_output=True).returncode == 0

    def test_is_trusted_by_the_policy_for_this_machine_only(self):
        root = self.make(CHROMIUM)
        self.browser(root, "setup")
        (entry,) = self.policy(root)["CACertificatesWithConstraints"]
        body = (root / FOLDER / "authority.pem").read_text().split("-----")[2].replace("\n", "")
        self.assertEqual(entry, {"certificate": body, "constraints": {"permitted_dns_names": ["invalid"], "permitted_cidrs": ["127.0.0.1/32", "::1/128"]}})

    def test_renews_a_certificate_that_ends_soon_and_no_browser_notices(self):
        root = self.make(CHROMIUM)
        self.browser(root, "setup")
        before = self.snapshot(root)
        self.assertIn("nothing to do", self.browser(root, "renew"))
        self.assertEqual(self.snapshot(root), before)
        self.assertTrue(self.forge(root, "IP:127.0.0.1", days=29))
        for made, name in (("pem", "listener.pem"), ("k", "listener.key")):
            shutil.copyfile(self.folder / made, root / FOLDER / name)
        old = self.snapshot(root)
        self.assertEqual(self.browser(root, "renew"), "the listener has a new certificate\n")
        changed = {path for path, facts in self.snapshot(root).items() if facts != old[path]}
        self.assertEqual(changed, {f"{FOLDER}/listener.pem", f"{FOLDER}/listener.key"})
        self.assertTrue(self.verify(root, "-verify_ip", "127.0.0.1"))
        self.assertRegex(self.browser(root, "status"), r"in (89|90) days")

    def test_renewing_without_a_setup_does_nothing(self):
        root = self.make(CHROMIUM)
        before = self.snapshot(root)
        self.assertIn("nothing to do", self.browser(root, "renew"))
        self.assertEqual(self.snapshot(root), before)


class AnAdministrator(Browsers):
    def test_keeps_a_policy_that_says_otherwise_and_is_told_its_file_and_its_keys(self):
        root = self.make({**CHROMIUM, "etc/chromium/policies/managed/corp.json": '{"DnsOverHttpsMode": "off"}'})
        before = self.snapshot(root)
        said = self.browser(root, "setup", fails=True)
        self.assertIn(f"{root}/etc/chromium/policies/managed/corp.json sets DnsOverHttpsMode", said)
        self.assertEqual(self.snapshot(root), before)

    def test_keeps_one_browsers_policy_while_another_is_set_up(self):
        root = self.make({**ALL, "etc/opt/chrome/policies/managed/corp.json": '{"DnsOverHttpsTemplates": "https://corp.example/"}'})
        said = self.browser(root, "setup")
        self.assertIn("corp.json sets DnsOverHttpsTemplates", said)
        self.assertFalse((root / "etc/opt/chrome/policies/managed/tacet.json").exists())
        self.assertTrue((root / OURS).exists())

    def test_keeps_a_file_of_our_name(self):
        root = self.make({**CHROMIUM, OURS: "{}"})
        before = self.snapshot(root)
        self.assertIn("tacet did not write it", self.browser(root, "setup", fails=True))
        self.assertEqual(self.snapshot(root), before)

    def test_keeps_firefox_settings_for_dns_over_https(self):
        root = self.make({**FIREFOX, "etc/firefox/policies/policies.json": '{"policies": {"DNSOverHTTPS": {"Enabled": false}}}'})
        before = self.snapshot(root)
        self.assertIn("DNSOverHTTPS", self.browser(root, "setup", "--firefox", fails=True))
        self.assertEqual(self.snapshot(root), before)

    def test_edits_the_configuration_and_an_undo_takes_only_tacets_lines_out(self):
        root = self.make(CHROMIUM)
        self.browser(root, "setup")
        file = root / "etc/tacet/tacet.yaml"
        file.write_text("workers: 2\n" + file.read_text() + "cache: {size: 1MiB}\n")
        self.browser(root, "undo")
        self.assertEqual(file.read_text(), f"workers: 2\n{SETTINGS}cache: {{size: 1MiB}}\n")

    def test_edits_a_policy_and_undo_leaves_it_with_advice_until_it_is_gone(self):
        root = self.make(CHROMIUM)
        before = self.snapshot(root)
        self.browser(root, "setup")
        (root / OURS).write_text('{"DnsOverHttpsMode": "off"}')
        held = self.snapshot(root)
        said = self.browser(root, "undo", fails=True)
        self.assertIn(f"{root}/{OURS} was changed since", said)
        self.assertIn("The listener stays", said)
        self.assertEqual(self.snapshot(root), held)
        self.assertIn("was changed since", self.browser(root, "setup", fails=True))
        (root / OURS).unlink()
        self.browser(root, "undo")
        self.assertEqual(self.snapshot(root), before)

    def test_changes_tacets_lines_and_undo_says_what_to_do(self):
        root = self.make(CHROMIUM)
        self.browser(root, "setup")
        file = root / "etc/tacet/tacet.yaml"
        file.write_text(file.read_text().replace("8453", "8454"))
        self.assertIn("take that key out", self.browser(root, "undo", fails=True))
        file.write_text(SETTINGS)
        self.browser(root, "undo")
        self.assertFalse((root / "var/lib/tacet").exists())

    def test_has_a_configuration_in_one_pair_of_braces_and_is_told_what_to_write(self):
        root = self.make({**CHROMIUM, "etc/tacet/tacet.yaml": '{"workers": 1}\n'})
        before = self.snapshot(root)
        said = self.browser(root, "setup", fails=True)
        self.assertIn("everything is as it was", said)
        self.assertEqual(self.snapshot(root), before)
        line = '"https": {"listen": ["127.0.0.1:8453"], "certificate": "/var/lib/tacet/browser/listener.pem", "key": "/var/lib/tacet/browser/listener.key"}'
        (root / "etc/tacet/tacet.yaml").write_text(f'{{"workers": 1, {line}}}\n')
        self.browser(root, "setup")
        self.assertIn("take that key out", self.browser(root, "undo", fails=True))
        (root / "etc/tacet/tacet.yaml").write_text('{"workers": 1}\n')
        self.browser(root, "undo")
        self.assertEqual(self.snapshot(root), before)

    def test_has_no_configuration_and_gets_one_that_goes_again(self):
        root = self.make({"usr/bin/chromium": "", "var/lib/x": "", "etc/x": ""})
        before = self.snapshot(root)
        self.browser(root, "setup")
        self.browser(root, "undo")
        self.assertEqual(self.snapshot(root), before)


class Status(Browsers):
    def test_says_for_each_browser_what_is_in_place(self):
        root = self.make(ALL)
        self.assertIn("not set up", self.browser(root, "status", fails=True))
        self.browser(root, "setup")
        said = self.browser(root, "status")
        self.assertRegex(said, r"certificate +ends on \d{4}-\d\d-\d\d, in (89|90) days")
        for name in ("Chromium", "Chrome", "Brave", "Edge", "Vivaldi"):
            self.assertRegex(said, rf"(?m)^{name} +policy in place, authority trusted$")
        self.assertRegex(said, r"(?m)^Firefox ESR +has no policy of ours, and needs none")
        (root / OURS).write_text('{"DnsOverHttpsMode": "off"}')
        self.assertRegex(self.browser(root, "status", fails=True), r"(?m)^Chromium +.* is not as tacet writes it")
        (root / OURS).unlink()
        self.assertRegex(self.browser(root, "status", fails=True), r"(?m)^Chromium +no policy")

    def test_without_a_browser_there_is_nothing_to_set_up(self):
        root = self.make({"etc/tacet/tacet.yaml": SETTINGS, "var/lib/x": ""})
        before = self.snapshot(root)
        self.assertIn("no browser here", self.browser(root, "setup", fails=True))
        self.assertEqual(self.snapshot(root), before)


class ARunningTacet(DesktopCase):
    """The whole way but for the browser, whose folder alone is there."""

    def setUp(self):
        super().setUp()
        self.desktop.write("/opt/google/chrome/x", "")

    def ask(self):
        """The answer of the listener to a client that trusts the local authority only."""
        done = self.desktop.run("kdig", "@127.0.0.1", "-p", "8453", "+https", "+tls-ca=/var/lib/tacet/browser/authority.pem", "+tls-hostname=127.0.0.1",
                                "www.example.com", "HTTPS")
        return done.stdout + done.stderr

    def certificate(self, *command):
        """The serial number of a certificate; `command` prints it."""
        pem = self.desktop.run(*command, input="").stdout
        done = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=pem, capture_output=True, text=True)
        return done.stdout

    def test_serves_browsers_after_the_setup_and_until_the_undo(self):
        before = self.desktop.files()
        self.start()
        self.set_up()
        self.assertIn("ech=", self.ask())
        self.assertIn("nothing to do", self.browser_verb("setup"))
        self.browser_verb("undo")
        self.restart()
        self.assertNotIn("ech=", self.ask())
        self.assertEqual(self.desktop.files(), before)

    def test_shows_a_renewed_certificate_without_a_restart(self):
        self.start()
        self.set_up()
        served = ("openssl", "s_client", "-connect", "127.0.0.1:8453")
        folder = "/var/lib/tacet/browser"
        self.desktop.succeed("sh", "-c", f"cd {folder} && openssl req -new -key listener.key -subj /CN=old -out /tmp/csr 2>/dev/null && printf 'subjectAltName=IP:127.0.0.1' "
                             f">/root/ext && openssl x509 -req -in /tmp/csr -CA authority.pem -CAkey authority.key -set_serial 7 -days 29 -extfile /root/ext -out old.pem && mv old.pem listener.pem")
        scratch.eventually(lambda: self.certificate(*served) == "serial=07\n", 90, self.log)
        self.assertEqual(self.browser_verb("renew"), "the listener has a new certificate\n")
        new = self.certificate("cat", f"{folder}/listener.pem")
        scratch.eventually(lambda: self.certificate(*served) == new, 90, self.log)
        self.assertIn("ech=", self.ask())

    def test_changes_nothing_if_another_program_holds_the_port(self):
        before = self.desktop.files()
        self.desktop.popen("/usr/bin/python3", "-c", "import socket; s = socket.create_server(('127.0.0.1', 8453)); s.accept()")
        scratch.eventually(lambda: ":8453" in self.desktop.run("ss", "-tln").stdout, 30)
        self.assertIn("another program holds 127.0.0.1:8453", self.browser_verb("setup", fails=True))
        self.assertEqual(self.desktop.files(), before)


if __name__ == "__main__":
    unittest.main()
