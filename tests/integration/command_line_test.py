"""What the command line says of itself, and what its options do to a configuration."""
import os
import subprocess
import unittest

import pki
import scratch
import servers
import tacet
from case import UnboundCase


class Usage(unittest.TestCase):
    def test_without_a_verb_it_helps(self):
        done = tacet.run()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for verb in ("run", "check", "query", "status", "flush"):
            self.assertRegex(done.stdout, rf"(?m)^  {verb} ")

    def test_what_it_does_not_understand_is_named_and_refused(self):
        for words in (("frobnicate",), ("run", "--listen"), ("run", "--workers", "65"), ("run", "--log-level", "loud"), ("check", "surplus"),
                      ("flush", "a.example", "--below", "b.example"), ("status", "surplus")):
            with self.subTest(words):
                done = tacet.run(*words)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertTrue(done.stderr)

    def test_a_typing_error_gets_the_word_that_was_meant(self):
        for words, told in (("stauts", 'tacet has no verb "stauts", did you mean status?'), ("run --confg x", 'tacet run has no option "--confg", did you mean --config?'),
                            ("status --jsom", 'has no option "--jsom", did you mean --json?'), ("help", "did you mean --help?"), ("version", "did you mean --version?"),
                            ("restart", "(the service: systemctl restart tacet)"), ("check ./tacet.yaml", 'tacet check has no argument "./tacet.yaml" (a file follows --config)'),
                            ("--config x run", 'tacet has no option "--config" in front of the verb; it comes behind it: tacet run --config\n'),
                            ("--config=x check", "it comes behind it: tacet check --config=x\n"), ("help run", 'tacet has no verb "help", did you mean --help?'),
                            ("frobnicate", 'tacet has no verb "frobnicate"\n'), ("stauts --json", 'tacet has no verb "stauts", did you mean status?'), ("flush a b", 'tacet flush has no argument "b"\n')):
            with self.subTest(words):
                done = tacet.run(*words.split())
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(told, done.stderr)
                self.assertRegex(done.stderr, r"\Atacet: .*\ntacet( \w+)? --help tells more\n\Z")

    def test_a_url_is_no_name_and_says_which_one_is_meant(self):
        for words in (("query",), ("explain",), ("flush",), ("cache", "--below"), ("exposure", "--explain")):
            with self.subTest(words):
                done = tacet.run(*words, "https://www.example.com:8443/path?x")
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn('"https://www.example.com:8443/path?x" is a URL; the name in it is "www.example.com"', done.stderr)

    def test_a_name_in_other_letters_is_asked_for_as_dns_carries_it(self):
        done = tacet.run("query", "--upstream", "tls://127.0.0.1:9", "bücher.localhost", "AAAA")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"(?m)^xn--bcher-kva\.localhost\.\s")
        done = tacet.run("query", "a\u2e3a\u0338.example")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("is no domain name: ", done.stderr)

    def test_output_that_is_lost_is_a_failure_and_a_reader_that_has_left_is_none(self):
        with open("/dev/full", "wb") as full:
            for words in (["schema"], ["--help"], ["--version"], ["run", "--help"], []):
                done = subprocess.run([tacet.BINARY, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
                self.assertEqual((done.returncode, done.stderr), (1, "tacet: the output cannot be written, and is not complete: is the disk full?\n"), words)
        reading, writing = os.pipe()
        os.close(reading)
        with open(writing, "wb") as nobody:
            done = subprocess.run([tacet.BINARY, "schema"], stdout=nobody, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_an_upstream_that_nobody_can_look_up_is_refused_with_the_ways_out(self):
        for verb in (("run",), ("query", "www.example.com")):
            done = tacet.run(*verb, "--upstream", "tls://dns.example.com", *tacet.BUILT_IN)
            self.assertEqual(done.returncode, 78 if verb == ("run",) else 1)
            for way in ("tls://dns.example.com@192.0.2.1", "--bootstrap"):
                self.assertIn(way, done.stderr)

    def test_a_port_or_brackets_behind_the_at_sign(self):
        done = tacet.run("run", "--upstream", "tls://dns.example.com@192.0.2.1:853")
        self.assertEqual(done.returncode, 78)
        self.assertIn('"192.0.2.1:853" behind the @ is no list of addresses', done.stderr)
        done = tacet.run("query", "www.example.com", "--upstream", "tls://dns.example.com:9@[::1]")
        self.assertIn("[::1]:9: ", done.stderr)

    def test_plaintext_upstreams_and_nonsense_are_refused(self):
        for url in ("http://127.0.0.1/dns-query", "udp://127.0.0.1", "127.0.0.1", "tls://user@dns.example.com@127.0.0.1", "tls://a..b@127.0.0.1"):
            with self.subTest(url):
                done = tacet.run("run", "--upstream", url, *tacet.BUILT_IN)
                self.assertEqual(done.returncode, 78)
                self.assertIn("--upstream", done.stderr)

    def test_a_faulty_file_is_told_as_check_tells_it(self):
        with scratch.directory() as directory:
            path = os.path.join(directory, "tacet.yaml")
            with open(path, "w", encoding="utf-8") as file:
                file.write("listn: []\n")
            told = tacet.run("check", "--config", path).stderr
            self.assertIn(f"{path}:1:1: listn:", told)
            for verb in (("run",), ("status",), ("flush",), ("query", "www.example.com")):
                done = tacet.run(*verb, "--config", path)
                self.assertEqual((done.returncode, done.stderr), (78 if verb[0] == "run" else 1, told))


@unittest.skipUnless(os.geteuid() == 0, "makes an /etc of its own")
class WithoutConfig(unittest.TestCase):
    """Every verb reads the service's file if it is there, and has the built-in configuration only if it is not."""

    NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"]

    def run_verb(self, *words, content=None, modes="", user=()):
        """What a verb says where /etc has that file and nothing else; `modes` are those of the folder and the file."""
        make = "" if content is None else 'mkdir /etc/tacet && printf "%s" "$0" >/etc/tacet/tacet.yaml && '
        for mode, path in zip(modes.split(), ("/etc/tacet", "/etc/tacet/tacet.yaml")):
            make += f"chmod {mode} {path} && "
        return subprocess.run(["unshare", "--mount", "sh", "-c", f'mount -t tmpfs tmpfs /etc && {make}exec "$@"', content or "", *user, tacet.BINARY, *words],
                              capture_output=True, text=True, timeout=60, check=False)

    def test_the_services_file_is_read_and_named(self):
        for verb, status in ((("check",), 1), (("check", "--service"), 1), (("run",), 78), (("query", "localhost"), 1), (("doctor", "--dry-run"), 3)):
            with self.subTest(verb):
                done = self.run_verb(*verb, content="workers: 0")
                self.assertEqual(done.returncode, status)
                self.assertRegex(done.stderr, r"^tacet: reads /etc/tacet/tacet\.yaml \(.*\n/etc/tacet/tacet\.yaml:1:10: workers: ")

    def test_without_the_file_the_built_in_configuration_is_in_use(self):
        done = self.run_verb("check")
        self.assertEqual((done.returncode, done.stderr), (0, "tacet: this is the built-in configuration, because /etc/tacet/tacet.yaml does not exist\n"))
        self.assertIn("cloudflare-dns.com", done.stdout)
        self.assertEqual(self.run_verb("query", "localhost").stderr, "")
        self.assertIn("/etc/tacet/tacet.yaml: cannot be read: No such file", self.run_verb("check", "--service").stderr)

    def test_a_file_that_may_not_be_read_is_an_error_and_never_the_built_in_configuration(self):
        for modes in ("755 600", "700 644"):
            for verb, status in ((("check",), 1), (("run",), 78), (("query", "localhost"), 1), (("doctor", "--dry-run"), 3)):
                with self.subTest(modes=modes, verb=verb):
                    done = self.run_verb(*verb, content="workers: 1", modes=modes, user=self.NOBODY)
                    self.assertEqual((done.returncode, done.stdout), (status, ""))
                    self.assertIn("/etc/tacet/tacet.yaml: cannot be read: Permission denied: run this as root, or permit the reading (for the service: chgrp tacet /etc/tacet/tacet.yaml && chmod 640 /etc/tacet/tacet.yaml)\n", done.stderr)

    def test_verbs_that_ask_the_running_tacet_take_its_socket_from_there_and_do_without_if_they_must(self):
        for content, modes, user, socket, also in (("control: {socket: /run/elsewhere.sock}", "", (), "/run/elsewhere.sock", ""),
                                                   ("workers: 0", "", (), "/run/tacet/control.sock", "workers: "),
                                                   ("workers: 1", "755 600", self.NOBODY, "/run/tacet/control.sock", "Permission denied: ")):
            with self.subTest(content=content, modes=modes):
                done = self.run_verb("flush", content=content, modes=modes, user=user)
                self.assertEqual(done.returncode, 1)
                self.assertIn(socket, done.stderr.splitlines()[-1])
                self.assertIn(also, done.stderr)


class Local(unittest.TestCase):
    def test_a_name_that_never_leaves_is_answered_without_an_upstream(self):
        for name, answer in (("localhost", "127.0.0.1"), ("printer2", "NXDOMAIN"), ("printer", "NOERROR"), ("router.home.arpa", "NXDOMAIN")):
            done = tacet.run("query", name, *tacet.BUILT_IN)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(answer, done.stdout)
            self.assertIn("nothing was sent", done.stdout)


class Upstreams(UnboundCase):
    def setUp(self):
        self.named = f"tls://{pki.NAME}:{self.upstream.dot_port}"
        self.daemon = self.tacet(self.entry(self.named, "127.0.0.77"), control={"socket": ""})  # nobody is at that address
        self.daemon.stop()

    def test_addresses_behind_an_at_sign_replace_the_files_and_the_rest_of_the_entry_stays(self):
        self.assertNotEqual(self.daemon.verb("query", "www.example.com").returncode, 0)
        done = self.daemon.verb("query", "www.example.com", "--upstream", f"{self.named}@127.0.0.1")  # the file's ca_file
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(servers.ADDRESS, done.stdout)
        self.assertIn(f"to 127.0.0.1:{self.upstream.dot_port}", done.stdout)
        self.assertIn(f"checked for {pki.NAME}", done.stdout)
        self.assertRegex(done.stdout, rf"{pki.NAME} was sent in clear")

    def test_several_addresses_are_several_chances(self):
        done = self.daemon.verb("query", "www.example.com", "--upstream", f"{self.named}@127.0.0.77,127.0.0.1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"to 127.0.0.1:{self.upstream.dot_port}", done.stdout)

    def test_a_server_that_is_not_trusted_is_the_reason_of_a_failure(self):
        done = tacet.run("query", "www.example.com", "--upstream", self.upstream.doh_url(), *tacet.BUILT_IN)  # without the test authority
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"(?i)certificate")
        self.assertIn(self.upstream.doh_url(), done.stderr)


class Control(UnboundCase):
    def setUp(self):
        self.daemon = self.tacet(self.upstream.doh_url())
        self.socket = self.daemon.settings["control"]["socket"]
        for name in ("a.many.example.com", "b.many.example.com", "www.example.com"):
            self.daemon.ask(name)

    def entries(self):
        return self.daemon.status()["cache"]["entries"]

    def test_one_name_or_a_zone_can_be_flushed(self):
        self.assertEqual(self.entries(), 3)
        self.assertIn("1 answer ", self.daemon.verb("flush", "A.many.example.com").stdout)
        self.assertEqual(self.entries(), 2)
        self.assertIn("2 answers ", self.daemon.verb("flush", "--below", "example.com").stdout)
        self.assertEqual(self.entries(), 0)

    def test_what_is_no_name_is_refused_and_nothing_flushed(self):
        done = self.daemon.verb("flush", "a..b")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("a..b", done.stderr)
        self.assertEqual(self.entries(), 3)

    def test_the_socket_can_be_named_without_a_file(self):
        done = tacet.run("status", "--socket", self.socket)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"listening on 127.0.0.1:{self.daemon.port}", done.stdout)

    def test_any_http_client_can_speak_to_it(self):
        done = subprocess.run(["curl", "-sS", "--max-time", "5", "--unix-socket", self.socket, "-X", "POST", "http://localhost/flush"],
                              capture_output=True, text=True, check=True, timeout=20)
        self.assertEqual(done.stdout, '{"flushed":3}\n')

    @unittest.skipIf(os.geteuid(), "needs root, to become somebody else")
    def test_who_may_not_open_it_is_told_who_may(self):
        for path in (os.path.dirname(os.path.dirname(self.socket)), os.path.dirname(self.socket)):
            os.chmod(path, 0o755)
        words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"]
        done = subprocess.run([*words, tacet.BINARY, "status", "--socket", self.socket], capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertIn("user root and group root (mode 0660)", done.stderr)


if __name__ == "__main__":
    unittest.main()
