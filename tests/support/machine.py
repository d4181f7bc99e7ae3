"""Whole machines: a Debian of its own that is booted by systemd in a container, in a network whose router serves DHCP and plain DNS.

    with Router(directory) as router, Machine(directory, root, router.client) as machine:
        machine.boot()
        machine.run("systemctl", "is-active", "systemd-resolved")
        router.asked()                             # the names that its DNS server was asked for, in the clear
"""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import time

import netlab
import scratch

_CGROUPS = ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")
_BOOTS_WITHIN = 120
_LANDLOCK = "landlock_create_ruleset landlock_add_rule landlock_restrict_self"  # which nspawn keeps from containers


def why_not():
    """Why no machine can be booted here; empty if one can. For unittest's skipIf."""
    for program, package in (("systemd-nspawn", "systemd-container"), ("dnsmasq", "dnsmasq-base")):
        if not shutil.which(program):
            return f"needs {program} ({package})"
    if not any(_can_make_a_cgroup(place) for place in _CGROUPS):
        return "needs a cgroup hierarchy that can be written to"
    return netlab.why_not()


def _can_make_a_cgroup(place):
    return os.path.exists(f"{place}/cgroup.procs") and os.access(place, os.W_OK)


class Router:
    """A network of one link: the router's end has `ADDRESS`, a DHCP server that announces DOMAIN, and a DNS server that logs,
    unless its `dns_port` is 0: then another program may serve there."""

    ADDRESS, DOMAIN = "10.77.0.1", "office.example.net"
    PRINTER = "10.77.0.9"

    def __init__(self, directory, dns_port=53):
        self._path = pathlib.Path(directory) / scratch.unique_name("router")
        self._dns_port = dns_port
        self._side, self.client = netlab.Namespace("router"), netlab.Namespace("machine")

    def __enter__(self):
        self._path.mkdir()
        with contextlib.ExitStack() as entered:
            for namespace in (self._side, self.client):
                entered.enter_context(namespace)
            self._link()
            self._serve()
            self._entered = entered.pop_all()
        return self

    def __exit__(self, *_):
        self._entered.close()

    @property
    def name(self):
        """Of its network namespace."""
        return self._side.name

    def command(self, *words):
        """What runs `words` on the router."""
        return self._side.command(*words)

    def _link(self):
        for words in (["link", "add", "lan0", "netns", self._side.name, "type", "veth", "peer", "name", "eth0", "netns", self.client.name],
                      ["-n", self._side.name, "address", "add", f"{self.ADDRESS}/24", "dev", "lan0"],
                      ["-n", self._side.name, "link", "set", "lan0", "up"], ["-n", self.client.name, "link", "set", "eth0", "up"]):
            subprocess.run(["ip", *words], check=True)

    def _serve(self):
        with open(self._path / "log", "wb") as log:
            self._side.popen(["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-", "--log-queries", "--user=root", "--no-resolv",
                              "--no-hosts", "--pid-file=", f"--port={self._dns_port}", f"--dhcp-option=option:dns-server,{self.ADDRESS}",
                              f"--dhcp-leasefile={self._path}/leases", "--interface=lan0", "--bind-interfaces",
                              "--dhcp-range=10.77.0.50,10.77.0.150,1h", f"--domain={self.DOMAIN}", "--dhcp-authoritative", "--no-ping",
                              f"--host-record=printer.{self.DOMAIN},{self.PRINTER}", "--address=/#/192.0.2.66"], stdout=log, stderr=log)
        scratch.eventually(lambda: "started" in self.log(), 10, self.log)

    def log(self):
        return (self._path / "log").read_text(encoding="utf-8", errors="replace")

    def asked(self):
        """The names that its DNS server was asked for so far, in order."""
        return re.findall(r"query\[\w+\] (\S+) from", self.log())


