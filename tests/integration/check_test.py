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


def check(path, directory=None):
    return subprocess.run([BINARY, "check", "--config", str(path)], cwd=directory, capture_output=True, text=True, timeout=20, check=False)


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


if __name__ == "__main__":
    unittest.main()
