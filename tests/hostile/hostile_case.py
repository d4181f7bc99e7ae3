"""What the hostile suites share: a daemon between an attacker and a neighbour, what the attack costs it, and the table."""
import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import threading
import time

import sanitizer
import scratch
import servers
from case import Case
from query_stream import percentile
from tacet import Tacet

HERE = os.path.dirname(os.path.abspath(__file__))
NEIGHBOUR, SUPPORT = os.path.join(HERE, "neighbour.py"), os.path.join(HERE, "..", "support")
LIMIT = 4.5  # seconds within which every client has an answer
# Seconds of the daemon's CPU that may pass before a neighbour's answer, at p99: what it did for others first. The costliest
# answer allowed takes 7 ms of it (a message of 64 KiB, all pointers); the faults that these rows once found took 33 ms and more. A new
# name waits for two turns of the daemon and for the upstream, and what the daemon does meanwhile counts too.
KEPT_WAITS, NEW_WAITS = 0.020, 0.030
BACKSTOP = 1.0  # seconds by the clock, at p99: for a daemon that keeps its neighbour waiting and spends no CPU on it

# The continuous run leaves out rows that say what others say too (`rare`); matrix.py and the label "long" have all.
LONG = os.environ.get("TACET_LONG") == "1"

rows = []  # every Row measured by this process, in order

# What a busy neighbour on the machine does to the carrier, the server or the daemon is not what is measured here.
with contextlib.suppress(PermissionError):
    os.setpriority(os.PRIO_PROCESS, 0, -15)


def be_modest():
    """The calling thread takes no more of the machine than strangers do: attackers are threads of the test's process."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 0)


@dataclasses.dataclass
class Bar:
    """What an attack may cost: share of one core, MiB beyond what was used before, descriptors more than before."""

    cpu: float = 0.5
    memory: float = 8
    descriptors: int = 10


@dataclasses.dataclass
class Cost:
    """What it did cost, how often was struck (0: unknown), and how a neighbour fared at p99, for kept answers and for new ones: the
    seconds of CPU that the daemon used between question and answer, and the slower of the two by the clock."""

    seconds: float = 0
    cpu: float = 0
    memory: float = 0
    descriptors: int = 0
    kept: float = 0
    new: float = 0
    waited: float = 0
    failed: int = 0
    strikes: int = 0


@dataclasses.dataclass
class Row:
    """One line of the table."""

    attack: str
    answered: str
    bar: Bar
    cost: Cost
    faults: list

    def line(self):
        cost, bar = self.cost, self.bar
        rate = f", {cost.strikes / cost.seconds:.0f}/s" if cost.strikes else ""
        return (f"| {self.attack}{rate} | {self.answered} | {cost.cpu:.0%} (≤ {bar.cpu:.0%}) | {cost.memory:.1f} (≤ {bar.memory:g}) | "
                f"{cost.descriptors:+d} (≤ {bar.descriptors:+d}) | {cost.kept * 1000:.1f} / {cost.new * 1000:.1f} ms | {cost.waited * 1000:.0f} ms | "
                f"{'**FAIL** ' + '; '.join(self.faults) if self.faults else 'pass'} |")


HEAD = ("| attack | what is answered | share of a core | MiB | descriptors | CPU before others' answers at p99: kept (≤ 20 ms) / new (≤ 30 ms) | by the clock (≤ 1 s) | |\n"
        "|---|---|---:|---:|---:|---:|---:|---|")


def over_the_bar(cost, bar):
    """What an attack may not have cost. No bar is the machine's speed at that moment: CPU and counts are the daemon's own, and
    what is judged by the clock has a bar far away."""
    judged = (("CPU", cost.cpu, bar.cpu), ("memory", cost.memory, bar.memory), ("descriptors", cost.descriptors, bar.descriptors),
              ("failures of others", cost.failed, 0), ("CPU before kept answers", cost.kept, KEPT_WAITS), ("CPU before new answers", cost.new, NEW_WAITS),
              ("others' waiting", cost.waited, BACKSTOP))
    return [word for word, measured, most in judged if measured > most]


class Measured:
    """Around an attack on `daemon`: what it costs and how a neighbour fares. `cost` is filled in when the block is left."""

    def __init__(self, daemon):
        self._daemon, self.cost = daemon, Cost()

    def __enter__(self):
        daemon = self._daemon
        self._neighbour = scratch.start([sys.executable, NEIGHBOUR, daemon.address, daemon.port, daemon.process.pid], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env={**os.environ, "PYTHONPATH": SUPPORT})
        self._neighbour.stdout.readline()
        time.sleep(0.1)
        self._resident, self._descriptors = daemon.resident_octets(), daemon.open_descriptors()
        with open(f"/proc/{daemon.process.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")  # the peak begins anew
        self._most, self._over = 0, threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        self._begun, self._cpu = time.monotonic(), daemon.cpu_seconds()
        return self

    def __exit__(self, kind, *_):
        cost, daemon = self.cost, self._daemon
        cost.seconds = time.monotonic() - self._begun
        cost.cpu = (daemon.cpu_seconds() - self._cpu) / cost.seconds
        cost.memory = (daemon.peak_octets() - self._resident) / (1 << 20)
        self._over.set()
        self._watcher.join()
        cost.descriptors = self._most - self._descriptors
        told = self._neighbour.communicate("", timeout=20)[0]
        if kind is None:
            told = json.loads(told)
            cost.kept, cost.new = (percentile(told[word]["cpu"], 0.99) for word in ("kept", "new"))
            cost.waited = max(percentile(told[word]["took"], 0.99) for word in ("kept", "new"))
            cost.failed = told["failed"]

    def _watch(self):
        while not self._over.wait(0.05):
            with contextlib.suppress(OSError):
                self._most = max(self._most, self._daemon.open_descriptors())


class HostileCase(Case):
    """Each check is a row of the table."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.healthy = cls.enterClassContext(servers.Unbound(cls.directory, cls.pki.good()))

    @contextlib.contextmanager
    def daemon(self, **settings):
        """Asks the healthy server; the neighbour's kept name and a long answer are in its cache, and its memory has seen some traffic. Fails if it
        does not end in order."""
        with Tacet(self.directory, upstreams=[self.entry(self.healthy.dot_url())], **settings) as daemon:
            for number in range(20):
                daemon.ask(f"warm{number}.many.example.com")
            daemon.ask("www.example.com")
            daemon.ask("long.example.com", "TXT", tcp=True)
            yield daemon

    def row(self, attack, answered, bar, measure, *, rare=False):
        """A row: `measure()` attacks once and returns its cost and what else went wrong; the cost is held against the bar."""
        if rare and not LONG:
            return
        cost, found = measure()
        if not sanitizer.BUILT_WITH:  # it makes the daemon slow and large: what was answered counts, and what it reports
            found = [*found, *over_the_bar(cost, bar)]
        made = Row(attack, answered, bar, cost, found)
        rows.append(made)
        print("\n" + made.line(), file=sys.stderr, flush=True)
        with self.subTest(attack):
            self.assertEqual(found, [], made.line())
