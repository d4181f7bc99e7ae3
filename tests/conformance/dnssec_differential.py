#!/usr/bin/env python3
"""Verdicts of tacet, of a validating unbound and of delv on a signed world: every difference has a rule or is a fault.

    dnssec_differential.py [--cases N] [--delv [FILE]] [--over doh] [--seed S] [--zones RE] [--list]     the report; 1 if a difference has no rule

A case is a zone with its way to deny and its defect, and a question about it. All three ask the same upstream and trust the
same key of the root. --delv asks delv too, a process a case: a quarter of an hour for all. FILE keeps its verdicts for the next run,
because they depend on the case only.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import os
import random
import re
import subprocess
import sys
import time

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pki
import scratch
import servers
from signed_world import Judge, SignedWorld
from tacet import Tacet

SECURE, INSECURE, BOGUS = "secure", "insecure", "bogus"
WORKERS = 12
PATIENCE = 60  # seconds for an answer


def ask_as_a_stub(query, port):
    """Sends the query again where no answer comes, as every stub resolver does; a truncated one by TCP."""
    for _ in range(PATIENCE // 5):
        with contextlib.suppress(dns.exception.Timeout):
            return dns.query.udp_with_fallback(query, "127.0.0.1", port=port, timeout=5)[0]
    raise dns.exception.Timeout


def verdict_of(port, name, kind):
    # DO: without it, tacet answers for a single label itself.
    query = dns.message.make_query(name, kind, use_edns=0, payload=1232, want_dnssec=True)
    reply = ask_as_a_stub(query, port)
    if reply.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return BOGUS
    return SECURE if reply.flags & dns.flags.AD else INSECURE


def delv_verdict(port, anchors, name, kind):
    done = subprocess.run(["delv", "@127.0.0.1", "-p", str(port), "-a", anchors, "+root=.", name, kind], capture_output=True, text=True,
                          timeout=60, check=False)
    said = done.stdout + done.stderr
    # "No valid signature" is said of an island of signed records, too, before it is proven that nobody vouches for them.
    failed = [line for line in said.splitlines() if line.startswith(";; resolution failed:") and "ncache" not in line]
    if failed:
        return BOGUS
    if "unsigned answer" in said:
        return INSECURE
    return SECURE if "fully validated" in said else BOGUS


def delv_verdicts(path, cases, ask):
    """By case; those in the file are not asked for again."""
    with open(path, "a+", encoding="ascii") as file:
        file.seek(0)
        known = dict(line.rstrip("\n").rsplit(" ", 1) for line in file)
    missing = [case for case in cases if " ".join(case) not in known]
    with open(path, "a", encoding="ascii") as file, concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for case, verdict in zip(missing, pool.map(ask, missing)):
            known[" ".join(case)] = verdict
            file.write(f"{' '.join(case)} {verdict}\n")
            file.flush()
    return [known[" ".join(case)] for case in cases]


# A rule: why a verdict of ours may differ. It gets the zone's first label, its domain, the name asked for, and both verdicts.
def _old_algorithm(zone, ours, **_):
    return zone in ("a5", "a7") and ours == INSECURE


def _iterations_insecure(zone, ours, **_):
    return zone == "iterations100" and ours == INSECURE


def _iterations_bogus(zone, ours, theirs, **_):
    return zone == "iterations600" and ours == BOGUS and theirs == INSECURE


def _revoked(zone, ours, **_):
    return zone == "revoked" and ours == BOGUS


def _signer_above(zone, ours, **_):
    return zone == "signerabove" and ours == BOGUS


def _no_ad_for_opt_out(domain, ours, theirs, **_):
    return domain == "gamma" and ours == INSECURE and theirs == SECURE


def _shown_under_the_name(zone, domain, name, ours, theirs, **_):
    return (domain in ("alpha", "delta") or zone in ("a5", "bothdenials")) and "wild" in name and ours != BOGUS and theirs == BOGUS


def _tolerance(zone, ours, theirs, **_):
    return zone == "skewedwww" and ours != BOGUS and theirs == BOGUS


def _zone_key(zone, ours, **_):
    return zone == "notzonekey" and ours == BOGUS


def _whole_authority(zone, ours, **_):
    return zone in ("wrongsoa", "norrsigsoa") and ours == BOGUS


def _no_wildcard_shown(domain, name, ours, theirs, **_):
    return domain == "gamma" and name.startswith("none.moved.") and ours == BOGUS and theirs == INSECURE


def _weaker_digest(zone, ours, **_):
    return zone == "dssha256wrong" and ours == BOGUS


def _expired_beside_right(zone, ours, theirs, **_):
    return zone == "expiredbeside" and ours != BOGUS and theirs == BOGUS


COMMON_RULES = {
    "RFC 9905: signatures with SHA-1 (algorithms 5 and 7) count as none": _old_algorithm,
    "RFC 9276 §3.2: NSEC3 beyond 50 iterations counts as unsigned; the others draw the line at 150": _iterations_insecure,
    "RFC 9276 §3.2: NSEC3 beyond 500 iterations is no proof; the others call it unsigned": _iterations_bogus,
    "RFC 5011 §2.1: a revoked key is for nothing but its own revocation": _revoked,
    "RFC 4035 §5.3.1: the signer must be the zone of the RRset, and not one above": _signer_above,
    "RFC 4035 §3.2.3: the SOA of a denial must be genuine, too": _whole_authority,
}
UNBOUND_RULES = COMMON_RULES | {
    "RFC 4509 §3: a DS by SHA-1 does not count beside one by SHA-256; unbound takes it unless harden-algo-downgrade is set": _weaker_digest,
    "RFC 5155 §8.4: an NXDOMAIN must show that no wildcard applies; unbound then reads it as a NODATA in an opt-out span": _no_wildcard_shown,
}
DELV_RULES = COMMON_RULES | {
    "RFC 5155 §9.2: no AD for what an opt-out span covers": _no_ad_for_opt_out,
    "RFC 4035 §5.3.2: a wildcard's NSEC that the upstream shows under the name asked for is put back by its labels": _shown_under_the_name,
    "RFC 4033 §8.1 leaves the tolerance of clocks to the validator: tacet and unbound allow at least an hour": _tolerance,
    "RFC 6840 §5.4: one right signature is enough; delv gives up at an expired one of the same key": _expired_beside_right,
    "RFC 4034 §2.1.1: a key without the zone bit verifies nothing": _zone_key,
}


class Tally:
    def __init__(self, name, rules):
        self.name, self.rules = name, rules
        self.equal, self.by_rule, self.unexplained = 0, collections.defaultdict(list), []

    def take(self, case, ours, theirs):
        if ours == theirs:
            self.equal += 1
            return
        origin, name, kind = case
        about = {"zone": origin.split(".")[0], "domain": origin.rstrip(".").rpartition(".")[2], "name": name, "kind": kind, "ours": ours, "theirs": theirs}
        for words, holds in self.rules.items():
            if holds(**about):
                self.by_rule[words].append((case, ours, theirs))
                return
        self.unexplained.append((case, ours, theirs))

    def report(self, is_long):
        explained = sum(map(len, self.by_rule.values()))
        print(f"{self.name}: {self.equal + explained + len(self.unexplained)} cases, {self.equal} equal, {explained} explained, {len(self.unexplained)} not")
        for words, differences in sorted(self.by_rule.items(), key=lambda entry: -len(entry[1])):
            print(f"  {len(differences):5} {words}")
            if is_long:
                self._list(differences)
        if self.unexplained:
            print("  UNEXPLAINED")
            self._list(self.unexplained)
        return len(self.unexplained)

    def _list(self, differences):
        groups = collections.defaultdict(list)
        for (origin, name, kind), ours, theirs in differences:
            groups[origin, ours, theirs].append(f"{name.removesuffix('.' + origin)} {kind}")
        for (origin, ours, theirs), questions in sorted(groups.items()):
            print(f"        {origin} tacet {ours}, {self.name} {theirs}: {', '.join(questions)}")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cases", type=int, default=0, help="so many of all cases, chosen by the seed")
    options.add_argument("--delv", nargs="?", const=os.devnull, metavar="FILE")
    options.add_argument("--over", choices=("dot", "doh"), default="dot")
    options.add_argument("--list", action="store_true", help="show each difference, also those that have a rule")
    options.add_argument("--zones", help="only zones whose names match this regular expression")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    begun = time.monotonic()
    world = SignedWorld()
    cases = list(dict.fromkeys(world.questions))
    if given.zones:
        cases = [case for case in cases if re.search(given.zones, case[0])]
    if given.cases:
        cases = random.Random(given.seed).sample(cases, given.cases)
    with scratch.directory() as folder:
        anchor, for_delv = world.write_anchors(folder)
        authority = pki.Pki(folder)
        with servers.Unbound(folder, authority.good(), zones=world.zone_texts(), resolving=True) as upstream, \
                Judge(folder, anchor, upstream) as judge:
            url = upstream.dot_url() if given.over == "dot" else upstream.doh_url()
            with Tacet(folder, upstreams=[{"url": url, "ca_file": authority.ca}], dnssec={"mode": "on", "trust_anchors": world.anchors()}) as tacet:
                with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
                    ours = list(pool.map(lambda case: verdict_of(tacet.port, *case[1:]), cases))
                    theirs = list(pool.map(lambda case: verdict_of(judge.port, *case[1:]), cases))
                counts = tacet.status()["dnssec"]
            delvs = []
            if given.delv:
                delvs = delv_verdicts(given.delv, cases, lambda case: delv_verdict(upstream.plain_port, for_delv, *case[1:]))
    print(f"{len(cases)} cases in {len({case[0] for case in cases})} zones: "
          f"{', '.join(f'{ours.count(each)} {each}' for each in (SECURE, INSECURE, BOGUS))}; {time.monotonic() - begun:.0f} s")
    print(f"tacet counts {counts['secure']} secure, {counts['insecure']} insecure, {counts['bogus']} bogus, {counts['indeterminate']} not known; "
          f"{counts['questions']} questions for keys and repairs")
    tallies = [(Tally("unbound", UNBOUND_RULES), theirs)] + ([(Tally("delv", DELV_RULES), delvs)] if delvs else [])
    unexplained = 0
    for tally, verdicts in tallies:
        for case, mine, other in zip(cases, ours, verdicts):
            tally.take(case, mine, other)
        unexplained += tally.report(given.list)
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
