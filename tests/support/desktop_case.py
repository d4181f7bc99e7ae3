"""A desktop whose tacet asks a real unbound, which knows a site that offers ECH."""
import unittest

import desktop
import pki
import scratch
import servers
import tacet

NAME = "www.example.com"
URL = f"https://{NAME}/"
CONFIG = "/etc/tacet/tacet.yaml"


class DesktopCase(unittest.TestCase):
    """Each test has a desktop of its own. `programs` are those that it needs there."""

    programs = ()

    def setUp(self):
        if reason := desktop.why_not(*self.programs):
            self.skipTest(reason)
        self.directory = self.enterContext(scratch.directory("browsers"))
        self.desktop = self.enterContext(desktop.Desktop(self.directory))
        self.site = self.enterContext(desktop.Site(self.desktop.enter_network))
        authority = self.authority = pki.Pki(self.directory)
        self.unbound = self.enterContext(servers.Unbound(self.directory, authority.good(), ports=(5353, 8853, 8443), zones={"example.com.": desktop.zone_with_ech("example.com.", desktop.Site.ADDRESS)},
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
        """What tacet said, if it ran."""
        if not self.daemon:
            return ""
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
