#!/usr/bin/env python3
"""What validation costs in round trips: the first answers about signed and unsigned zones at 20 ms round trip, beside unbound.

    dnssec_latency.py [--rounds 20] [--round-trip 20]      needs root, for network namespaces

tacet asks over DoT and over DoH, the unbound beside it by UDP; all ask one upstream through the same link. A row is the
median of as many first questions, each about a zone that was never asked for. Also: how many questions tacet adds to a
client's, after warm-up, on a mix of names of which most are in zones that are known.
"""
import argparse
import contextlib
import ctypes
import os
import random
import statistics
import time

import dns.flags
import dns.message
import dns.query
import pki
import scratch
import servers
from netlab import Lab
from signed_world import Judge, SignedWorld
from tacet import Tacet

ROWS = (("first query of a fresh start", "first"), ("the same, a second later", "later"),
        ("new signed zone", "signed"), ("new unsigned zone", "unsigned"), ("known zone", "known"))


def add_zones(count):
    def extra(world):
        for number in range(count):
            world.signed(f"new{number}.alpha.", insecure_below=False)
            world.unsigned(f"plain{number}.alpha.")
    return extra


def ask(command_namespace, port, name):
    """Milliseconds from question to answer, asked inside the namespace."""
    query = dns.message.make_query(name, "A", use_edns=0, payload=1232)
    query.flags |= dns.flags.AD
    begun = time.monotonic()
    reply = command_namespace(lambda: dns.query.udp(query, "127.0.0.1", port=port, timeout=10))
    assert reply.rcode() == 0, reply
    return (time.monotonic() - begun) * 1000, bool(reply.flags & dns.flags.AD)


def enter(namespace):
    """A function that calls another one with the network of a namespace."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)

    def call(work):
        libc.setns(there, 0)
        try:
            return work()
        finally:
            libc.setns(home, 0)
    return call


def measure(start, rounds, call):
    """The rows of one resolver; `start()` gives (context manager, port) of a fresh one."""
    rows = {key: [] for _, key in ROWS}
    for number in range(10):
        daemon = start()
        with daemon:
            time.sleep(number % 2)
            rows["later" if number % 2 else "first"].append(ask(call, daemon.port, f"www.new{number}.alpha.")[0])
    daemon = start()
    with daemon:
        ask(call, daemon.port, "www.new0.alpha.")
        for number in range(1, rounds + 1):
            taken, secure = ask(call, daemon.port, f"www.new{number}.alpha.")
            assert secure, number
            rows["signed"].append(taken)
            taken, secure = ask(call, daemon.port, f"www.plain{number}.alpha.")
            assert not secure
            rows["unsigned"].append(taken)
            taken, secure = ask(call, daemon.port, f"n{number}.wild.signed.alpha.")
            assert secure
            if number > 1:
                rows["known"].append(taken)
    return {key: statistics.median(times) for key, times in rows.items()}


def extra_questions(daemon, call, count):
    """Questions that tacet adds to each miss, once the zones of the mix are known: nine of ten names are in them."""
    def burst(prefix, first):
        for number in range(count):
            zone = f"plain{random.randrange(20)}.alpha." if number % 10 else f"plain{first + number // 10}.alpha."
            ask(call, daemon.port, f"alias.{zone}" if number % 10 == 0 else f"{prefix}{number}.wild.signed.alpha.")
    before = daemon.status()
    burst("m", 50)
    after = daemon.status()
    misses = after["answers"]["upstream"] - before["answers"]["upstream"]
    return (after["dnssec"]["questions"] - before["dnssec"]["questions"]) / misses


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--round-trip", type=float, default=20)
    given = options.parse_args()
    world = SignedWorld(defects=(), extra=add_zones(100))
    with scratch.directory() as folder, Lab(delay=given.round_trip / 2000) as lab:
        anchor, _ = world.write_anchors(folder)
        authority = pki.Pki(folder, ["10.9.0.2"])
        command_a, command_b = lab.command("a"), lab.command("b")
        call = enter(lab.namespace("a"))
        with servers.Unbound(folder, authority.good(), zones=world.zone_texts(), resolving=True, addresses=("10.9.0.2",), command=command_b) as upstream, \
                contextlib.ExitStack() as stack:
            rules = {"mode": "on", "trust_anchors": world.anchors()}
            # unbound 1.17 holds a small answer back until the one before is acknowledged; dnsdist does not.
            front = stack.enter_context(servers.Dnsdist(folder, authority.good(), upstream, port=8853, doh_port=8443, command=command_b))
            dot, doh = front.urls.values()

            def tacet(url, mode="on"):
                return lambda: Tacet(folder, command=command_a, upstreams=[{"url": url, "ca_file": authority.ca}], dnssec={**rules, "mode": mode})

            found = {
                "tacet, DoT": measure(tacet(dot), given.rounds, call),
                "tacet, DoH": measure(tacet(doh), given.rounds, call),
                "unbound, UDP": measure(lambda: Judge(folder, anchor, upstream, command=command_a), given.rounds, call),
            }
            with tacet(dot)() as daemon:
                for number in range(20):
                    ask(call, daemon.port, f"www.plain{number}.alpha.")
                ask(call, daemon.port, "n.wild.signed.alpha.")
                extra = extra_questions(daemon, call, 400)
    print(f"{'ms at ' + str(given.round_trip) + ' ms round trip':32}" + "".join(f"{name:>16}" for name in found))
    for words, key in ROWS:
        print(f"{words:32}" + "".join(f"{found[name][key]:16.1f}" for name in found))
    print(f"questions added to a miss, a tenth of the zones new: {extra:.2f}")


if __name__ == "__main__":
    main()
