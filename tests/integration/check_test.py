"""`tacet check`: precise faults for broken files, the effective configuration for good ones.

Each broken/NAME.yaml has beside it NAME.expected, every line that `check` must print for it and no other.
"""
import os
import pathlib
import subprocess
import tempfile
import unittest

BINARY = os.environ.get("TACET_BINARY", "tacet")
BROKEN = pathlib.Path(__file__).resolve().parent / "broken"
SAMPLES = BROKEN.parents[2] / "conf"


def check(path, directory=None, *options):
    return subprocess.run([BINARY, "check", *options, "--config", str(path)], cwd=directory, capture_output=True, text=True, timeout=20, check=False)


class Broken(unittest.TestCase):
    def test_every_broken_file_is_refused_with_all_its_faults_and_nothing_on_stdout(self):
        files = sorted(BROKEN.glob("*.yaml"))
        self.assertGreaterEqual(len(files), 10)
        for file in files:
            with self.subTest(file.name):
                result = check(file.name, BROKEN)
                self.assertEqual(result.stderr, file.with_suffix(".expected").read_text(encoding="utf-8"))
                self.assertEqual(result.stdout, "")
                self.assertEqual(result.returncode, 1)

    def test_a_file_that_cannot_be_read_is_a_fault(self):
        for path, why in (("/nonexistent/tacet.yaml", "No such file or directory"), ("/", "Is a directory")):
            with self.subTest(path):
                result = check(path)
                self.assertEqual(result.stderr, f"{path}: cannot be read: {why}\n")
                self.assertEqual(result.returncode, 1)

    def test_an_endless_file_is_refused(self):
        result = check("/dev/zero")
        self.assertEqual(result.stderr, "/dev/zero: larger than 1 MiB\n")
        self.assertEqual(result.returncode, 1)


class Good(unittest.TestCase):
    def test_an_address_that_is_not_there_yet_is_a_warning(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "tacet.yaml"
            path.write_text('listen: ["127.0.0.1:53", 192.0.2.77, "127.0.0.9:53"]\nallow: [192.0.2.0/24]\n', encoding="utf-8")
            done = check(path)
        self.assertEqual((done.returncode, done.stderr),
                         (0, "warning: listen: this machine has no 192.0.2.77:53 now: it is served when it is there\n"))

    def test_every_sample_is_accepted_and_what_is_printed_is_accepted_as_the_same(self):
        samples = sorted(SAMPLES.glob("*.yaml"))
        self.assertGreaterEqual(len(samples), 5)
        with tempfile.TemporaryDirectory() as directory:
            printed = pathlib.Path(directory) / "printed.yaml"
            for sample in samples:
                with self.subTest(sample.name):
                    first = check(sample)
                    self.assertEqual(first.returncode, 0, first.stderr)
                    for line in first.stderr.splitlines():  # a sample's addresses are those of another machine
                        self.assertRegex(line, "^warning: listen: this machine has no ")
                    self.assertIn("\nworkers: ", first.stdout)
                    printed.write_text(first.stdout, encoding="utf-8")
                    self.assertEqual(check(printed).stdout, first.stdout)


@unittest.skipUnless(os.geteuid() == 0, "only root can look at files as another user")
class Service(unittest.TestCase):
    """What root may use, and the packaged service may not."""

    def setUp(self):
        # Not in /tmp, which the unit hides.
        self.place = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(dir="/dev/shm")))
        self.place.chmod(0o755)
        self.bundle = self.place / "ca.pem"
        self.bundle.write_text("", encoding="ascii")
        self.bundle.chmod(0o644)

    def judged(self, text):
        path = self.place / "tacet.yaml"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        self.assertEqual(check(path).returncode, 0)
        return check(path, None, "--service")

    def refused(self, text, *words):
        done = self.judged(text)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def accepted(self, text):
        done = self.judged(text)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("\nworkers: ", done.stdout)
        return done.stderr

    def with_bundle(self, path):
        return f"upstreams: [{{url: 'tls://192.0.2.1', ca_file: {path}}}]\n"

    def test_a_file_that_only_root_may_read_is_a_fault(self):
        self.assertEqual(self.accepted(self.with_bundle(self.bundle)), "")
        self.bundle.chmod(0o600)
        self.refused(self.with_bundle(self.bundle), f'upstreams[0].ca_file: the service may not read "{self.bundle}"')
        self.refused(f"hosts: {{file: {self.bundle}}}\n", "hosts.file: the service may not read")
        self.refused(f"forward: {{corp.example: [{{url: 'tls://192.0.2.1', ca_file: {self.bundle}}}]}}\n", "forward.corp.example[0].ca_file: ")
        self.bundle.chmod(0o644)
        self.place.chmod(0o700)
        self.refused(self.with_bundle(self.bundle), "may not read")

    def test_a_listeners_key_that_only_root_may_read_is_a_fault(self):
        key = self.place / "listener.key"
        key.write_text("", encoding="ascii")
        for kind in ("https", "tls"):
            text = f"{kind}: {{listen: ['127.0.0.1:8453'], certificate: {self.bundle}, key: {key}}}\n"
            key.chmod(0o644)
            self.assertEqual(self.accepted(text), "")
            key.chmod(0o600)
            self.refused(text, f'{kind}.key: the service may not read "{key}"')

    def test_a_file_where_the_unit_hides_it_is_a_fault_by_way_of_a_link_too(self):
        link = self.place / "link.pem"
        with tempfile.NamedTemporaryFile(dir="/tmp") as file:
            os.chmod(file.name, 0o644)
            link.symlink_to(file.name)
            for path in (file.name, link):
                self.refused(self.with_bundle(path), "does not see", "/tmp (PrivateTmp=yes)")
        for place in ("/home/somebody", "/root", "/run/user/1000"):
            self.refused(f"hosts: {{file: {place}/hosts}}\n", "hosts.file: the service does not see", "(ProtectHome=yes)")

    def test_a_query_log_where_the_unit_lets_nobody_write_is_a_fault(self):
        self.refused("query_log: {to: /var/lib/queries.log}\n", "query_log.to: the service may not write", "/var/log/tacet/queries.log")
        self.assertEqual(self.accepted("query_log: {to: /var/log/tacet/queries.log}\n"), "")

    def test_a_user_that_it_cannot_become_is_a_fault(self):
        self.refused("user: nobody\n", "user: the service is not root")

    def test_a_group_that_the_unit_is_not_in_is_a_warning(self):
        self.assertRegex(self.accepted("control: {group: games}\n"), "^warning: control.group: .*SupplementaryGroups=games")
        self.assertEqual(self.accepted("control: {group: tacet}\n"), "")


if __name__ == "__main__":
    unittest.main()
