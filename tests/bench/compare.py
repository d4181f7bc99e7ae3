"""What a million answers cost: tacet beside a bare echo and beside every resolver found among Debian's packages.

    /usr/bin/python3 tests/bench/compare.py --binary build/release/tacet --echo build/release/tests/integration/udp_echo

The resolver under load has the first core to itself; dnsperf and the upstream (an unbound that answers from memory) share
the second. In the row of workers both cores are everybody's, and each figure with two is compared with that of one, for the echo
as well: what sharing costs in the kernel alone. Each row's contestants take turns; a figure is the median of the runs with the
least and the most. CPU seconds are the resolver's own, user and system, with all its threads and children, by a million queries
that it ANSWERED with NOERROR. A resolver is compared only if at least 99 % of its answers are that, and at most 1 % of the queries lost.
"""
import argparse
import contextlib
import functools
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, "support"))

import install  # noqa: E402
import load  # noqa: E402
import peers  # noqa: E402
import pki  # noqa: E402
import scratch  # noqa: E402
import upstream  # noqa: E402

CACHED_NAMES = 1000
MISSES_PER_SECOND = 100000  # more than any resolver here asks for in a second, so that no name comes twice
ROWS = {"cached": "cached", "dot": "miss over DoT", "doh": "miss over DoH", "workers": "cached, on both cores (÷ the same with one worker)"}
CACHED = ("cached", "workers")
RIGHT = 0.99
# Below 400: unbound's DoH server stalls when more streams than that are open at once. The other is the load of tests/integration.
OUTSTANDING = {"cached": 200, "dot": 200, "doh": 200, "workers": 200}


class Contestant:
    """One running server and what was measured of it."""

    def __init__(self, name, kind, process, port, transport):
        self.name, self.kind, self.process, self.port, self.transport = name, kind, process, port, transport
        self.runs = []
        self.invalid = ""

    def judge(self, run):
        """Takes a run; names what is wrong with it, if anything."""
        self.runs.append(run)
        if run.answered < RIGHT * run.sent:
            self.invalid = f"lost {run.sent - run.answered} of {run.sent}"
        elif run.noerror < RIGHT * run.answered:
            self.invalid = f"{run.answered - run.noerror} of {run.answered} answers were not NOERROR"

    def cost(self):
        """CPU seconds per million right answers: [each run]."""
        return [run.cpu * 1e6 / run.noerror for run in self.runs if run.noerror]

    def lost(self):
        return sum(run.sent - run.answered for run in self.runs)

    def wrong(self):
        return sum(run.answered - run.noerror for run in self.runs)

    def as_json(self):
        return {"name": self.name, "kind": self.kind, "transport": self.transport, "invalid": self.invalid, "lost": self.lost(), "wrong": self.wrong(),
                "cpu_seconds_per_million": spread(self.cost()) if self.cost() else None, "runs": [run._asdict() for run in self.runs]}


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


