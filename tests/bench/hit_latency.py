"""Hits while the upstream comes and goes: percentiles of cached answers, one query a millisecond.

    TACET_BINARY=build/release/tacet /usr/bin/python3 tests/bench/hit_latency.py --client build/release/tests/bench/hit_latency

Twice over each transport: with a quiet upstream, and while its connection is reset and the bundle of authorities (the
system's, with ours) is written anew again and again, with misses between that make tacet connect. Exit code 1 if hits
fail or p99.9 is above 1 ms.
"""
import argparse
import json
import os
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, "support"))

import dnsclient  # noqa: E402
import pki  # noqa: E402
import scratch  # noqa: E402
import tacet  # noqa: E402
import tcp_proxy  # noqa: E402
import upstream  # noqa: E402

SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
BAR_US = 1000
NAMES = [f"hit{number}.{upstream.ZONE}" for number in range(100)]


def big_bundle(directory, authority):
    """The system's authorities and ours in one file: what a client has to parse in real life."""
    path = os.path.join(directory, "bundle.pem")
    with open(path, "wb") as out:
        for source in (SYSTEM_BUNDLE, authority.ca):
            with open(source, "rb") as file:
                out.write(file.read())
    return path


def write_anew(path):
    """The same octets in a new file, as update-ca-certificates does it."""
    with open(path, "rb") as file, open(path + ".new", "wb") as out:
        out.write(file.read())
    os.replace(path + ".new", path)


def storm(daemon, proxy, bundle, client, pause):
    """Until `client` has ended: a new bundle, a reset, two misses that need a connection. Returns how often."""
    rounds = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(daemon.server)
        while client.poll() is None:
            write_anew(bundle)
            proxy.reset_all()
            for number in range(2):
                sender.send(dnsclient.query(f"miss{rounds}-{number}.{upstream.ZONE}").to_wire())
                time.sleep(pause / 2)
            rounds += 1
    return rounds


def hits(directory, transport, stormy, arguments, cores):
    """What the client printed, and how many rounds of the storm and connections there were."""
    authority = pki.Pki(directory)
    with upstream.answering_all(directory, authority, cores[1]) as server, tcp_proxy.TcpProxy(
            ("127.0.0.1", server.dot_port if transport == "dot" else server.doh_port)) as proxy:
        bundle = big_bundle(directory, authority)
        url = f"tls://127.0.0.1:{proxy.port}" if transport == "dot" else f"https://127.0.0.1:{proxy.port}/dns-query"
        with tacet.Tacet(directory, upstreams=[{"url": url, "ca_file": bundle}], command=()) as daemon:
            for thread in map(int, os.listdir(f"/proc/{daemon.process.pid}/task")):
                os.sched_setaffinity(thread, {cores[0]})
                if arguments.realtime:
                    os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(1))
            for name in NAMES:
                daemon.ask(name)
            before = proxy.accepted
            first = ["chrt", "--fifo", "2"] if arguments.realtime else []
            client = scratch.start([*first, "taskset", "-c", cores[1], arguments.client, daemon.address, daemon.port, arguments.seconds, *NAMES],
                                   stdout=subprocess.PIPE)
            try:
                rounds = storm(daemon, proxy, bundle, client, arguments.pause) if stormy else 0
                said = json.loads(client.communicate(timeout=arguments.seconds + 30)[0])
            finally:
                scratch.end(client)
            return {"transport": transport, "storm": rounds, "connections": proxy.accepted - before, **said}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--client", default="hit_latency", help="the program of that name")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each measurement (10)")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between resets (0.05)")
    parser.add_argument("--realtime", action="store_true", help="client and daemon under SCHED_FIFO (needs root): on a machine that others use, too")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    results = []
    print("| upstream | resets | connections | hits | p50 µs | p99 | p99.9 | most | lost | wrong |\n|---|---|---|---|---|---|---|---|---|---|")
    for transport in ("dot", "doh"):
        for stormy in (False, True):
            with scratch.directory("hits") as directory:
                result = hits(directory, transport, stormy, arguments, (cores[0], cores[-1]))
            results.append(result)
            print(f"| {transport}, {'reconnecting' if stormy else 'quiet'} | {result['storm']} | {result['connections']} | {result['queries']} | "
                  f"{result['p50']:.0f} | {result['p99']:.0f} | {result['p99.9']:.0f} | {result['most']:.0f} | {result['lost']} | {result['refused']} |", flush=True)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=2)
    bad = [result for result in results if result["lost"] or result["refused"] or result["p99.9"] > BAR_US]
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
