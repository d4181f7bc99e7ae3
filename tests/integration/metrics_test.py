"""What Prometheus is told, over the control socket of the real binary."""
import re
import shutil
import subprocess
import unittest

from case import UnboundCase


class Metrics(UnboundCase):
    def setUp(self):
        self.daemon = self.tacet(self.upstream.doh_url())
        for name in ("www.example.com", "www.example.com", "nothing.example.com"):
            self.daemon.ask(name)
        self.daemon.ask("www.example.com", tcp=True)

    def curl(self, *words):
        done = subprocess.run(["curl", "-sS", "--unix-socket", self.daemon.settings["control"]["socket"], *words],
                              capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def value(self, text, sample):
        found = re.search(rf"(?m)^{re.escape(sample)} (\S+)$", text)
        self.assertTrue(found, f"{sample} in\n{text}")
        return float(found.group(1))

    def test_they_agree_with_what_was_asked(self):
        text = self.curl("http://localhost/metrics")
        self.assertEqual(self.value(text, 'tacet_queries_total{transport="udp"}'), 3)
        self.assertEqual(self.value(text, 'tacet_queries_total{transport="tcp"}'), 1)
        self.assertEqual(self.value(text, 'tacet_answers_total{source="upstream"}'), 2)
        self.assertEqual(self.value(text, 'tacet_answers_total{source="cache"}'), 2)
        self.assertEqual(self.value(text, 'tacet_rcodes_total{rcode="NXDOMAIN"}'), 1)
        self.assertEqual(self.value(text, 'tacet_miss_seconds_bucket{le="+Inf"}'), 2)
        self.assertEqual(self.value(text, "tacet_miss_seconds_count"), 2)
        self.assertGreater(self.value(text, "tacet_cache_bytes"), 0)
        labels = f'upstream="{self.upstream.doh_url()}",transport="doh"'
        self.assertEqual(self.value(text, f"tacet_upstream_up{{{labels}}}"), 1)
        self.assertGreaterEqual(self.value(text, f"tacet_upstream_answers_total{{{labels}}}"), 2)
        self.assertGreater(self.value(text, f"tacet_upstream_round_trip_p50_seconds{{{labels}}}"), 0)
        self.assertEqual(self.value(text, 'tacet_exposure_names{state="unknown"}'), 1)
        self.assertRegex(text, r'(?m)^tacet_exposure_endpoint_sni\{upstream="[^"]+",address="[^"]+"\} [01]$')

    def test_no_name_that_was_asked_for_is_told(self):
        self.assertNotIn("example.com", self.curl("http://localhost/metrics"))

    def test_web_pages_do_not_get_them(self):
        for header in ("Host: www.example.com", "Origin: https://www.example.com"):
            code = self.curl("-o", "/dev/null", "-w", "%{http_code}", "-H", header, "http://localhost/metrics")
            self.assertEqual(code, "403", header)

    @unittest.skipUnless(shutil.which("promtool"), "promtool (package prometheus) is not here")
    def test_promtool_has_nothing_to_say(self):
        done = subprocess.run(["promtool", "check", "metrics"], input=self.curl("http://localhost/metrics"),
                              capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
