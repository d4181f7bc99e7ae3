#!/usr/bin/env python3
"""What validation costs in CPU time, beside unbound: microseconds of the resolver for each answered query.

    dnssec_load.py [--rounds 9] [--names 400] [--over dot | doh]

All resolvers ask one upstream; unbound asks over DoT, and tacet as --over says. A row of misses asks for names that nobody asked before, in zones that are known;
each has a signature of its own (P-256). The resolvers take turns, so that a busy machine disturbs all of them alike; a figure is
the median of the rounds. "added" is what validation adds to the same program without it.
"""
import argparse
import contextlib
import os
import re
import statistics
import subprocess

import pki
import scratch
import servers
from contestant import Contestant
from signed_world import HEAD, Judge, SignedWorld
from tacet import Tacet

BENCH = os.path.join(os.path.dirname(os.path.abspath(os.environ.get("TACET_BINARY", "tacet"))), "tests", "bench", "dnssec_bench")
PAUSE = 200  # microseconds; a miss comes every 200 to 400 here
WARM = 50  # names that are asked before the clock runs


def zones_of(count):
    lines = "".join(f"n{number} 300 A 192.0.2.7\n" for number in range(count))

    def extra(world):
        world.signed("load.alpha.", HEAD + lines, insecure_below=False)
        world.unsigned("plain.alpha.", HEAD + lines)
    return extra


def library_verification():
    """Microseconds of CPU that the library itself takes to verify a signature of P-256."""
    said = subprocess.run(["openssl", "speed", "-mr", "-seconds", "1", "ecdsap256"], check=True, capture_output=True, text=True).stdout
    return 1e6 / float(re.search(r"^\+F4:\d+:256:[^:]+:([^:]+)$", said, re.MULTILINE).group(1))


def library_verification_apart(microseconds):
    """The same of single verifications with a pause before each: as a resolver verifies, once for each time that it wakes up."""
    return float(subprocess.run([BENCH, "--library", str(microseconds)], check=True, capture_output=True, text=True).stdout)


def measure(contestants, folder, rounds, names):
    """Asks, and returns what the library's own verification took in the same rounds, in a row and apart."""
    verifications, apart = [], []
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
        verifications.append(library_verification())
        apart.append(library_verification_apart(PAUSE))
    return statistics.median(verifications), statistics.median(apart)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--names", type=int, default=400)
    options.add_argument("--over", choices=("dot", "doh"), default="dot", help="what tacet asks by")
    given = options.parse_args()
    world = SignedWorld(defects=(), extra=zones_of(WARM + given.rounds * given.names))
    with scratch.directory() as folder, contextlib.ExitStack() as stack:
        anchor, _ = world.write_anchors(folder)
        authority = pki.Pki(folder)
        upstream = stack.enter_context(servers.Unbound(folder, authority.good(), zones=world.zone_texts(), resolving=True))
        port = scratch.free_port()
        front = stack.enter_context(servers.Dnsdist(folder, authority.good(), upstream, port=port, doh_port=scratch.free_port()))
        contestants = []
        for mode in ("on", "log", "off"):
            daemon = stack.enter_context(Tacet(folder, upstreams=[{"url": front.urls[given.over], "ca_file": authority.ca}], workers=1,
                                               dnssec={"mode": mode, "trust_anchors": world.anchors()}))
            contestants.append(Contestant(f"tacet, {mode}", daemon.process.pid, daemon.port))
        for modules, name in (("validator iterator", "unbound"), ("iterator", "unbound, off")):
            judge = stack.enter_context(Judge(folder, anchor, upstream, modules=modules, tls_port=port))
            contestants.append(Contestant(name, judge.process.pid, judge.port))
        library, apart = measure(contestants, folder, given.rounds, given.names)
    rows = list(contestants[0].costs)
    print(f"{'us of CPU for each answer':28}" + "".join(f"{one.name:>16}" for one in contestants))
    median = {(one.name, row): statistics.median(one.costs[row]) for one in contestants for row in rows}
    for row in rows:
        print(f"{row:28}" + "".join(f"{median[one.name, row]:16.1f}" for one in contestants))
    for row in rows[:2]:
        ours, theirs = median["tacet, on", row], median["unbound", row]
        print(f"{row}: tacet takes {ours / theirs:.2f} of unbound's; validation adds {ours - median['tacet, off', row]:.1f} us "
              f"(unbound: {theirs - median['unbound, off', row]:.1f})")
    added = median["tacet, on", rows[0]] - median["tacet, off", rows[0]]
    print(f"the library's own verification takes {library:.1f} us: a signed miss adds {added / library:.2f} of it")
    print(f"verifications {PAUSE} us apart take {apart:.1f} us each: a signed miss adds {added / apart:.2f} of one")


if __name__ == "__main__":
    main()
