"""The recipes for other systems' packages: their syntax, and whether they fit what CMake installs."""
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import scratch
import tacet

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SPEC = SOURCE / "packaging" / "rpm" / "tacet.spec"
FORMULA = SOURCE / "packaging" / "homebrew" / "tacet.rb"
VERSION = re.search(r"project\(tacet VERSION ([0-9.]+)", (SOURCE / "CMakeLists.txt").read_text()).group(1)
LICENSE = (SOURCE / "LICENSE").read_text().split()[0]
# What the RPM macros of Fedora stand for; %install moves what Debian has elsewhere.
MACROS = {"_bindir": "/usr/bin", "_datadir": "/usr/share", "_mandir": "/usr/share/man", "_prefix": "/usr", "_unitdir": "/usr/lib/systemd/system",
          "_sysconfdir": "/etc"}
MOVED = {"/usr/share/zsh/vendor-completions/_tacet": "/usr/share/zsh/site-functions/_tacet"}


class Rpm(unittest.TestCase):
    @unittest.skipUnless(shutil.which("rpmspec"), "rpmspec is not here")
    def test_the_spec_has_no_fault_of_syntax(self):
        done = subprocess.run(["rpmspec", "--query", "--queryformat", "%{name} %{version} %{license}\n", SPEC], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, f"tacet {VERSION} {LICENSE}\n"), done.stderr)

    def listed(self):
        lines = SPEC.read_text().split("%files\n")[1].split("%changelog")[0].splitlines()
        for line in filter(None, lines):
            pattern = line.split()[-1]
            for name, place in MACROS.items():
                pattern = pattern.replace(f"%{{{name}}}", place)
            yield pattern + "*" if pattern.endswith("/") else pattern

    def test_it_lists_every_file_that_is_installed(self):
        build = pathlib.Path(tacet.BINARY).parent
        patterns = list(self.listed())
        with scratch.directory() as folder:
            subprocess.run(["cmake", "--install", build, "--prefix", "/usr"], env={**os.environ, "DESTDIR": folder}, check=True, capture_output=True)
            installed = {"/" + str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*") if path.is_file()}
        self.assertIn("/usr/share/tacet/tacet.schema.json", installed)
        for path in installed:
            path = MOVED.get(path, path).replace("/usr/lib/systemd/system/", MACROS["_unitdir"] + "/")
            self.assertTrue(any(fnmatch.fnmatch(path, pattern) for pattern in patterns), path)


class Homebrew(unittest.TestCase):
    @unittest.skipUnless(shutil.which("ruby"), "ruby is not here")
    def test_the_formula_has_no_fault_of_syntax(self):
        done = subprocess.run(["ruby", "-wc", FORMULA], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "Syntax OK\n", ""))

    def test_it_is_of_this_version_and_license(self):
        text = FORMULA.read_text()
        self.assertIn(f'tacet-{VERSION}.tar.gz"', text)
        self.assertIn(f'license "{LICENSE}"', text)

    def test_the_verbs_in_its_own_test_work(self):
        with scratch.directory() as folder:
            path = pathlib.Path(folder, "tacet.yaml")
            path.write_text('listen: ["127.0.0.1:5353"]\n')
            self.assertIn("127.0.0.1:5353", tacet.run("check", "--config", path).stdout)
        self.assertIn("json-schema.org", tacet.run("schema").stdout)


if __name__ == "__main__":
    unittest.main()
