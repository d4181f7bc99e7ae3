"""What a person sees who runs tacet in a terminal."""
import os
import pty
import re
import select
import signal
import subprocess
import time
import unittest

import scratch
import tacet
from case import UnboundCase
from fake_upstream import Behaviour


class OnTerminal(UnboundCase):
    def start(self, *words, environment=None, **streams):
        """A process with a terminal as standard error, and what it has written there."""
        ours, theirs = pty.openpty()
        clean = {name: value for name, value in os.environ.items() if name not in ("NOTIFY_SOCKET", "LISTEN_FDS")}
        process = subprocess.Popen([tacet.BINARY, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=streams.get("stderr", theirs), env={**clean, **(environment or {})})
        os.close(theirs)
        self.addCleanup(os.close, ours)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, ours

    def read(self, terminal, until, within=30):
        """The text up to the moment when `until` accepts it, or the terminal is closed."""
        text, end = "", time.monotonic() + within
        while not until(text) and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    octets = os.read(terminal, 65536)
                except OSError:  # the other end is closed
                    break
                text += octets.decode()
        return text.replace("\r\n", "\n")

    def configured(self, **settings):
        daemon = tacet.Tacet(self.directory, upstreams=[self.entry(self.upstream.doh_url(), operator="example")], **settings)
        self.port = daemon.port
        return daemon

    def test_run_says_in_four_lines_what_it_serves_whom_it_asks_what_still_shows_and_what_to_try(self):
        metrics = scratch.free_port()
        daemon = self.configured(allow=["192.0.2.0/24"], forward={"lan": ["192.0.2.53"]}, metrics={"listen": f"127.0.0.1:{metrics}"})
        process, terminal = self.start("run", "--config", daemon.config)
        text = self.read(terminal, lambda text: " serves 127" in text)
        lines = [line for line in text.splitlines() if re.match("(Serves|Asks|Shows|Try) ", line)]
        self.assertEqual(lines, [
            f"Serves  this machine and 192.0.2.0/24, at 127.0.0.1:{self.port}, by UDP and TCP",
            "Asks    example by DoH; always encrypted",
            "Shows   others still see the addresses of these servers, names of lan in clear and the sites that programs then connect to",
            f"Try     dig @127.0.0.1 -p {self.port} example.com, tacet status --socket {daemon.settings['control']['socket']}, "
            f"http://127.0.0.1:{metrics}/; sudo tacet install makes all programs ask it; Ctrl-C ends it"])
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20), 0)

    def test_run_is_as_brief_as_before_for_a_service_manager_and_for_a_file(self):
        daemon = self.configured()
        process, terminal = self.start("run", "--config", daemon.config, environment={"NOTIFY_SOCKET": "/nonexistent"})
        text = self.read(terminal, lambda text: " serves 127" in text)
        self.assertIn(" serves 127", text)
        self.assertNotRegex(text, "(?m)^(Serves|Asks|Shows|Try) ")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 0)
        with daemon:
            self.assertNotRegex(daemon.log(), "(?m)^(Serves|Asks|Shows|Try) ")

    def test_query_says_what_it_waits_for_after_a_second_and_removes_the_words(self):
        silent = self.fake(lambda received: Behaviour("drop"))
        words = ("query", "www.example.com", "--config", self.write(silent))
        without = subprocess.Popen([tacet.BINARY, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        process, terminal = self.start(*words)
        text = self.read(terminal, lambda text: False)
        self.assertEqual(process.wait(20), 1)
        self.assertIn("\rasking the upstream, 1 s", text)
        self.assertIn("\r\x1b[K", text[text.rindex("asking"):])
        self.assertNotIn("asking the upstream", without.communicate(timeout=20)[1])

    def write(self, silent):
        daemon = tacet.Tacet(self.directory, upstreams=[self.entry(silent.dot_url())])
        return daemon.config


if __name__ == "__main__":
    unittest.main()
