"""A well-behaved client as a process of its own: asks kept and new names at a steady rate until its input ends, then says
as JSON how long each answer took, by the kernel's clock.

    python3 neighbour.py 127.0.0.1 5353
"""
import json
import math
import sys

from query_stream import QueryStream, new_name

RATE = 450  # a second
KEPT = "www.example.com"


def name(number):
    """Two kept names, then a new one."""
    return new_name() if number % 3 == 2 else KEPT


def main(address, port):
    with QueryStream((address, int(port)), RATE, name=name) as stream:
        print("asking", flush=True)
        sys.stdin.read()
    told = {"kept": [], "new": [], "failed": 0, "late": sorted(stream.lateness)[-1]}
    for asked in stream.asked:
        told["kept" if asked.name == KEPT else "new"].append(asked.took if math.isfinite(asked.took) else 999.0)
        told["failed"] += asked.failed
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
