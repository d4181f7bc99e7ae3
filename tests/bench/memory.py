"""What tacet keeps in memory, and how soon it answers after its start.

    TACET_BINARY=build/release/tacet /usr/bin/python3 tests/bench/memory.py [--names 1000000] [--json FILE]

Idle: after one answer over each transport, with the system's bundle of authorities. Full: a cache of 280 MiB filled by
dnsperf with as many different names. Start: from exec to the first answer to a name of our own (localhost) and, in a
start of its own, to the first answer from the upstream; the client asks every millisecond. Exit code 1 beyond a bar.
"""
import argparse
import json
import os
import re
import socket
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, "support"))

import dnsclient  # noqa: E402
import load  # noqa: E402
import pki  # noqa: E402
import scratch  # noqa: E402
import tacet  # noqa: E402
import upstream  # noqa: E402
from hit_latency import big_bundle  # noqa: E402

MIB = 1 << 20
CACHE = 280 * MIB
BARS = {"full RSS, MiB": 300, "idle RssAnon over DoT, MiB": 8, "idle RssAnon over DoH, MiB": 8, "start to policy answer, ms": 20,
        "start to upstream answer over DoT, ms": 60, "start to upstream answer over DoH, ms": 60}
STARTS = 11


def memory(pid, key):
    """A line of /proc/PID/status, in MiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(rf"^{key}:\s+(\d+)", file.read(), re.MULTILINE).group(1)) / 1024


def wait_for_answer(server, name, begun, patience=5.0):
    """Milliseconds from `begun` to the first NOERROR answer that has a record."""
    query = dnsclient.query(name).to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(server)
        client.settimeout(0.001)
        while time.monotonic() < begun + patience:
            try:
                client.send(query)
                _, _, rcode, counts = dnsclient.header(client.recv(4096))
                if rcode == 0 and counts[1] > 0:
                    return (time.monotonic() - begun) * 1000
            except ConnectionRefusedError:
                time.sleep(0.0005)
            except TimeoutError:
                pass
    raise AssertionError(f"no answer for {name} within {patience} s")


def start_times(daemon, name):
    """Milliseconds from exec to an answer for `name`: one of each start."""
    times = []
    for _ in range(STARTS):
        with open(os.path.join(daemon.directory, "stderr"), "ab") as log:
            begun = time.monotonic()
            process = scratch.start([tacet.BINARY, "run", "--config", daemon.config], stdout=log, stderr=log)
        try:
            times.append(wait_for_answer(daemon.server, name, begun))
        finally:
            scratch.end(process)
    return times


def idle(daemon):
    """(RssAnon, RSS) in MiB a second after one answer from upstream."""
    with daemon:
        daemon.ask(f"idle.{upstream.ZONE}")
        time.sleep(1)
        return memory(daemon.process.pid, "RssAnon"), memory(daemon.process.pid, "VmRSS")


def full(directory, daemon, names):
    """RSS in MiB with so many names asked for, and what its status says of the cache."""
    path = upstream.write_names(os.path.join(directory, "names"), "full", names)
    with daemon:
        load.dnsperf(daemon.port, path, "-n", "1", core=max(os.sched_getaffinity(0)), outstanding=200, patience=names / 2000 + 30)
        return memory(daemon.process.pid, "VmRSS"), daemon.status()["cache"]


def measure(directory, names):
    """{what: figure}, and the cache's statistics when full."""
    authority = pki.Pki(directory)
    bundle = big_bundle(directory, authority)
    found = {}
    with upstream.answering_all(directory, authority, max(os.sched_getaffinity(0))) as server:
        daemons = {"DoT": server.dot_url(), "DoH": server.doh_url()}
        for transport, url in daemons.items():
            daemon = tacet.Tacet(directory, upstreams=[{"url": url, "ca_file": bundle}])
            found[f"idle RssAnon over {transport}, MiB"], found[f"idle RSS over {transport}, MiB"] = idle(daemon)
            found[f"start to upstream answer over {transport}, ms"] = statistics.median(start_times(daemon, f"start.{upstream.ZONE}"))
        found["start to policy answer, ms"] = statistics.median(start_times(daemon, "localhost"))
        daemon = tacet.Tacet(directory, upstreams=[{"url": server.dot_url(), "ca_file": bundle}], cache={"size": CACHE})
        found["full RSS, MiB"], cache = full(directory, daemon, names)
    return found, cache


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    with scratch.directory("memory") as directory:
        found, cache = measure(directory, arguments.names)
    print("| | measured | bar |\n|---|---|---|")
    for what, figure in sorted(found.items()):
        print(f"| {what} | {figure:.1f} | {BARS.get(what, '')} |")
    each = cache["octets"] / max(1, cache["entries"])
    print(f"\nThe cache holds {cache['entries']:,} answers in {cache['octets'] / MIB:.1f} MiB ({each:.0f} octets each); {cache['evicted']:,} evicted.")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"figures": found, "bars": BARS, "cache": cache}, file, indent=2)
    short = cache["entries"] < arguments.names * 0.999
    sys.exit(1 if short or any(found[what] > bar for what, bar in BARS.items()) else 0)


if __name__ == "__main__":
    main()
