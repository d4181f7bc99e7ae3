#!/usr/bin/python3
"""Minutes of mixed load (kept and new names, TCP, a hostile zone, failing upstreams, reloads), and whether memory,
descriptors and connections stay flat. Prints what was measured; exits with 1 if a bar was missed.

    TACET_BINARY=build/release/tacet tests/soak/soak.py --minutes 3
"""
import argparse
import contextlib
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support")]
sys.dont_write_bytecode = True
os.environ["PATH"] += ":/usr/sbin"

import dns.exception
import dnsclient
import pki
import scratch
import servers
import tacet
from fake_upstream import ANSWER, Behaviour, FakeUpstream
from query_stream import QueryStream, new_name

# What is asked a second, all the time.
KEPT, NEW, HOSTILE, TCP = 150, 60, 10, 5
SEGMENT = 20.0  # seconds: a stream of queries lasts so long, then its answers are judged and forgotten
FAULT_EVERY, RELOAD_EVERY = 17.0, 11.0
# Small, so that it is full and evicts before the measured time begins.
CACHE = "512KiB"
WARM_UP = 35.0

RSS_BAR, DESCRIPTOR_BAR = 2.0, 2  # MiB, and descriptors that are no connection's, between the first and the last tenth
# Connections: 8 for each way to an upstream or zone (P32); and the brief ones to a server that seems to end each behind so many answers (D34).
UPSTREAM_BAR, FLAKY_BAR = 2 * 8, 2 * 8 + 24
CLOSE_WAIT_BAR = 5.0  # seconds

HOSTILE_ACTIONS = ("answer", "wrong_question", "garbage", "truncated", "mid_answer", "close", "reset", "goaway", "drop")


class Load:
    """Everything that asks; counts what came of it."""

    def __init__(self, daemon):
        self._daemon, self._over = daemon, threading.Event()
        self.asked = self.failed = self.dropped_here = self.tcp_asked = self.tcp_failed = 0
        self.unanswered = []
        self.worst = 0.0
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._streams, args=arguments, daemon=True) for arguments in (
            (KEPT, lambda _: "www.example.com"), (NEW, lambda _: new_name()), (HOSTILE, lambda number: f"n{number}-{time.monotonic_ns()}.evil.example"))]
        self._threads.append(threading.Thread(target=self._tcp, daemon=True))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _streams(self, rate, name):
        """One stream after another, so that what was asked need not be kept for ever."""
        while not self._over.is_set():
            with QueryStream(self._daemon.server, rate, name=name) as stream:
                self._over.wait(SEGMENT)
            hostile = stream.asked and "evil" in stream.asked[0].name
            with self._lock:
                self.asked += len(stream.asked)
                self.dropped_here += stream.dropped_here
                self.unanswered += [(round(asked.asked_at, 2), asked.name) for asked in stream.asked if asked.answered_at is None]
                self.failed += 0 if hostile else sum(asked.rcode not in (0, None) for asked in stream.asked)
                self.worst = max([self.worst, *(asked.took for asked in stream.asked if asked.answered_at)])

    def _tcp(self):
        """Connections of three pipelined queries; every fourth goes without its answers."""
        while not self._over.wait(1 / TCP):
            self.tcp_asked += 1
            wires = [dnsclient.query(name).to_wire() for name in ("www.example.com", new_name(), "alias.example.com")]
            try:
                with dnsclient.TcpClient(self._daemon.server) as client:
                    client.send(*wires)
                    if self.tcp_asked % 4:
                        client.receive_messages(3)
            except (OSError, TypeError, dns.exception.DNSException):
                self.tcp_failed += 1


