#!/usr/bin/env python3
"""The same generated queries to tacet and to its upstream: every difference has a rule (rules.py) or is a fault.

    differential.py [--queries N] [--seed S]     the report; 1 if a difference has no rule
    differential.py --peers                      the same queries also through Debian's forwarders: where they differ
"""
import argparse
import collections
import contextlib
import os
import sys
import time

import dns.rdatatype
import dnsclient
import pki
import scratch
import zones
from differences import differences
from generated import Generator
from replies import Server, parse
from rules import AT_ANOTHER_TIME, JUDGED, RULES, explain
from tacet import Tacet

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
import peers  # noqa: E402  (how the other forwarders are set up is known there)

BATCH = 40
EXAMPLES = 3


class Tally:
    """What was different at one server: by rule, and what no rule explains."""

    def __init__(self, name, doubts=True):
        """`doubts`: asks the upstream again before it calls a difference unexplained."""
        self.name, self._doubts = name, doubts
        self.by_rule = collections.Counter()
        self.unexplained = collections.defaultdict(list)
        self.equal = 0

    def take(self, query, replies, elapsed, ask_again):
        """`replies`: the upstream's and ours; `ask_again` has the upstream's of now."""
        theirs, ours = replies
        found = differences(theirs, ours, elapsed)
        self.equal += not found
        for field, one, other in found:
            rule = explain(query, field, _parsed(theirs), _parsed(ours))
            if not rule and self._doubts and field not in (changed for changed, _, _ in differences(ask_again(), ours, elapsed)):
                rule = AT_ANOTHER_TIME
            if rule:
                self.by_rule[rule] += 1
            else:
                self.unexplained[field].append((query, one, other))


def _parsed(wire):
    try:
        return parse(wire) if wire is not None else None
    except ValueError:
        return None


class Run:
    """Asks the upstream, and then each of the others, batch by batch. What no rule explains is asked of the upstream again:
    it answers some questions otherwise when its own cache holds them, and then ours may be what it said at another time."""

    def __init__(self, upstream, others, seed):
        self._upstream, self._others = Server(upstream, patience=3), [(tally, Server(address, patience=6 if tally.name == "tacet" else 2)) for tally, address in others]
        self._generator, self._sent, self._begun = Generator(seed), 0, time.monotonic()
        self.unanswered = 0

    def ask(self, count):
        while self._sent < count:
            batch = [self._generator.make() for _ in range(BATCH)]
            for tcp in (False, True):
                self._ask_batch([query for query in batch if query.tcp == tcp], tcp)
            self._sent += BATCH

    def _ask_batch(self, queries, tcp):
        def replies_of(server):
            return (server.ask_tcp if tcp else server.ask_udp)([query.wire for query in queries], self._sent)

        if not queries:
            return
        theirs = replies_of(self._upstream)
        self.unanswered += theirs.count(None)
        for tally, server in self._others:
            for query, one, other in zip(queries, theirs, replies_of(server)):
                tally.take(query, (one, other), time.monotonic() - self._begun, lambda: self._ask_again(query))

    def _ask_again(self, query):
        return (self._upstream.ask_tcp if query.tcp else self._upstream.ask_udp)([query.wire], self._sent)[0]

    def close(self):
        for server in (self._upstream, *(server for _, server in self._others)):
            server.close()


def start_peers(stack, directory, authority, upstream):
    """[(Tally, address)] of the forwarders that are installed; names those that are not."""
    started = []
    for peer in peers.PEERS:
        if peer.name not in ("unbound", "dnsdist", "knot-resolver"):
            continue
        if not peers.is_there(peer):
            print(f"{peer.name}: not installed, skipped")
            continue
        home, port = os.path.join(directory, peer.name), scratch.free_port()
        os.mkdir(home)
        command = peer.command(home, port, "dot", peers.Upstream(upstream.dot_port, upstream.doh_port, authority.ca, pki.NAME))
        with open(os.path.join(home, "stderr"), "wb") as log:
            process = scratch.start(command.words, stdout=log, stderr=log, env={**os.environ, **command.environment})
        stack.callback(scratch.end, process)
        scratch.eventually(lambda: _answers(("127.0.0.1", port)), within=15, what=f"{peer.name}'s first answer", every=0.2)
        started.append((Tally(peer.name, doubts=False), ("127.0.0.1", port)))
    return started


def _answers(address):
    with contextlib.suppress(OSError):
        wire = dnsclient.exchange_udp(address, dnsclient.query(f"www.{zones.PLAIN}").to_wire(), 0.5)
        return wire is not None and dnsclient.header(wire)[2] == 0
    return False


def print_rules(tallies):
    print("\n" + "".join(f"{tally.name[:9]:>10}" for tally in tallies) + "  right     rule")
    for rule in (*RULES, AT_ANOTHER_TIME):
        if any(tally.by_rule[rule] for tally in tallies):
            print("".join(f"{tally.by_rule[rule]:>10}" for tally in tallies) + f"  {rule.right:<8}  {rule.text} ({rule.source})")
    print("".join(f"{sum(map(len, tally.unexplained.values())):>10}" for tally in tallies) + "            without a rule")


def print_peer(tally):
    """What another forwarder does that no rule of ours covers, and who follows the RFC there."""
    for field, cases in sorted(tally.unexplained.items()):
        right, text, source = JUDGED.get(field, ("?", "not judged", ""))
        query, one, other = cases[0]
        print(f"\n{tally.name}: {field} differs {len(cases)} times; right: {right}: {text} ({source})")
        print(f"    {query}\n        upstream {_text(one)}\n        {tally.name:<8} {_text(other)}")


def print_unexplained(tally):
    for field, cases in sorted(tally.unexplained.items()):
        print(f"\n{tally.name}: {field}: {len(cases)} differ without a rule")
        for query, one, other in cases[:EXAMPLES]:
            print(f"    {query}\n        upstream {_text(one)}\n        {tally.name:<8} {_text(other)}")


def _text(value):
    return str([(owner, dns.rdatatype.to_text(kind), data[:24].hex()) for owner, kind, _, data in value] if _is_records(value) else value)[:300]


def _is_records(value):
    return isinstance(value, list) and all(isinstance(record, tuple) for record in value)


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--queries", type=int, default=20000)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--peers", action="store_true")
    words = words.parse_args()
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(scratch.directory())
        authority = pki.Pki(directory)
        upstream = stack.enter_context(zones.resolver(directory, authority.good()))
        daemon = stack.enter_context(Tacet(directory, upstreams=[{"url": upstream.doh_url(), "ca_file": authority.ca}]))
        ours = Tally("tacet")
        others = start_peers(stack, directory, authority, upstream) if words.peers else []
        run = Run(("127.0.0.1", upstream.plain_port), [(ours, daemon.server), *others], words.seed)
        stack.callback(run.close)
        run.ask(words.queries)
    tallies = [ours, *(tally for tally, _ in others)]
    print(f"{words.queries} queries, seed {words.seed}; {run.unanswered} that the upstream did not answer")
    for tally in tallies:
        print(f"{tally.name}: {tally.equal} replies are equal to the upstream's in every field")
    print_rules(tallies)
    print_unexplained(ours)
    for tally, _ in others:
        print_peer(tally)
    return 1 if ours.unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
