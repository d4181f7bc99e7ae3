"""What the rows of the fault matrix share: the lab with a real upstream in it, real daemons, and the table they fill."""
import contextlib
import dataclasses
import os
import subprocess
import sys
import unittest

import netlab
import sanitizer
import scratch
import servers
from case import Case
from fake_upstream import ANSWER, FakeUpstream
from query_stream import Client, QueryStream
from tacet import BINARY, Tacet

# Makes a process's clocks jump as a suspend does; see clock_jump.cpp.
CLOCK_JUMP = os.environ.get("TACET_CLOCK_JUMP") or os.path.join(os.path.dirname(BINARY), "tests", "faults", "libclock_jump.so")
LONG = os.environ.get("TACET_LONG") == "1"
PROXY = os.environ.get("TACET_PROXY", "")  # "microsocks": every daemon goes through one
RTT = 0.020
SERVER, SERVER_6 = netlab.Lab.SIDES["b"]
# The ways to configure an upstream: transports in order of preference.
WAYS = {"DoH": ("doh",), "DoT": ("dot",), "both": ("doh", "dot")}
DOT_PORT, DOH_PORT = 853, 443

rows = []  # every Row measured by this process, in order


@dataclasses.dataclass
class Row:
    """One line of the table."""

    fault: str
    bar: str
    measured: str
    passed: bool

    def line(self):
        return f"| {self.fault} | {self.bar} | {self.measured} | {'pass' if self.passed else '**FAIL**'} |"


HEAD = "| fault | bar | measured | |\n|---|---|---|---|"


# What a busy neighbour on the machine does to the carrier, the server or the daemon is not what is measured here.
with contextlib.suppress(PermissionError):
    os.setpriority(os.PRIO_PROCESS, 0, -15)


def here(short, long):
    """The value for the continuous run, or for the long one (TACET_LONG=1)."""
    return long if LONG else short


