#!/usr/bin/env python3
"""What validation costs in CPU time, beside unbound: microseconds of the resolver for each answered query.

    dnssec_load.py [--rounds 9] [--names 400]

All resolvers ask one upstream over DoT. A row of misses asks for names that nobody asked before, in zones that are known;
each has a signature of its own (P-256). The resolvers take turns, so that a busy machine disturbs all of them alike; a figure is
the median of the rounds. "added" is what validation adds to the same program without it.
"""
import argparse
import contextlib
import os
import re
import statistics

import load
import pki
import scratch
import servers
from signed_world import HEAD, Judge, SignedWorld
from tacet import Tacet

WARM = 50  # names that are asked before the clock runs


def zones_of(count):
    lines = "".join(f"n{number} 300 A 192.0.2.7\n" for number in range(count))

    def extra(world):
        world.signed("load.alpha.", HEAD + lines, insecure_below=False)
        world.unsigned("plain.alpha.", HEAD + lines)
    return extra


def cpu_time(pid):
    """Microseconds that the threads of a process have run."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1000


class Contestant:
    def __init__(self, name, pid, port):
        self.name, self.pid, self.port = name, pid, port
        self.costs = {}

    def ask(self, folder, row, names, repeated=1):
        path = os.path.join(folder, "names")
        with open(path, "w", encoding="ascii") as file:
            file.write("".join(f"{name} A\n" for name in names))
        before = cpu_time(self.pid)
        said = load.dnsperf(self.port, path, "-n", str(repeated), core=os.cpu_count() - 1, outstanding=20, patience=120)
        spent = cpu_time(self.pid) - before
        answered = int(re.search(r"NOERROR (\d+)", said).group(1))
        assert answered == len(names) * repeated, said
        if row:
            self.costs.setdefault(row, []).append(spent / answered)


def measure(contestants, folder, rounds, names):
    for one in contestants:
        for zone in ("load", "plain"):
            one.ask(folder, None, [f"n{number}.{zone}.alpha" for number in range(WARM)])
    for number in range(rounds):
        first = WARM + number * names
        for zone, row in (("load", "miss, signed"), ("plain", "miss, unsigned")):
            for one in contestants[number % len(contestants):] + contestants[:number % len(contestants)]:
                one.ask(folder, row, [f"n{each}.{zone}.alpha" for each in range(first, first + names)])
        for one in contestants:
            one.ask(folder, "hit", [f"n{each}.load.alpha" for each in range(WARM)], repeated=200)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--names", type=int, default=400)
    given = options.parse_args()
    world = SignedWorld(defects=(), extra=zones_of(WARM + given.rounds * given.names))
    with scratch.directory() as folder, contextlib.ExitStack() as stack:
        anchor, _ = world.write_anchors(folder)
        authority = pki.Pki(folder)
        upstream = stack.enter_context(servers.Unbound(folder, authority.good(), zones=world.zone_texts(), resolving=True))
        port = scratch.free_port()
        stack.enter_context(servers.Dnsdist(folder, authority.good(), upstream, port=port))
        contestants = []
        for mode in ("on", "log", "off"):
            daemon = stack.enter_context(Tacet(folder, upstreams=[{"url": f"tls://127.0.0.1:{port}", "ca_file": authority.ca}], workers=1,
                                               dnssec={"mode": mode, "trust_anchors": world.anchors()}))
            contestants.append(Contestant(f"tacet, {mode}", daemon.process.pid, daemon.port))
        for modules, name in (("validator iterator", "unbound"), ("iterator", "unbound, off")):
            judge = stack.enter_context(Judge(folder, anchor, upstream, modules=modules, tls_port=port))
            contestants.append(Contestant(name, judge.process.pid, judge.port))
        measure(contestants, folder, given.rounds, given.names)
    rows = list(contestants[0].costs)
    print(f"{'us of CPU for each answer':28}" + "".join(f"{one.name:>16}" for one in contestants))
    median = {(one.name, row): statistics.median(one.costs[row]) for one in contestants for row in rows}
    for row in rows:
        print(f"{row:28}" + "".join(f"{median[one.name, row]:16.1f}" for one in contestants))
    for row in rows[:2]:
        ours, theirs = median["tacet, on", row], median["unbound", row]
        print(f"{row}: tacet takes {ours / theirs:.2f} of unbound's; validation adds {ours - median['tacet, off', row]:.1f} us "
              f"(unbound: {theirs - median['unbound, off', row]:.1f})")


if __name__ == "__main__":
    main()
