"""What the tests of `tacet install` on whole machines share: a Debian that systemd boots, behind a router that logs."""
import itertools
import os
import shutil
import unittest

import debian
import machine
import pki
import scratch
from case import Case

numbers = itertools.count()  # for names and folders that nobody has used before
_HAND_MADE = f"# by hand\nsearch {machine.Router.DOMAIN}\nnameserver {machine.Router.ADDRESS}\noptions timeout:3\n"
_INTERFACES = "auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n"


@unittest.skipIf(debian.why_not() or machine.why_not(), debian.why_not() or machine.why_not())
class MachineCase(Case):
    """Each test boots a machine of its own. Names that everybody may see are below many.example.com: the router must not."""

    SUITE = "bookworm"
    DHCP_CLIENT = "isc-dhcp-client"
    ANOTHER_LEASE = ("dhclient", "-1", "eth0")

    @classmethod
    def package(cls):
        """The .deb for SUITE."""
        return debian.package(cls.directory, 1)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        authority = os.path.join(cls.directory, "authority")
        os.mkdir(authority)
        cls.pki = pki.Pki(authority, [machine.Router.ADDRESS])
        cls.system = debian.System(cls.directory, cls.SUITE)
        package = cls.package()
        cls.system.install("systemd-sysv", "dbus", "iproute2", "ifupdown", cls.DHCP_CLIENT, "network-manager", *debian.dependencies(package))
        shutil.copy(package, cls.system.root / "tmp")
        cls.system.run("dpkg", "--install", f"/tmp/{package.name}")

    def setUp(self):
        self.router = self.enterContext(machine.Router(self.directory))
        self.upstream = self.unbound(addresses=(machine.Router.ADDRESS,), command=self.router.command())
        self.machine = self.enterContext(machine.Machine(self.directory, self.system.root, self.router.client))
        shutil.copy(self.pki.ca, self.machine.root / "etc/tacet/authority.pem")
        self.machine.write("etc/tacet/tacet.yaml", f"upstreams: [{{url: {self.upstream.dot_url()}, ca_file: /etc/tacet/authority.pem}}]\n"
                                                   f"forward: {{{machine.Router.DOMAIN}: [{machine.Router.ADDRESS}]}}\n")

    # --- what a machine is made of -----------------------------------------------------------------------------------

    def with_packages(self, *packages):
        debian.System.at(self.machine.root).install(*packages)

    def without_network_manager(self):
        self.machine.link("etc/systemd/system/NetworkManager.service", "/dev/null")
        self.machine.write("etc/network/interfaces", _INTERFACES)

    def with_resolved(self):
        self.with_packages("systemd-resolved", "libnss-resolve")
        self.machine.link("etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf")

    def with_a_hand_made_file(self):
        """NetworkManager leaves it alone, and still tells resolved of the link's servers."""
        self.machine.write("etc/NetworkManager/conf.d/dns.conf", "[main]\ndns=none\nrc-manager=unmanaged\n")
        self.machine.write("etc/resolv.conf", _HAND_MADE)

    def boot(self):
        """Returns when the router's DNS server is in use and tacet runs; what stood in /etc then."""
        self.machine.boot()
        scratch.eventually(lambda: self.asked("before"), 60, lambda: f"DNS by DHCP\n{self.machine.console()}", 0.5)
        self.machine.run("systemctl", "is-active", "tacet.service", "tacet.socket")  # one of them
        return self.machine.snapshot()

    def reboot(self):
        """Returns when names are answered again."""
        self.machine.reboot()
        scratch.eventually(lambda: "192.0.2.7" in self.look_up("again.many.example.com"), 60, self.machine.console, 0.5)

    # --- what must hold ----------------------------------------------------------------------------------------------

    def look_up(self, name):
        return self.machine.attempt("getent", "ahostsv4", name).stdout

    def asked(self, word):
        """Whether the router was asked for a name that a program has just looked up."""
        name = f"{word}{next(numbers)}.many.example.com"
        self.look_up(name)
        return name in self.router.asked()

    def assert_nothing_leaks(self):
        start = len(self.router.asked())
        for number in range(16):
            self.assertIn("192.0.2.7", self.look_up(f"secret{start}-{number}.many.example.com"))
        self.assertEqual([name for name in self.router.asked()[start:] if "secret" in name], [])

    def assert_short_names_resolve(self):
        self.assertIn(machine.Router.PRINTER, self.look_up("printer"))

    def install(self):
        said = self.machine.run("tacet", "install")
        self.assert_nothing_leaks()
        self.assert_short_names_resolve()
        self.assertIn("nothing to do", self.machine.run("tacet", "install"))
        return said

    def uninstall(self, before):
        self.machine.run("tacet", "uninstall")
        scratch.eventually(lambda: self.asked("after"), 30, "the router's DNS server in use again", 0.5)
        self.assert_same(self.machine.snapshot(), before)

    def assert_same(self, after, before):
        self.assertEqual({path: facts for path, facts in after.items() if before.get(path) != facts}, {})
        self.assertEqual(before.keys() - after.keys(), set())

    def live(self, manager):
        """The whole life under one manager, a reboot included."""
        before = self.boot()
        self.assertIn(f"managed by {manager}\n", self.install())
        self.reboot()
        self.assert_nothing_leaks()
        scratch.eventually(lambda: self.look_up("printer"), 30, "a short name after the reboot", 0.5)
        self.uninstall(before)