class Faults:
    """What goes wrong meanwhile, one thing after another; and reloads, if the daemon can."""

    def __init__(self, daemon, upstream, flaky):
        self._daemon, self._upstream, self._flaky, self._over = daemon, upstream, flaky, threading.Event()
        self._reloads = re.search(r"^  reload ", tacet.run("--help").stdout, re.MULTILINE)
        self.faults = self.reloads = 0
        self.lives = True
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _run(self):
        try:
            self._work()
        except Exception:
            self.lives = False
            raise

    def _work(self):
        fault, reload = time.monotonic() + FAULT_EVERY, time.monotonic() + RELOAD_EVERY
        while not self._over.wait(0.2):
            if time.monotonic() >= fault:
                self._fail()
                fault += FAULT_EVERY
            if self._reloads and time.monotonic() >= reload:
                self._reload()
                reload += RELOAD_EVERY

    def _fail(self):
        """In turn: the flaky server drops its connections, is gone for two seconds, and the other one restarts."""
        self.faults += 1
        if self.faults % 3 == 1:
            self._flaky.drop_connections()
        elif self.faults % 3 == 2:
            self._flaky.stop()
            self._over.wait(2)
            self._flaky.start()
        else:
            self._upstream.stop()
            self._upstream.start()

    def _reload(self):
        """As it is, or with one setting changed."""
        self.reloads += 1
        self._daemon.settings["cache"]["max_negative_ttl"] = 3000 + self.reloads % 2
        self._daemon.write()
        self._daemon.process.send_signal(signal.SIGHUP)


