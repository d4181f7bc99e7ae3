#!/usr/bin/env python3
"""What validation costs in instructions, which a busy machine does not change: for each miss in a signed zone that is known.

    dnssec_instructions.py [--over dot | doh] [--bench build/release/tests/bench/dnssec_bench]

callgrind counts a daemon that answers 100 names, and one that answers 500; the difference is that of 400 misses, each with a signature
of its own (P-256). The denominator is EVP_DigestVerify alone, with a key that is kept, as callgrind counts it too. Needs valgrind and dnsperf.
"""
import argparse
import contextlib
import glob
import os
import re
import subprocess

import load
import pki
import scratch
import servers
from signed_world import HEAD, SignedWorld
from tacet import Tacet

WARM, FEW, MANY = 50, 100, 500
VERIFICATIONS = 501  # of dnssec_bench --library
BESIDE = os.path.join(os.path.dirname(os.path.abspath(os.environ.get("TACET_BINARY", "build/release/tacet"))), "tests", "bench", "dnssec_bench")


def counted(out):
    """The instructions in the files that callgrind has written."""
    total = 0
    for path in glob.glob(out + "*"):
        with open(path, encoding="utf-8", errors="replace") as file:
            total += int(re.search(r"^(?:summary|totals): (\d+)", file.read(), re.MULTILINE).group(1))
    return total


def callgrind(out, *options):
    return ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}", *options]


def ask(port, folder, first, last):
    path = os.path.join(folder, "names")
    with open(path, "w", encoding="ascii") as file:
        file.write("".join(f"n{number}.load.alpha A\n" for number in range(first, last)))
    said = load.dnsperf(port, path, "-n", "1", core=os.cpu_count() - 1, outstanding=1, patience=300)
    assert int(re.search(r"NOERROR (\d+)", said).group(1)) == last - first, said


def instructions(folder, upstream, world, mode, names):
    out = os.path.join(folder, f"callgrind.{mode}.{names}.")
    daemon = Tacet(folder, command=callgrind(out), upstreams=[upstream], workers=1, confine=False,
                   dnssec={"mode": mode, "trust_anchors": world.anchors()})
    daemon.port = scratch.free_port()
    daemon.settings["listen"] = [f"127.0.0.1:{daemon.port}"]
    daemon.write()
    with daemon:
        ask(daemon.port, folder, 0, WARM)
        ask(daemon.port, folder, WARM, WARM + names)
    return counted(out)


def library_verification(folder, bench):
    out = os.path.join(folder, "callgrind.library.")
    subprocess.run(callgrind(out, "--toggle-collect=EVP_DigestVerify") + [bench, "--library", "0"], check=True, capture_output=True)
    return counted(out) / VERIFICATIONS


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--over", choices=("dot", "doh"), default="dot")
    options.add_argument("--bench", default=BESIDE)
    given = options.parse_args()
    lines = "".join(f"n{number} 300 A 192.0.2.7\n" for number in range(WARM + MANY))
    world = SignedWorld(defects=(), extra=lambda world: world.signed("load.alpha.", HEAD + lines, insecure_below=False))
    with scratch.directory() as folder, contextlib.ExitStack() as stack:
        authority = pki.Pki(folder)
        server = stack.enter_context(servers.Unbound(folder, authority.good(), zones=world.zone_texts(), resolving=True))
        front = stack.enter_context(servers.Dnsdist(folder, authority.good(), server, port=scratch.free_port(), doh_port=scratch.free_port()))
        upstream = {"url": front.urls[given.over], "ca_file": authority.ca}
        misses = {mode: (instructions(folder, upstream, world, mode, MANY) - instructions(folder, upstream, world, mode, FEW)) / (MANY - FEW)
                  for mode in ("on", "off")}
        library = library_verification(folder, given.bench)
    added = misses["on"] - misses["off"]
    print(f"instructions of a signed miss over {given.over}: {misses['on']:.0f} with validation, {misses['off']:.0f} without: {added:.0f} more")
    print(f"the library's own verification: {library:.0f}; validation adds {added / library:.3f} of it")


if __name__ == "__main__":
    main()
