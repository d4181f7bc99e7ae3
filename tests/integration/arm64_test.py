"""The package for arm64, made on another machine by packaging/arm64.sh in a clean Debian 12, and its program under qemu."""
import shutil
import subprocess
import unittest

import debian
import servers
from case import UnboundCase

_BUILT = "src/build/arm64"


@unittest.skipIf(debian.why_not(), debian.why_not())
class Arm64(UnboundCase):
    def test_the_package_is_made_and_its_program_resolves_a_name_over_tls(self):
        system = debian.System(self.directory, "bookworm")
        system.install("ca-certificates")  # and the lists of packages
        shutil.copytree(debian.SOURCE, system.root / "src", ignore=shutil.ignore_patterns("build", ".git"))
        system.run("/src/packaging/arm64.sh", timeout=7000)

        [package] = (system.root / _BUILT).glob("tacet_*_arm64.deb")
        self.assertEqual(subprocess.check_output(["dpkg-deb", "--field", package, "Architecture"], text=True), "arm64\n")
        self.assertLessEqual({"libc6", "libssl3", "libcurl4", "libldns3", "ca-certificates"}, set(debian.dependencies(package)))
        subprocess.run(["dpkg-deb", "--extract", package, system.root / "unpacked"], check=True)
        program = ["qemu-aarch64-static", "/unpacked/usr/bin/tacet"]
        self.assertRegex(system.run(*program, "--version"), r"^tacet \d")

        shutil.copy(self.pki.ca, system.root / "authority.pem")
        (system.root / "tacet.yaml").write_text(f"upstreams: [{{url: {self.upstream.dot_url()}, ca_file: /authority.pem}}]\ndnssec: {{mode: off}}\n", encoding="ascii")
        self.assertIn(servers.ADDRESS, system.run(*program, "query", "--config", "/tacet.yaml", "www.example.com"))


if __name__ == "__main__":
    unittest.main()