class Samples:
    """What the daemon has, once a second."""

    def __init__(self, daemon, upstream_ports, flaky_ports):
        self._daemon, self._ports = daemon, (upstream_ports, flaky_ports)
        self.resident, self.lasting, self.upstream, self.flaky, self.close_wait, self.stuck = [], [], [], [], 0.0, ""
        self._closing = {}  # a connection in CLOSE_WAIT → since when

    def take(self):
        self.resident.append(self._daemon.resident_octets() / (1 << 20))
        lines = [line.split() for line in subprocess.run(["ss", "-Htnp", "state", "connected"], capture_output=True, text=True, check=True).stdout.splitlines()
                 if f"pid={self._daemon.process.pid}," in line]
        self.lasting.append(self._daemon.open_descriptors() - sum(descriptors_of(fields) for fields in lines))
        for counts, ports in zip((self.upstream, self.flaky), self._ports):
            counts.append(sum(1 for fields in lines if int(fields[4].rpartition(":")[2]) in ports))
        now, closing = time.monotonic(), {(fields[3], fields[4]) for fields in lines if fields[0] == "CLOSE-WAIT"}
        self._closing = {pair: self._closing.get(pair, now) for pair in closing}
        for pair, since in self._closing.items():
            if now - since > self.close_wait:
                self.close_wait, self.stuck = now - since, pair[1]

    def tenths(self, values):
        """The median of each tenth of the time after the warm-up."""
        size = max(1, len(values) // 10)
        return [statistics.median(values[at : at + size]) for at in range(0, len(values) - size + 1, size)]

    def growth(self, values):
        """Between the first and the last tenth."""
        return self.tenths(values)[-1] - self.tenths(values)[0]


def descriptors_of(connection):
    """How many descriptors one connection of the daemon has. libcurl holds one of the socket itself, and a pair to wake up by."""
    held = " ".join(connection).count("fd=")
    return held if held < 2 else held + 2


def hostile(received):
    if not received.name.endswith("evil.example."):
        return ANSWER
    return Behaviour(random.choice(HOSTILE_ACTIONS))


def soak(minutes):
    """[(what, measured, bar, held)] after so many minutes, the warm-up not counted."""
    with scratch.directory("soak") as folder, contextlib.ExitStack() as stack:
        authority = pki.Pki(folder)
        upstream = stack.enter_context(servers.Unbound(folder, authority.good()))
        flaky = stack.enter_context(FakeUpstream(authority.good(), hostile))
        entry = {"ca_file": authority.ca, "operator": "one"}
        daemon = stack.enter_context(tacet.Tacet(
            folder, upstreams=[{"url": flaky.doh_url(), **entry}, {"url": upstream.dot_url(), **entry}, {"url": upstream.doh_url(), **entry}],
            forward={"evil.example": [{"url": flaky.dot_url(), "ca_file": authority.ca}]}, cache={"size": CACHE, "max_negative_ttl": 3000},
            log={"level": "warn"}))
        upstream_ports, flaky_ports = (upstream.dot_port, upstream.doh_port), (flaky.dot_port, flaky.doh_port)
        samples = Samples(daemon, upstream_ports, flaky_ports)
        with Load(daemon) as load, Faults(daemon, upstream, flaky) as faults:
            time.sleep(WARM_UP)
            end = time.monotonic() + minutes * 60
            while time.monotonic() < end:
                if daemon.process.poll() is not None:
                    raise AssertionError(f"the daemon ended with {daemon.process.returncode}:\n{daemon.log()}")
                samples.take()
                time.sleep(1)
        alive = daemon.process.poll() is None
        status = daemon.status()
        events = {key: status[key] for key in ("queries", "answers", "events", "pending") if key in status}
        return judge(samples, load, faults, alive), {"ports": upstream_ports + flaky_ports, "load": vars_of(load), "faults": faults.faults, "reloads": faults.reloads, "queries": events}


def vars_of(load):
    return {key: value for key, value in vars(load).items() if not key.startswith("_")}


def judge(samples, load, faults, alive):
    resident, descriptors = samples.growth(samples.resident), samples.growth(samples.lasting)
    return [
        ("the daemon lives", "yes" if alive else "no", "yes", alive),
        ("resident memory, first to last tenth", f"{statistics.median(samples.resident[:5]):.1f} MiB {resident:+.2f}", f"≤ +{RSS_BAR:g} MiB", resident <= RSS_BAR),
        ("resident memory, tenth by tenth", " ".join(f"{value:.1f}" for value in samples.tenths(samples.resident)) + " MiB", "", True),
        ("resident memory, most over least", f"{max(samples.resident) - min(samples.resident):.2f} MiB", "", True),
        ("descriptors beside those of connections, first to last tenth", f"{statistics.median(samples.lasting[:5]):.0f} {descriptors:+.0f}", f"≤ +{DESCRIPTOR_BAR}", descriptors <= DESCRIPTOR_BAR),
        ("connections to the good upstream, most", f"{max(samples.upstream)}", f"≤ {UPSTREAM_BAR}", max(samples.upstream) <= UPSTREAM_BAR),
        ("connections to the flaky one, most", f"{max(samples.flaky)}", f"≤ {FLAKY_BAR}", max(samples.flaky) <= FLAKY_BAR),
        ("longest in CLOSE_WAIT", f"{samples.close_wait:.0f} s{f', to {samples.stuck}' if samples.close_wait > CLOSE_WAIT_BAR else ''}", f"≤ {CLOSE_WAIT_BAR:g} s", samples.close_wait <= CLOSE_WAIT_BAR),
        ("queries never answered", f"{len(load.unanswered)} of {load.asked}; {load.dropped_here} answers found the client's socket full", "0", not load.unanswered),
        ("errors outside the hostile zone", f"{load.failed}", "0", load.failed == 0),
        ("longest answer", f"{load.worst:.2f} s", "≤ 4.5 s", load.worst <= 4.5),
        ("TCP connections without their answers", f"{load.tcp_failed} of {load.tcp_asked}", "0", load.tcp_failed == 0),
        ("faults met, reloads done", f"{faults.faults}, {faults.reloads}", "≥ 1, to the end", faults.faults >= 1 and faults.lives),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3)
    minutes = parser.parse_args().minutes
    begun = time.strftime("%H:%M")
    rows, details = soak(minutes)
    print(f"| over {minutes:g} minutes, from {begun} | measured | bar | |\n|---|---|---|---|")
    for what, measured, bar, held in rows:
        print(f"| {what} | {measured} | {bar} | {'pass' if held else '**FAIL**'} |")
    print(json.dumps(details), file=sys.stderr)
    sys.exit(not all(held for *_, held in rows))


if __name__ == "__main__":
    main()
