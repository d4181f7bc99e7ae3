"""What is installed beside the program: the systemd unit, the launchd plist and the set-up scripts."""

import os
import pathlib
import plistlib
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PACKAGING = SOURCE / "packaging"
SCRIPTS = sorted(PACKAGING.glob("*.sh")) + [SOURCE / ".ci" / "run"]


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, **options)


def assert_known_options(test, words):
    """`words` is a command line without the program: a verb and its options."""
    help_text = run(os.environ["TACET_BINARY"], words[0], "--help")
    test.assertEqual(help_text.returncode, 0, help_text.stderr)
    for option in (word for word in words if word.startswith("--")):
        test.assertIn(option, help_text.stdout)


class Scratch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tacet-packaging-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)


class SystemdUnit(Scratch):
    unit = PACKAGING / "systemd" / "tacet.service"

    def settings(self, key):
        lines = self.unit.read_text().splitlines()
        return [line.split("=", 1)[1] for line in lines if line.startswith(key + "=")]

    def verify(self, text):
        copy = self.folder / "tacet.service"
        copy.write_text(text.replace("=/usr/bin/tacet", "=" + os.environ["TACET_BINARY"]))
        done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", copy)
        # An unknown key is only warned about, by the unit's name and with exit status 0.
        return [line for line in done.stderr.splitlines() if "tacet.service" in line], done.returncode

    def test_is_accepted_by_systemd(self):
        self.assertEqual(self.verify(self.unit.read_text()), ([], 0))

    def test_a_slip_in_the_unit_would_be_seen(self):
        faults, _ = self.verify(self.unit.read_text() + "\n[Service]\nNoSuchKey=yes\n")
        self.assertEqual(len(faults), 1, faults)

    def test_exposure_is_at_most_1_5(self):
        done = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=15", self.unit)
        self.assertEqual(done.returncode, 0, done.stdout[-200:] + done.stderr)

    def test_holds_no_privilege_but_the_one_of_port_53(self):
        self.assertEqual(self.settings("CapabilityBoundingSet"), ["CAP_NET_BIND_SERVICE"])
        self.assertEqual(self.settings("AmbientCapabilities"), ["CAP_NET_BIND_SERVICE"])
        self.assertEqual(self.settings("DynamicUser"), ["yes"])

    def test_runs_in_a_group_that_is_made_and_does_not_give_its_user_the_groups_name(self):
        group, user = self.settings("Group"), self.settings("User")
        self.assertEqual(group, ["tacet"])
        self.assertNotIn(user, ([], group))  # else systemd refuses to start it
        self.assertEqual(self.settings("RuntimeDirectoryMode"), ["0750"])
        self.assertRegex((PACKAGING / "sysusers.d" / "tacet.conf").read_text(), r"(?m)^g tacet ")
        self.assertIn("groupadd --system tacet", (PACKAGING / "debian" / "postinst").read_text())

    def test_has_one_directory_for_a_query_log_and_the_package_removes_it(self):
        self.assertEqual(self.settings("LogsDirectory"), ["tacet"])
        for path in ("/var/log/tacet", "/var/log/private/tacet"):
            self.assertIn(path + "\n", (PACKAGING / "debian" / "postrm").read_text().replace(" ", "\n"))

    def test_a_crash_never_ends_it_for_good_and_a_fault_of_the_configuration_does_not_start_it_again(self):
        self.assertEqual(self.settings("Restart"), ["always"])
        self.assertEqual(self.settings("StartLimitIntervalSec"), ["0"])
        self.assertEqual(self.settings("StartLimitBurst"), [])
        broken = self.folder / "tacet.yaml"
        broken.write_text("bogus: 1\n")
        for words in (("run", "--config", broken), ("run", "--no-such-option")):
            status = run(os.environ["TACET_BINARY"], *words).returncode
            self.assertIn(str(status), self.settings("RestartPreventExitStatus")[0].split())
        self.assertNotIn("1", self.settings("RestartPreventExitStatus")[0].split())

    def test_lets_it_confine_itself(self):
        allowed = " ".join(value for value in self.settings("SystemCallFilter") if not value.startswith("~")).split()
        for call in ("seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"):
            self.assertIn(call, allowed)

    def test_does_not_wait_for_a_network_that_may_be_waiting_for_dns(self):
        for key in ("After", "Wants", "Requires"):
            self.assertFalse([value for value in self.settings(key) if "network-online" in value], key)

    def test_runs_a_command_line_that_the_program_has(self):
        command = self.settings("ExecStart")[0].split()
        self.assertEqual(command[0], "/usr/bin/tacet")
        assert_known_options(self, command[1:])


