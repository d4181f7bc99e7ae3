"""A machine with a kernel of its own, which can be suspended: Debian's kernel in QEMU, with a root that lies in its memory.

Its disk could not follow it into a suspend: QEMU's shared folders forget their clients then.

    machine = VirtualMachine(directory, system)
    said = machine.run("python3", "/tests/inside.py", timeout=600)      # what it printed on the console

It is emulated, so that it runs where a machine is virtual itself; it is some ten times slower, and a bar on time inside has to allow for that.
"""
import os
import pathlib
import shlex
import shutil
import subprocess

import scratch

_MODULES = ("drivers/net/tun.ko",)  # what the tests inside need and the kernel does not bring
_MEMORY_MIB = 3000
_FIRST = """#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mkdir -p /run/netns; mount -t tmpfs tmpfs /tmp; chmod 1777 /tmp
for module in /modules/*.ko; do insmod "$module"; done
ip link set lo up
{command} 2>&1
echo o >/proc/sysrq-trigger
sleep 60
"""


def why_not():
    """Why no machine can be made here; empty if one can. For unittest's skipIf."""
    return "" if shutil.which("qemu-system-x86_64") else "needs qemu-system-x86_64 (qemu-system-x86)"


class VirtualMachine:
    """`system` is a debian.System; the kernel and what packs the root are added to it."""

    def __init__(self, directory, system):
        self._directory, self._system = pathlib.Path(directory), system
        system.install("cpio", "kmod", "util-linux", "util-linux-extra", "iproute2")
        self._kernel = self._fetch_kernel()

    def run(self, *command, timeout):
        """Boots, runs the command, and powers off. Returns the console's text, also where it took too long."""
        first = self._system.root / "init"
        first.write_text(_FIRST.format(command=shlex.join(command)), encoding="ascii")
        first.chmod(0o755)
        console = self._directory / "console"
        with open(console, "wb") as said:
            machine = scratch.start(["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", _MEMORY_MIB, "-nic", "none", "-display",
                                     "none", "-serial", "stdio", "-monitor", "none", "-no-reboot", "-kernel", self._kernel, "-initrd", self._pack(),
                                     "-append", "console=ttyS0 edd=off quiet no_console_suspend panic=1"], stdin=subprocess.DEVNULL, stdout=said,
                                    stderr=subprocess.STDOUT)
            try:
                machine.wait(timeout)
            except subprocess.TimeoutExpired:
                scratch.end(machine)
        return console.read_text(encoding="utf-8", errors="replace").replace("\r", "")

    def _fetch_kernel(self):
        """Debian's kernel beside the root, its modules for the tests in it."""
        names = self._system.run("apt-cache", "depends", "linux-image-amd64").split()
        self._system.run("sh", "-euc", f"cd /tmp; apt-get download -qq {next(name for name in names if name.startswith('linux-image-6'))}")
        [package] = (self._system.root / "tmp").glob("linux-image-*.deb")
        unpacked = self._directory / "kernel"
        subprocess.run(["dpkg-deb", "--extract", package, unpacked], check=True)
        package.unlink()
        (self._system.root / "modules").mkdir()
        for module in _MODULES:
            [file] = unpacked.glob(f"lib/modules/*/kernel/{module}")
            shutil.copy(file, self._system.root / "modules")
        [kernel] = unpacked.glob("boot/vmlinuz-*")
        return kernel

    def _pack(self):
        archive = self._directory / "root.cpio"
        left_out = r"^\./(proc|sys|dev|tmp|var/(cache|lib/apt)|usr/share/(doc|man|locale))/."
        with open(archive, "wb") as file:
            command = self._system.command("sh", "-euc", f"cd /; find . -xdev | grep -Ev {shlex.quote(left_out)} | cpio --quiet -o -H newc")
            subprocess.run([str(word) for word in command], stdout=file, check=True, env={"PATH": os.defpath + ":/usr/sbin:/sbin"})
        return archive
