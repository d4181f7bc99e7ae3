#!/usr/bin/env python3
"""What a SOCKS5 proxy on this machine costs tacet in CPU time: microseconds for each miss, through microsocks and without.

    proxy_cost.py [--rounds 9] [--names 2000]

Both ways ask one upstream, in turns, names that nobody asked before. The proxy's own time does not count. One at a time, each answer
is a datagram and a read of its own. Twenty at a time, answers come together, and the proxy passes them on in other portions.
"""
import argparse
import contextlib
import statistics
import subprocess

import pki
import scratch
import servers
from contestant import Contestant
from tacet import Tacet

OUTSTANDING = {"one at a time": 1, "twenty at a time": 20}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--names", type=int, default=2000)
    given = options.parse_args()
    with scratch.directory() as folder, contextlib.ExitStack() as stack:
        authority = pki.Pki(folder)
        upstream = stack.enter_context(servers.Unbound(folder, authority.good()))
        front = stack.enter_context(servers.Dnsdist(folder, authority.good(), upstream, port=scratch.free_port(), doh_port=scratch.free_port()))
        port = scratch.free_port()
        proxy = scratch.start(["microsocks", "-i", "127.0.0.1", "-p", str(port)], stderr=subprocess.DEVNULL)
        stack.callback(scratch.end, proxy)
        rows = {}
        for over, url in front.urls.items():
            for way, more in (("direct", {}), ("proxy", {"proxy": f"socks5://127.0.0.1:{port}"})):
                daemon = stack.enter_context(Tacet(folder, upstreams=[{"url": url, "ca_file": authority.ca, **more}], workers=1))
                rows[over, way] = Contestant(f"{over}, {way}", daemon.process.pid, daemon.port)
                rows[over, way].ask(folder, None, [f"warm{number}.many.example.com" for number in range(200)])
        for number in range(given.rounds):
            turns = list(rows.values())
            for one in turns[number % len(turns):] + turns[:number % len(turns)]:
                for how, outstanding in OUTSTANDING.items():
                    one.ask(folder, how, [f"n{number}x{each}q{outstanding}.many.example.com" for each in range(given.names)], outstanding=outstanding)
    for how in OUTSTANDING:
        for over in ("dot", "doh"):
            direct, proxied = rows[over, "direct"].costs[how], rows[over, "proxy"].costs[how]
            ratios = sorted(theirs / ours for ours, theirs in zip(direct, proxied))
            print(f"{over}, {how}: {statistics.median(direct):.1f} us direct, {statistics.median(proxied):.1f} us through the proxy; "
                  f"the pairs' ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
