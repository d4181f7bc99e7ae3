"""README's two commands on a fresh machine: a Debian made for it by debootstrap, with git and nothing else, and a fresh clone in it.

    clean_root.py configure [SUITE]    configures every preset that the two commands use, with no packages but theirs; minutes
    clean_root.py whole [SUITE]        runs both commands to their end; the better part of an hour

SUITE is bookworm (Debian 12) unless it is named. Needs root, debootstrap and a mirror. What is cloned is what is committed.
TACET_DEBIAN_ROOTS names a directory with systems that debootstrap has made before, and TACET_CCACHE a compiler cache to lend.
"""
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import textwrap
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SOURCE / "tests" / "support"))
sys.dont_write_bytecode = True

import debian  # noqa: E402
import dns.exception  # noqa: E402
import dns.message  # noqa: E402
import dns.query  # noqa: E402
import scratch  # noqa: E402

_HERE = "/root/tacet"
# The directory becomes the root of its mounts, and not of a process alone: else no test could make namespaces in it.
_ENTER = 'mount --bind "$1" "$1"; cd "$1"; mount -t proc proc proc; mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts; pivot_root . mnt; cd /; umount -l /mnt; shift; exec "$@"'


class FreshMachine(debian.System):
    """A clean system with git, and this checkout's last commit cloned."""

    def __init__(self, directory, suite):
        super().__init__(directory, suite)
        self._make_tun()
        self.install("git", "ca-certificates")
        self._bare = set(self.packages())
        branch = ["git", "clone", "--quiet", "--no-hardlinks", SOURCE, self.root / _HERE.lstrip("/")]
        subprocess.run([str(word) for word in branch], check=True)
        if cache := os.environ.get("TACET_CCACHE"):
            self.install("ccache")
            (self.root / "root/.cache").mkdir(exist_ok=True)
            shutil.copytree(cache, self.root / "root/.cache/ccache")

    def _make_tun(self):
        """Every machine has this device, and the tests' networks are made of it; debootstrap leaves it out."""
        device = self.root / "dev/net/tun"
        device.parent.mkdir(exist_ok=True)
        os.mknod(device, stat.S_IFCHR, os.makedev(10, 200))
        device.chmod(0o666)

    def command(self, *words):
        return ["unshare", "--fork", "--pid", "--kill-child", "--mount", "sh", "-euc", _ENTER, "sh", self.root, *words]

    def packages(self):
        return self.run("dpkg-query", "--show", "--showformat=${Package}=${Version}\\n").split()

    def added_packages(self):
        """What was installed since the clean root stood."""
        return sorted(set(self.packages()) - self._bare)

    def in_clone(self, script):
        """A process that runs a line of shell in the clone; its output is shown as it comes."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        return scratch.start(self.command("sh", "-euc", f"cd {_HERE}; {script}"), env=environment, stdin=subprocess.DEVNULL)

    def succeed_in_clone(self, script):
        """Runs a line of shell in the clone. AssertionError if it fails."""
        code = self.in_clone(script).wait()
        assert code == 0, f"in the clean root, `{script}` ended with {code}"


def configure(machine):
    """The build's packages alone must do for run.sh, and with the tests' for test.sh."""
    machine.succeed_in_clone("packaging/run.sh --configure")
    machine.succeed_in_clone("packaging/test.sh --configure")
    print("packages that came from install-packages.sh:")
    print(textwrap.fill(" ".join(machine.added_packages()), 120, break_on_hyphens=False), flush=True)


def whole(machine):
    """The first command is good when its resolver answers, the second when it ends so."""
    port = scratch.free_port()
    resolver = machine.in_clone(f"exec packaging/run.sh 127.0.0.1:{port}")
    try:
        scratch.eventually(lambda: answers(resolver, port), 3600, "an answer of the resolver that packaging/run.sh runs", every=1)
    finally:
        scratch.end(resolver)
    machine.succeed_in_clone("packaging/test.sh")


def answers(resolver, port):
    assert resolver.poll() is None, f"packaging/run.sh ended with {resolver.returncode}"
    try:
        return dns.query.udp(dns.message.make_query("localhost", "A"), "127.0.0.1", port=port, timeout=1).answer
    except (dns.exception.Timeout, OSError):
        return None


def main(words):
    if len(words) not in (1, 2) or words[0] not in ("configure", "whole"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    if reason := debian.why_not():
        print(f"clean_root: {reason}", file=sys.stderr)
        return 2
    suite = words[1] if len(words) == 2 else "bookworm"
    begun = time.monotonic()
    with scratch.directory("root") as directory:
        {"configure": configure, "whole": whole}[words[0]](FreshMachine(directory, suite))
    print(f"clean_root: {words[0]} {suite}: good, after {time.monotonic() - begun:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
