"""The Debian package in a clean Debian 12, from installing to purging; and the source in a clean Debian 13."""
import os
import re
import shutil
import subprocess
import unittest

import debian
import netlab
import scratch
import servers
from case import Case

_ROOT_ZONE = "$ORIGIN .\n. 300 SOA ns.root. host.root. 1 3600 900 604800 60\n. 300 NS ns.root.\nns.root. 300 A 192.0.2.53\n"
_BEFORE = "# of this network\nsearch home\nnameserver 192.0.2.1\n"


@unittest.skipIf(debian.why_not() or netlab.why_not(), debian.why_not() or netlab.why_not())
class Package(Case):
    """One life, told in order: each step is what an administrator types, in a network that has nothing but the upstream."""

    def setUp(self):
        self.namespace = self.enterContext(netlab.Namespace())
        self.upstream = self.unbound(command=self.namespace.command(), zones={servers.ORIGIN: servers.ZONE, ".": _ROOT_ZONE})
        self.first, self.second = debian.package(self.directory, 1), debian.package(self.directory, 2)
        self.system = debian.System(self.directory, "bookworm")
        self.system.install(*debian.dependencies(self.first))
        self.write("etc/resolv.conf", _BEFORE)
        (self.system.root / "run/tacet").mkdir(parents=True, exist_ok=True)
        self.daemon = None

    def tearDown(self):
        self.stop()

    def write(self, path, text):
        (self.system.root / path).write_text(text, encoding="utf-8")

    def read(self, path):
        return (self.system.root / path).read_text(encoding="utf-8")

    def exists(self, path):
        return os.path.lexists(self.system.root / path)

    def run_inside(self, *words):
        return self.system.run(*words, command=self.namespace.command())

    def dpkg(self, action, *words):
        return self.run_inside("dpkg", action, *words)

    def dpkg_install(self, package):
        shutil.copy(package, self.system.root / "tmp")
        return self.dpkg("--install", f"/tmp/{package.name}")

    def start(self):
        """What systemd would do; none runs in a directory."""
        log = open(os.path.join(self.directory, "daemon.log"), "ab")
        with log:
            self.daemon = scratch.start([*self.namespace.command(), "chroot", self.system.root, "/usr/bin/tacet", "run",
                                         "--config", "/etc/tacet/tacet.yaml"], stdout=log, stderr=log)
        scratch.eventually(lambda: servers.ADDRESS in self.dig(), 15, self.log)

    def reload(self):
        """As the unit does it. A fault is refused, what is sound is in use at once."""
        unit = self.read("usr/lib/systemd/system/tacet.service")
        command = re.search(r"^ExecReload=(.+)$", unit, re.MULTILINE)[1].split()
        sound = self.read("etc/tacet/tacet.yaml")
        self.write("etc/tacet/tacet.yaml", sound + "cache: {max_ttl: -1}\n")
        with self.assertRaisesRegex(Exception, r"tacet\.yaml:\d+:\d+: cache\.max_ttl"):
            self.run_inside(*command)
        self.write("etc/tacet/tacet.yaml", sound + "cache: {max_ttl: 100}\n")
        self.assertIn("changed cache", self.run_inside(*command))
        ttl = int(self.namespace.run(["dig", "@127.0.0.1", "+noall", "+answer", "www.example.com"], capture_output=True, text=True).stdout.split()[1])
        self.assertLessEqual(ttl, 100)

    def stop(self):
        if self.daemon:
            self.daemon.terminate()
            self.assertEqual(self.daemon.wait(10), 0, self.log())
        self.daemon = None

    def dig(self):
        done = self.namespace.run(["dig", "@127.0.0.1", "+tries=1", "+time=1", "+short", "www.example.com"], capture_output=True, text=True)
        return done.stdout

    def log(self):
        with open(os.path.join(self.directory, "daemon.log"), encoding="utf-8") as file:
            return file.read()

    def configure(self):
        """An administrator's own configuration: it must survive whatever the package does, short of purging."""
        shutil.copy(self.pki.ca, self.system.root / "etc/tacet/authority.pem")
        self.write("etc/tacet/tacet.yaml",
                   f"upstreams:\n  - url: {self.upstream.doh_url()}\n    ca_file: /etc/tacet/authority.pem\n")
        return self.read("etc/tacet/tacet.yaml")

    def test_its_whole_life(self):
        before = self.system.files()
        self.dpkg_install(self.first)
        self.assert_installed()
        mine = self.configure()
        self.assertIn(self.upstream.doh_url(), self.run_inside("tacet", "check", "--config", "/etc/tacet/tacet.yaml"))

        self.start()
        self.run_inside("tacet", "install")
        self.assertIn("nameserver 127.0.0.1\n", self.read("etc/resolv.conf"))
        self.assertIn(servers.ADDRESS, self.run_inside("getent", "ahosts", "www.example.com"))

        self.reload()
        mine = self.read("etc/tacet/tacet.yaml")

        self.dpkg_install(self.second)
        self.assertEqual(self.dpkg("--status", "tacet").split("Version: ")[1].split()[0].rpartition("-")[2], "2")
        self.assertEqual(self.read("etc/tacet/tacet.yaml"), mine)
        self.assertIn("nameserver 127.0.0.1\n", self.read("etc/resolv.conf"))
        self.stop()
        self.start()
        self.assertIn(servers.ADDRESS, self.run_inside("getent", "ahosts", "www.example.com"))

        self.dpkg("--remove", "tacet")
        self.assertEqual(self.read("etc/resolv.conf"), _BEFORE)
        self.assertFalse(self.exists("usr/bin/tacet"))
        self.assertEqual(self.read("etc/tacet/tacet.yaml"), mine)

        self.dpkg("--purge", "tacet")
        after = self.system.files()
        self.assertEqual(sorted(after.keys() - before.keys()), [])
        self.assertEqual([path for path, content in before.items() if after.get(path) != content], [])

    def assert_installed(self):
        for path in ("usr/bin/tacet", "etc/tacet/tacet.yaml", "usr/lib/systemd/system/tacet.service", "usr/share/man/man1/tacet.1.gz",
                     "usr/share/man/man5/tacet.yaml.5.gz", "usr/share/bash-completion/completions/tacet",
                     "usr/share/zsh/vendor-completions/_tacet", "usr/share/fish/vendor_completions.d/tacet.fish"):
            self.assertTrue(self.exists(path), path)
        self.assertTrue(self.exists("etc/systemd/system/multi-user.target.wants/tacet.service"), "the service is not enabled")
        for wants in ("sockets.target.wants", "tacet.service.wants"):
            self.assertTrue(self.exists(f"etc/systemd/system/{wants}/tacet.socket"), "the socket is not enabled")
        self.assertEqual(self.read("etc/resolv.conf"), _BEFORE)
        self.assertRegex(self.read("etc/group"), r"(?m)^tacet:x:\d+:$")
        self.assertNotIn("Conffiles:", self.dpkg("--status", "tacet"))
        self.assertLessEqual(len(self.read("etc/tacet/tacet.yaml").splitlines()), 2)
        self.assertIn("#listen:", self.read("usr/share/doc/tacet/examples/tacet.yaml"))
        self.run_inside("tacet", "check", "--config", "/etc/tacet/tacet.yaml")