class SystemdSocket(Scratch):
    def test_opens_udp_and_tcp_for_every_default_address(self):
        text = (PACKAGING / "systemd" / "tacet.socket").read_text().splitlines()
        for address in ("127.0.0.1:53", "[::1]:53"):
            self.assertIn(f"ListenDatagram={address}", text)
            self.assertIn(f"ListenStream={address}", text)

    def test_no_number_of_crashes_closes_it_and_restarting_the_service_opens_it(self):
        text = (PACKAGING / "systemd" / "tacet.socket").read_text().splitlines()
        self.assertIn("TriggerLimitIntervalSec=0", text)
        self.assertIn("WantedBy=sockets.target tacet.service", text)

    def test_is_accepted_by_systemd(self):
        (self.folder / "tacet.socket").write_text((PACKAGING / "systemd" / "tacet.socket").read_text())
        service = SystemdUnit.unit.read_text().replace("/usr/bin/tacet", os.environ["TACET_BINARY"])
        (self.folder / "tacet.service").write_text(service)
        done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", self.folder / "tacet.socket")
        self.assertEqual([line for line in done.stderr.splitlines() if "tacet." in line], [])
        self.assertEqual(done.returncode, 0)


class BrowserTimer(Scratch):
    def units(self):
        return [PACKAGING / "systemd" / f"tacet-browser.{kind}" for kind in ("service", "timer")]

    def test_is_accepted_by_systemd(self):
        for unit in self.units():
            (self.folder / unit.name).write_text(unit.read_text().replace("=/usr/bin/tacet", "=" + os.environ["TACET_BINARY"]))
        done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *(self.folder / unit.name for unit in self.units()))
        self.assertEqual([line for line in done.stderr.splitlines() if "tacet-browser" in line], [])
        self.assertEqual(done.returncode, 0)

    def test_runs_a_command_line_that_the_program_has_if_there_was_a_setup(self):
        text = self.units()[0].read_text()
        self.assertIn("ExecStart=/usr/bin/tacet browser renew\n", text)
        self.assertIn("ConditionPathExists=/var/lib/tacet/browser/record\n", text)

    def test_can_change_nothing_but_the_certificates_folder(self):
        done = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", self.units()[0])
        self.assertEqual(done.returncode, 0, done.stdout[-300:] + done.stderr)
        self.assertIn("ReadWritePaths=/var/lib/tacet/browser\n", self.units()[0].read_text())


@unittest.skipUnless(os.geteuid() == 0, "needs root to take programs away")
class Package(Scratch):
    """The .deb as README has it made, by cpack."""

    build = pathlib.Path(os.environ["TACET_BINARY"]).parent

    def cpack(self, before="true"):
        """Packages made after `before` was done to a copy of /usr/bin that only this cpack sees."""
        own = (f"mount -t tmpfs none {self.folder} && mkdir {self.folder}/up {self.folder}/work && "
               f"mount -t overlay none -o lowerdir=/usr/bin,upperdir={self.folder}/up,workdir={self.folder}/work /usr/bin && "
               f"cd /usr/bin && {before} && exec \"$@\"")
        out = self.enterContext(tempfile.TemporaryDirectory(prefix="tacet-package-"))
        done = run("unshare", "--mount", "sh", "-c", own, "sh", "cpack", "--config", self.build / "CPackConfig.cmake", "-G", "DEB", "-B", out)
        return done, sorted(pathlib.Path(out).glob("*.deb"))

    def test_depends_on_its_libraries(self):
        done, packages = self.cpack()
        self.assertEqual(done.returncode, 0, done.stderr)
        [package] = packages
        depends = run("dpkg-deb", "--field", package, "Depends").stdout
        for needed in ("libc6", "libssl3", "libcurl4", "libc-?ares2", "libseccomp2", "ca-certificates", "passwd"):
            self.assertRegex(depends, rf"(^|, ){needed}")

    def test_is_not_made_without_what_finds_its_dependencies(self):
        for program in ("dpkg-shlibdeps", "file"):
            with self.subTest(program=program):
                done, packages = self.cpack(f"rm {program}")
                self.assertNotEqual(done.returncode, 0)
                self.assertEqual(packages, [])
                self.assertIn(f"needs the program {program}", done.stderr)

    def test_is_not_made_if_no_library_is_found(self):
        done, packages = self.cpack("rm dpkg-shlibdeps && printf '#!/bin/sh\\n' >dpkg-shlibdeps && chmod 755 dpkg-shlibdeps")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(packages, [])
        self.assertIn("would not depend on libc6", done.stderr)

    def test_needs_nothing_that_the_build_packages_lack(self):
        packages = (PACKAGING / "install-packages.sh").read_text().split("build_packages='")[1].split("'")[0].split()
        self.assertLessEqual({"file", "dpkg-dev", "cmake"}, set(packages))


