"""The page of the metrics listener: who gets it, what it holds, and what it never shows."""
import base64
import hashlib
import http.client
import json
import pathlib
import re
import threading
import unittest

import dns.rcode
import scratch
import tacet
from case import UnboundCase

PATHS = ("/", "/status.json", "/history.json", "/metrics")

# What a browser sends as Host when the name of a foreign site leads to loopback (DNS rebinding), and its disguises.
FOREIGN = ["evil.example", "evil.example:{port}", "localhost.evil.example", "localhost.evil.example:{port}", "127.0.0.1.evil.example",
           "127.0.0.1.nip.io:{port}", "evil.example:80@localhost", "localhost@evil.example", "evil.localhost", "localhost.", "localhost.:{port}",
           "127.0.0.1.", "0.0.0.0", "0.0.0.0:{port}", "0", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::]", "[::]:{port}", "::1",
           "[::ffff:192.0.2.1]", "[fe80::1%25lo]", "10.0.0.1", "192.168.1.1:{port}", "[2001:db8::1]", "localhost evil.example", "localhost,evil.example",
           "localhost/evil.example", "localhost#", "tacet", "tacet.home.arpa.evil.example", "xtacet.home.arpa", "", ":{port}", " ", "[", "]", "[]", "[::1"]
OURS = ["localhost", "localhost:{port}", "LOCALHOST:{port}", "127.0.0.1", "127.0.0.1:{port}", "127.8.9.10:{port}", "[::1]", "[::1]:{port}",
        "tacet.home.arpa", "tacet.home.arpa:{port}", "Tacet.Home.ARPA"]


