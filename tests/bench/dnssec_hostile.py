#!/usr/bin/env python3
"""What a hostile zone costs others: its answers are made so that a validator computes as long as possible (KeyTrap, NSEC3).

    dnssec_hostile.py [--seconds 10] [--rounds 3] [--rate 100] [--over dot | doh] [--judge]      --judge: 1 if a bar is missed

The zone has 100 keys of one tag (P-384, the most costly) and 100 signatures over each of its RRsets; another denies by NSEC3 with
2,500 iterations; a third answers with 60 KiB. A client asks them for new names, --rate a second. Another client asks for names that are
cached and for new ones of an honest zone. Its times are taken with and without the hostile client, in turns. All that is measured runs
before other processes, and the daemon first (as root): slow turns are its own then, and not those of a busy machine. The cache is small,
so that it is full after the first round: what memory grows by later is a leak.
"""
import argparse
import contextlib
import os
import re
import socket
import statistics
import sys
import threading
import time

import dns.dnssec
import dns.message
import dns.rdatatype
import pki
import scratch
import servers
import signer
from cryptography.hazmat.primitives.asymmetric import ec
from signed_world import HEAD, SignedWorld
from tacet import Tacet

KEYS = SIGNATURES = 100
TRAP = 14
HONEST = "@ 300 A 192.0.2.1\n*.wild 300 A 192.0.2.7\n"
BIG = " ".join('"' + f"{number:03d}".ljust(250, "x") + '"' for number in range(235))


def keys_of_one_tag(count):
    """Real keys whose tags are equal, by the bits of their flags that mean nothing."""
    wanted = dns.dnssec.key_id(signer.dnskey(TRAP))
    keys = []
    while len(keys) < count:
        plain = dns.dnssec.make_dnskey(ec.generate_private_key(ec.SECP384R1()).public_key(), TRAP, 0)
        for carry in (0, 1):
            flags = (wanted - dns.dnssec.key_id(plain) - carry) & 0xFFFF
            made = plain.replace(flags=flags)
            if flags & 0x0100 and not flags & 0x0080 and dns.dnssec.key_id(made) == wanted:
                keys.append(made)
                break
    return keys


def trap(zone, records):
    """Each RRset but the keys' has only wrong signatures, so that every key of the tag may be tried for each."""
    for record in list(records.list):
        if record[2].rdtype != dns.rdatatype.RRSIG or record[2].type_covered == dns.rdatatype.DNSKEY:
            continue
        records.list.remove(record)
        for number in range(SIGNATURES):
            records.add(record[0], record[1], record[2].replace(signature=bytes([number + 1]) * 96))


def hostile(world):
    keys = "".join(f"@ 300 DNSKEY {key.to_text()}\n" for key in [signer.dnskey(TRAP), *keys_of_one_tag(KEYS - 1)])
    zone = world.signed("trap.alpha.", HEAD + HONEST + keys, algorithm=TRAP, insecure_below=False)
    zone.defect(lambda records, zone=zone: trap(zone, records))
    world.signed("hashes.alpha.", HEAD + HONEST, denial=signer.NSEC3, iterations=2500, salt=b"\xab\xcd", insecure_below=False)
    world.signed("big.alpha.", HEAD + f"*.wild 300 TXT {BIG}\n", insecure_below=False)
    world.signed("honest.alpha.", HEAD + HONEST + "".join(f"n{number} 300 A 192.0.2.7\n" for number in range(3000)), insecure_below=False)


class Client(threading.Thread):
    """Asks at a steady rate, whatever comes back, and notes how long each answer took."""

    def __init__(self, port, rate, seconds, names):
        super().__init__()
        self._port, self._rate, self._seconds, self._names = port, rate, seconds, names
        self.times, self.lost = {}, 0

    def run(self):
        connection = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        connection.connect(("127.0.0.1", self._port))
        connection.setblocking(False)
        sent, begun, number, end = {}, time.monotonic(), 0, time.monotonic() + self._seconds
        while (now := time.monotonic()) < end + 1:
            while now < end and begun + number / self._rate <= now:
                row, name, kind = self._names(number)
                query = dns.message.make_query(name, kind, use_edns=0, payload=1232, want_dnssec=True, id=number & 0xFFFF)
                sent[number & 0xFFFF] = row, time.monotonic()
                connection.send(query.to_wire())
                number += 1
            with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
                reply = connection.recv(65535)
                row, at = sent.pop(int.from_bytes(reply[:2], "big"), (None, 0))
                if row:
                    self.times.setdefault(row, []).append((time.monotonic() - at) * 1000)
                continue
            time.sleep(0.0003)
        self.lost = len(sent)