class LaunchdPlist(unittest.TestCase):
    def setUp(self):
        with open(PACKAGING / "launchd" / "io.tacet.plist", "rb") as file:
            self.plist = plistlib.load(file)

    def test_is_named_as_its_file(self):
        self.assertEqual(self.plist["Label"], "io.tacet")

    def test_runs_a_command_line_that_the_program_has(self):
        self.assertEqual(self.plist["ProgramArguments"][0], "/usr/local/bin/tacet")
        assert_known_options(self, self.plist["ProgramArguments"][1:])

    def test_starts_at_boot_and_again_after_a_failure_only(self):
        self.assertIs(self.plist["RunAtLoad"], True)
        self.assertEqual(self.plist["KeepAlive"], {"SuccessfulExit": False})


class Scripts(unittest.TestCase):
    def test_can_be_run(self):
        for script in SCRIPTS:
            self.assertTrue(os.access(script, os.X_OK), script)

    def test_have_no_fault_that_shellcheck_finds(self):
        done = run("shellcheck", *SCRIPTS)
        self.assertEqual(done.returncode, 0, done.stdout)


class InstallPackages(Scratch):
    """The script, with stand-ins for the programs that would ask or change the machine."""

    def install(self, *arguments, missing="", apt_status=0):
        answer = f'case " {missing} " in *" $package "*) exit 1; esac; echo installed'
        self.stand_in("dpkg-query", f"for package; do :; done; {answer}")
        self.stand_in("apt-get", f'echo "$*" >>{self.folder}/asked; case $* in *install*) exit {apt_status};; esac')
        self.stand_in("sudo", 'exec "$@"')
        done = run(PACKAGING / "install-packages.sh", *arguments, env={"PATH": f"{self.folder}:/usr/bin:/bin"})
        asked = self.folder / "asked"
        return done, asked.read_text().splitlines() if asked.exists() else []

    def stand_in(self, name, script):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def test_asks_for_nothing_when_all_is_there(self):
        for arguments in ((), ("tests",)):
            done, asked = self.install(*arguments)
            self.assertEqual((done.returncode, done.stderr, asked), (0, "", []))

    def test_installs_only_what_is_missing(self):
        done, asked = self.install(missing="ninja-build libpsl-dev")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(asked[-1].endswith("ninja-build libpsl-dev"), asked)
        self.assertIn("update", asked[0])

    def test_wants_no_test_package_for_a_build(self):
        done, asked = self.install(missing="doctest-dev dnsperf")
        self.assertEqual((done.returncode, asked), (0, []))

    def test_names_what_could_not_be_installed(self):
        done, _ = self.install(missing="libldns-dev", apt_status=100)
        self.assertEqual(done.returncode, 1)
        self.assertIn("could not install: libldns-dev", done.stderr)

    def test_refuses_an_argument_it_does_not_know(self):
        done, asked = self.install("test")
        self.assertEqual((done.returncode, asked), (1, []))
        self.assertIn("usage:", done.stderr)


if __name__ == "__main__":
    unittest.main()
