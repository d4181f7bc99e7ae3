"""The scenes of machines_test in Debian 13: systemd 257, NetworkManager 1.52, and dhcpcd, its usual DHCP client.

$TACET_TRIXIE_PACKAGE is the .deb; without it a Debian 13 builds one of this source, which takes its time."""
import os
import pathlib

import debian
import machines_test


class Trixie(machines_test.Machines):
    SUITE = "trixie"
    DHCP_CLIENT = "dhcpcd-base"
    ANOTHER_LEASE = ("dhcpcd", "--rebind", "eth0")

    @classmethod
    def package(cls):
        if built := os.environ.get("TACET_TRIXIE_PACKAGE"):
            return pathlib.Path(built)
        builder = pathlib.Path(cls.directory) / "builder"
        builder.mkdir()
        return debian.package_built_in(debian.System(builder, cls.SUITE))