@unittest.skipIf(debian.why_not(), debian.why_not())
class Upgrade(unittest.TestCase):
    """From a package whose configuration was a conffile of many comments, as the first ones had it."""

    def test_what_an_administrator_wrote_is_kept_and_nobody_is_asked(self):
        directory = self.enterContext(scratch.directory())
        new = debian.package(directory, 2)
        system = debian.System(directory, "bookworm")
        system.install(*debian.dependencies(new))
        shutil.copy(debian.with_conffile(new, directory, "0.0.9-1"), system.root / "tmp/former.deb")
        shutil.copy(new, system.root / "tmp/new.deb")
        configuration = system.root / "etc/tacet/tacet.yaml"
        for edit in ("cache: {size: 1MiB}\n", 'listen: ["127.0.0.1:5353"]\n', ""):
            with self.subTest(edit=edit):
                system.run("dpkg", "--install", "/tmp/former.deb")
                mine = configuration.read_text(encoding="utf-8") + edit
                self.assertGreater(len(mine.splitlines()), 100)
                configuration.write_text(mine, encoding="utf-8")
                told = system.run("dpkg", "--install", "/tmp/new.deb", stdin=subprocess.DEVNULL)
                self.assertNotIn("onfiguration file", told)
                self.assertEqual(configuration.read_text(encoding="utf-8"), mine)
                self.assertEqual([path.name for path in configuration.parent.iterdir()], ["tacet.yaml"])
                # Where other addresses were named, the socket's might be in the way.
                socket = system.root / "etc/systemd/system/sockets.target.wants/tacet.socket"
                self.assertEqual(os.path.lexists(socket), "listen" not in edit)
                system.run("dpkg", "--purge", "tacet")
                self.assertFalse(configuration.parent.exists())


@unittest.skipIf(debian.why_not(), debian.why_not())
class Debian13(unittest.TestCase):
    """Newer libraries and a newer compiler, same source."""

    def test_it_builds_and_passes_its_unit_tests(self):
        directory = self.enterContext(scratch.directory())
        system = debian.System(directory, "trixie")
        system.install("doctest-dev")
        debian.build(system)
        said = system.run("ctest", "--test-dir", "/build", "--no-tests=error", "-R", "^unit\\.", "-LE", "long", "--output-on-failure", timeout=600)
        self.assertIn("100% tests passed", said)
        self.assertRegex(system.run("/build/tacet", "--version"), r"OpenSSL 3\.5")
        self.assert_speaks_quic(system)

    def assert_speaks_quic(self, system):
        """Debian 12 has no server and no library for it."""
        system.install("knot", "openssl", "python3-dnspython", "python3-h2")
        said = system.run("env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TACET_BINARY=/build/tacet", "PYTHONPATH=/src/tests/support",
                          "sh", "-c", "cd /src/tests/integration && python3 -m unittest -v doq_test doq_ways_test 2>&1", timeout=600)
        self.assertRegex(said, r"(?m)^OK \(skipped=2\)$")  # the refusal, which is Debian 12's, and what needs namespaces


if __name__ == "__main__":
    unittest.main()
