"""What Prometheus is told, over the control socket of the real binary."""
import re
import shutil
import socket
import subprocess
import time
import unittest
import urllib.error
import urllib.request

import scratch
from case import UnboundCase

SUFFIXES = ("_bucket", "_sum", "_count")


def lint(text):
    """What breaks the conventions of Prometheus in a text of samples: the rules of `promtool check metrics`, and its format."""
    faults, families, family, seen = [], {}, None, set()
    for line in text.splitlines():
        if found := re.fullmatch(r"# HELP (\S+) (\S.*)", line):
            family = found[1]
            if family in families:
                faults.append(f"{family}: given twice")
            families[family] = None
        elif found := re.fullmatch(r"# TYPE (\S+) (counter|gauge|histogram)", line):
            if found[1] != family:
                faults.append(f"{found[1]}: TYPE without HELP before it")
            families[found[1]] = found[2]
        elif found := re.fullmatch(r'([a-z][a-z0-9_]*)(\{(?:[a-z][a-z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)+\})? (\S+)', line):
            name = found[1]
            if families.get(family) == "histogram":
                name = next((name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix)), name)
            if name != family:
                faults.append(f"{line}: not in its family")
            if found[1] + (found[2] or "") in seen:
                faults.append(f"{line}: given twice")
            seen.add(found[1] + (found[2] or ""))
            float(found[3])
        else:
            faults.append(f"{line!r}: no line of this format")
    for name, kind in families.items():
        if kind is None:
            faults.append(f"{name}: no TYPE")
        if (kind == "counter") != name.endswith("_total"):
            faults.append(f"{name}: _total is for counters, and counters have it")
        if kind != "histogram" and name.endswith(SUFFIXES):
            faults.append(f"{name}: a histogram's suffix")
        if re.search(r"_(ms|milliseconds|microseconds|us|minutes|hours|kib|mib|octets|percent)(_|$)", name):
            faults.append(f"{name}: not in base units")
        if re.search(r"_(counter|gauge|histogram)(_|$)", name):
            faults.append(f"{name}: its type in its name")
        if kind == "histogram":
            counts = {}
            for found in re.finditer(rf'(?m)^{name}_bucket\{{((?:[a-z]+="[^"]*",)*)le="([^"]+)"\}} (\d+)$', text):
                counts.setdefault(found[1], []).append((float(found[2]), int(found[3])))
            if not counts or any(buckets != sorted(buckets) or buckets[-1][0] != float("inf") or buckets != sorted(buckets, key=lambda b: b[1])
                                 for buckets in counts.values()):
                faults.append(f"{name}: buckets that do not add up")
    return faults


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

    def test_they_keep_to_the_conventions(self):
        text = self.curl("http://localhost/metrics")
        self.assertGreater(len(re.findall("(?m)^# TYPE ", text)), 30)
        self.assertEqual(lint(text), [])
        if shutil.which("promtool"):  # of Debian's package prometheus: says the same
            done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=20)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_a_breach_of_a_convention_would_be_seen(self):
        for text in ("x 1", "# HELP x y\n# TYPE x counter\nx 1", "# HELP x_total y\n# TYPE x_total gauge\nx_total 1",
                     "# HELP x y\n# TYPE x gauge\nx 1\nx 1", "# HELP x_ms y\n# TYPE x_ms gauge\nx_ms 1", "# HELP x y\n# TYPE x gauge\nz 1",
                     '# HELP x y\n# TYPE x gauge\nx{a="b} 1', "# HELP x_count y\n# TYPE x_count gauge\nx_count 1",
                     '# HELP x y\n# TYPE x histogram\nx_bucket{le="1"} 2\nx_bucket{le="+Inf"} 1\nx_sum 1\nx_count 1'):
            self.assertNotEqual(lint(text), [], text)


class ByTcp(UnboundCase):
    def setUp(self):
        self.port = scratch.free_port()
        self.daemon = self.tacet(self.upstream.doh_url(), metrics={"listen": f"127.0.0.1:{self.port}"})
        self.daemon.ask("www.example.com")

    def get(self, path="/metrics", **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.headers["Content-Type"], answer.read().decode()

    def refused(self, path="/metrics", **headers):
        with self.assertRaises(urllib.error.HTTPError) as refusal:
            self.get(path, **headers)
        refusal.exception.close()
        return refusal.exception.code

    def test_they_are_the_same_as_on_the_control_socket(self):
        kind, text = self.get()
        self.assertEqual(kind, "text/plain; version=0.0.4; charset=utf-8")
        self.assertEqual(lint(text), [])
        self.assertIn('tacet_queries_total{transport="udp"} 1\n', text)
        self.assertNotIn("example.com", text)

    def test_there_is_nothing_else(self):
        for path in ("/index.html", "/status", "/flush", "/exposure", "/cache?below=com"):
            self.assertEqual(self.refused(path), 404)

    def test_web_pages_do_not_get_them(self):
        self.assertEqual(self.refused(Host="rebound.example.com"), 403)
        self.assertEqual(self.refused(Host=f"rebound.example.com:{self.port}"), 403)
        self.assertEqual(self.refused(Origin="http://127.0.0.1"), 403)
        for host in (f"localhost:{self.port}", f"127.0.0.1:{self.port}", "localhost"):
            self.get(Host=host)

    def test_slow_and_silent_clients_delay_neither_others_nor_the_end_and_are_given_up(self):
        silent, half = (self.enterContext(socket.create_connection(("127.0.0.1", self.port), timeout=30)) for _ in range(2))
        half.sendall(b"GET /met")
        begun = time.monotonic()
        self.get()
        self.assertLess(time.monotonic() - begun, 4.5)  # less than the 5 s that each of them has
        for client in (silent, half):
            self.assertEqual(client.recv(100), b"")
        with socket.create_connection(("127.0.0.1", self.port)):
            self.assertLess(self.daemon.stop(), 4.5)

    def test_an_address_in_use_is_said_and_dns_goes_on(self):
        other = self.tacet(self.upstream.doh_url(), metrics={"listen": f"127.0.0.1:{self.port}"})
        self.assertRegex(other.await_log("no metrics by TCP"), rf"127\.0\.0\.1:{self.port} is in use by")
        other.ask("www.example.com")


class NotByTcp(UnboundCase):
    def test_unless_asked_for_nothing_listens_but_dns(self):
        daemon = self.tacet(self.upstream.doh_url())
        done = subprocess.run(["ss", "-Htlnp"], capture_output=True, text=True, check=True)
        mine = [line.split()[3] for line in done.stdout.splitlines() if f"pid={daemon.process.pid}," in line]
        self.assertEqual(set(mine), {f"127.0.0.1:{daemon.port}"})


if __name__ == "__main__":
    unittest.main()