@unittest.skipIf(netlab.why_not(), netlab.why_not())
class FaultCase(Case):
    """Each check is a row of the table; a test goes on after one that fails, so that the table is whole."""

    # --- the table ---------------------------------------------------------------------------------------------------

    def row(self, fault, bar, measured, passed):
        made = Row(fault, bar, measured, bool(passed))
        rows.append(made)
        print("\n" + made.line(), file=sys.stderr, flush=True)
        with self.subTest(fault):
            self.assertTrue(passed, f"{fault}: {measured}, wanted {bar}")

    def at_most(self, fault, measured, limit, unit="s", digits=3):
        self._figure(fault, f"≤ {limit:g} {unit}".rstrip(), f"{measured:.{digits}f} {unit}".rstrip(), measured <= limit)

    def at_least(self, fault, measured, limit, unit="", digits=1):
        self._figure(fault, f"≥ {limit:g} {unit}".rstrip(), f"{measured:.{digits}f} {unit}".rstrip(), measured >= limit)

    def _figure(self, fault, bar, measured, passed):
        """A row that a sanitizer does not let fail: it makes the daemon slow and large, and its workers several."""
        if sanitizer.BUILT_WITH:
            bar, passed = f"{bar}, but built with -fsanitize={sanitizer.BUILT_WITH}", True
        self.row(fault, bar, measured, passed)

    def none(self, fault, found, what=""):
        """Passes if the list is empty."""
        self.row(fault, "0", f"{len(found)}{f' {what}' if found else ''}", not found)

    # --- the lab -----------------------------------------------------------------------------------------------------

    def lab(self, **settings):
        return self.enterContext(netlab.Lab(**{"delay": RTT / 2, **settings}))

    def server(self, lab, **options):
        """Debian's unbound on side b, at both addresses and the usual ports."""
        return self.unbound(**{"addresses": (SERVER, SERVER_6), "ports": (53, DOT_PORT, DOH_PORT), "command": lab.command("b"), **options})

    def prompt_server(self, lab):
        """Debian's dnsdist on side b for DoT, in front of such an unbound: it sends every answer at once."""
        unbound = self.server(lab, addresses=(SERVER,), ports=(53, 8853, DOH_PORT))
        return self.enterContext(servers.Dnsdist(self.directory, self.pki.good(), unbound, port=DOT_PORT, command=lab.command("b")))

    def brisk_server(self, lab):
        """The same for DoT and DoH. It reads a client's queries without waiting for the answers before them."""
        unbound = self.server(lab, addresses=(SERVER,), ports=(53, 8853, 8443))
        return self.enterContext(servers.Dnsdist(self.directory, self.pki.good(), unbound, port=DOT_PORT, doh_port=DOH_PORT, options="maxInFlight=1000",
                                                 command=lab.command("b")))

    def fake_server(self, lab, behave=lambda received: ANSWER, **options):
        """The misbehaving server on side b, at its first address and the usual ports."""
        return self.enterContext(FakeUpstream(self.pki.good(), behave, address=SERVER, ports=(DOT_PORT, DOH_PORT),
                                              namespace=lab.namespace("b"), **options))

    def helper(self, lab, side, script, *words):
        """A script of this directory as a process on one side; returns when it says that it listens."""
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), script)
        process = lab.popen(side, [sys.executable, path, *words], stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), b"listening\n")

    def daemon(self, lab, way, *, number=1, addresses=(SERVER, SERVER_6), environment=None, **settings):
        """tacet on side a, at 127.0.0.`number`; the upstream is one operator's."""
        urls = {"doh": f"https://{SERVER}/dns-query", "dot": f"tls://{SERVER}"}
        entries = [self.entry(urls[transport], *addresses, operator="the lab") for transport in WAYS.get(way, way)]
        if PROXY:
            settings.setdefault("proxy", self.proxy(lab))
        return self.enterContext(Tacet(self.directory, command=lab.command("a"), address=f"127.0.0.{number}", upstreams=entries, environment=environment,
                                       **{"log": {"level": os.environ.get("TACET_LOG_LEVEL", "info")}, **settings}))

    def proxy(self, lab):
        """The URL of a proxy on side a, where a proxy of one's own machine is; one for each lab."""
        if not lab.run("a", ["ss", "-Hltn", "sport = :1080"], capture_output=True).stdout:
            lab.popen("a", [PROXY, "-i", "127.0.0.1", "-p", "1080"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            scratch.eventually(lambda: lab.run("a", ["ss", "-Hltn", "sport = :1080"], capture_output=True).stdout)
        return "socks5://127.0.0.1:1080"

    def daemons(self, lab, ways=WAYS, **settings):
        """One for each way, by its word."""
        return {way: self.daemon(lab, way, number=number, **settings) for number, way in enumerate(ways, 1)}

    def stream(self, lab, daemon, rate, **options):
        """Queries to the daemon until stop() or the test's end."""
        return self.enterContext(QueryStream(daemon.server, rate, namespace=lab.namespace("a"), **options))

    def client(self, lab, daemon):
        """Asks the daemon one name at a time."""
        return self.enterContext(Client(daemon.server, lab.namespace("a")))


def upstreams(daemon):
    """The daemon's upstreams, as `tacet status` shows them: each with the sums of its connections."""
    return daemon.status()["upstreams"]


def total(daemon, key):
    """A counter of the daemon's upstreams, summed."""
    return sum(upstream[key] for upstream in upstreams(daemon))


def local_ends(daemon, lab):
    """Our addresses and ports of the daemon's TCP sockets to the server, under way or connected."""
    done = lab.run("a", ["ss", "-Hatnp", f"( dport = :{DOT_PORT} or dport = :{DOH_PORT} )"], capture_output=True, text=True)
    return {line.split()[3] for line in done.stdout.splitlines() if f"pid={daemon.process.pid}," in line}


def sockets(daemon, lab):
    """How many those are."""
    return len(local_ends(daemon, lab))


def wakeups(daemon):
    """How often its threads gave up the processor of their own will, and so were woken again."""
    count, tasks = 0, f"/proc/{daemon.process.pid}/task"
    for thread in os.listdir(tasks):
        with open(f"{tasks}/{thread}/status", encoding="ascii") as file:
            count += sum(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt_switches"))
    return count
