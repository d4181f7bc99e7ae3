"""A well-behaved client as a process of its own: asks kept and new names at a steady rate until its input ends, then says
as JSON how long each answer took, by the kernel's clock, and how much CPU the daemon used meanwhile. The latter is what the
daemon did for others first: a machine that keeps the daemon from running does not lengthen it. No more of it counts than the
answer took, for the daemon goes on working while this process is kept from reading the answer.

    python3 neighbour.py 127.0.0.1 5353 PID
"""
import json
import math
import sys
import time

from query_stream import QueryStream, new_name

RATE = 450  # a second
KEPT = "www.example.com"
NEVER = 999.0  # seconds, of a query without an answer


def name(number):
    """Two kept names, then a new one."""
    return new_name() if number % 3 == 2 else KEPT


class Neighbour(QueryStream):
    """Reads the daemon's CPU clock at each question and answer."""

    def __init__(self, server, pid):
        super().__init__(server, RATE, name=name)
        self._clock = ~pid << 3 | 2  # the clock of another process's CPU time, as clock_getcpuclockid(3) makes it
        self._cpu_at, self.cpu = [], {}

    def send(self, number):
        self._cpu_at.append(time.clock_gettime(self._clock))
        super().send(number)

    def receive(self):
        super().receive()
        number = self.latest(self.last)
        self.cpu.setdefault(number, time.clock_gettime(self._clock) - self._cpu_at[number])


def main(address, port, pid):
    with Neighbour((address, int(port)), int(pid)) as stream:
        print("asking", flush=True)
        sys.stdin.read()
    told = {"kept": {"took": [], "cpu": []}, "new": {"took": [], "cpu": []}, "failed": 0}
    for number, asked in enumerate(stream.asked):
        word = told["kept" if asked.name == KEPT else "new"]
        took = asked.took if math.isfinite(asked.took) else NEVER
        word["took"].append(took)
        word["cpu"].append(min(took, stream.cpu.get(number, NEVER)))
        told["failed"] += asked.failed
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