def put_first(pid, priority):
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(PermissionError):
            os.sched_setscheduler(int(thread), os.SCHED_RR, os.sched_param(priority))


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) / 1024


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=10)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--rate", type=float, default=100)
    options.add_argument("--judge", action="store_true")
    options.add_argument("--over", choices=("dot", "doh"), default="dot", help="what tacet asks by")
    given = options.parse_args()
    world = SignedWorld(defects=(), denials=(), extra=hostile)
    counter = iter(range(1 << 30))
    put_first(os.getpid(), 1)  # and all that is started from now on
    with scratch.directory() as folder, contextlib.ExitStack() as stack:
        authority = pki.Pki(folder)
        upstream = stack.enter_context(servers.Unbound(folder, authority.good(), zones=world.zone_texts(), resolving=True))
        port = scratch.free_port()
        front = stack.enter_context(servers.Dnsdist(folder, authority.good(), upstream, port=port, doh_port=scratch.free_port()))
        daemon = stack.enter_context(Tacet(folder, upstreams=[{"url": front.urls[given.over], "ca_file": authority.ca}], workers=1, cache={"size": "4MiB"},
                                           dnssec={"mode": "on", "trust_anchors": world.anchors()}))

        def bad(number):
            fresh = next(counter)
            return "hostile", *((f"x{fresh}.wild.trap.alpha", "A"), (f"x{fresh}.hashes.alpha", "A"), (f"x{fresh}.wild.big.alpha", "TXT"),
                                (f"x{fresh}.trap.alpha", "A"))[number % 4]

        def good(number):
            return ("hit", "n0.honest.alpha", "A") if number % 4 else ("miss", f"n{next(counter) % 3000}.honest.alpha", "A")

        daemon.ask("n0.honest.alpha")
        for name in ("www.trap.alpha", "x.hashes.alpha", "x.wild.big.alpha"):
            daemon.ask(name)
        put_first(daemon.process.pid, 2)
        times = {False: {}, True: {}}
        memory, lost, slow = [], 0, {False: 0, True: 0}
        for _ in range(given.rounds):
            for is_hostile in (False, True):
                before = daemon.status()["slow_turns"]
                clients = [Client(daemon.port, 200, given.seconds, good)]
                if is_hostile:
                    clients.append(Client(daemon.port, given.rate, given.seconds, bad))
                for client in clients:
                    client.start()
                for client in clients:
                    client.join()
                lost += clients[0].lost
                slow[is_hostile] += daemon.status()["slow_turns"] - before
                for row, found in clients[0].times.items():
                    times[is_hostile].setdefault(row, []).extend(found)
                if is_hostile:
                    times[True].setdefault("hostile", []).extend(clients[1].times.get("hostile", []))
                    memory.append(resident(daemon.process.pid))
        longest = daemon.status()["longest_turn_us"] / 1000
        status = daemon.status()["dnssec"]
    print(f"{'ms':28}{'median':>10}{'p99':>10}{'worst':>10}{'answers':>10}")
    for is_hostile in (False, True):
        for row, found in sorted(times[is_hostile].items()):
            words = row if row == "hostile" else f"{row}, {'beside it' if is_hostile else 'alone'}"
            print(f"{words:28}{statistics.median(found):10.2f}{percentile(found, 0.99):10.2f}{max(found):10.2f}{len(found):10}")
    print(f"MiB after each hostile round: {', '.join(f'{each:.1f}' for each in memory)}; others' queries without a reply: {lost}; "
          f"{status['bogus']} bogus, {status['indeterminate']} not known, {status['secure']} secure")
    alone, beside = (percentile(times[which]["hit"] + times[which]["miss"], 0.99) for which in (False, True))
    print(f"p99 of the others: {alone:.2f} ms alone, {beside:.2f} ms beside the hostile zone")
    print(f"turns over 2 ms: {slow[False]} alone, {slow[True]} beside it; the longest {longest:.2f} ms")
    held = beside <= 10 and slow[True] == 0 and memory[-1] <= memory[0] + 4 and lost == 0
    return 1 if given.judge and not held else 0


if __name__ == "__main__":
    sys.exit(main())