class Bench:
    """One row after the other. Every process ends with `stack`."""

    def __init__(self, arguments, directory):
        self.arguments, self.directory = arguments, directory
        self.server_core, self.load_core = sorted(os.sched_getaffinity(0))[:2]
        authority = pki.Pki(directory)
        self.server = upstream.answering_all(directory, authority, self.load_core)
        self.upstream = peers.Upstream(self.server.dot_port, self.server.doh_port, authority.ca, pki.NAME)
        self.refused = []

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def row(self, row):
        """The contestants of a row, measured."""
        with contextlib.ExitStack() as stack:
            contestants = self._contestants(row, stack)
            for turn in range(self.arguments.runs):
                names = self._names(row, turn)
                words = () if row in CACHED else ("-n", "1")
                for contestant in contestants[turn % len(contestants):] + contestants[:turn % len(contestants)]:
                    if contestant.invalid:
                        continue
                    if contestant.process.poll() is not None:
                        contestant.invalid = f"ended with {contestant.process.returncode}"
                        continue
                    if row in CACHED and turn == 0:
                        self._warm(contestant, names)
                    contestant.judge(load.measure(contestant.process.pid, contestant.port, names, self.arguments.seconds, *words,
                                                  core=self.load_core, outstanding=OUTSTANDING[row]))
                    say(f"{ROWS[row]}, run {turn + 1}: {contestant.name} {contestant.cost()[-1] if contestant.cost() else 0:.2f} {contestant.invalid}")
            return contestants

    def _warm(self, contestant, names):
        load.dnsperf(contestant.port, names, "-n", "2", core=self.load_core, outstanding=50, patience=30)

    def _names(self, row, turn):
        prefix, count = ("cached", CACHED_NAMES) if row in CACHED else (f"{row}{turn}", int(MISSES_PER_SECOND * self.arguments.seconds))
        path = os.path.join(self.directory, f"names-{prefix}")
        return path if os.path.exists(path) else upstream.write_names(path, prefix, count)

    def _contestants(self, row, stack):
        if row == "workers":
            return [contestant for count in (1, 2) for contestant in self._with_workers(count, stack) if contestant]
        made = [self._echo("echo, one by one", stack)] if row == "cached" else []
        made.append(self._echo("echo, in bursts", stack, "--burst"))
        for transport in ("dot", "doh"):
            if row in ("cached", transport):
                made.append(self._resolver("tacet", "tacet", transport, self._tacet, stack))
                made += [self._resolver(f"tacet of {os.path.basename(binary)}", "tacet", transport, functools.partial(self._tacet, binary=binary), stack)
                         for binary in self.arguments.beside]
        for peer in peers.PEERS:
            fits = peer.caches if row == "cached" else row in peer.transports
            if fits and peers.is_there(peer) and self._wanted(peer.name):
                transport = peer.transports[0] if row == "cached" else row
                made.append(self._resolver(peer.name, "peer", transport, peer.command, stack))
        return [contestant for contestant in made if contestant]

    def _with_workers(self, count, stack):
        cores, name = f"{self.server_core},{self.load_core}", f"{count} worker{'s' if count > 1 else ''}"
        return [self._echo(f"echo in bursts, {name}", stack, "--burst", count, cores=cores),
                self._resolver(f"tacet, {name}", "tacet", "dot", functools.partial(self._tacet, workers=count), stack, cores)]

    def _wanted(self, name):
        return not self.arguments.only or name in self.arguments.only

    def _start(self, words, stack, environment=None, cores=None, **options):
        process = scratch.start(["taskset", "-c", cores or self.server_core, *words], stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                                env={**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin", **(environment or {})}, **options)
        stack.callback(scratch.end, process)
        return process

    def _echo(self, name, stack, *words, cores=None):
        port = scratch.free_port()
        process = self._start([self.arguments.echo, "127.0.0.1", port, *words], stack, cores=cores, stdout=subprocess.PIPE)
        stack.callback(process.stdout.close)
        if process.stdout.readline() != b"ready\n":
            sys.exit(f"{self.arguments.echo} does not start")
        return Contestant(name, "echo", process, port, "")

    def _resolver(self, name, kind, transport, command, stack, cores=None):
        """Started and answering; or None, with the reason among `refused`."""
        folder = os.path.join(self.directory, scratch.unique_name(name))
        os.mkdir(folder)
        os.chmod(folder, 0o777)  # some give up their privileges first
        port = scratch.free_port()
        made = command(folder, port, transport, self.upstream)
        label = f"{name} ({'DoT' if transport == 'dot' else 'DoH'})"
        with open(os.path.join(folder, "output"), "ab") as output:
            process = self._start(made.words, stack, made.environment, cores, stdout=output)
        try:
            scratch.eventually(lambda: process.poll() is not None or answers_rightly(port), within=10)
        except AssertionError:
            scratch.end(process)
        if process.poll() is None:
            return Contestant(label, kind, process, port, transport)
        with open(os.path.join(folder, "output"), encoding="utf-8", errors="replace") as output:
            self.refused.append(f"{label}: gives no right answer. {' / '.join(output.read().splitlines()[-2:])[:300]}")
        say(self.refused[-1])
        return None

    def _tacet(self, folder, port, transport, asked, workers=1, binary=None):
        url = f"tls://127.0.0.1:{asked.dot}" if transport == "dot" else f"https://127.0.0.1:{asked.doh}/dns-query"
        path = os.path.join(folder, "tacet.yaml")
        with open(path, "w", encoding="ascii") as file:
            json.dump({"listen": [f"127.0.0.1:{port}"], "upstreams": [{"url": url, "ca_file": asked.ca}], "control": {"socket": ""},
                       "workers": workers}, file)
        return peers.Command([binary or self.arguments.binary, "run", "--config", path], {})


def answers_rightly(port):
    """Whether a name of the zone gets the zone's address, within half a second."""
    done = subprocess.run(["dig", "@127.0.0.1", "-p", str(port), "+tries=1", "+timeout=1", "+short", f"check.{upstream.ZONE}", "A"],
                          capture_output=True, text=True, timeout=5)
    return done.stdout.strip() == upstream.ADDRESS


def say(text):
    print(text, file=sys.stderr, flush=True)


def table(rows):
    """Markdown. A ratio is of medians, within the row."""
    lines = ["| | CPU-s per million | least–most | answers/s | lost | wrong | ÷ echo in bursts | ÷ best peer |", "|---|---|---|---|---|---|---|---|"]
    for row, contestants in rows.items():
        lines.append(f"| **{ROWS[row]}** | | | | | | | |")
        right = [contestant for contestant in contestants if contestant.cost() and not contestant.invalid]
        medians = {contestant.name: statistics.median(contestant.cost()) for contestant in right}
        alone = {contestant.kind: medians[contestant.name] for contestant in reversed(right)}  # in the row of workers
        best = min((medians[contestant.name] for contestant in right if contestant.kind == "peer"), default=None)
        for contestant in contestants:
            if contestant not in right:
                lines.append(f"| {contestant.name} | invalid: {contestant.invalid} | | | {contestant.lost()} | {contestant.wrong()} | | |")
                continue
            cost, median = contestant.cost(), medians[contestant.name]
            base = medians.get("echo, in bursts") or alone[contestant.kind]
            rate = statistics.median(run.answered / run.seconds for run in contestant.runs)
            lines.append(f"| {contestant.name} | {median:.2f} | {min(cost):.2f}–{max(cost):.2f} | {rate:,.0f} | {contestant.lost()} | {contestant.wrong()} | "
                         f"{ratio(median, base)} | {ratio(median, best) if contestant.kind != 'echo' else ''} |")
    return "\n".join(lines)


def ratio(value, base):
    return f"{value / base:.2f}" if base else "–"


def machine():
    """What the figures hold for."""
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    packages = ["unbound", "dnsperf", "libcurl4", *(peer.package for peer in peers.PEERS)]
    shown = subprocess.run(["dpkg-query", "--show", "--showformat=${Package} ${Version}\n", *packages], capture_output=True, text=True)
    return {"processor": models[0] if models else platform.machine(), "cores": os.cpu_count(), "kernel": platform.release(),
            "packages": dict(line.split() for line in shown.stdout.splitlines() if len(line.split()) == 2)}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.environ.get("TACET_BINARY", "tacet"), help="tacet, an optimised build")
    parser.add_argument("--beside", nargs="+", metavar="BINARY", default=[], help="other builds of tacet, in the same turns")
    parser.add_argument("--echo", default=os.environ.get("TACET_UDP_ECHO", "udp_echo"), help="udp_echo of the same build")
    parser.add_argument("--runs", type=int, default=5, help="runs of each (5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a run (2)")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--only", nargs="+", metavar="PEER", help="these peers; 'none' for none")
    parser.add_argument("--install", action="store_true", help="apt-get the missing peers first; their daemons do not start")
    parser.add_argument("--json", metavar="FILE", help="write all figures there, too")
    made = parser.parse_args()
    for program in (made.binary, made.echo, "dnsperf", "taskset", "dig"):
        if not shutil.which(program):
            parser.error(f"{program} is not there")
    if len(os.sched_getaffinity(0)) < 2:
        parser.error("this needs two cores: one for the resolver, one for the load")
    return made


def main():
    made = arguments()
    missing = [peer for peer in peers.PEERS if not peers.is_there(peer)]
    if made.install and missing:
        install.install([peer.package for peer in missing])
        missing = [peer for peer in peers.PEERS if not peers.is_there(peer)]
    for peer in missing:
        say(f"skipped, not installed: {peer.name} (Debian package {peer.package}; --install gets it)")
    with scratch.directory("bench") as directory, Bench(made, directory) as bench:
        rows = {row: bench.row(row) for row in made.rows}
    print(table(rows))
    here = machine()
    print(f"\n{here['processor']}, Linux {here['kernel']}; " + ", ".join(f"{name} {version}" for name, version in here["packages"].items()))
    skipped = [*bench.refused, *(f"{peer.name}: not installed" for peer in missing)]
    print("".join(f"\nskipped: {line}" for line in skipped))
    if made.json:
        with open(made.json, "w", encoding="utf-8") as file:
            json.dump({"machine": here, "skipped": skipped, "rows": {row: [each.as_json() for each in rows[row]] for row in rows}}, file, indent=2)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