class Machine:
    """`lower` is the system, which stays as it is; what the machine writes goes with it. `namespace` has its link, eth0."""

    def __init__(self, directory, lower, namespace):
        self._name = scratch.unique_name("machine")
        self._path = pathlib.Path(directory) / self._name
        self.root = self._path / "root"
        self._lower, self._namespace = lower, namespace
        self._nspawn = self._leader = None
        self._cgroups = []

    def __enter__(self):
        for name in ("upper", "work", "root"):
            (self._path / name).mkdir(parents=True)
        layers = f"lowerdir={self._lower},upperdir={self._path}/upper,workdir={self._path}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, self.root], check=True)
        return self

    def __exit__(self, *_):
        self._stop()
        subprocess.run(["umount", "--lazy", self.root], check=True)

    def write(self, path, text, mode=0o644):
        """Before boot(), or while it runs."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)

    def link(self, path, target):
        file = self.root / path
        file.unlink(missing_ok=True)
        file.symlink_to(target)

    def boot(self):
        """Returns when systemd has started everything; AssertionError with its console if it does not."""
        self._enter_cgroup()
        command = ["systemd-nspawn", "--boot", "--quiet", "--register=no", "--keep-unit", f"--directory={self.root}", f"--machine={self._name[-40:]}",
                   f"--network-namespace-path=/run/netns/{self._namespace.name}", "--console=read-only", "--resolv-conf=off", "--timezone=off",
                   "--link-journal=no", "--capability=CAP_NET_ADMIN,CAP_NET_RAW", f"--system-call-filter={_LANDLOCK}"]
        script = "".join(f"echo $$ >{cgroup}/cgroup.procs; " for cgroup in self._cgroups) + 'exec "$@"'
        with open(self._path / "console", "wb") as console:
            self._nspawn = scratch.start(["sh", "-c", script, "sh", *command], stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                                         env={**os.environ, "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network"})
        self._leader = scratch.eventually(self._find_leader, 30, self.console)
        scratch.eventually(lambda: self.attempt("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"), _BOOTS_WITHIN, self.console, 0.2)

    def console(self):
        return (self._path / "console").read_text(encoding="utf-8", errors="replace")

    def attempt(self, *words, **options):
        """Runs `words` in the machine: the finished process with its text."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
        if not self._leader:
            raise AssertionError("the machine does not run")
        return subprocess.run(["nsenter", "--all", f"--target={self._leader}", *map(str, words)], capture_output=True, text=True, timeout=options.pop("timeout", 90),
                              check=False, env=environment, **options)

    def popen(self, *words):
        """Starts `words` in the machine, without their output; for two minutes at most. They end with what is returned: nsenter
        would fork, and leave them alone in the machine, so timeout(1) forks and hands the signal on."""
        ending = ("timeout", "--kill-after=3", "120")
        return scratch.start(["nsenter", "--all", "--no-fork", f"--target={self._leader}", *ending, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"})

    def run(self, *words):
        """What `words` print; AssertionError unless they end well."""
        done = self.attempt(*words)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def reboot(self):
        """Ends everything in it, and starts it again."""
        self._stop()
        self.boot()

    def snapshot(self):
        """Every file and link of its /etc: {path: (mode, octets or target)}; but for what systemd writes by itself."""
        found = {}
        for path in (self.root / "etc").rglob("*"):
            status = path.lstat()
            content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            found[str(path.relative_to(self.root))] = status.st_mode, content
        return {path: facts for path, facts in found.items() if path not in ("etc/machine-id", "etc/.updated", "etc/mtab")}

    def _find_leader(self):
        if self._nspawn.poll() is not None:
            raise AssertionError(f"systemd-nspawn ended with {self._nspawn.returncode}\n{self.console()}")
        children = pathlib.Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text(encoding="ascii").split()
        inside = [child for child in children if pathlib.Path(f"/proc/{child}/comm").read_text(encoding="ascii").strip() == "systemd"]
        return int(inside[0]) if inside else None

    def _enter_cgroup(self):
        """nspawn takes the cgroup it is started in for its own: it gets one, for other machines may be here."""
        for place in filter(_can_make_a_cgroup, _CGROUPS):
            os.mkdir(f"{place}/{self._name}")
            self._cgroups.append(f"{place}/{self._name}")

    def _stop(self):
        if self._leader:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._leader, 9)  # the first process of its namespace takes all others with it
        if self._nspawn:
            scratch.end(self._nspawn)
        for cgroup in self._cgroups:
            _remove_cgroup(cgroup)
        self._leader, self._nspawn, self._cgroups = None, None, []


def _remove_cgroup(cgroup):
    deadline = time.monotonic() + 10
    for folder, _, _ in os.walk(cgroup, topdown=False):
        while True:
            try:
                os.rmdir(folder)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