class PageCase(UnboundCase):
    def start(self, *upstreams, **settings):
        self.port = scratch.free_port()
        metrics = {"listen": f"127.0.0.1:{self.port}", "names": ["tacet.home.arpa"]}
        return self.tacet(*(upstreams or [self.upstream.doh_url()]), metrics=metrics, **settings)

    def get(self, path="/", method="GET", host=None, **fields):
        """(status, head, text)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", (host or "localhost:{port}").format(port=self.port) if host != "" else "")
        for name, value in fields.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text


class Access(PageCase):
    def setUp(self):
        self.daemon = self.start()

    def test_no_foreign_name_leads_to_it(self):
        for host in FOREIGN:
            for path in PATHS:
                with self.subTest(host=host, path=path):
                    status, _, text = self.get(path, host=host)
                    self.assertIn(status, (400, 403))
                    self.assertNotIn("tacet_", text)
                    self.assertNotIn("upstream", text)

    def test_loopback_localhost_and_configured_names_do(self):
        for host in OURS:
            for path in PATHS:
                with self.subTest(host=host, path=path):
                    self.assertEqual(self.get(path, host=host)[0], 200)

    def test_it_has_one_method(self):
        for method in ("POST", "OPTIONS", "HEAD", "PUT", "DELETE", "PATCH", "TRACE"):
            for path in PATHS:
                with self.subTest(method=method, path=path):
                    status, head, _ = self.get(path, method=method)
                    self.assertEqual((status, head["Allow"]), (405, "GET"))

    def test_another_site_may_neither_read_nor_frame_it(self):
        for path in (*PATHS, "/nothing"):
            with self.subTest(path):
                head = self.get(path)[1]
                policy = dict(part.strip().split(" ", 1) for part in head["Content-Security-Policy"].split(";"))
                self.assertEqual(policy["default-src"], "'none'")
                self.assertEqual(policy["frame-ancestors"], "'none'")
                self.assertEqual(policy["form-action"], "'none'")
                self.assertEqual(policy["base-uri"], "'none'")
                self.assertEqual(policy["connect-src"], "'self'")
                self.assertNotIn("unsafe", head["Content-Security-Policy"])
                self.assertEqual(head["X-Frame-Options"], "DENY")
                self.assertEqual(head["X-Content-Type-Options"], "nosniff")
                self.assertEqual(head["Referrer-Policy"], "no-referrer")
                self.assertEqual(head["Cross-Origin-Resource-Policy"], "same-origin")
                self.assertIsNone(head["Access-Control-Allow-Origin"])
        self.assertEqual(self.get(Origin="https://evil.example")[0], 403)
        self.assertEqual(self.get("/metrics", Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="script")[0], 403)
        self.assertEqual(self.get(Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="document")[0], 200)  # a link

    def test_status_says_where_it_is(self):
        done = self.daemon.verb("status", "--page")
        self.assertEqual((done.returncode, done.stdout), (0, f"http://127.0.0.1:{self.port}/\n"))
        self.assertEqual(self.daemon.status()["page"], f"http://127.0.0.1:{self.port}/")


class Off(UnboundCase):
    def test_status_says_how_to_turn_it_on(self):
        daemon = self.tacet(self.upstream.doh_url())
        done = daemon.verb("status", "--page")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn('metrics: {listen: "127.0.0.1:9153"}', done.stderr)
        self.assertIsNone(daemon.status()["page"])
        done = daemon.verb("status", "--page", "--names")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn('metrics: {listen: "127.0.0.1:9153"}', done.stderr)


class Names(unittest.TestCase):
    def check(self, metrics):
        with scratch.directory() as folder:
            path = pathlib.Path(folder) / "tacet.yaml"
            path.write_text(json.dumps({"metrics": metrics}), encoding="ascii")
            return tacet.run("check", "--config", path)

    def test_need_an_address_and_are_names(self):
        done = self.check({"names": ["tacet.home.arpa"]})
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("metrics.names: has no effect without metrics.listen", done.stderr)
        for wrong in ("192.0.2.1", "*.example", "a..b", "http://a.example", ""):
            done = self.check({"listen": "127.0.0.1:9153", "names": [wrong]})
            self.assertEqual(done.returncode, 1, wrong)
            self.assertIn("is no name of a machine", done.stderr)
        done = self.check({"listen": "127.0.0.1:9153", "names": ["Tacet.Home.Arpa."]})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("tacet.home.arpa", done.stdout)


class Content(PageCase):
    def test_one_file_with_no_foreign_address_and_a_policy_that_names_its_style_and_script(self):
        self.start()
        status, head, text = self.get()
        self.assertEqual((status, head["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertLessEqual(len(text.encode()), 60 * 1024)
        for kind in ("style", "script"):
            contents = re.findall(rf"<{kind}[^>]*>(.*?)</{kind}>", text, re.DOTALL)
            self.assertEqual(len(contents), 1)
            digest = base64.b64encode(hashlib.sha256(contents[0].encode()).digest()).decode()
            self.assertIn(f"{kind}-src 'sha256-{digest}';", head["Content-Security-Policy"])
        outside = text.replace("http://www.w3.org/2000/svg", "")
        addresses = re.findall(r"\b(?:src|href|action)=(\S+)", outside)
        self.assertEqual([each for each in addresses if not re.match(r'"(/|#|data:)', each)], [])
        self.assertNotIn("http://", outside)
        self.assertNotRegex(text, r"<[^>]*\s(style|on\w+)=")  # the policy would refuse them

    def test_it_tells_the_state_without_a_script(self):
        dead = f"tls://127.0.0.1:{scratch.free_port()}"
        daemon = self.start(self.entry(self.upstream.doh_url(), operator="o<p>&erator"), dead, forward={"lan": ["192.0.2.53"]})
        for _ in range(3):
            daemon.ask("www.example.com")
        text = self.get()[2]
        body = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
        self.assertIn("Encrypted to o&lt;p&gt;&amp;erator by DoH; names of lan in clear; no warnings.", body)
        self.assertNotIn("o<p>", text)
        for words in (self.upstream.doh_url(), dead, "DoH over IPv4", "TLSv1.3", "192.0.2.53:53", "in clear", "this hour", "Answered at once"):
            self.assertIn(words, body)
        self.assertRegex(body, r'data-h="questions">3<')
        self.assertRegex(body, r'data-h="cache">66\.7 %<')

    def test_its_numbers_are_those_of_the_status(self):
        daemon = self.start(forward={"lan": ["192.0.2.53"]})
        daemon.ask("www.example.com")
        status, paths = json.loads(self.get("/status.json")[2]), re.findall(r'data-v="([^"]+)"', self.get()[2])
        self.assertGreater(len(paths), 20)
        for path in paths:
            value = status
            for key in path.split("."):
                value = value[int(key)] if isinstance(value, list) else value[key]
            self.assertIsInstance(value, (int, float, type(None)), path)

    def test_the_history_grows_with_the_questions(self):
        daemon = self.start()
        for _ in range(4):
            daemon.ask("www.example.com")
        history = json.loads(self.get("/history.json")[2])
        last = dict(zip(history["columns"], history["minutes"][-1], strict=True))
        self.assertEqual((last["cache"], last["upstream"], last["age_seconds"]), (3, 1, 0))
        self.assertEqual(len(json.loads(self.get("/history.json?minutes=1")[2])["minutes"]), 1)
        for wrong in ("0", "", "x", "-1", "1x"):
            self.assertEqual(self.get(f"/history.json?minutes={wrong}")[0], 400)

    def test_no_name_that_was_asked_for_is_in_any_answer_under_a_mixed_load(self):
        hosts = self.daemon_hosts()
        daemon = self.start(hosts={"file": hosts}, exposure={"mode": "active"}, rebind={"protect": True})
        asked = [f"{label}.example.com" for label in ("www", "secretive", "nothing", "moved")]
        asked += ["hidden-host.local", "gone.invalid", "secret-single", "unreachable.test", "4.3.2.1.in-addr.arpa"]
        end = threading.Event()

        def load():
            while not end.is_set():
                for name in asked:
                    for kind in ("A", "AAAA", "HTTPS", "TXT"):
                        if not end.is_set():
                            daemon.ask(name, kind, tcp=kind == "TXT")

        loader = threading.Thread(target=load)
        loader.start()
        try:
            texts = [self.get(path)[2] for _ in range(10) for path in PATHS]
        finally:
            end.set()
            loader.join()
        texts += [self.get(path)[2] for path in PATHS]
        self.assertGreater(daemon.status()["queries"]["udp"], 20)
        texts += [self.get(path)[2] for path in ("/names", "/names?pass=", "/names?pass=" + "0" * 32)]
        for name in (*asked, "example.com", "secretive", "hidden-host"):
            self.assertEqual([text for text in texts if name in text.replace("o.example.com", "")], [], name)

    def test_names_are_for_those_who_get_a_pass_by_the_control_socket(self):
        daemon = self.start(self.entry(f"tls://127.0.0.1:{scratch.free_port()}", operator="gone"))
        self.assertEqual(daemon.ask("broken.example.com").rcode(), dns.rcode.SERVFAIL)
        self.assertEqual(self.get()[2].count("broken.example.com"), 0)
        done = daemon.verb("status", "--page", "--names")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, rf"^http://127\.0\.0\.1:{self.port}/names\?pass=[0-9a-f]{{32}}\n$")
        path = done.stdout.strip().removeprefix(f"http://127.0.0.1:{self.port}")
        status, head, text = self.get(path)
        self.assertEqual((status, head["Referrer-Policy"], head["Cache-Control"]), (200, "no-referrer", "no-store"))
        self.assertRegex(text, r"<code>broken\.example\.com</code><small>A</small></th><td>SERVFAIL: \S")
        for wrong in ("/names", "/names?pass=", path[:-1], path + "0", "/names?pass=" + "0" * 32):
            status, _, text = self.get(wrong)
            self.assertEqual((status, "example" in text), (404, False), wrong)
        self.assertEqual(self.get(path, host="evil.example")[0], 403)
        self.assertEqual(self.get(path, Origin="http://evil.example")[0], 403)
        self.assertNotIn(path[-32:], daemon.log())
        self.assertEqual(daemon.verb("exposure", "--clear").returncode, 0)
        self.assertNotIn("broken", self.get(path)[2])
        self.assertNotEqual(daemon.verb("status", "--names").returncode, 0)

    def daemon_hosts(self):
        path = f"{self.directory}/hosts-{scratch.unique_name('page')}"
        with open(path, "w", encoding="ascii") as file:
            file.write("127.0.0.1 localhost\n192.168.7.7 hidden-host.local\n")
        return path


if __name__ == "__main__":
    unittest.main()
