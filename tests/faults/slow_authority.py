"""An authority whose every answer takes its time: slow_authority.py ADDRESS PORT LEAST_MS MOST_MS

A name's delay is drawn once and counts from the first time it is asked for, so a resolver that asks again gains and
loses nothing.
"""
import heapq
import itertools
import random
import select
import socket
import sys
import time

ADDRESS = "192.0.2.88"


def answer(query):
    """An A record, and nothing said about anything but the question."""
    end = query.index(b"\0", 12) + 5
    is_address = query[end - 4 : end - 2] == b"\0\1"
    record = b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4" + socket.inet_aton(ADDRESS) if is_address else b""
    return query[:2] + b"\x84\0\0\1" + bytes([0, 1 if is_address else 0]) + b"\0\0\0\0" + query[12:end] + record


def main(address, port, least, most):
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind((address, port))
    print("listening", flush=True)
    draw, queue, order, due = random.Random(1), [], itertools.count(), {}
    while True:
        wait = max(0.0, queue[0][0] - time.monotonic()) if queue else None
        if select.select([opened], [], [], wait)[0]:
            query, client = opened.recvfrom(4096)
            question = query[12:].lower()
            at = due.setdefault(question[: question.index(b"\0") + 5], time.monotonic() + draw.uniform(least, most))
            heapq.heappush(queue, (at, next(order), query, client))
        while queue and queue[0][0] <= time.monotonic():
            _, _, query, client = heapq.heappop(queue)
            opened.sendto(answer(query), client)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) / 1000, float(sys.argv[4]) / 1000)
